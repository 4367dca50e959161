import PluginSDK

@testable import ExtractiveProvider

/// A request as `keyway ask` makes it: a part a passage, the question last.
func request(
    _ question: String, _ passages: [String], tools: [ToolSpecification] = [],
    toolChoice: ModelRequest.ToolChoice = .auto
) -> ModelRequest {
    ModelRequest(
        [
            Message(.system, "Answer from the passages and cite them."),
            Message(.user, parts: passages.map(Part.text) + [.text(question)]),
        ], tools: tools, toolChoice: toolChoice)
}

let runCommand = ToolSpecification(name: "run_command", description: "runs a command")

func answer(to request: ModelRequest, settings: Settings = Settings()) throws -> Answer {
    try Answerer(settings: settings).answer(request) { () throws(PluginError) in }
}

/// The longest version of a text answer; empty for a tool call.
func text(of answer: Answer) -> String {
    if case .text(let versions) = answer { versions[0] } else { "" }
}

func answerText(_ question: String, _ passages: [String], settings: Settings = Settings()) throws -> String {
    text(of: try answer(to: request(question, passages), settings: settings))
}

/// Three passages of one manual.
let manual = [
    """
    [1] docs/server.md:10 - Server > Limits
    The server accepts 64 connections at the same time. Further clients wait in a queue of 128 places. \
    Set `maxConnections` in the configuration to change the limit.
    """,
    """
    [2] docs/log.md:3 - Logging
    Logs are written to standard error as **one JSON object a line**. Use [the viewer](https://example.org/viewer) to \
    read them. Rotation happens every 24 hours.
    """,
    """
    [3] docs/install.md:1 - Installing
    Install the package with the tool of your distribution:

    ```sh
    apt-get install example-server
    ```

    The service starts on port 8080 and runs as its own user.
    """,
]
