import Foundation
import PluginCore
import Testing

@Suite("JSON")
struct JSONTests {
    private func parse(_ text: String) throws(PluginError) -> JSON { try JSON(parsing: text, what: "it") }

    @Test(
        "reads every kind of value",
        arguments: [
            ("null", .null), (" true ", true), ("false", false), ("\"a\"", "a"), ("[]", []), ("{}", [:]),
            ("0", 0), ("-1", -1), ("1.0", 1.0), ("1e3", 1000.0), ("-0", .double(-0.0)), ("2.5E-1", 0.25),
            ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            ("9007199254740993", .int(9_007_199_254_740_993)),
            ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-999", 0.0),
            ("[1,[2,{\"a\":null}]]", [1, [2, ["a": nil]]]), ("{\"b\":1,\"a\":[true]}", ["a": [true], "b": 1]),
            (#""\"\\\/\b\f\n\r\t\u0041\u00e9""#, "\"\\/\u{8}\u{C}\n\r\tAé"), (#""\ud83d\ude00""#, "😀"),
            ("\"é😀\u{7F}\"", "é😀\u{7F}"), (#""\u0000""#, "\0"), ("\t\r\n1\n", 1),
        ] as [(String, JSON)])
    func values(text: String, value: JSON) throws {
        #expect(try parse(text) == value)
    }

    @Test("compares strings and keys code point by code point")
    func codePoints() throws {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        #expect(composed == decomposed && JSON.string(composed) != .string(decomposed))
        #expect(JSON.array([.string(composed)]) != [.string(decomposed)])
        let object = try parse(#"{"\#(composed)":1,"a":null}"#)
        #expect(object[composed] == 1 && object[decomposed] == nil && object["a"] == .some(.null))
        #expect(object == .object([composed: 1, "a": nil]) && object != .object([decomposed: 1, "a": nil]))
        #expect(object.hashValue == JSON.object([composed: 1, "a": nil]).hashValue)
        #expect(
            JSON.position(of: "/\(decomposed)", in: Array(#"{"\#(composed)":1}"#.utf8))
                == TextPosition(line: 1, column: 1))
    }

    @Test("refuses keys that are one text in two Unicode forms, because an object would lose one")
    func forms() throws {
        for (first, second) in [("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), ("a\u{323}\u{307}", "a\u{307}\u{323}")] {
            let error = try #require(throws: PluginError.self) { try parse("{\"\(first)\":1,\"\(second)\":2}") }
            #expect(
                error.what.contains("occurs in two Unicode forms, \(JSON.escaped(first)) and \(JSON.escaped(second))"))
        }
        #expect(JSON.escaped("e\u{301}😀") == #""e\u0301\ud83d\ude00""#)
        #expect(try parse(#"{"é":1,"e":2,"É":3}"#).objectValue?.count == 3)
    }

    @Test(
        "refuses what is not JSON and says where",
        arguments: [
            ("", "line 1, column 1: expected a value, found the end"),
            ("{", "line 1, column 2: expected a key in quotes, found the end"),
            ("[1,]", "line 1, column 4: expected a value, found \"]\""),
            ("{\"a\":1,}", "line 1, column 8: expected a key in quotes, found \"}\""),
            ("[1 2]", "line 1, column 4: expected \",\" or \"]\", found \"2\""),
            ("{\"a\" 1}", "line 1, column 6: expected \":\", found \"1\""),
            ("{\n  \"é\": tru\n}", "line 2, column 8: expected a value, found a word that is not true, false or null"),
            ("{\"a\":1,\"a\":2}", "line 1, column 8: the key \"a\" occurs twice"),
            ("1 x", "line 1, column 3: expected the end of the document, found \"x\""),
            ("01", "line 1, column 1: a number with a leading zero"),
            ("-", "line 1, column 2: expected a digit, found the end"),
            ("1.", "line 1, column 3: expected a digit, found the end"),
            ("1e+", "line 1, column 4: expected a digit, found the end"),
            ("1e999", "line 1, column 1: a number that is too large"),
            (".5", "line 1, column 1: expected a value, found \".\""),
            ("+1", "line 1, column 1: expected a value, found \"+\""),
            ("NaN", "line 1, column 1: expected a value, found \"N\""),
            ("\"abc", "line 1, column 1: a string that does not end"),
            ("\"a\nb\"", "line 1, column 3: a control character in a string must be escaped, found the byte 0xa"),
            (#""\x""#, "line 1, column 2: an escape that does not exist"),
            (#""\u12g4""#, "line 1, column 2: \\u without four hexadecimal digits"),
            (#""\ud800""#, "line 1, column 2: half of a surrogate pair"),
            (#""\ud800\u0041""#, "line 1, column 2: half of a surrogate pair"),
            (#""\udc00""#, "line 1, column 2: half of a surrogate pair"),
            ("\u{FEFF}1", "line 1, column 1: a byte order mark must not stand before JSON"),
            ("'a'", "line 1, column 1: expected a value, found \"'\""),
            ("// c\n1", "line 1, column 1: expected a value, found \"/\""),
        ])
    func errors(text: String, place: String) throws {
        let error = try #require(throws: PluginError.self) { try parse(text) }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "it is not valid JSON: \(place). Correct the JSON text and try again.")
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [[0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3]] as [[UInt8]])
    func encoding(bytes: [UInt8]) throws {
        let quote = UInt8(ascii: "\"")
        let error = try #require(throws: PluginError.self) { try JSON(parsing: [quote] + bytes + [quote], what: "it") }
        #expect(error.what.contains("not UTF-8"))
        #expect(throws: PluginError.self) { try JSON(parsing: bytes, what: "it") }
    }

    @Test("nests 512 deep and no deeper, however long the document")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try parse(nested(512)).arrayValue?.count == 1)
        for text in [nested(513), String(repeating: "[", count: 1 << 20), String(repeating: "{\"a\":", count: 100_000)]
        {
            let error = try #require(throws: PluginError.self) { try parse(text) }
            #expect(error.what.hasSuffix("nested more than 512 deep"))
        }
    }

    @Test(
        "writes compactly with sorted keys",
        arguments: [
            (["b": 1, "a": [nil, true, false], "é": "x", "B": [:]], #"{"B":{},"a":[null,true,false],"b":1,"é":"x"}"#),
            ("\"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}\u{7F}é😀", #""\"\\/\b\f\n\r\t\u0001\u001f"# + "\u{7F}é😀\""),
            (.double(1), "1.0"), (.double(0.1), "0.1"), (.double(-0.0), "-0.0"), (.double(1e300), "1e+300"),
            (.double(.nan), "null"), (.double(-.infinity), "null"), (.int(.min), "-9223372036854775808"), ([], "[]"),
        ] as [(JSON, String)])
    func text(value: JSON, text: String) {
        #expect(value.text == text)
    }

    @Test("writes over several lines what it reads back")
    func prettyText() throws {
        let value: JSON = ["a": [1, ["b": nil]], "c": [:], "d": []]
        #expect(
            value.prettyText == """
                {
                  "a": [
                    1,
                    {
                      "b": null
                    }
                  ],
                  "c": {},
                  "d": []
                }
                """)
        #expect(try parse(value.prettyText) == value)
    }

    @Test("a value survives the way to text and back", arguments: 0..<300)
    func roundTrip(seed: UInt64) throws {
        var random = Random(seed)
        let value = random.json(depth: 5)
        #expect(try parse(value.text) == value)
        #expect(try parse(value.prettyText) == value)
        #expect(try parse(value.text).text == value.text)
    }

    @Test("agrees with Foundation's decoder on random documents", arguments: 0..<150)
    func foundation(seed: UInt64) throws {
        var random = Random(seed &+ 10_000)
        let value = random.json(depth: 4)
        let theirs = try JSONDecoder().decode(JSON.self, from: Data(value.text.utf8))
        #expect(Self.normalized(theirs) == Self.normalized(value))
        let written = try JSONEncoder().encode(value)
        #expect(try Self.normalized(JSON(parsing: written, what: "it")) == Self.normalized(value))
    }

    /// Foundation makes integers of doubles without a fraction, and of doubles it writes integers.
    private static func normalized(_ value: JSON) -> JSON {
        switch value {
        case .int(let int): .double(Double(int))
        case .array(let elements): .array(elements.map(normalized))
        case .object(let members): .object(members.mapValues(normalized))
        default: value
        }
    }

    @Test("mutated documents are read or refused, and what is read survives a round trip", arguments: 0..<60)
    func mutations(seed: UInt64) throws {
        var random = Random(seed &+ 77)
        let original = Array(random.json(depth: 4).text.utf8)
        var refused = 0
        for _ in 0..<100 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert("{}[]\",:\\u0e-.tfn19".utf8.randomElement(using: &random)!, at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            do throws(PluginError) {
                let value = try JSON(parsing: bytes, what: "it")
                #expect(try parse(value.text) == value)
                // Whoever is strict takes no more than the lenient.
                #expect(throws: Never.self) {
                    try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
                }
            } catch {
                refused += 1
                #expect(error.what.hasPrefix("it is not valid JSON: line "))
            }
        }
        #expect(refused > 0)
    }

    @Test("access by key and type answers nil for what is not there")
    func access() {
        let value: JSON = ["a": 1, "b": 2.0, "c": "x", "d": [true], "e": nil]
        #expect(value["a"]?.intValue == 1)
        #expect(value["b"]?.intValue == 2)
        #expect(value["a"]?.doubleValue == 1)
        #expect(JSON.double(2.5).intValue == nil)
        #expect(JSON.double(1e300).intValue == nil)
        #expect(value["c"]?.stringValue == "x")
        #expect(value["d"]?.arrayValue == [true])
        #expect(value["e"] == .null)
        #expect(value["f"] == nil)
        #expect(JSON.string("x")["a"] == nil)
        #expect(
            ["object", "integer", "number", "string", "array", "null"] == [value, 1, 1.5, "", [], nil].map(\.typeName))
    }
}

/// SplitMix64: the same numbers on every run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func text() -> String {
        let alphabet = Array("ab\"\\/\n\t\u{0}\u{1F}\u{7F}é€😀\u{2028} {}[]:,09")
        return String((0..<Int.random(in: 0...9, using: &self)).map { _ in alphabet.randomElement(using: &self)! })
    }

    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .int(Int64(truncatingIfNeeded: next()) >> Int64.random(in: 0...63, using: &self))
        case 3:
            let number = Double(bitPattern: next())
            return .double(number.isFinite ? number : 0.5)
        case 4: return .double(Double.random(in: -1000...1000, using: &self))
        case 5: return .string(text())
        case 6, 7:
            return .array((0..<Int.random(in: 0...5, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            var members: [String: JSON] = [:]
            for _ in 0..<Int.random(in: 0...5, using: &self) { members[text()] = json(depth: depth - 1) }
            return .object(members)
        }
    }
}
