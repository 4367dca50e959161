internal import PluginCore

extension ManifestCheck {
    /// What is wrong with a manifest that can be read.
    /// - Parameter folder: where files that it names are; nil if it may name none.
    static func contents(of manifest: Manifest, folder: String?) -> [ManifestProblem] {
        var problems: [ManifestProblem] = []
        if let fault = PluginIdentifier.fault(manifest.id) {
            let (json, pointer) = manifest.member("id")
            problems.append(ManifestProblem(.error, json == nil ? manifest.member("name").pointer : pointer, fault))
        }
        problems += disagreement(of: manifest) + impossible(manifest)
        problems += configuration(of: manifest, folder)
        for (index, tool) in manifest.tools.enumerated() {
            problems += unusable(tool.inputSchema, "input", "tools", index, tool.name, manifest)
            problems += unusable(tool.outputSchema, "output", "tools", index, tool.name, manifest)
        }
        for (index, operation) in manifest.operations.enumerated() {
            problems += unusable(operation.inputSchema, "input", "operations", index, operation.name, manifest)
            problems += unusable(operation.outputSchema, "output", "operations", index, operation.name, manifest)
        }
        return problems
    }

    /// A type and interfaces that no plugin can have together.
    private static func disagreement(of manifest: Manifest) -> [ManifestProblem] {
        guard let type = manifest.type, let interface = Manifest.interfacesOfTypes[type],
            !manifest.interfaces.isEmpty, !manifest.interfaces.contains(interface)
        else { return [] }
        return [
            ManifestProblem(
                .error, manifest.member("type").pointer,
                "is \"\(type)\", which needs the interface \(interface), and interfaces has only"
                    + " \(manifest.interfaces.joined(separator: ", "))")
        ]
    }

    /// Ranges that no version lies in.
    private static func impossible(_ manifest: Manifest) -> [ManifestProblem] {
        let ranges =
            manifest.relations.dependencies.map { ($0.name, $0.range, Manifest.sections(of: $0)) }
            + manifest.relations.conflicts.map { ($0.name, $0.range, [.conflicts]) }
        return ranges.filter(\.1.isImpossible).map { name, range, sections in
            ManifestProblem(
                .warning, manifest.place(ofRelation: name, in: sections),
                "asks for \(range), and no version can be that")
        }
    }

    // MARK: - Configuration

    private static func configuration(of manifest: Manifest, _ folder: String?) -> [ManifestProblem] {
        var problems: [ManifestProblem] = []
        let configuration = manifest.configuration
        let (own, short) = (manifest.member("configuration"), manifest.member("configSchema"))
        let place = short.json == nil ? "\(own.pointer)/schema" : short.pointer
        let schemaDocument = document(configuration.schema, at: place, folder, &problems)
        let defaultsPlace = own.pointer + (own.json?["default"] == nil ? "/defaults" : "/default")
        let defaults = document(configuration.defaults, at: defaultsPlace, folder, &problems)
        if let defaults, defaults.objectValue == nil {
            problems.append(
                ManifestProblem(
                    .error, defaultsPlace, "must be an object, but is \(defaults.typeName)"))
        }
        guard let schemaDocument else { return problems }
        do throws(PluginError) {
            let schema = try JSONSchema(compiling: schemaDocument)
            for violation in defaults.map(schema.validate) ?? [] {
                // Members may be left to the operator.
                guard violation.keyword != "required", violation.keyword != "dependentRequired" else { continue }
                problems.append(
                    ManifestProblem(
                        .error, defaultsPlace + violation.instance,
                        "\(violation.message), says the plugin's own schema"))
            }
        } catch {
            problems.append(ManifestProblem(.error, place, "is no schema that can be used: \(error.what)"))
        }
        return problems
    }

    /// A part of the manifest, read from its file if it has one.
    private static func document(
        _ source: ManifestConfiguration.Source?, at pointer: String, _ folder: String?,
        _ problems: inout [ManifestProblem]
    ) -> JSON? {
        guard case .file(let path) = source else { return source?.inlineValue }
        guard let folder else {
            problems.append(
                ManifestProblem(.error, pointer, "names a file, but a note has none beside it: put the contents there"))
            return nil
        }
        do throws(PluginError) {
            return try ManifestSource(reading: folder + path).document
        } catch {
            // The package may be complete only where it is installed.
            let isMissing = error.code == .notFound
            problems.append(
                ManifestProblem(
                    isMissing ? .warning : .error, pointer,
                    isMissing ? "names \(path), which is not there" : "is wrong: \(error.what)"))
            return nil
        }
    }

    // MARK: - Schemas

    private static func unusable(
        _ schema: JSON, _ side: String, _ section: String, _ index: Int, _ name: String, _ manifest: Manifest
    ) -> [ManifestProblem] {
        guard schema != .null else { return [] }
        do throws(PluginError) {
            _ = try JSONSchema(compiling: schema)
            return []
        } catch {
            // The same thing by name, or by its place in the list.
            let (json, pointer) = manifest.member(section)
            let key = json?.objectValue == nil ? "\(index)" : JSON.escapedForPointer(name)
            return [
                ManifestProblem(
                    .error, "\(pointer)/\(key)/\(side)Schema", "is no schema that can be used: \(error.what)")
            ]
        }
    }
}

extension Manifest {
    /// A member of the document, or of the object `plugin` in it, and where it stands.
    func member(_ key: String) -> (json: JSON?, pointer: String) {
        if let json = document["plugin"]?[key] { return (json, "/plugin/\(key)") }
        return (document[key], "/\(key)")
    }
}
