internal import ArgumentParser
internal import PluginHost

/// What is to run, and the policy that decides whether it may.
struct ToolRunOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The policy: a file of JSON; - is standard input.", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("The folder to run in.", valueName: "folder"))
    var cwd: String?

    @Option(
        help: ArgumentHelp("A line for a shell, instead of a program; the policy has to allow it.", valueName: "line"))
    var shell: String?

    @Option(help: ArgumentHelp("A typed tool of the plugin, instead of a program; see `tools`.", valueName: "name"))
    var tool: String?

    @Option(help: ArgumentHelp("The arguments of the tool: a JSON object, or @FILE.", valueName: "json"))
    var arguments: String?

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after --.")
    var argv: [String] = []

    func validate() throws {
        guard [!argv.isEmpty, shell != nil, tool != nil].count(where: \.self) == 1 else {
            throw ValidationError("name the program to run after --, or give --shell or --tool")
        }
        if arguments != nil, tool == nil { throw ValidationError("--arguments belongs to --tool") }
    }

    func read() throws(PluginError) -> (request: ToolRunRequest, policy: ToolPolicy) {
        var rules = ToolPolicy()
        if let policy {
            rules = try ToolPolicy(JSON(parsing: try InputFile.read(policy), what: "the policy (\(policy))"))
        }
        if rules.isInteractive {
            Console.error("keyway: note: nobody can approve here: what needs approval is denied.")
            rules.isInteractive = false
        }
        let body: ToolRunRequest.Body
        if let tool {
            let json = try arguments.map { text throws(PluginError) in
                try JSONOption.parse(text, what: "the arguments of the tool")
            }
            body = .tool(name: tool, arguments: (json ?? [:]).text)
        } else if let shell {
            body = .shell(shell)
        } else {
            body = .argv(argv)
        }
        let folder = try cwd.map(InputFile.resolved)
        return (ToolRunRequest(body, workingDirectory: folder, reason: "keyway call-adapter"), rules)
    }
}
