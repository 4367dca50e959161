import PluginCore
import Testing

@Suite("Permissions")
struct PermissionTests {
    @Test(
        "a permission is read as it is written",
        arguments: [
            ("fs.read", Permission.Kind.readFiles, nil), ("fs.read:data", .readFiles, "data"),
            ("fs.write:/srv/a b:c", .writeFiles, "/srv/a b:c"),
            ("net:api.example.com:443", .network, "api.example.com:443"),
            ("net:*.example.com:*", .network, "*.example.com:*"),
            ("net:https://a.example/v1/*", .network, "https://a.example/v1/*"),
            ("net:[::1]:80", .network, "[::1]:80"), ("net.listen:8080", .listen, "8080"),
            ("net.listen:127.0.0.1:8080", .listen, "127.0.0.1:8080"), ("env:HOME", .environment, "HOME"),
            ("process.exec:/usr/bin/git", .execute, "/usr/bin/git"), ("device:usb:1234:abcd", .device, "usb:1234:abcd"),
            ("threads", .threads, nil), ("jit", .generatedCode, nil), ("service:kv", .service, "kv"),
            ("message.subscribe:orders.*", .subscribe, "orders.*"), ("message.publish", .publish, nil),
            ("endpoint:/hooks", .endpoint, "/hooks"),
        ] as [(String, Permission.Kind, String?)])
    func reads(text: String, kind: Permission.Kind, resource: String?) throws {
        let permission = try Permission(parsing: text)
        #expect(permission.kind == kind && permission.resource == resource)
        #expect(permission.text == text)
        #expect(permission.isEverything == (resource == nil && kind != .threads && kind != .generatedCode))
    }

    @Test(
        "what is no permission is refused with the reason",
        arguments: [
            ("", "no such kind"), ("files", "fs.read"), ("fs.read:", "nothing follows"),
            ("fs.read:a\nb", "control characters"),
            ("net:example.com", "example.com:443"), ("net.listen:x", "1 to 65535"), ("env:A=b", "no ="),
            ("fs.read:../a", "out of"), ("fs.write:a/../../b", "out of"),
            ("threads:4", "no resource"),
            ("FS.READ:a", "no such kind"),
        ])
    func refuses(text: String, words: String) {
        let error = #expect(throws: PluginError.self) { try Permission(parsing: text) }
        #expect(error?.code == .validation && error?.what.contains(words) == true, "\(error as Any)")
        #expect(error?.remedy != nil)
    }

    @Test(
        "a permission has one form",
        arguments: [
            ("net:https://a.example/*", "net:a.example:443"), ("net:ws://a.example", "net:a.example:80"),
            ("fs.read:./data//notes/", "fs.read:data/notes"), ("fs.write:/srv/./a/", "fs.write:/srv/a"),
            ("fs.read:./", "fs.read:."), ("fs.read:/", "fs.read:/"), ("endpoint:GET /", "endpoint:GET /"),
            ("endpoint:GET //items/", "endpoint:GET /items"),
        ])
    func oneForm(text: String, form: String) throws {
        #expect(try Permission(parsing: text).text == form)
        #expect(try Permission(parsing: text) == Permission(parsing: form))
    }

    private func manifest(_ permissions: String) throws -> Manifest {
        try Manifest(JSON(parsing: #"{"id":"a","version":"1.0.0","permissions":\#(permissions)}"#, what: "a test"))
    }

    @Test("a manifest asks in short and in full, and is shown in one form")
    func requests() throws {
        let requests = try manifest(
            """
            ["fs.read:data",
             {"permission":"net","resource":"a.example:443","required":false,"why":"updates"},
             {"permission":"process.exec:/bin/ls"}]
            """
        ).permissions
        #expect(requests.map(\.permission.text) == ["fs.read:data", "net:a.example:443", "process.exec:/bin/ls"])
        #expect(requests.map(\.isRequired) == [true, false, true])
        #expect(requests.map(\.justification) == [nil, "updates", nil])
        #expect(
            requests[1].json
                == ["permission": "net", "resource": "a.example:443", "required": false, "why": "updates"])
        #expect(requests[2].json == ["permission": "process.exec", "resource": "/bin/ls", "required": true])
        // What is shown is read again as the same.
        for request in requests {
            #expect(try manifest("[\(request.json.text)]").permissions == [request])
        }
    }

    @Test("a path has one form, and an absolute one no way up")
    func paths() throws {
        #expect(try Permission(parsing: "process.exec:/.").text == "process.exec:/")
        #expect(try Permission(parsing: "endpoint://a/./b").text == "endpoint:/a/b")
        #expect(throws: PluginError.self) { try Permission(parsing: "fs.read:/data/../etc") }
    }

    @Test("a manifest may list the resources of each kind")
    func kinds() throws {
        let requests = try manifest(#"{"threads":true,"jit":false,"fs.read":["a","b"],"net":"h:1"}"#).permissions
        #expect(requests.map(\.permission.text) == ["fs.read:a", "fs.read:b", "net:h:1", "threads"])
        #expect(requests.allSatisfy { $0.isRequired && $0.justification == nil })
        #expect(try manifest("{}").permissions.isEmpty)
    }

    @Test(
        "a request that is wrong is refused, and the error says where",
        arguments: [
            ("7", "/permissions"), (#"{"files":true}"#, "/permissions/files"), (#"{"env":{}}"#, "/permissions/env"),
            (#"{"env":["A",1]}"#, "/permissions/env/1"), (#"{"env":["A","A"]}"#, "/permissions/env/1"),
            (#"{"net":"x"}"#, "/permissions/net"), ("[1]", "/permissions/0"),
            (#"["threads","net:ex*mple.com:443"]"#, "/permissions/1"),
            (#"{"net":["h:1","a b:80"]}"#, "/permissions/net/1"),
            (#"{"network":{"outbound":["h.example","h:99999"]}}"#, "/permissions/network/outbound/1"),
            (#"["threads","nothing"]"#, "/permissions/1"),
            (#"["threads","threads"]"#, "/permissions/1"), ("[{}]", "/permissions/0/permission"),
            (#"[{"permission":1}]"#, "/permissions/0/permission"),
            (#"[{"permission":"net","resource":"x"}]"#, "/permissions/0/permission"),
            (#"[{"permission":"env:A","resource":"B"}]"#, "/permissions/0/permission"),
            (#"[{"permission":"jit","required":"yes"}]"#, "/permissions/0/required"),
            (#"[{"permission":"jit","because":"x"}]"#, "/permissions/0/because"),
            (#"[{"permission":"jit","why":7}]"#, "/permissions/0/why"),
        ])
    func refusesRequests(permissions: String, pointer: String) {
        let error = #expect(throws: PluginError.self) { try manifest(permissions) }
        #expect(error?.code == .validation && error?.facts == .pointer(pointer), "\(error as Any)")
    }
}
