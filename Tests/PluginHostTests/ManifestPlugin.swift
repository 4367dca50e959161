import Foundation
import PluginHost

extension Sample {
    /// Builds the plugin of Tests/Fixtures with another manifest.
    /// - Parameter members: beside id and version.
    @discardableResult
    static func build(
        in folder: Folder, name: String, id: String, version: String = "1.0.0", _ members: [String: JSON] = [:],
        constructorFile: String? = nil
    ) throws -> String {
        let identity: [String: JSON] = ["id": .string(id), "version": .string(version)]
        let manifest = JSON.object(members.merging(identity) { _, own in own })
        var macros = [
            "NOTE_MANIFEST=\(literal(manifest.text))", "TABLE_ID=\(literal(id))", "TABLE_VERSION=\(literal(version))",
        ]
        if let constructorFile { macros.append("CONSTRUCTOR_FILE=\(literal(constructorFile))") }
        return try build(in: folder, name: name, macros: macros)
    }

    /// Text as a string of C.
    private static func literal(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}

/// The error of an operation; nil if it succeeds.
func failure<Value>(_ body: () async throws(PluginError) -> Value) async -> PluginError? {
    do throws(PluginError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
