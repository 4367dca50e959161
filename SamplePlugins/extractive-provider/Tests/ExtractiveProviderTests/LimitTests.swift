import PluginSDK
import Testing

@testable import ExtractiveProvider

@Suite struct LimitTests {
    @Test(
        "Pieces joined are the text",
        arguments: ["", " ", "One two, three.", "  extraordinarily long\n\nwords ", "👩‍👩‍👧🚀 é 東京 “quoted” [1]", "a\r\nb"])
    func pieces(text: String) {
        #expect(TextPieces(text).joined() == text)
    }

    @Test func `A stop sequence is found across pieces, and the earliest ends the answer`() {
        let text = "The extraordinarily long answer ends here, surely."
        let limited = LimitedText([text], stoppingAt: ["never", "", "ends here", "narily lo"], maximum: nil)
        #expect(limited.text == "The extraordi")
        #expect(limited.stop == StopReason(.stopSequence, raw: "narily lo", sequence: "narily lo"))
        #expect(LimitedText([text], stoppingAt: ["nowhere"], maximum: nil).stop == StopReason(.stop))
    }

    @Test func `Every place and length of a stop sequence is found`() {
        let text = "Ab “c” [1] é 🚀 z."
        let scalars = Array(text.unicodeScalars)
        for start in scalars.indices {
            for end in (start + 1)...scalars.count {
                var sequence = String.UnicodeScalarView()
                sequence.append(contentsOf: scalars[start..<end])
                let limited = LimitedText([text], stoppingAt: [String(sequence)], maximum: nil)
                #expect(limited.stop.kind == .stopSequence)
                #expect(limited.text.unicodeScalars.count <= start)
            }
        }
    }

    @Test func `Fewer whole sentences are said before one is broken`() {
        let wholes = ["One is here. Two is here.", "One is here."]
        #expect(
            LimitedText(wholes, stoppingAt: [], maximum: 100) == LimitedText([wholes[0]], stoppingAt: [], maximum: nil))
        let fewer = LimitedText(wholes, stoppingAt: [], maximum: 5)
        #expect(fewer.text == "One is here.")
        #expect(fewer.stop.kind == .length)
        let broken = LimitedText(wholes, stoppingAt: [], maximum: 2)
        #expect(broken.text == "One is")
        #expect(broken.stop.kind == .length)
        #expect(LimitedText(wholes, stoppingAt: [], maximum: 0).text == "")
    }

    @Test func `A stop sequence behind the limit is not met`() {
        let limited = LimitedText(["One is here."], stoppingAt: ["here"], maximum: 2)
        #expect(limited.text == "One is")
        #expect(limited.stop.kind == .length)
    }

    @Test func `Versions of an answer get shorter, and each ends with a citation`() throws {
        let answer = try answer(
            to: request("How many connections does the server accept, and what is the limit?", manual))
        guard case .text(let versions) = answer else {
            Issue.record("expected text")
            return
        }
        #expect(versions.count > 1)
        for (longer, shorter) in zip(versions, versions.dropFirst()) { #expect(longer.count > shorter.count) }
        #expect(versions.allSatisfy { $0.hasSuffix("]") })
    }
}
