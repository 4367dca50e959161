import Foundation
import PluginCore
import Testing

/// The schemas of the official suite, with one value of theirs replaced by something that does not belong there.
@Suite("JSON Schema: damaged schemas")
struct DamagedSchemaTests {
    private static let intruders: [JSON] = [
        nil, true, -1, 1e308, "", "#", "(", "#/x~", "http://x/%zz#%", [], [nil], [:], ["$ref": "#"],
        ["type": "null", "not": [:]],
    ]

    /// Every value that has one of its parts replaced, the parts taken one after the other.
    private func damaged(_ value: JSON, by intruder: JSON) -> [JSON] {
        switch value {
        case .array(let elements):
            return elements.indices.flatMap { index in
                ([intruder] + damaged(elements[index], by: intruder)).map { part in
                    var elements = elements
                    elements[index] = part
                    return .array(elements)
                }
            }
        case .object(let members):
            return members.keys.sorted().flatMap { name in
                ([intruder] + damaged(members[name] ?? nil, by: intruder)).map { part in
                    var members = members
                    members[name] = part
                    return .object(members)
                }
            }
        default: return []
        }
    }

    @Test(
        "are compiled or refused with the place, and a compiled one answers",
        arguments: ConformanceFile.all(in: "").filter { $0.path != "boolean_schema.json" })
    func damage(file: ConformanceFile) throws {
        var (compiled, refused) = (0, 0)
        for (number, group) in try file.groups().enumerated() {
            let instances = (group["tests"]?.arrayValue ?? []).compactMap { $0["data"] }
            // Each schema meets some of the intruders, all of them together meet every keyword.
            for intruder in Self.intruders.enumerated().filter({ ($0.offset + number) % 4 == 0 }).map(\.element) {
                for schema in damaged(group["schema"] ?? nil, by: intruder) {
                    do throws(PluginError) {
                        let schema = try JSONSchema(
                            compiling: schema, dialect: file.dialect, formats: .assertions,
                            resolving: ConformanceFile.remote)
                        compiled += 1
                        for instance in instances {
                            #expect(schema.isValid(instance) == schema.validate(instance).isEmpty)
                        }
                    } catch {
                        refused += 1
                        #expect([.invalidArgument, .unsupported, .notFound].contains(error.code), "\(error)")
                        guard case .pointer = error.facts else {
                            Issue.record("\(error) says no place")
                            continue
                        }
                    }
                }
            }
        }
        #expect(compiled + refused > 0)
    }
}
