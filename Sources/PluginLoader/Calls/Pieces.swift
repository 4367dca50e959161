internal import PluginCore

/// Batches that are larger than a message to or from a worker: they go in pieces, one after the other.
enum Pieces {
    /// Runs the body with the whole range; with halves of it, and of those, where a message was too large.
    /// - Parameter check: looks at the items before the first piece is sent, for operations that change something: one that
    ///   cannot be sent has to keep the others from being sent, too. Gets the bytes that a message has.
    /// - Throws: what the body throws; of an item that is too large alone, which one.
    static func run(
        _ range: Range<Int>, check: (Int64) throws(PluginError) -> Void = { _ throws(PluginError) in },
        _ body: (Range<Int>) throws(PluginError) -> Void
    ) throws(PluginError) {
        do throws(PluginError) {
            return try body(range)
        } catch {
            guard let room = error.messageRoom else { throw error }
            guard range.count > 1 else { throw error.ofItem(range.lowerBound) }
            try check(room)
        }
        try halves(range, body)
    }

    private static func halves(
        _ range: Range<Int>, _ body: (Range<Int>) throws(PluginError) -> Void
    ) throws(PluginError) {
        let middle = range.lowerBound + range.count / 2
        for half in [range.lowerBound..<middle, middle..<range.upperBound] {
            do throws(PluginError) {
                try body(half)
            } catch {
                guard error.messageRoom != nil else { throw error }
                guard half.count > 1 else { throw error.ofItem(half.lowerBound) }
                try halves(half, body)
            }
        }
    }
}

extension PluginError {
    /// Bytes of a message, if it is the error of one that was larger.
    var messageRoom: Int64? {
        guard case .resourceLimit("message", let room, _, _, _) = facts else { return nil }
        return room
    }

    /// The error of an item that is too large alone.
    func ofItem(_ index: Int) -> PluginError {
        var error = self
        error.what = "item \(index) of the batch alone is too large for a worker: \(what)"
        error.remedy = "Make it smaller, or run the plugin in the host's process"
        return error
    }

    /// What a plugin in a worker says whose event was refused, with the limit that refuses events.
    var namingEventLimit: PluginError {
        guard code == .resourceExhausted, isOfPlugin else { return self }
        var error = self
        error.what = "an event of a worker has at most 524288 bytes, and its plugin could not pass one on: \(what)"
        error.remedy = "Ask for less of each item, such as no vectors, or run the plugin in the host's process"
        error.facts = .resourceLimit(kind: "event", value: 524_288, unit: "bytes", source: "host", setBy: "host")
        return error
    }
}
