import PluginCore
import Testing

/// Tables written by hand of what each operation of a filter admits.
@Suite("What a filter admits")
struct FilterEvaluationTests {
    private static let item: JSON = [
        "s": "Straße", "n": 5, "d": 2.5, "t": true, "z": nil, "l": [1, "two", 3.0, nil], "e": [], "o": [:], "": "empty",
        "nest": ["a": ["b": 7, "l": ["x"]]], "nest/flat": "whole", "list": [["a": 1]],
        "big": 9_007_199_254_740_993, "max": .int(.max), "half": 9_007_199_254_740_992.0, "blank": "",
        "here": ["lat": 52.52, "lon": 13.405],
    ]

    private static func check(_ cases: [(Filter, Bool)], sourceLocation: SourceLocation = #_sourceLocation) {
        for (filter, expected) in cases {
            #expect(filter.admits(id: "id", metadata: item) == expected, "\(filter)", sourceLocation: sourceLocation)
        }
    }

    @Test("joins, ids, presence")
    func basics() {
        Self.check([
            (.all, true), (.none, false), (.and([]), true), (.or([]), false), (.and([.all, .none]), false),
            (.or([.none, .all]), true), (.not(.none), true), (.not(.all), false), (.ids(["x", "id"]), true),
            (.ids(["ID"]), false), (.ids([]), false), (.native(dialect: "sql", "1"), false), (.exists("s"), true),
            (.exists("z"), true), (.exists("q"), false), (.exists("nest/a/b"), true), (.exists("nest/a/c"), false),
            (.exists("list/a"), false), (.isNull("z"), true), (.isNull("s"), false), (.isNull("q"), false),
            (.isNull("l"), false),
        ])
    }

    @Test("fields: the exact name first, then the path")
    func fields() {
        Self.check([
            (.equal("nest/flat", .string("whole")), true), (.equal("nest/a/b", .int(7)), true),
            (.equal("", .string("empty")), true), (.equal("S", .string("Straße")), false),
            (.equal("nest/a/b/", .int(7)), false), (.equal("/nest/a/b", .int(7)), false),
            (.equal("nest/a/l", .string("x")), true),
        ])
    }

    @Test("equality: by value among numbers, by bytes among texts, never between kinds")
    func equality() {
        Self.check([
            (.equal("n", .int(5)), true), (.equal("n", .double(5)), true), (.equal("n", .string("5")), false),
            (.equal("d", .double(2.5)), true), (.equal("d", .int(2)), false), (.equal("t", .bool(true)), true),
            (.equal("t", .int(1)), false), (.equal("z", .null), true), (.equal("q", .null), false),
            (.equal("s", .string("Straße")), true), (.equal("s", .string("STRASSE")), false),
            (.equal("l", .int(1)), true), (.equal("l", .int(3)), true), (.equal("l", .null), true),
            (.equal("l", .int(4)), false), (.equal("e", .int(1)), false), (.notEqual("n", .int(6)), true),
            (.notEqual("n", .double(5)), false), (.notEqual("n", .string("5")), true), (.notEqual("q", .int(1)), false),
            (.notEqual("l", .int(9)), true), (.notEqual("l", .string("two")), false), (.notEqual("e", .int(1)), true),
            (.in("n", [.int(1), .double(5)]), true), (.in("n", []), false), (.in("l", [.string("two")]), true),
            (.in("q", [.null]), false), (.notIn("n", [.int(1)]), true), (.notIn("n", [.int(5)]), false),
            (.notIn("n", []), true), (.notIn("q", []), false), (.notIn("l", [.int(3)]), false),
        ])
    }

    @Test("text is its bytes: composed and decomposed forms differ")
    func unicode() {
        let metadata: JSON = ["c": "\u{E9}", "d": "e\u{301}"]
        #expect(Filter.equal("c", .string("\u{E9}")).admits(id: "", metadata: metadata))
        #expect(!Filter.equal("c", .string("e\u{301}")).admits(id: "", metadata: metadata))
        #expect(Filter.notEqual("c", .string("e\u{301}")).admits(id: "", metadata: metadata))
        #expect(Filter.prefix("d", "e").admits(id: "", metadata: metadata))
        #expect(!Filter.prefix("c", "e").admits(id: "", metadata: metadata))
        #expect(!Filter.contains("c", .string("e\u{301}")).admits(id: "", metadata: metadata))
        #expect(Filter.size("c", 1...1).admits(id: "", metadata: metadata))
        #expect(Filter.size("d", 2...2).admits(id: "", metadata: metadata))
        // U+FF61 sorts before U+1F600 by scalars and by UTF-8, and behind it by UTF-16.
        let order = Filter.less("x", .string("\u{1F600}"))
        #expect(order.admits(id: "", metadata: ["x": "\u{FF61}"]))
        #expect(!Filter.ids(["e\u{301}"]).admits(id: "x", metadata: [:]))
    }

