import Foundation
import PluginCore
import Testing

@Suite("Limits of calls and workers")
struct LimitTests {
    @Test(
        "a limit's text stands for a number, and is printed in the largest unit that divides it",
        arguments: [
            ("wall=500ms", 500, "wall=500ms"), ("wall=2000ms", 2000, "wall=2s"), ("cpu=2s", 2000, "cpu=2s"),
            ("cpu=90s", 90_000, "cpu=90s"), ("wall=60s", 60_000, "wall=1m"), ("wall=3h", 10_800_000, "wall=3h"),
            ("memory=64M", 67_108_864, "memory=64M"), ("memory=64m", 67_108_864, "memory=64M"),
            ("memory=64MiB", 67_108_864, "memory=64M"), ("memory=64MB", 64_000_000, "memory=64MB"),
            ("memory=64mb", 64_000_000, "memory=64MB"), ("memory=4096", 4096, "memory=4K"),
            ("memory=1001", 1001, "memory=1001"), ("memory=1b", 1, "memory=1"), ("disk=2T", 2 << 40, "disk=2T"),
            ("output=1000", 1000, "output=1KB"), ("fileSize=3GiB", 3 << 30, "fileSize=3G"),
            ("network=5MB", 5_000_000, "network=5MB"), ("events=1000", 1000, "events=1000"),
            ("concurrency=65536", 65536, "concurrency=65536"), ("queue=0", 0, "queue=0"),
            ("workers=1", 1, "workers=1"), ("upcallDepth=0", 0, "upcallDepth=0"), ("openFiles=64", 64, "openFiles=64"),
            ("processes=9", 9, "processes=9"),
            ("memory=9223372036854775807", Int64.max, "memory=9223372036854775807"),
        ] as [(String, Int64, String)])
    func text(_ text: String, _ value: Int64, _ printed: String) throws {
        let kind = try #require(LimitKind(rawValue: String(text.prefix { $0 != "=" })))
        let limits = try LimitSet([text])
        #expect(limits[kind] == value)
        #expect(limits.texts == [printed])
        #expect(try LimitSet(limits.texts) == limits)
    }

    @Test(
        "what is no limit is refused, and the error names the text and what is allowed",
        arguments: [
            ("wall=500", "ms, s, m or h"), ("wall=", "ms, s, m or h"), ("wall=0ms", "ms, s, m or h"),
            ("wall=-1s", "ms, s, m or h"), ("wall=1.5s", "ms, s, m or h"), ("wall=1 s", "ms, s, m or h"),
            ("wall=9223372036854775807h", "ms, s, m or h"), ("wall=9000000h", "such as 500ms"),
            ("cpu=99999999999999999999s", "such as 500ms"), ("memory=64Q", "such as 64M"), ("memory=0", "from 1 on"),
            ("memory=9223372036854775807K", "such as 64M"), ("memory=٣M", "such as 64M"), ("memory==1", "such as 64M"),
            ("queue=1K", "from 0 to 1048576"), ("queue=1048577", "from 0 to 1048576"), ("workers=0", "from 1 to 1024"),
            ("upcallDepth=65", "from 0 to 64"), ("wall", "wall=500ms"), ("", "wall, cpu, memory"),
            ("=5s", "wall, cpu, memory"), ("Wall=5s", "wall, cpu, memory"), ("memroy=64M", "wall, cpu, memory"),
        ])
    func refused(_ text: String, _ allowed: String) {
        let error = #expect(throws: PluginError.self) { try LimitSet([text]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("\"\(text)\"") == true)
        #expect(error?.remedy?.contains(allowed) == true)
    }

    @Test("a slip of the fingers is recognised, and a kind may be limited once")
    func slips() {
        let slip = #expect(throws: PluginError.self) { try LimitSet(["memroy=64M"]) }
        #expect(slip?.what.contains("is memory meant?") == true)
        let twice = #expect(throws: PluginError.self) { try LimitSet(["wall=1s", "cpu=1s", "wall=1s"]) }
        #expect(twice?.what == "\"wall=1s\" is the second limit of wall")
    }

    @Test("every kind prints what it reads at the ends of its range", arguments: LimitKind.allCases)
    func ends(_ kind: LimitKind) throws {
        for value in [kind.range.lowerBound, kind.range.upperBound] {
            #expect(try kind.value(kind.text(value)) == value)
        }
        var limits = LimitSet()
        limits[kind] = .min
        #expect(limits[kind] == kind.range.lowerBound)
        limits[kind] = .max
        #expect(limits[kind] == kind.range.upperBound)
        limits[kind] = nil
        #expect(limits == LimitSet())
    }

