import Foundation
import PluginCore

/// Manifests that are used by several tests.
enum ManifestCases {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func fixture(_ name: String) throws -> JSON {
        try JSON(parsing: text("Tests/Fixtures/manifests/\(name)"), what: name)
    }

    /// Members beside an id and a version that cannot be, and where the error is.
    struct Bad: Sendable, CustomStringConvertible {
        let members: String
        let pointer: String
        /// Does the published schema refuse it, too?
        let isSchemaMatter: Bool

        init(_ members: String, _ pointer: String, schema: Bool = true) {
            (self.members, self.pointer, isSchemaMatter) = (members, pointer, schema)
        }

        var description: String { members }

        func document() throws -> JSON { try ManifestCases.document(members) }
    }

    static func document(_ members: String) throws -> JSON {
        guard case .object(var document) = try JSON(parsing: "{\(members)}", what: "members") else { return .null }
        document["id"] = document["id"] ?? "a"
        document["version"] = document["version"] ?? "1.0.0"
        return .object(document)
    }

    static let bad: [Bad] = [
        Bad(#""id": 7"#, "/id"), Bad(#""id": "a b""#, "/id"), Bad(#""version": "1.0""#, "/version"),
        Bad(#""name": null"#, "/name"), Bad(#""type": ["embedder"]"#, "/type"), Bad(#""license": {}"#, "/license"),
        Bad(#""keywords": 1"#, "/keywords"), Bad(#""keywords": ["a", 1]"#, "/keywords/1"),
        Bad(#""tags": [{"tags": 1}]"#, "/tags/0/tags"), Bad(#""categories": [[]]"#, "/categories/0"),
        Bad(#""authors": 1"#, "/authors"), Bad(#""authors": [{"email": "a@b"}]"#, "/authors/0/name"),
        Bad(#""authors": ["<a@b>"]"#, "/authors/0", schema: false),
        Bad(#""author": "A", "authors": []"#, "/authors", schema: false), Bad(#""homepage": 1"#, "/homepage"),
        Bad(#""repository": []"#, "/repository"), Bad(#""main": "/usr/lib/a.so""#, "/main"),
        Bad(#""main": "../a.so""#, "/main", schema: false),
        Bad(#""main": "a.so", "entry": "b.so""#, "/main", schema: false),
        Bad(#""sha256": "abc""#, "/sha256"), Bad(#""buildID": "abc""#, "/buildID"), Bad(#""sdk": []"#, "/sdk"),
        Bad(#""sdk": {"minVersion": 1, "maximum": 2}"#, "/sdk/maximum"),
        Bad(#""sdkVersion": {}"#, "/sdkVersion/minVersion"),
        Bad(#""sdk": {"minVersion": 2, "maxVersion": 1}"#, "/sdk/maxVersion", schema: false),
        Bad(#""engines": ["keyway"]"#, "/engines"),
        Bad(#""engines": {"keyway": "^x.y"}"#, "/engines/keyway", schema: false),
        Bad(#""platforms": [1]"#, "/platforms/0"), Bad(#""platforms": ["linux"]"#, "/platforms/0", schema: false),
        Bad(#""requires": {"cpu": 2}"#, "/requires/cpu"), Bad(#""interfaces": "x""#, "/interfaces"),
        Bad(#""dependencies": 1"#, "/dependencies"), Bad(#""dependencies": {"b": 1}"#, "/dependencies/b"),
        Bad(#""dependencies": {"b": "^x.y"}"#, "/dependencies/b", schema: false),
        Bad(#""configuration": 1"#, "/configuration"), Bad(#""configuration": {"schema": 1}"#, "/configuration/schema"),
        Bad(#""configuration": {"schema": "/etc/x.json"}"#, "/configuration/schema", schema: false),
        Bad(#""configuration": {"environments": {"test": 1}}"#, "/configuration/environments/test"),
        Bad(#""configuration": {"strict": "yes"}"#, "/configuration/strict"),
        Bad(#""configSchema": 1"#, "/configSchema"),
        Bad(#""configSchema": {}, "configuration": {"schema": {}}"#, "/configSchema", schema: false),
        Bad(#""limits": []"#, "/limits"), Bad(#""limits": {"memory": 0}"#, "/limits/memory"),
        Bad(#""limits": {"memory": "64"}"#, "/limits/memory"), Bad(#""limits": {"time": "soon"}"#, "/limits/time"),
        Bad(#""limits": {"time": -1}"#, "/limits/time"), Bad(#""limits": {"concurrency": 1.5}"#, "/limits/concurrency"),
        Bad(#""limits": {"files": {"open": 0}}"#, "/limits/files/open"),
        Bad(#""limits": {"memory": 1, "max_memory_mb": 1}"#, "/limits/max_memory_mb", schema: false),
        Bad(#""hooks": 1"#, "/hooks"), Bad(#""hooks": {"a": {"mode": "change"}}"#, "/hooks/a/mode"),
        Bad(#""hooks": {"a": {"priority": "URGENT"}}"#, "/hooks/a/priority"),
        Bad(#""hooks": {"a": {"mode": "veto", "async": true}}"#, "/hooks/a/async", schema: false),
        Bad(#""hooks": [{"priority": 1}]"#, "/hooks/0/name"), Bad(#""tools": [{"title": "t"}]"#, "/tools/0/name"),
        Bad(#""tools": [{"name": "t", "inputSchema": 1}]"#, "/tools/0/inputSchema"),
        Bad(#""tools": ["t", "t"]"#, "/tools/1", schema: false), Bad(#""operations": {"o": 1}"#, "/operations/o"),
        Bad(#""operations": {"o": {"inputFormats": 1}}"#, "/operations/o/inputFormats"),
        Bad(#""endpoints": {}"#, "/endpoints"), Bad(#""endpoints": [{"path": "/a"}]"#, "/endpoints/0/method"),
        Bad(#""endpoints": [{"path": "a", "method": "GET"}]"#, "/endpoints/0/path"),
        Bad(#""endpoints": [{"path": "/a", "method": "get"}]"#, "/endpoints/0/method"),
        Bad(#""endpoints": [{"path": "/a", "method": "GET", "rateLimit": {}}]"#, "/endpoints/0/rateLimit/requests"),
        Bad(#""loading": "now""#, "/loading"), Bad(#""loading": {"mode": "now"}"#, "/loading/mode"),
        Bad(#""isolation": "none""#, "/isolation"), Bad(#""health": {"failures": 0}"#, "/health/failures"),
        Bad(#""health": {"interval": 1, "timeout": 2}"#, "/health/timeout", schema: false),
        Bad(#""plugin": 1"#, "/plugin"),
        Bad(#""plugin": {"id": "b"}"#, "/plugin/id", schema: false), Bad(#""permissions": 1"#, "/permissions"),
        Bad(#""permissions": {"files": true}"#, "/permissions/files"),
        Bad(#""permissions": {"filesystem": ["peek"]}"#, "/permissions/filesystem/0", schema: false),
        Bad(#""permissions": {"filesystem": [{"path": "a", "mode": "rw"}]}"#, "/permissions/filesystem/0/mode"),
        Bad(#""permissions": {"filesystem": {"read": ["../a"]}}"#, "/permissions/filesystem/read/0", schema: false),
        Bad(#""permissions": {"network": {"inbound": {"port": 0}}}"#, "/permissions/network/inbound/port"),
        Bad(#""permissions": {"usb": {"product_ids": ["1"]}}"#, "/permissions/usb/vendor_ids"),
        Bad(#""permissions": {"usb": {"vendor_ids": ["0x12345"]}}"#, "/permissions/usb/vendor_ids/0", schema: false),
        Bad(#""permissions": {"memory": {"max_heap_mb": "much"}}"#, "/permissions/memory/max_heap_mb"),
        Bad(#""permissions": ["fs_read:"]"#, "/permissions/0", schema: false),
        Bad(#""permissions": ["network:ftp://a"]"#, "/permissions/0", schema: false),
        Bad(#""permissions": {"required": {"filesystem:read": 1}}"#, "/permissions/required/filesystem:read"),
    ]
}
