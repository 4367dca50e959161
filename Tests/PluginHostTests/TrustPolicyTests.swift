import PluginHost
import Testing

/// The decision alone, on places that do not exist.
@Suite("A policy of trust") struct TrustPolicyTests {
    private static let user: UInt32 = 1000
    private static let stranger: UInt32 = 1001

    /// - Parameter places: from the root on, each a name, an owner and a mode.
    private static func location(_ places: [(String, UInt32, UInt32)]) -> FileLocation {
        var path = ""
        var located = [FileLocation.Place(path: "/", owner: 0, mode: 0o40755)]
        for (name, owner, mode) in places {
            path += "/\(name)"
            located.append(FileLocation.Place(path: path, owner: owner, mode: mode))
        }
        return FileLocation(places: located.reversed())
    }

    /// /srv/plugins/x.so of root's, but for what is said.
    private static func file(
        _ name: String = "x.so", owner: UInt32 = 0, mode: UInt32 = 0o644, folder: UInt32 = 0,
        _ folderMode: UInt32 = 0o755, above: UInt32 = 0, _ aboveMode: UInt32 = 0o755
    ) -> FileLocation {
        location([("srv", above, aboveMode), ("plugins", folder, folderMode), (name, owner, mode)])
    }

    private static func verdict(
        _ policy: TrustPolicy, _ file: FileLocation?, _ libraries: [TrustPolicy.Library] = [],
        in folders: [FileLocation] = [], user: UInt32 = user
    ) -> TrustVerdict { policy.verdict(on: file, libraries, folders: folders, user: user) }

    /// Who could have put a file there: -1 stands for everybody beyond owners.
    private static func writers(_ places: some Collection<FileLocation.Place>, sticky: Int) -> Set<Int64> {
        var writers: Set<Int64> = []
        for (index, place) in places.enumerated() {
            writers.insert(Int64(place.owner))
            let isHeld = index >= sticky && place.mode & 0o1000 != 0
            if !isHeld, place.mode & 0o020 != 0 || place.mode & 0o002 != 0 { writers.insert(-1) }
        }
        return writers
    }

    @Test("trusts exactly what only those who are trusted can have put there, for all owners, modes and lists")
    func exhaustive() throws {
        let listed = ["none", "/srv/plugins", "/srv", "/", "/srv/plugins-evil", "/srv/plug", "/srv/plugins/x.so"]
        var (trusted, count) = (0, 0)
        for owner in [0, Self.user, Self.stranger] {
            for mode: UInt32 in [0o600, 0o644, 0o755, 0o664, 0o646, 0o666, 0o1644] {
                for folder in [0, Self.user, Self.stranger] {
                    for folderMode: UInt32 in [0o700, 0o755, 0o775, 0o757, 0o1777] {
                        for above in [0, Self.user, Self.stranger] {
                            for aboveMode: UInt32 in [0o755, 0o775, 0o757, 0o1777] {
                                let file = Self.file(
                                    owner: owner, mode: mode, folder: folder, folderMode, above: above, aboveMode)
                                for list in listed {
                                    let name = list == "none" ? nil : list
                                    trusted += try Self.check(file, name)
                                    count += 1
                                }
                            }
                        }
                    }
                }
            }
        }
        // Neither nearly everything nor nearly nothing.
        #expect(trusted > count / 100 && trusted < count / 4)
    }

    /// - Returns: 1 if `development` trusts it.
    private static func check(_ file: FileLocation, _ list: String?) throws -> Int {
        let all = file.places
        let depth = all.firstIndex { $0.path == list }
        // One whose own way is not sound is refused before; a file is no folder.
        let holder = depth.flatMap { $0 == 0 ? nil : FileLocation(places: Array(all[$0...])) }
        if let holder {
            let isSound = writers(holder.places, sticky: 1).isSubset(of: [0, Int64(user)])
            do {
                try TrustPolicy.requireSound(holder, user: user)
                #expect(isSound, "\(holder) is taken")
            } catch {
                #expect(!isSound && error.code == .configuration, "\(holder): \(error)")
                return 0
            }
        }
        let folders = list.map { path in
            [holder ?? FileLocation(places: [.init(path: path, owner: 0, mode: 0o40755), all[all.count - 1]])]
        }
        let isOurs = writers(all, sticky: 2).isSubset(of: [0, Int64(user)])
        let isVouchedFor =
            holder.map { !writers(all.dropLast($0.places.count), sticky: .max).contains(-1) } ?? false
        let development = verdict(.development, file, in: folders ?? [])
        #expect(development.isTrusted == (isOurs || isVouchedFor), "\(file) in \(list ?? "-"): \(development.because)")
        let strict = verdict(.strict([]), file, in: folders ?? [])
        #expect(strict.isTrusted == (isOurs && holder != nil), "\(file) in \(list ?? "-"): \(strict.because)")
        for verdict in [development, strict] {
            #expect(verdict.floor == (verdict.isTrusted ? .inProcess : .worker) && verdict.tier == verdict.floor)
            #expect(!verdict.because.isEmpty && !verdict.because.hasSuffix("."))
        }
        return development.isTrusted ? 1 : 0
    }

