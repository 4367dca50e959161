import PluginCore
import Testing

@Suite("Secrets of a configuration", .timeLimit(.minutes(10)))
struct ConfigurationSecretTests {
    private static let secret = #"hunter"2\é/"#

    private func effective(_ file: JSON, schema: String = "{}", strict: Bool = true) throws -> EffectiveConfiguration {
        let schema = try ConfigurationSchema(JSON(parsing: schema, what: "the schema"), source: "the schema")
        let layers = try ConfigurationLayers([ConfigurationLayer(.file, source: "web.json", file)], schema: schema)
        return EffectiveConfiguration(plugin: "web", layers: layers, schema: schema, isStrict: strict)
    }

    @Test("are put in at the end, and everything before and beside it has the reference")
    func resolved() throws {
        let effective = try effective([
            "key": ["$secret": "env:KEY"], "list": [["$secret": "file:/run/a"], ["$secret": "env:KEY"]], "plain": 1,
        ])
        let source = FixedSecrets(["env:KEY": Self.secret, "file:/run/a": "other-secret"])
        let resolved = try effective.resolved(by: source)
        #expect(
            resolved.value == [
                "key": .string(Self.secret), "list": ["other-secret", .string(Self.secret)], "plain": 1,
            ])
        #expect(effective.secrets.map(\.reference.name) == ["env:KEY", "file:/run/a", "env:KEY"])
        #expect(effective.value["key"] == ["$secret": "env:KEY"] && effective.shown == effective.value)
        var dumped = ""
        dump(resolved, to: &dumped)
        for text in ["\(resolved)", String(reflecting: resolved), dumped, "\(effective)"] {
            #expect(!text.contains("hunter") && !text.contains("other-secret"))
        }
    }

    @Test("that are not there are errors with the name of the reference")
    func missing() throws {
        let effective = try effective(["a": ["$secret": "env:A"], "b": ["$secret": "env:B"]])
        #expect {
            _ = try effective.resolved(by: FixedSecrets(["env:A": "hunter2"]))
        } throws: { error in
            let error = error as? PluginError
            return error?.code == .configuration && error?.facts == .names(["env:B"]) && error?.plugin == "web"
                && error?.message.contains("hunter2") == false
        }
    }

    @Test(
        "that the schema does not accept are refused without being told",
        arguments: [
            #"{"properties": {"a": {"minLength": 20}}}"#, #"{"properties": {"a": {"enum": ["x"]}}}"#,
            #"{"properties": {"a": {"pattern": "^[0-9]+$"}}}"#, #"{"anyOf": [{"properties": {"a": {"const": "x"}}}]}"#,
        ])
    func refused(schema: String) throws {
        let source = FixedSecrets(["env:A": "hunter2"])
        let effective = try effective(["a": ["$secret": "env:A"]], schema: schema)
        #expect(effective.isAcceptable)
        #expect {
            _ = try effective.resolved(by: source)
        } throws: { error in
            let error = error as? PluginError
            return error?.code == .configuration && error?.description.contains("hunter2") == false
                && error?.json.text.contains("hunter2") == false
                && error?.message.contains("secrets are put in") == true
        }
        let lenient = try self.effective(["a": ["$secret": "env:A"]], schema: schema, strict: false)
        #expect(try lenient.resolved(by: source).value == ["a": "hunter2"])
        let twice = try self.effective(
            ["l": [["$secret": "env:A"], ["$secret": "env:A"]]],
            schema: #"{"properties": {"l": {"uniqueItems": true}}}"#)
        #expect { _ = try twice.resolved(by: source) } throws: { !"\($0)".contains("hunter2") }
    }

    @Test("are taken out of what a plugin says: as they are, in JSON, in URLs, by lines, with characters that combine")
    func redaction() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----"
        let redaction = Redaction([("env:A", Self.secret), ("file:/k", key), ("env:S", "hunter"), ("env:E", "")])
        #expect(redaction.text("key \(Self.secret)!") == "key <secret env:A>!")
        #expect(redaction.text(JSON.string(Self.secret).text) == #""<secret env:A>""#)
        #expect(redaction.text("?k=hunter%222%5C%C3%A9%2F&x") == "?k=<secret env:A>&x")
        #expect(redaction.text("hunter hunter") == "<secret env:S> <secret env:S>")
        #expect(redaction.text("hunter\u{301}") == "<secret env:S>\u{301}")
        #expect(redaction.text("bad line MIIEvQIBADANBg.") == "bad line <secret file:/k>.")
        #expect(redaction.text("nothing") == "nothing" && redaction.text("") == "")
        #expect(redaction.json(["hunter": ["x", "hunter"]]) == ["<secret env:S>": ["x", "<secret env:S>"]])
        #expect(Redaction([("env:P", "1234")]).json(["pin": 1234, "n": 5]) == ["pin": "<secret env:P>", "n": 5])
        #expect(Redaction.none.text("hunter") == "hunter")
    }

    @Test("are taken out of every part of an error")
    func errors() {
        var reported = PluginError.Facts.Reported(
            status: 7, domain: "hunter2", requestID: "r-hunter2", details: ["sent": "hunter2"], backtrace: "at hunter2")
        reported.httpStatus = 401
        let error = PluginError(
            .unauthenticated, "key hunter2 refused", remedy: "Replace hunter2", facts: .plugin(reported),
            plugin: "web", stage: .create, operation: "create", retryable: true, retryAfter: .seconds(1),
            underlying: PluginError(.internal, "hunter2"))
        let redacted = Redaction([("env:A", "hunter2")]).error(error)
        #expect(!"\(redacted)".contains("hunter2") && !redacted.json.text.contains("hunter2"))
        #expect(redacted.code == .unauthenticated && redacted.stage == .create && redacted.retryAfter == .seconds(1))
        #expect(redacted.what == "key <secret env:A> refused" && redacted.underlying == nil)
        #expect(redacted.json["details"] == ["sent": "<secret env:A>"] && redacted.json["httpStatus"] == 401)
        for facts: PluginError.Facts in [
            .file(path: "/hunter2"), .pointer("/hunter2"), .names(["hunter2"]), .linker("hunter2"),
        ] {
            let error = Redaction([("env:A", "hunter2")]).error(PluginError(.load, "x", facts: facts))
            #expect(!error.json.text.contains("hunter2"))
        }
    }

    @Test("a plugin's own complaint gets the source of the value and loses the secret")
    func complaint() throws {
        let effective = try effective(["key": ["$secret": "env:A"], "port": 1])
        let redaction = try effective.resolved(by: FixedSecrets(["env:A": "hunter2"])).redaction
        let problem = effective.problem(
            ConfigurationIssue(pointer: "/key", message: "hunter2 is too short"), redaction)
        #expect(problem.description == "/key is refused by the plugin: <secret env:A> is too short (web.json)")
        #expect(problem.severity == .error && problem.layer == .file)
        let whole = effective.problem(ConfigurationIssue(pointer: "", message: "no", severity: .warning), redaction)
        #expect(whole.severity == .warning && whole.pointer == "")
    }
}
