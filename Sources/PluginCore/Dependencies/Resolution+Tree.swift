extension Resolution {
    /// One line of a tree of plugins.
    public struct TreeLine: Sendable, Hashable {
        /// How far it is indented: 0 for a plugin that stands at the top.
        public var depth: Int
        public var plugin: PluginCandidate
        /// What ties it to the line that it hangs from; nil at the top.
        public var link: Link?
        /// It stands further up already, with what hangs from it.
        public var isRepeated: Bool
    }

    /// The plugins that nobody needs, and below each what it needs; reversed, those that need nothing, and below each who
    /// needs it. Of a circle of optional dependencies the first by id is at the top. What hangs from a plugin is written
    /// once, so that there are no more lines than plugins and links.
    public func tree(isReversed: Bool = false) -> [TreeLine] {
        let byID = Dictionary(uniqueKeysWithValues: plugins.map { ($0.id, $0) })
        let below = Dictionary(grouping: links) { isReversed ? $0.target : $0.dependent }
        let hanging = Set(links.map { isReversed ? $0.dependent : $0.target })
        let ids = byID.keys.sorted()
        var lines: [TreeLine] = []
        var seen: Set<String> = []
        for top in ids.filter({ !hanging.contains($0) }) + ids where !seen.contains(top) {
            var pending: [(id: String, depth: Int, link: Link?)] = [(top, 0, nil)]
            while let (id, depth, link) = pending.popLast() {
                let isFirst = seen.insert(id).inserted
                lines.append(TreeLine(depth: depth, plugin: byID[id]!, link: link, isRepeated: !isFirst))
                guard isFirst else { continue }
                for next in (below[id] ?? []).reversed() {
                    pending.append((isReversed ? next.dependent : next.target, depth + 1, next))
                }
            }
        }
        return lines
    }

    /// The plugins in load order, each with what meets its dependencies, and the warnings.
    public var json: JSON {
        let links = Dictionary(grouping: links, by: \.dependent)
        return [
            "plugins": .array(
                plugins.map { plugin in
                    [
                        "id": .string(plugin.id), "version": .string(plugin.version.description),
                        "digest": .string(plugin.digest),
                        "dependencies": .array((links[plugin.id] ?? []).map(\.json)),
                    ]
                }),
            "warnings": .array(warnings.map(\.json)),
        ]
    }
}

extension Resolution.Link {
    fileprivate var json: JSON {
        [
            "name": .string(dependency.name), "range": .string(dependency.range.text), "plugin": .string(target),
            "scope": .string(dependency.scope.rawValue), "optional": .bool(dependency.isOptional),
            "ordered": .bool(isOrdered),
        ]
    }
}