    @Test("whoever may say more decides, below the operator's ceiling, and the source is told")
    func precedence() {
        // What operator, call, plugin and host say, each nothing or one of three values: the rule, told in other words.
        let choices: [Int64?] = [nil, 10, 20, 30]
        for ceiling in choices {
            for call in choices {
                for plugin in choices {
                    for host in choices {
                        let limits = EffectiveLimits(
                            operator: set(ceiling), call: set(call), plugin: set(plugin), host: set(host))
                        let wish = call ?? plugin ?? host
                        let expected = [wish, ceiling].compactMap(\.self).min()
                        let source: LimitSource? =
                            if let ceiling, ceiling < wish ?? .max {
                                .operator
                            } else if call != nil {
                                .call
                            } else if plugin != nil {
                                .plugin
                            } else {
                                host == nil ? nil : .host
                            }
                        #expect(limits[.events]?.value == expected)
                        #expect(limits[.events]?.source == source)
                        #expect(limits.all.count == (expected == nil ? 0 : 1))
                    }
                }
            }
        }
    }

    private func set(_ value: Int64?) -> LimitSet {
        var limits = LimitSet()
        limits[.events] = value
        return limits
    }

    @Test("without anybody's word a call has 60 s and a worker 256 MB")
    func defaults() {
        let limits = EffectiveLimits()
        #expect(limits[.wall] == EffectiveLimit(.wall, 60_000, source: .host))
        #expect(limits[.wall]?.duration == .seconds(60))
        #expect(limits[.memory] == EffectiveLimit(.memory, 256_000_000, source: .host))
        #expect(limits[.memory]?.duration == nil)
        #expect(limits[.cpu] == nil)
        #expect(
            limits.all.map(\.text) == [
                "wall=1m", "memory=256MB", "output=64MB", "events=1000000", "queue=256", "workers=4", "upcallDepth=8",
                "openFiles=64", "processes=512",
            ])
    }

    @Test("all limits of a manifest are taken over; parts of a millisecond count as a whole one")
    func manifest() {
        var manifest = ResourceLimits()
        manifest.memory = 1 << 26
        manifest.processorTime = .microseconds(1500)
        manifest.time = .microseconds(1)
        manifest.disk = 5
        manifest.network = 6
        manifest.concurrency = 7
        manifest.openFiles = 8
        manifest.fileSize = 9
        manifest.workers = 2
        #expect(
            LimitSet(manifest).texts == [
                "wall=1ms", "cpu=2ms", "memory=64M", "concurrency=7", "workers=2", "openFiles=8", "fileSize=9",
                "disk=5", "network=6",
            ])
        #expect(LimitSet(ResourceLimits()) == LimitSet())
    }

    @Test(
        "the error of a limit says what happened, the limit, whose it is and what to do",
        arguments: LimitSource.allCases)
    func errors(_ source: LimitSource) {
        let remedies: [LimitSource: String] = [
            .operator: "Have the operator allow more", .call: "Let the call have more",
            .plugin: "Let the call have more, or raise the limit in the plugin's manifest",
            .host: "Let the call or the plugin's manifest say a higher limit",
        ]
        let held: [LimitKind: String] = [
            .memory: "rlimit", .openFiles: "rlimit", .processes: "rlimit", .fileSize: "rlimit", .disk: "broker",
            .network: "broker",
        ]
        for kind in LimitKind.allCases {
            let limit = EffectiveLimit(kind, kind.range.lowerBound, source: source)
            let error = limit.error("it went too far", plugin: "tools", operation: "run")
            #expect(error.code == kind.code)
            #expect(error.message.hasPrefix("it went too far: "))
            #expect(error.message.contains("limit is \(limit.text)."))
            #expect(error.remedy == remedies[source])
            let facts = PluginError.Facts.resourceLimit(
                kind: kind.rawValue, value: limit.value, unit: kind.unit.rawValue,
                source: held[kind] ?? source.rawValue, setBy: source.rawValue)
            #expect(error.facts == facts)
            #expect(error.plugin == "tools" && error.operation == "run" && error.stage == .call)
        }
    }

    @Test("limits come back from JSON as they went, and what is no limit does not")
    func coding() throws {
        let limits = try LimitSet(["memory=64M", "wall=5s"])
        let data = try JSONEncoder().encode(limits)
        #expect(String(decoding: data, as: UTF8.self) == #"["wall=5s","memory=64M"]"#)
        #expect(try JSONDecoder().decode(LimitSet.self, from: data) == limits)
        #expect(throws: PluginError.self) {
            try JSONDecoder().decode(LimitSet.self, from: Data(#"["wall=0s"]"#.utf8))
        }
        let effective = EffectiveLimits(call: limits)
        #expect(try JSONDecoder().decode(EffectiveLimits.self, from: JSONEncoder().encode(effective)) == effective)
    }
}
