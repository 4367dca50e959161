import PluginSDK
import Synchronization

/// What a plugin under test was asked, and how it is to behave. An instance finds its own by its name.
final class Recorder: Sendable {
    struct State {
        /// Inputs in the order in which they came.
        var inputs: [any Sendable] = []
        /// What every operation throws; nil = nothing.
        var failure: PluginError?
        /// What an operation does first.
        var act: (@Sendable (borrowing PluginCall) throws(PluginError) -> Void)?
    }

    let name: String
    let state = Mutex(State())

    private static let all = Mutex<[String: Recorder]>([:])

    private init(name: String) { self.name = name }

    static func make() -> Recorder {
        all.withLock { all in
            let recorder = Recorder(name: "instance-\(all.count)")
            all[recorder.name] = recorder
            return recorder
        }
    }

    static func named(_ name: String) -> Recorder { all.withLock { $0[name]! } }

    /// Takes an input down, and behaves as it was told.
    func note(_ input: some Sendable, _ call: borrowing PluginCall) throws(PluginError) {
        let (act, failure) = state.withLock { state in
            state.inputs.append(input)
            return (state.act, state.failure)
        }
        try act?(call)
        if let failure { throw failure }
    }

    /// The only input so far, if it is of that type.
    func input<Input>(_ type: Input.Type = Input.self) -> Input? { state.withLock { $0.inputs.last as? Input } }
}
