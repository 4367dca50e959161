import Foundation

/// What a page of docs/ tells its readers to type, and what they see then.
///
/// Every fenced block of `sh` is a step, run in the order of the page. The block that follows it, with nothing but empty
/// lines between, is what it prints; a line `...` there stands for any lines. Remarks in the line above the fence, which readers
/// do not see, say what the page cannot:
///
///     <!-- exit: 1 -->            the block ends with this status, and not with 0
///     <!-- background -->         it goes on while the rest of the page is read; it is ready when it has printed a line
///     <!-- before: COMMAND -->    what readers have done of themselves
struct GuidePage {
    struct Step: Sendable {
        /// Of the fence, counted from 1.
        let line: Int
        var script = ""
        var isInBackground = false
        var status: Int32 = 0
        /// nil: the page does not show it.
        var output: [String]?
    }

    /// A fenced block.
    private struct Block {
        let line: Int
        let language: Substring
        let remark: Substring
        let content: [Substring]
        /// Is nothing but empty lines between it and the block before it?
        let isAdjacent: Bool
    }

    let text: String
    private let blocks: [Block]

    init(_ name: String) throws {
        text = try String(contentsOf: Command.root.appendingPathComponent("docs/\(name).md"), encoding: .utf8)
        blocks = Self.blocks(of: text)
    }

    var steps: [Step] {
        var steps: [Step] = []
        for (index, block) in blocks.enumerated() where block.language == "sh" {
            var step = Step(line: block.line, script: block.content.joined(separator: "\n"))
            switch block.remark.split(separator: ": ", maxSplits: 1).first {
            case "exit": step.status = Int32(block.remark.dropFirst(6)) ?? -1
            case "background": step.isInBackground = true
            case "before": step.script = "\(block.remark.dropFirst(8))\n\(step.script)"
            default: break
            }
            if index + 1 < blocks.count, blocks[index + 1].isAdjacent, blocks[index + 1].language != "sh" {
                step.output = blocks[index + 1].content.map(String.init)
            }
            steps.append(step)
        }
        return steps
    }

    /// The first block of a language.
    func block(_ language: String) -> String? {
        blocks.first { $0.language == language }?.content.joined(separator: "\n")
    }

    private static func blocks(of text: String) -> [Block] {
        var blocks: [Block] = []
        var open: (line: Int, language: Substring, remark: Substring, isAdjacent: Bool)?
        var content: [Substring] = []
        var remark: Substring = ""
        var isAdjacent = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let begun = open {
                guard line == "```" else {
                    content.append(line)
                    continue
                }
                blocks.append(
                    Block(
                        line: begun.line, language: begun.language, remark: begun.remark, content: content,
                        isAdjacent: begun.isAdjacent))
                (open, content, remark, isAdjacent) = (nil, [], "", true)
            } else if line.hasPrefix("```") {
                open = (index + 1, line.dropFirst(3), remark, isAdjacent)
            } else if line.hasPrefix("<!-- "), line.hasSuffix(" -->") {
                remark = line.dropFirst(5).dropLast(4)
            } else if !line.isEmpty {
                (remark, isAdjacent) = ("", false)
            }
        }
        return blocks
    }
}
