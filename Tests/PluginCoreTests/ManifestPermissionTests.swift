import PluginCore
import Testing

@Suite("Permissions of manifests, in every spelling")
struct ManifestPermissionTests {
    private func read(_ permissions: String) throws -> ManifestReading {
        Manifest.read(try ManifestCases.document(#""permissions": \#(permissions)"#))
    }

    /// The rows of the table in docs/manifest.md.
    static func rows() throws -> [(spelling: String, canonical: [String])] {
        let page = try ManifestCases.text("docs/manifest.md")
        let lines = page.split(separator: "\n").drop { !$0.hasPrefix("| spelling") }.dropFirst(2)
        return lines.prefix { $0.hasPrefix("|") }.compactMap { line -> (String, [String])? in
            let cells = line.split(separator: "|").map { $0.trimming() }
            guard cells.count >= 2 else { return nil }
            let canonical = cells[1].split(separator: "`").enumerated().filter { $0.offset.isMultiple(of: 2) }
            let texts = cells[1].hasPrefix("`") ? canonical.map { String($0.element) } : []
            return (cells[0].trimming(["`"]), texts)
        }
    }

    @Test("each row of the documented table is true")
    func table() throws {
        let rows = try Self.rows()
        #expect(rows.count >= 30)
        for row in rows {
            let reading = try read(row.spelling)
            let manifest = try #require(reading.manifest, "\(row.spelling): \(reading.problems)")
            var found = manifest.permissions.map(\.permission.text)
            if let memory = manifest.limits.memory { found.append("limits.memory=\(memory)") }
            if let workers = manifest.limits.workers { found.append("limits.workers=\(workers)") }
            #expect(found == row.canonical, "\(row.spelling)")
        }
    }

    @Test(
        "asking for everything of a kind is possible, with a warning",
        arguments: [
            (#"{"network": ["outbound"]}"#, "/permissions/network/0"),
            (#"{"filesystem": ["read"]}"#, "/permissions/filesystem/0"),
            (#"{"network": {"outbound": ["*"]}}"#, "/permissions/network/outbound/0"),
            (#"["process"]"#, "/permissions/0"),
            (#"{"net": true}"#, "/permissions/net"), (#"["fs.read:/"]"#, "/permissions/0"),
            (#"["net:*:443"]"#, "/permissions/0"), (#"["device:usb"]"#, "/permissions/0"),
            (#"{"required": {"filesystem:read": true}}"#, "/permissions/required/filesystem:read"),
        ])
    func everything(permissions: String, pointer: String) throws {
        let reading = try read(permissions)
        #expect(reading.manifest?.permissions.map(\.permission.isEverything) == [true])
        #expect(reading.problems.map(\.pointer) == [pointer])
        #expect(reading.problems.first?.message.contains("never granted by default") == true)
    }

    @Test(
        "what no host can grant is kept, and its author is told",
        arguments: [
            #"{"database": ["read"]}"#, #"{"database": {"write": ["orders"]}}"#, #"["memory:shared"]"#,
            #"["process:signal"]"#,
            #"["environment:write"]"#,
        ])
    func ungrantable(permissions: String) throws {
        let reading = try read(permissions)
        let request = try #require(reading.manifest?.permissions.first)
        #expect(!request.permission.kind.isGrantable && request.isRequired)
        #expect(reading.problems.first?.message.contains("no host can grant") == true)
    }

    @Test("required and optional come with justifications, hosts and paths")
    func envelope() throws {
        let reading = try read(
            """
            {"schemaVersion": 1, "required": {"filesystem:read": true, "network:http": true},
             "optional": {"process:spawn": true, "network:raw": false}, "allowedHosts": ["api.example.com", "h:81"],
             "allowedPaths": ["./data", "/srv"],
             "justifications": {"filesystem:read": "Reads notes", "process.exec": "Runs git"}}
            """)
        let requests = try #require(reading.manifest?.permissions)
        #expect(
            requests.map { "\($0.permission.text) \($0.isRequired) \($0.justification ?? "-")" } == [
                "process.exec false Runs git", "fs.read:data true Reads notes", "fs.read:/srv true Reads notes",
                "net:api.example.com:80 true -", "net:api.example.com:443 true -", "net:h:81 true -",
            ])
    }

    @Test("paths, hosts and reasons hold for what stands beside them, too")
    func reasons() throws {
        let requests = try #require(
            try read(
                #"{"filesystem": ["read"], "allowedPaths": ["data"], "env": ["A"], "justifications": {"env": "Language"}}"#
            ).manifest?.permissions)
        #expect(requests.map(\.permission.text) == ["env:A", "fs.read:data"])
        #expect(requests.map(\.justification) == ["Language", nil])
    }

    @Test("the same wish in two spellings is one request, which is required if either is")
    func merged() throws {
        let reading = try read(
            #"{"optional": {"filesystem": {"read": ["data"]}}, "required": {"filesystem": {"read": ["./data/"]}}}"#)
        #expect(reading.manifest?.permissions == [PermissionRequest(try Permission(parsing: "fs.read:data"))])
    }

    @Test("more permissions than anybody can judge are refused, without making them all")
    func many() throws {
        let hundreds = (0..<400).map { "\"0x\(String($0, radix: 16))\"" }.joined(separator: ",")
        let reading = try read(#"{"usb": {"vendor_ids": [\#(hundreds)], "product_ids": [\#(hundreds)]}}"#)
        #expect(reading.manifest == nil)
        #expect(reading.problems.map(\.message) == ["asks for more than 1024 permissions"])
    }
}

extension StringProtocol {
    fileprivate func trimming(_ characters: Set<Character> = [" "]) -> String {
        let start = drop { characters.contains($0) }
        return String(start.reversed().drop { characters.contains($0) }.reversed())
    }
}
