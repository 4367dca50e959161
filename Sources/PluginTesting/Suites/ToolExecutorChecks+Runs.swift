internal import PluginCore

extension ToolExecutorChecks {
    // MARK: - Ends

    func events() async throws -> String {
        let run = try await perform(script("echo out; echo err >&2"))
        guard case .finished? = run.events.last else {
            throw CheckFailure(expected: "finished as the last event", seen: excerpt(run.events))
        }
        let ends = run.events.count { if case .finished = $0 { true } else { false } }
        try requireEqual(ends, 1, "one finished")
        let starts = run.events.indices.filter { if case .started = run.events[$0] { true } else { false } }
        try require(starts == [] || starts == [0], "started first and once, if it comes", seen: "at \(starts)")
        try requireEqual(run.result.stdoutBytes, run.stdout.count, "as many bytes of stdout as came")
        try requireEqual(run.result.stderrBytes, run.stderr.count, "as many bytes of stderr as came")
        return "\(run.events.count) events"
    }

    func exitCode() async throws -> String {
        for code in [0, 1, 7, 255] { try await perform(script("exit \(code)")).requireExit(code, "exit \(code)") }
        return "0, 1, 7, 255"
    }

    func signal() async throws -> String {
        let result = try await perform(script("kill -KILL $$")).result
        try require(
            result.end == .signalled && result.signal == 9 && result.exitCode == nil,
            "signalled by 9, without an exit code",
            seen: "\(result.end), signal \(result.signal as Any), exit code \(result.exitCode as Any)")
        return "9"
    }

    func missingProgram() async throws -> String {
        var own = policy
        let name = "keyway-no-such-program"
        own.allow = [[name]]
        let run = try await perform(ToolRunRequest(.argv([name])), own)
        try requireEqual(run.result.end, .spawnFailed, "the end of a program that is not there")
        try require(!(run.result.detail ?? "").isEmpty, "a reason", seen: "none")
        try require(
            run.result.exitCode == nil && run.result.signal == nil, "no exit code and no signal", seen: "\(run.result)")
        return run.result.detail ?? ""
    }

    func pipeHolder() async throws -> String {
        let run = try await perform(script("sleep 25 & echo done"))
        try run.requireExit(0, "a child holds the pipe for 25 seconds")
        try requireEqual(run.text, "done\n", "the output before that")
        try require(
            run.result.duration < .seconds(20), "an end with the program, not with its child",
            seen: "\(run.result.duration)")
        return "ended after \(run.result.duration)"
    }

    func wallTimeout() async throws -> String {
        var own = policy
        own.limits.wall = .milliseconds(200)
        let run = try await perform(script("echo before; exec sleep 25"), own)
        try requireEqual(run.result.end, .timeout, "the end beyond the wall limit")
        try requireEqual(run.text, "before\n", "the output before that")
        try require(run.result.exitCode == nil, "no exit code", seen: "\(run.result.exitCode as Any)")
        return "timeout after \(run.result.duration)"
    }

