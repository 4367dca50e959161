internal import ArgumentParser
internal import Glibc
internal import PluginHost

/// How a command ends when it does not end well: one line on stderr, or one JSON document on stdout, and the exit status.
struct Report {
    let wantsJSON: Bool

    /// Reports an error and returns the exit status for it.
    func failure(_ error: any Error) -> Int32 {
        if let error = error as? PluginError { return failure(error) }
        if let status = error as? ExitCode { return status.rawValue }
        if Keyway.exitCode(for: error).isSuccess {
            // Help and version are asked for by "errors", too.
            Console.print(Keyway.fullMessage(for: error))
            return 0
        }
        let isUsage = Keyway.exitCode(for: error) == .validationFailure
        let message = isUsage ? Keyway.message(for: error) : "\(error)"
        if wantsJSON {
            Console.print(
                json: ["error": ["code": isUsage ? "usage" : "internal", "message": .string(message)]])
        } else if isUsage {
            // ArgumentParser's own text, with the prefix that all our errors have.
            let text = Keyway.fullMessage(for: error)
            Console.error("keyway: error: " + (text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text))
        } else {
            Console.error("keyway: error: \(message)")
            Console.error("This is a bug of keyway. Please report it with the command that you gave.")
        }
        return isUsage ? 2 : 3
    }

    /// Reports that what a command was to work with cannot be used at all: exit status 2.
    func unusable(_ error: PluginError) -> ExitCode {
        _ = failure(error)
        return ExitCode(2)
    }

    private func failure(_ error: PluginError) -> Int32 {
        if wantsJSON {
            Console.print(json: ["error": error.json])
        } else {
            Console.error("keyway: error: \(error.plugin.map { "\($0): " } ?? "")\(error.message)".visible)
            if let partial = error.partial, !partial.text.isEmpty {
                Console.error("keyway: note: what had arrived before the error was printed; it is incomplete.")
            }
        }
        return 1
    }
}

/// A table of text: columns as wide as their widest cell.
enum TextTable {
    static func lines(_ rows: [[String]], indent: String = "") -> [String] {
        let rows = rows.map { $0.map(\.visible) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = indent
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            // The last cells may be empty.
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// A progress line on a terminal; nothing elsewhere.
struct Progress {
    private let isShown = isatty(STDERR_FILENO) == 1 && Environment.value("TERM") != "dumb"

    func show(_ text: String) {
        guard isShown else { return }
        Console.write(errorBytes: Array("\r\u{1B}[K\(text.visible)".utf8))
    }

    func clear() {
        guard isShown else { return }
        Console.write(errorBytes: Array("\r\u{1B}[K".utf8))
    }
}

extension Duration {
    /// "0.34 ms" or "1.24 s".
    var short: String {
        let value = milliseconds
        return value < 1000 ? "\(value.rounded(to: value < 10 ? 2 : 1)) ms" : "\((value / 1000).rounded(to: 2)) s"
    }
}

extension Double {
    func rounded(to digits: Int) -> Double {
        var factor = 1.0
        for _ in 0..<digits { factor *= 10 }
        return (self * factor).rounded() / factor
    }
}
