/// The events of one call, in order, for one consumer; the same type whichever body the plugin has.
///
/// Back-pressure: the producer waits while the consumer is behind. Cancelling the consuming task ends the sequence at
/// once with a `cancelled` error, whatever the plugin does. Letting go of the stream cancels the call.
public struct EventStream<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = PluginError

    /// For those who stand between: one caller at a time.
    package let source: any EventSource<Element>

    public init(_ source: some EventSource<Element>) { self.source = source }

    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    public struct Iterator: AsyncIteratorProtocol {
        let source: any EventSource<Element>

        public mutating func next() async throws(PluginError) -> Element? {
            try await source.next()
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(PluginError) -> Element? {
            try await source.next()
        }
    }
}

/// Where the events of an ``EventStream`` come from.
public protocol EventSource<Element>: AnyObject, Sendable {
    associatedtype Element: Sendable

    /// The next event, or nil after the last. One caller at a time.
    func next() async throws(PluginError) -> Element?
}