    @Test("order: numbers by value, texts by bytes, nothing else")
    func order() {
        Self.check([
            (.less("n", .int(6)), true), (.less("n", .int(5)), false), (.less("n", .double(5.5)), true),
            (.lessOrEqual("n", .double(5)), true), (.lessOrEqual("n", .int(4)), false), (.greater("n", .int(4)), true),
            (.greater("n", .int(5)), false), (.greaterOrEqual("n", .int(5)), true),
            (.greaterOrEqual("n", .int(6)), false), (.less("n", .string("9")), false),
            (.greater("t", .bool(false)), false),
            (.lessOrEqual("z", .null), false), (.less("s", .string("T")), true), (.greater("s", .string("Stra")), true),
            (.less("l", .int(2)), true), (.greater("l", .int(2)), true), (.greater("l", .int(3)), false),
            (.less("q", .int(1)), false), (.between("n", .int(5), .int(5)), true),
            (.between("n", .double(4.5), .int(6)), true), (.between("n", .int(6), .int(4)), false),
            (.between("s", .string("S"), .string("T")), true), (.between("n", .string("0"), .int(9)), false),
            (.between("l", .int(2), .int(3)), true), (.between("l", .double(1.5), .double(2.5)), false),
            (.between("q", .int(0), .int(9)), false),
        ])
    }

    @Test("integers and doubles compare exactly where doubles have gaps")
    func exactNumbers() {
        let gap = 9_007_199_254_740_992.0  // 2^53
        Self.check([
            // 2^53 + 1 is no double.
            (.equal("big", .double(gap)), false), (.greater("big", .double(gap)), true),
            (.less("big", .double(gap + 2)), true), (.equal("big", .int(9_007_199_254_740_993)), true),
            (.equal("half", .int(9_007_199_254_740_992)), true), (.equal("half", .int(9_007_199_254_740_993)), false),
            (.less("half", .int(9_007_199_254_740_993)), true),
            // 2^63 is one more than the largest integer.
            (.equal("max", .double(0x1p63)), false), (.less("max", .double(0x1p63)), true),
            (.greater("max", .double(0x1p63 - 1024)), true), (.greater("max", .double(-.infinity)), true),
            (.less("max", .double(.infinity)), true), (.equal("max", .double(.nan)), false),
            (.notEqual("max", .double(.nan)), true), (.less("n", .double(.nan)), false),
            (.greaterOrEqual("n", .double(.nan)), false),
        ])
        #expect(Filter.equal("x", .double(-0.0)).admits(id: "", metadata: ["x": 0]))
        #expect(Filter.greaterOrEqual("x", .double(-0x1p63)).admits(id: "", metadata: ["x": .int(.min)]))
        #expect(Filter.greater("x", .double(-0x1.8p63)).admits(id: "", metadata: ["x": .int(.min)]))
    }

    @Test("prefixes, parts and members")
    func texts() {
        Self.check([
            (.prefix("s", "Stra"), true), (.prefix("s", ""), true), (.prefix("s", "stra"), false),
            (.prefix("s", "Straßen"), false), (.prefix("n", ""), false), (.prefix("l", "tw"), true),
            (.prefix("q", ""), false), (.contains("s", .string("raß")), true), (.contains("s", .string("")), true),
            (.contains("s", .string("ss")), false), (.contains("s", .int(1)), false), (.contains("l", .int(3)), true),
            (.contains("l", .string("two")), true), (.contains("l", .string("tw")), false),
            (.contains("l", .null), true), (.contains("n", .int(5)), false), (.contains("q", .string("")), false),
            (.allOf("l", [.int(1), .string("two")]), true), (.allOf("l", [.int(1), .int(2)]), false),
            (.allOf("l", []), true), (.allOf("e", []), true), (.allOf("n", [.double(5)]), true),
            (.allOf("n", [.int(5), .int(6)]), false), (.allOf("q", []), false),
        ])
    }

