/// One thing that a plugin is kept from, and whether it is.
public struct SandboxGuarantee: Sendable, Hashable {
    /// What is guaranteed; raw values are what commands print.
    public enum Name: String, Sendable, Hashable, CaseIterable {
        /// Reading and writing files that were not granted.
        case files
        /// Seeing that files outside of the grants exist, how large and how old they are.
        case metadata
        /// Connections to others, and from others.
        case network
        /// Starting programs and processes.
        case processes
        /// Threads of its own.
        case threads
        /// Signals to processes that are not its own.
        case signals
        /// Looking into the memory of the host and of others.
        case hostMemory
        /// System calls beyond those that plugins need.
        case systemCalls
        /// Memory that is written and executed.
        case writeXorExecute
        /// The rights of the host's user.
        case identity
        /// Devices of the machine.
        case devices
        /// Variables of the host's environment.
        case environment
        /// Memory.
        case memory
        /// Processor time of a call.
        case processorTime
        /// Open descriptors.
        case descriptors
        /// The size of one file.
        case fileSize
        /// The size of all that it writes.
        case disk
        /// What it sends and receives in a time.
        case bandwidth
    }

    public enum State: String, Sendable, Hashable { case enforced, partial, notEnforced }

    public let name: Name
    public let state: State
    /// The mechanism that enforces it, such as "Landlock"; nil: none does.
    public let by: String?
    /// Why it is enforced in part or not at all; nil if it is.
    public let reason: String?

    public init(_ name: Name, _ state: State, by: String? = nil, reason: String? = nil) {
        (self.name, self.state, self.by, self.reason) = (name, state, by, reason)
    }
}

/// What a plugin is kept from, on this machine and with these permissions. Complete: what is not enforced is there, too.
public struct SandboxReport: Sendable, Hashable {
    /// In the order of ``SandboxGuarantee/Name``.
    public let guarantees: [SandboxGuarantee]

    public init(_ guarantees: [SandboxGuarantee]) {
        self.guarantees = guarantees.sorted { Self.place($0.name) < Self.place($1.name) }
    }

    private static func place(_ name: SandboxGuarantee.Name) -> Int {
        SandboxGuarantee.Name.allCases.firstIndex(of: name) ?? 0
    }

    public subscript(_ name: SandboxGuarantee.Name) -> SandboxGuarantee? { guarantees.first { $0.name == name } }

    /// Of a plugin that runs in the host's process.
    public static let inProcess = none(because: "it runs in the host's process, with all its rights")

    /// Nothing is enforced.
    public static func none(because reason: String) -> SandboxReport {
        SandboxReport(SandboxGuarantee.Name.allCases.map { SandboxGuarantee($0, .notEnforced, reason: reason) })
    }

    /// - Throws: ``PluginError`` with code `sandboxUnavailable` that names what is required and not enforced whole.
    public func require(_ names: Set<SandboxGuarantee.Name>, for plugin: String) throws(PluginError) {
        let missing = guarantees.filter { names.contains($0.name) && $0.state != .enforced }
        guard !missing.isEmpty else { return }
        let list = missing.map { "\($0.name.rawValue) (\($0.reason ?? $0.state.rawValue))" }
        throw PluginError(
            .sandboxUnavailable, "this machine does not enforce what is required: \(list.joined(separator: "; "))",
            remedy: "Run `keyway doctor` to see what it offers, or require less",
            facts: .names(missing.map(\.name.rawValue)), plugin: plugin, stage: .load)
    }

    /// `{guarantees[{name,state,by,reason}]}`.
    public var json: JSON {
        [
            "guarantees": .array(
                guarantees.map { guarantee in
                    [
                        "name": .string(guarantee.name.rawValue), "state": .string(guarantee.state.rawValue),
                        "by": .optional(guarantee.by, JSON.string), "reason": .optional(guarantee.reason, JSON.string),
                    ]
                })
        ]
    }
}