    func cancellation() async throws -> String {
        let seen = try await Task {
            var count = 0
            do {
                let request = script("echo started; exec sleep 25")
                for try await event in try await executor.execute(request, under: policy, context) {
                    count += 1
                    if case .stdout = event { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                }
            } catch let error as PluginError {
                try requireEqual(error.code, .cancelled, "the error of a cancelled consumer")
                return "cancelled after \(count) events"
            }
            throw CheckFailure(expected: "cancelled", seen: "the run ended well after \(count) events")
        }.value
        for try await _ in try await executor.execute(script("exec sleep 25"), under: policy, context) { break }
        try await perform(script("exit 0")).requireExit(0, "a run after a cancelled and an abandoned one")
        return seen
    }

    func concurrency() async throws -> String {
        try await concurrently(settings.parallelRuns) { index in
            let run = try await perform(script("printf 'out %s' \(index); printf 'err %s' \(index) >&2; exit \(index)"))
            try run.requireExit(index, "run \(index) at the same time as others")
            try requireEqual(run.text, "out \(index)", "the output of run \(index)")
            try requireEqual(run.stderr, Array("err \(index)".utf8), "the errors of run \(index)")
        }
        return "\(settings.parallelRuns) runs"
    }

    // MARK: - Output

    func output() async throws -> String {
        let run = try await perform(script("echo one; echo two >&2; echo three"))
        try run.requireExit(0, "three lines")
        try requireEqual(run.text, "one\nthree\n", "stdout")
        try requireEqual(String(decoding: run.stderr, as: UTF8.self), "two\n", "stderr")
        try require(!run.result.isTruncated, "nothing cut", seen: "cut")
        return "stdout and stderr apart"
    }

    func binaryOutput() async throws -> String {
        let run = try await perform(script(#"printf 'a\000\377\376\303'; printf '\200\n\r\n\300no end' >&2"#))
        try requireEqual(run.stdout, [0x61, 0, 0xFF, 0xFE, 0xC3], "the bytes of stdout")
        try requireEqual(run.stderr, [0x80, 10, 13, 10, 0xC0] + Array("no end".utf8), "the bytes of stderr")
        return "byte by byte"
    }

    func largeOutput() async throws -> String {
        var own = policy
        let size = 8 << 20
        own.limits.stdoutBytes = size
        let run = try await perform(script("head -c \(size) /dev/zero"), own)
        try run.requireExit(0, "\(size) bytes of output")
        try requireEqual(run.stdout.count, size, "bytes")
        try require(run.stdout.allSatisfy { $0 == 0 }, "zeros", seen: "others")
        try requireEqual(run.result.stdoutBytes, size, "bytes by the result")
        try require(!run.result.isTruncated, "nothing cut at the limit itself", seen: "cut")
        return "\(size) bytes"
    }

    func outputLimit() async throws -> String {
        var own = policy
        own.limits.stdoutBytes = 100
        own.limits.stderrBytes = 10
        let run = try await perform(
            script("printf '%0300d' 7; head -c 300000 /dev/zero; printf '0123456789abc' >&2"), own)
        try run.requireExit(0, "a program that writes beyond its limit")
        try requireEqual(run.text, String(repeating: "0", count: 100), "the first 100 bytes of stdout")
        try requireEqual(run.stderr, Array("0123456789".utf8), "the first 10 bytes of stderr")
        try require(run.result.isTruncated, "a result that says that output was cut", seen: "it does not")
        try requireEqual(run.result.stdoutBytes, 300_300, "all bytes of stdout counted")
        try requireEqual(run.result.stderrBytes, 13, "all bytes of stderr counted")
        return "100 of 300300 bytes"
    }

    func overflowKill() async throws -> String {
        var own = policy
        own.limits.stdoutBytes = 100
        own.overflow = .kill
        let run = try await perform(script("head -c 300000 /dev/zero; exec sleep 25"), own)
        try requireEqual(run.result.end, .output, "the end beyond the output limit")
        try require(run.stdout.count <= 100, "at most 100 bytes passed on", seen: "\(run.stdout.count)")
        return "ended after \(run.stdout.count) bytes"
    }

    // MARK: - Input and surroundings

    func input() async throws -> String {
        var request = script("cat")
        request.input = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let run = try await perform(request)
        try run.requireExit(0, "a program that reads to the end")
        try require(
            run.stdout == request.input, "the \(request.input.count) bytes of input",
            seen: "\(run.stdout.count), others")
        // Whoever does not read is not waited for, and does not end the host.
        try await perform(withInput("exit 4", request.input)).requireExit(4, "a program that does not read")
        return "\(request.input.count) bytes"
    }

    private func withInput(_ text: String, _ input: [UInt8]) -> ToolRunRequest {
        var request = script(text)
        request.input = input
        return request
    }

    func noInput() async throws -> String {
        let run = try await perform(script("cat; echo end"))
        try run.requireExit(0, "a reader without input")
        try requireEqual(run.text, "end\n", "the end of the input at once")
        return "at its end"
    }

    func environment() async throws -> String {
        var own = policy
        own.inheritEnvironment = .none
        own.environmentAllow = ["ASKED_*"]
        own.environmentSet = ["PATH": "/usr/bin:/bin", "GIVEN": "by the policy"]
        var request = script("env")
        request.environment = ["ASKED_FOR": "a=b", "ASKED_TOKEN": "never", "UNASKED": "never"]
        let run = try await perform(request, own)
        try run.requireExit(0, "env")
        let lines = Set(run.text.split(separator: "\n").map(String.init))
        try require(lines.contains("GIVEN=by the policy"), "GIVEN as the policy sets it", seen: excerpt(lines))
        try require(lines.contains("ASKED_FOR=a=b"), "ASKED_FOR, which the policy admits", seen: excerpt(lines))
        for name in ["ASKED_TOKEN", "UNASKED", "HOME"] {
            try require(
                !lines.contains { $0.hasPrefix("\(name)=") }, "no \(name), which the policy does not admit",
                seen: excerpt(lines))
        }
        return "filtered"
    }

    func workingDirectory() async throws -> String {
        for folder in ["/", "/usr"] {
            var request = script("pwd")
            request.workingDirectory = folder
            try requireEqual(try await perform(request).text, "\(folder)\n", "the working directory")
        }
        return "/, /usr"
    }

    func send() async throws -> String {
        do {
            try await executor.send(.input([1]), to: "no-such-session", context)
            throw CheckFailure(expected: "notFound for a session that is not there", seen: "no error")
        } catch let error as PluginError {
            if error.code == .unsupported { throw NotApplicable(reason: "it cannot speak to a run") }
            try requireEqual(error.code, .notFound, "the error for a session that is not there")
        }
        var request = script("echo ready; read line; echo \"got $line\"; cat")
        request.session = "conformance"
        request.keepsInputOpen = true
        var text: [UInt8] = []
        for try await event in try await executor.execute(request, under: policy, context) {
            guard case .stdout(let bytes) = event else { continue }
            text += bytes
            // It answers, so it runs; what is said next, it has asked for.
            if text == Array("ready\n".utf8) {
                try await executor.send(.input(Array("hello\n".utf8)), to: "conformance", context)
            }
            if text == Array("ready\ngot hello\n".utf8) {
                try await executor.send(.endOfInput, to: "conformance", context)
            }
        }
        try requireEqual(String(decoding: text, as: UTF8.self), "ready\ngot hello\n", "an answer to what was sent")
        return "a line, then the end"
    }
}
