public import PluginCore

/// What came of running one plugin as far as its entry, in a process of its own.
public struct ProbeResult: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// It loaded, said what it is, and printed nothing.
        case passed
        /// A signal ended it. The address is the one that could not be used, if the signal is about one.
        case crashed(signal: Int32, address: UInt64?)
        /// It ended the process that it was loaded into.
        case exited(status: Int32)
        /// It was not done when its time was over.
        case hung(deadline: Duration)
        /// It wrote to standard output or standard error, which belong to the host.
        case chatter
        /// The dynamic linker refused it, in its words.
        case unloadable(String)
        /// Its entry or its table broke the contract, or its own library is gone.
        case refused(String)
        /// While nothing else ran, the process that watched it was ended.
        case brokeScanner
    }

    /// How far it came.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Its process was made ready.
        case setup
        /// Its private libraries were loaded, their constructors run.
        case libraries
        /// It was loaded, its constructors run.
        case load
        /// Its entry was called.
        case entry
        /// The table that the entry gave was read.
        case table
        /// It had done all that was asked.
        case end
    }

    /// One function of a backtrace.
    public struct Frame: Sendable, Hashable {
        /// Name of the plugin's file or of a library; empty if the address is in none.
        public let module: String
        /// Into the module as it lies in its file, for `addr2line`.
        public let offset: UInt64
        /// As the linker spells it; nil if the module does not say.
        public let symbol: String?
        /// Into the symbol.
        public let symbolOffset: UInt64

        /// `witness.so+0x1139 (crash_now+0x9)`.
        public var text: String {
            let place = "\(module)+0x\(String(offset, radix: 16))"
            return symbol.map { "\(place) (\($0)+0x\(String(symbolOffset, radix: 16)))" } ?? place
        }
    }

    /// Id of the plugin, or its path if it has none.
    public let plugin: String
    public let path: String
    public let outcome: Outcome
    public let phase: Phase
    /// The innermost function first, down to the plugin's first one; empty unless it crashed.
    public let backtrace: [Frame]
    /// The last 4096 bytes that it printed to standard output and standard error, in the order of writing, as text.
    public let output: String
    /// Bytes that it printed in all.
    public let outputBytes: UInt64
    /// From the start of its process to its end.
    public let duration: Duration

    public var hasPassed: Bool { outcome == .passed }
}

extension ProbeResult.Outcome {
    /// A word for programs; what a quarantine record has as its reason.
    public var name: String {
        switch self {
        case .passed: "passed"
        case .crashed: "crashed"
        case .exited: "exited"
        case .hung: "hung"
        case .chatter: "chatter"
        case .unloadable: "unloadable"
        case .refused: "refused"
        case .brokeScanner: "brokeScanner"
        }
    }
}

extension ProbeResult {
    /// What is wrong with the plugin, or nil.
    public var error: PluginError? {
        let code: PluginError.Code
        var facts = PluginError.Facts.none
        var remedy = "Report this to the plugin's author"
        switch outcome {
        case .passed: return nil
        case .crashed, .brokeScanner: code = .crashed
        case .exited: code = .exited
        case .hung(let deadline):
            code = .timeout
            facts = .deadline(kind: "probe", milliseconds: deadline.milliseconds)
        case .chatter:
            code = .protocolViolation
            remedy = "Have the plugin log through its host"
        case .unloadable(let text):
            code = .load
            facts = .linker(text)
            remedy = "See with `keyway inspect` what it needs, and install that"
        case .refused: code = .load
        }
        return PluginError(code, reason, remedy: remedy, facts: facts, plugin: plugin, stage: .load)
    }

    /// What happened, without a final full stop: "crashed in its constructors by SIGSEGV at address 0x0".
    public var reason: String {
        switch outcome {
        case .passed: "passed"
        case .crashed(let signal, let address):
            "crashed \(place) by \(SignalName.of(signal))"
                + (address.map { " at address 0x\(String($0, radix: 16))" } ?? "")
        case .exited(let status): "ended its process \(place) with status \(status)"
        case .hung(let deadline): "was not done \(place) after \(Self.text(deadline))"
        case .chatter: "printed \(outputBytes) bytes to standard output or standard error"
        case .unloadable(let text): "the dynamic linker refused it: \(text)"
        case .refused(let text): text
        case .brokeScanner: "ended the process that watched it"
        }
    }

    private var place: String {
        switch phase {
        case .setup: "before it was loaded"
        case .libraries: "in the constructors of its libraries"
        case .load: "in its constructors"
        case .entry: "in its entry"
        case .table: "when its table was read"
        case .end: "after it had answered"
        }
    }

    private static func text(_ duration: Duration) -> String {
        let milliseconds = Int64(duration.milliseconds)
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