    @Test(
        "says the fact that decides, and what would change it",
        arguments: [
            (TrustPolicy.development, file(), true, "only root and user 1000 can have put it there"),
            (
                .development, file(mode: 0o664), false,
                "its group can write /srv/plugins/x.so; run `chmod go-w /srv/plugins/x.so`"
            ),
            (
                .development, file("a b.so", mode: 0o646), false,
                "every user can write /srv/plugins/a b.so; run `chmod go-w '/srv/plugins/a b.so'`"
            ),
            (
                .development, file(folder: 0, 0o775), false,
                "its group can write /srv/plugins; run `chmod go-w /srv/plugins`"
            ),
            (
                .development, file(folder: 0, 0o1777), false,
                "every user can write /srv/plugins; put the plugin into a folder of its own"
            ),
            (
                .development, file(owner: 1001), false,
                "/srv/plugins/x.so belongs to user 1001; it would be trusted if it were root's or user 1000's"
            ),
            (
                .strict([]), file(), false,
                "/srv/plugins/x.so lies in no folder that is listed as trusted; list its folder if you trust it"
            ),
        ])
    func because(_ policy: TrustPolicy, _ file: FileLocation, _ isTrusted: Bool, _ because: String) {
        let verdict = Self.verdict(policy, file)
        #expect(verdict.isTrusted == isTrusted && verdict.because == because)
        #expect(verdict.preset == policy.preset)
        #expect(
            verdict.json == [
                "isTrusted": .bool(isTrusted), "because": .string(because), "preset": .string(policy.preset.rawValue),
                "tier": isTrusted ? "inProcess" : "worker",
            ])
    }

    @Test("of several listed folders the innermost counts, and what looks alike is another folder") func folders() {
        let plugins = FileLocation(places: Array(Self.file().places[1...]))
        let above = FileLocation(places: Array(Self.file().places[2...]))
        let open = Self.file(owner: Self.stranger, folder: 0, 0o1777)
        // What everybody can write lies between.
        #expect(!Self.verdict(.development, open, in: [above]).isTrusted)
        #expect(Self.verdict(.development, open, in: [above, plugins]).isTrusted)
        let composed = Self.location([("srv", 0, 0o755), ("caf\u{E9}", 0, 0o755), ("x.so", 0, 0o644)])
        let decomposed = Self.location([("srv", 0, 0o755), ("cafe\u{301}", 0, 0o755)])
        #expect(composed.places[1].path == decomposed.path)
        #expect(!Self.verdict(.strict([]), composed, in: [decomposed]).isTrusted)
    }

    @Test("a host of root's does not trust what an ordinary user put there") func root() {
        #expect(Self.verdict(.development, Self.file(), user: 0).because == "only root can have put it there")
        let verdict = Self.verdict(.development, Self.file(owner: Self.user), user: 0)
        #expect(!verdict.isTrusted && verdict.because.hasSuffix("it would be trusted if it were root's"))
    }

    @Test("a plugin's own libraries are held to the same, and those of the system to who can write them")
    func libraries() {
        let plugins = FileLocation(places: Array(Self.file().places[1...]))
        func verdict(_ policy: TrustPolicy, _ library: FileLocation?, isOwn: Bool) -> TrustVerdict {
            Self.verdict(
                policy, Self.file(), [.init(name: "libx.so.1", location: library, isOwn: isOwn)], in: [plugins])
        }
        let elsewhere = Self.location([("usr", 0, 0o755), ("lib", 0, 0o755), ("libx.so.1", 0, 0o644)])
        let open = Self.location([("usr", 0, 0o755), ("lib", 0, 0o757), ("libx.so.1", 0, 0o644)])
        for policy in [TrustPolicy.development, .strict([])] {
            #expect(verdict(policy, elsewhere, isOwn: false).isTrusted)
            #expect(verdict(policy, Self.file("libx.so.1"), isOwn: true).isTrusted)
            for isOwn in [true, false] {
                #expect(!verdict(policy, open, isOwn: isOwn).isTrusted)
                #expect(!verdict(policy, nil, isOwn: isOwn).isTrusted)
            }
        }
        #expect(verdict(.development, elsewhere, isOwn: true).isTrusted)
        let strict = verdict(.strict([]), elsewhere, isOwn: true)
        #expect(!strict.isTrusted)
        #expect(strict.because.hasPrefix("of its library libx.so.1: /usr/lib/libx.so.1 lies in no"))
    }

    @Test("a file that has no name is not trusted") func noName() {
        #expect(Self.verdict(.development, nil).because.hasPrefix("no name leads to the file"))
    }

    @Test("merging never lowers the preset, and keeps every folder") func merging() {
        let strict = TrustPolicy.strict(["/a", "/b"])
        for merged in [strict.merged(with: .development), TrustPolicy.development.merged(with: strict)] {
            #expect(merged == strict)
        }
        #expect(strict.merged(with: TrustPolicy(.development, folders: ["/b", "/c"])).folders == ["/a", "/b", "/c"])
    }
}
