internal import Glibc

/// What a path depends on: the names, each in its folder, whose change can have it lead somewhere else.
///
///     /etc/plugins/a.so -> ..data/a.so,  /etc/plugins/..data -> ..2026_01
///
/// depends, below `/etc/plugins`, on `a.so` and `..data` there, on `..2026_01` there, and on `a.so` in that.
enum LinkTrail {
    struct Step: Hashable {
        let folder: String
        let name: String
    }

    /// More links than the kernel follows.
    private static let limit = 40

    /// Tells every step from the root folder on, in the order in which the kernel takes them, up to the first that is not
    /// there. Each is told before it is looked at: whoever watches it then misses nothing.
    /// - Parameters:
    ///   - path: absolute.
    ///   - visit: gets the step, and whether nothing is to come behind it unless it is a link.
    static func walk(_ path: String, _ visit: (Step, _ isLast: Bool) -> Void) {
        var rest = parts(of: path)
        var folder = "/"
        var links = 0
        while let name = rest.popLast() {
            guard name != ".." else {
                folder = Folders.parent(of: folder)
                continue
            }
            visit(Step(folder: folder, name: name), rest.isEmpty)
            let next = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
            guard let target = target(of: next) else {
                guard Folders.exists(next) else { return }
                folder = next
                continue
            }
            links += 1
            guard links <= limit else { return }
            if target.hasPrefix("/") { folder = "/" }
            rest += parts(of: target)
        }
    }

    /// The same for what comes behind a link's own name; nothing if it is no link.
    static func walk(behind link: String, _ visit: (Step, _ isLast: Bool) -> Void) {
        guard target(of: link) != nil else { return }
        let folder = Folders.parent(of: link)
        let own = Step(folder: Folders.realPath(folder) ?? folder, name: FileName.last(of: link))
        var isBehind = false
        walk(link) { step, isLast in
            if isBehind { visit(step, isLast) }
            isBehind = isBehind || step == own
        }
    }

    /// The parts of a path, the last one first.
    private static func parts(of path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
    }

    /// What a link says; nil if it is none.
    private static func target(of path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe readlink(path, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