    @Test("sizes and emptiness")
    func sizes() {
        Self.check([
            (.size("l", 4...4), true), (.size("l", 0...3), false), (.size("e", 0...0), true),
            (.size("s", 6...6), true), (.size("s", 7...9), false), (.size("blank", 0...0), true),
            (.size("n", 0...9), false), (.size("o", 0...0), false), (.size("q", 0...9), false), (.isEmpty("z"), true),
            (.isEmpty("blank"), true), (.isEmpty("e"), true), (.isEmpty("o"), true), (.isEmpty("s"), false),
            (.isEmpty("l"), false), (.isEmpty("n"), false), (.isEmpty("t"), false), (.isEmpty("q"), false),
            (.isEmpty("nest"), false),
        ])
    }

    @Test(
        "words: every one, whole, and case only if it is asked for",
        arguments: [
            ("The quick-brown fox", "quick", false, true), ("The quick-brown fox", "BROWN the", false, true),
            ("The quick-brown fox", "quickbrown", false, false), ("The quick-brown fox", "qui", false, false),
            ("The quick-brown fox", "", false, true), ("The quick-brown fox", " .,", false, true),
            ("The quick-brown fox", "the", true, false), ("The quick-brown fox", "The", true, true),
            ("v1.2 x_y", "1", false, false), ("v1.2 x_y", "2", false, true), ("v1.2 x_y", "y", false, true),
            ("naïve Éa", "naïve", false, true), ("naïve Éa", "na", false, false), ("naïve Éa", "éa", false, false),
            ("", "x", false, false), ("", "", false, true),
        ])
    func words(text: String, wanted: String, caseSensitive: Bool, expected: Bool) {
        let filter = Filter.match("t", wanted, caseSensitive: caseSensitive)
        #expect(filter.admits(id: "", metadata: ["t": .string(text)]) == expected)
        #expect(filter.admits(id: "", metadata: ["t": [1, .string(text)]]) == expected)
        #expect(!filter.admits(id: "", metadata: ["t": 1]) && !filter.admits(id: "", metadata: [:]))
    }

    @Test("distances on a sphere of 6371008.8 m")
    func distances() {
        // A degree of a great circle, from the radius alone.
        let degree = 6_371_008.8 * Double.pi / 180
        let quarter = degree * 90
        let cases: [(lat: Double, lon: Double, toLat: Double, toLon: Double, meters: Double)] = [
            (0, 0, 0, 1, degree), (0, 0, 1, 0, degree), (10, 20, 10, 20, 0), (0, 0, 0, 90, quarter),
            (90, 0, 0, 77, quarter), (90, 12, 90, -100, 0), (0, 0, 0, 180, 2 * quarter), (-90, 0, 90, 0, 2 * quarter),
            // Over the date line, and along a meridian over the pole.
            (0, 179.5, 0, -179.5, degree), (89.5, 0, 89.5, 180, degree),
        ]
        for place in cases {
            let metadata: JSON = ["p": ["lat": .double(place.toLat), "lon": .double(place.toLon)]]
            func admits(_ meters: Double) -> Bool {
                Filter.geoRadius("p", latitude: place.lat, longitude: place.lon, meters: meters)
                    .admits(id: "", metadata: metadata)
            }
            #expect(admits(place.meters + 0.01), "\(place)")
            #expect(!admits(place.meters - 0.5), "\(place)")
        }
        // Berlin to Paris is about 878 km.
        let paris = { Filter.geoRadius("here", latitude: 48.8566, longitude: 2.3522, meters: $0) }
        Self.check([
            (paris(880_000), true), (paris(875_000), false),
            (.geoRadius("n", latitude: 0, longitude: 0, meters: 1e9), false),
            (.geoRadius("o", latitude: 0, longitude: 0, meters: 1e9), false),
            (.geoRadius("q", latitude: 0, longitude: 0, meters: 1e9), false),
            (.geoRadius("here", latitude: .nan, longitude: 0, meters: 1e9), false),
        ])
        let whole: JSON = ["p": ["lat": 1, "lon": 0]]
        #expect(Filter.geoRadius("p", latitude: 0, longitude: 0, meters: degree + 1).admits(id: "", metadata: whole))
        let texts: JSON = ["p": ["lat": "1", "lon": 0]]
        #expect(!Filter.geoRadius("p", latitude: 0, longitude: 0, meters: 1e9).admits(id: "", metadata: texts))
    }
}
