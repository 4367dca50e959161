import Testing

@testable import PluginHost

@Suite("What a running host does about changed files")
struct WatchPlanTests {
    private typealias Loaded = WatchPlan.Loaded
    private typealias Found = WatchPlan.Found

    private func steps(
        _ loaded: [Loaded], _ found: [Found], changed: Set<String>, others: Set<String> = []
    ) -> [WatchPlan.Step] {
        WatchPlan.steps(loaded, others: others, found, hasChanged: changed.contains)
    }

    private let loaded = Loaded(name: "one", id: "one", file: "/p/one.so")
    private let gone = Loaded(name: "one", id: "one", file: "/p/one.so", hasFile: false)
    private let one = Found(file: "/p/one.so", id: "one")
    private let other = Found(file: "/p/one.so", id: "other")

    @Test("a file that changed is swapped in, also one that cannot be loaded: the swap says why; no other is touched")
    func changed() {
        var broken = one
        (broken.id, broken.isLoadable) = (nil, false)
        for found in [[one], [broken], []] {
            #expect(steps([loaded], found, changed: ["/p/one.so"]) == [.swap(name: "one", file: nil)])
            #expect(steps([loaded], found, changed: ["/p/two.so"]).isEmpty)
        }
    }

    @Test("a build with another file's name takes the place of the one whose file is gone, whichever is seen first")
    func renamed() {
        let next = Found(file: "/p/one-2.so", id: "one")
        for changed: Set in [["/p/one.so"], ["/p/one-2.so"], ["/p/one.so", "/p/one-2.so"]] {
            #expect(steps([gone], [next], changed: changed) == [.swap(name: "one", file: "/p/one-2.so")])
        }
        #expect(steps([gone], [next], changed: ["/p/two.so"]).isEmpty)
        // While both are there, the one that is loaded stays.
        #expect(steps([loaded], [one, next], changed: ["/p/one-2.so"]).isEmpty)
        var broken = next
        broken.isLoadable = false
        #expect(steps([gone], [broken], changed: ["/p/one.so"]) == [.tellGone(name: "one", file: "/p/one.so")])
    }

    @Test("a file that is gone is told, and the build goes on")
    func removed() {
        #expect(steps([gone], [], changed: ["/p/one.so"]) == [.tellGone(name: "one", file: "/p/one.so")])
        #expect(steps([gone], [], changed: ["/p/two.so"]).isEmpty)
    }

    @Test("a file that is another plugin by now ends the old one first, and is loaded if it is to be")
    func otherPlugin() {
        #expect(
            steps([loaded], [other], changed: ["/p/one.so"])
                == [.stop(name: "one", file: "/p/one.so", isNow: "other", load: "other")])
        var unwanted = other
        unwanted.isWanted = false
        #expect(
            steps([loaded], [unwanted], changed: ["/p/one.so"])
                == [.stop(name: "one", file: "/p/one.so", isNow: "other", load: nil)])
    }

    @Test("files that change their names among each other lead each plugin to its own")
    func exchanged() {
        let second = Loaded(name: "two", id: "two", file: "/p/two.so")
        let found = [Found(file: "/p/one.so", id: "two"), Found(file: "/p/two.so", id: "one")]
        #expect(
            steps([loaded, second], found, changed: ["/p/one.so", "/p/two.so"])
                == [.swap(name: "one", file: "/p/two.so"), .swap(name: "two", file: "/p/one.so")])
        // The old build is at another name, and a plugin that is new at its own.
        let moved = [other, Found(file: "/p/old.so", id: "one")]
        #expect(
            steps([loaded], moved, changed: ["/p/one.so", "/p/old.so"])
                == [.swap(name: "one", file: "/p/old.so"), .load(id: "other")])
    }

    @Test("a copy of a plugin that the host has is refused by the swap, and ends nothing", arguments: [true, false])
    func copied(isActive: Bool) {
        let second = Loaded(name: "other", id: "other", file: "/p/other.so")
        let found = [other, Found(file: "/p/other.so", id: "other")]
        #expect(
            steps(isActive ? [loaded, second] : [loaded], found, changed: ["/p/one.so"], others: ["other"])
                == [.swap(name: "one", file: nil)])
    }

    @Test("what comes is loaded once, if it is to be and can be")
    func newcomers() {
        let new = Found(file: "/p/new.so", id: "new")
        var twin = new
        twin.file = "/p/twin.so"
        #expect(steps([loaded], [one, new, twin], changed: ["/p/new.so", "/p/twin.so"]) == [.load(id: "new")])
        #expect(steps([loaded], [one, new], changed: ["/p/one.so"]) == [.swap(name: "one", file: nil)])
        #expect(steps([], [new], changed: ["/p/new.so"], others: ["new"]).isEmpty)
        for change in [\Found.isLoadable, \Found.isWanted] {
            var not = new
            not[keyPath: change] = false
            #expect(steps([], [not], changed: ["/p/new.so"]).isEmpty)
        }
    }
}
