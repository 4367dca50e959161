package import PluginABI
package import PluginCore

extension ToolRunRequest {
    package init(_ input: borrowing kw_run_in, _ reader: ABIReader) throws(PluginError) {
        let body: Body
        switch unsafe input.kind {
        case UInt32(KW_RUN_ARGV): body = .argv(try unsafe reader.strings(input.argv, "argv"))
        case UInt32(KW_RUN_SHELL): body = .shell(try unsafe reader.text(input.command, "a command"))
        case UInt32(KW_RUN_TOOL):
            body = .tool(
                name: try unsafe reader.text(input.tool, "a tool"),
                arguments: try unsafe reader.text(input.arguments_json, "a tool's arguments"))
        case let other: throw reader.unknown("a run of kind \(other)")
        }
        self.init(
            body, workingDirectory: try unsafe reader.optionalText(input.cwd, "a working directory"),
            environment: try unsafe reader.pairs(input.env, "the environment"),
            input: try unsafe reader.bytes(input.input, "input"),
            reason: try unsafe reader.text(input.reason, "a reason"))
        classification = unsafe Classification(number: input.classification)
        callID = try unsafe reader.optionalText(input.call_id, "a call's id")
        session = try unsafe reader.optionalText(input.session, "a session")
        try unsafe reader.requireKnown(
            input.flags, among: UInt64(KW_RUN_ASK) | UInt64(KW_RUN_KEEP_STDIN), "a run's flags")
        asksApproval = unsafe input.flags & UInt64(KW_RUN_ASK) != 0
        keepsInputOpen = unsafe input.flags & UInt64(KW_RUN_KEEP_STDIN) != 0
        let (rows, columns) = unsafe (Int(input.rows), Int(input.columns))
        terminalSize = (rows == 0 ? 24 : rows, columns == 0 ? 80 : columns)
        extraPaths = try unsafe reader.pathRules(input.extra_paths)
        extraNetwork = try unsafe reader.networkRules(input.extra_net)
    }
}

extension ToolRunRequest.Classification {
    /// A class that this side does not know is unknown.
    init(number: UInt32) {
        switch number {
        case UInt32(KW_CLASS_READ_ONLY): self = .readOnly
        case UInt32(KW_CLASS_BUILD): self = .build
        case UInt32(KW_CLASS_TEST): self = .test
        case UInt32(KW_CLASS_FORMAT): self = .format
        case UInt32(KW_CLASS_INSTALL): self = .install
        case UInt32(KW_CLASS_NETWORK): self = .network
        case UInt32(KW_CLASS_DESTRUCTIVE): self = .destructive
        default: self = .unknown
        }
    }
}

extension ToolMessage {
    /// What a host says to a run, one after the other: one struct may say several things.
    package static func read(_ input: borrowing kw_send_in, _ reader: ABIReader) throws(PluginError) -> [ToolMessage] {
        let what = unsafe input.what
        try reader.requireKnown(what, among: UInt64(KW_SEND_REFUSE) * 2 - 1, "a message to a run")
        var messages: [ToolMessage] = []
        if what & UInt64(KW_SEND_INPUT) != 0 { messages.append(.input(try unsafe reader.bytes(input.input, "input"))) }
        if what & UInt64(KW_SEND_END_INPUT) != 0 { messages.append(.endOfInput) }
        if what & UInt64(KW_SEND_SIGNAL) != 0 { messages.append(.signal(unsafe input.signal)) }
        if what & UInt64(KW_SEND_RESIZE) != 0 {
            messages.append(unsafe .resize(rows: Int(input.rows), columns: Int(input.columns)))
        }
        if what & UInt64(KW_SEND_APPROVE) != 0 {
            messages.append(.approve(id: try unsafe reader.text(input.approval, "an approval")))
        }
        if what & UInt64(KW_SEND_REFUSE) != 0 {
            messages.append(
                .refuse(
                    id: try unsafe reader.text(input.approval, "an approval"),
                    reason: try unsafe reader.text(input.reason, "a reason")))
        }
        return messages
    }
}
