import Foundation
import FoundationNetworking
public import PluginSDK
import Synchronization

/// A client of HTTP in Swift: each text says what to ask for, and its row is the answer's status, its bytes, and how many
/// answers or pieces there were. Nothing in it knows of a sandbox.
struct WebPlugin: EmbedderPlugin {
    static let description = PluginDescription(id: "web", version: "1.0.0")

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    func info(_ call: borrowing PluginCall) throws(PluginError) -> EmbedderInfo {
        EmbedderInfo(id: "web/1", model: "web", dims: 3)
    }

    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError) {
        for index in 0..<inputs.count {
            let words = try inputs.text(index).split(separator: " ").map(String.init)
            let answer = try Self.wait { try await Self.perform(words) }
            output.withRow(index) { row in
                row[0] = Float(answer.status)
                row[1] = Float(answer.size)
                row[2] = Float(answer.count)
            }
        }
    }

    struct Answer {
        var status = 0
        var size = 0
        var count = 0
    }

    /// Has the caller's thread, which is none of concurrency's own, wait for a task.
    private static func wait(_ body: @escaping @Sendable () async throws -> Answer) throws(PluginError) -> Answer {
        let done = DispatchSemaphore(value: 0)
        let result = Box()
        Task {
            let made: Result<Answer, any Error>
            do { made = .success(try await body()) } catch { made = .failure(error) }
            result.value.withLock { $0 = made }
            done.signal()
        }
        done.wait()
        switch result.value.withLock({ $0 }) {
        case .success(let answer): return answer
        case .failure(let error as URLError):
            throw PluginError(.unavailable, "URLError \(error.errorCode): \(error.localizedDescription)", remedy: "")
        case .failure(let error): throw PluginError(.unavailable, "\(error)", remedy: "")
        case nil: throw PluginError(.internal, "the task has no result", remedy: "")
        }
    }

    private final class Box: Sendable {
        let value = Mutex<Result<Answer, any Error>?>(nil)
    }

    /// "get URL", "shared URL", "one-after-the-other N URL", "at-once N URL", "upload BYTES URL", "pieces URL".
    private static func perform(_ words: [String]) async throws -> Answer {
        guard let text = words.last, let url = URL(string: text), words.count > 1 else { throw URLError(.badURL) }
        let session = words[0] == "shared" ? URLSession.shared : URLSession(configuration: .ephemeral)
        defer { if session !== URLSession.shared { session.invalidateAndCancel() } }
        let number = words.count > 2 ? Int(words[1]) ?? 1 : 1
        switch words[0] {
        case "one-after-the-other":
            var answer = Answer()
            for _ in 0..<number { answer = try await get(session, url, after: answer) }
            return answer
        case "at-once":
            return try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<number { group.addTask { try await get(session, url, after: Answer()) } }
                return try await group.reduce(into: Answer()) { all, one in
                    all = Answer(status: one.status, size: all.size + one.size, count: all.count + one.count)
                }
            }
        case "upload":
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            let body = Data((0..<number).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            let (data, response) = try await session.upload(for: request, from: body)
            guard data == body else { throw URLError(.cannotParseResponse) }
            return Answer(status: status(response), size: data.count, count: 1)
        case "pieces":
            return try await Pieces.receive(url)
        default:
            return try await get(session, url, after: Answer())
        }
    }

    private static func get(_ session: URLSession, _ url: URL, after last: Answer) async throws -> Answer {
        let (data, response) = try await session.data(for: URLRequest(url: url))
        return Answer(status: status(response), size: data.count, count: last.count + 1)
    }

    private static func status(_ response: URLResponse) -> Int { (response as? HTTPURLResponse)?.statusCode ?? 0 }
}

/// Takes an answer as it comes.
private final class Pieces: NSObject, URLSessionDataDelegate {
    private let state = Mutex(WebPlugin.Answer())
    private let end: CheckedContinuation<WebPlugin.Answer, any Error>

    private init(_ end: CheckedContinuation<WebPlugin.Answer, any Error>) { self.end = end }

    static func receive(_ url: URL) async throws -> WebPlugin.Answer {
        try await withCheckedThrowingContinuation { continuation in
            let session = URLSession(configuration: .ephemeral, delegate: Pieces(continuation), delegateQueue: nil)
            session.dataTask(with: url).resume()
            session.finishTasksAndInvalidate()
        }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        state.withLock { answer in
            answer.size += data.count
            answer.count += 1
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error { return end.resume(throwing: error) }
        var answer = state.withLock { $0 }
        answer.status = (task.response as? HTTPURLResponse)?.statusCode ?? 0
        end.resume(returning: answer)
    }
}

@c(kw_plugin_entry_1)
public func entry(
    host: UnsafePointer<kw_host>?, sdk: UInt32, table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
) -> kw_status {
    unsafe PluginEntry.export(WebPlugin.self, host, sdk, table)
}
