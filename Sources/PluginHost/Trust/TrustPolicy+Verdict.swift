package import PluginCore
package import PluginELF

/// The decision, on facts that somebody else has gathered.
extension TrustPolicy {
    /// A library that is loaded with a plugin.
    package struct Library {
        let name: String
        /// nil if no name leads to it.
        let location: FileLocation?
        /// Does the plugin bring it along?
        let isOwn: Bool

        package init(name: String, location: FileLocation?, isOwn: Bool) {
            self.name = name
            self.location = location
            self.isOwn = isOwn
        }
    }

    /// - Parameters:
    ///   - file: where it lies; nil if no name leads to it.
    ///   - folders: where those lie that are listed; ``requireSound(_:user:)`` holds for them.
    ///   - user: the id of the host's.
    package func verdict(
        on file: FileLocation?, _ libraries: [Library], folders: [FileLocation], user: UInt32
    ) -> TrustVerdict {
        let finding = judge(file, folders, user)
        guard finding.isTrusted else { return verdict(finding) }
        for library in libraries {
            let other =
                library.isOwn
                ? judge(library.location, folders, user)
                : TrustPolicy(.development, folders: self.folders).judge(library.location, folders, user)
            guard other.isTrusted else {
                return verdict((false, "of its library \(library.name): \(other.because)"))
            }
        }
        return verdict(finding)
    }

    private typealias Finding = (isTrusted: Bool, because: String)

    private func verdict(_ finding: Finding) -> TrustVerdict {
        TrustVerdict(isTrusted: finding.isTrusted, because: finding.because, preset: preset)
    }

    private func judge(_ file: FileLocation?, _ folders: [FileLocation], _ user: UInt32) -> Finding {
        guard let file else { return (false, "no name leads to the file; name one that lies in a folder") }
        // The innermost: the least lies between it and the file.
        let holder = folders.filter { Self.isBelow($0, file) }.max { $0.places.count < $1.places.count }
        if preset == .strict, holder == nil {
            return (false, "\(file.path) lies in no folder that is listed as trusted; list its folder if you trust it")
        }
        let listed = holder.map { "it lies in \($0.path), which is trusted" }
        let fault = Self.fault(of: file, own: 2, user)
        guard let fault else {
            let owners = user == 0 ? "root" : "root and user \(user)"
            return (true, (listed.map { "\($0), and " } ?? "") + "only \(owners) can have put it there")
        }
        guard preset == .development, let holder, let listed else { return (false, fault) }
        // Whoever owns what is there was vouched for, and nobody beyond.
        if let open = file.places.dropLast(holder.places.count).first(where: \.isWritableByOthers) {
            return (false, Self.text(of: open))
        }
        return (true, listed)
    }

    /// - Throws: `configuration` if somebody else than root and the host's user could put something into the folder.
    package static func requireSound(_ folder: FileLocation, user: UInt32) throws(PluginError) {
        guard let fault = fault(of: folder, own: 1, user) else { return }
        throw PluginError(
            .configuration, "\(folder.path) cannot be a trusted folder: \(fault)",
            remedy: "Correct that, or take the folder from the list", facts: .file(path: folder.path))
    }

    /// How somebody else could have put the file there, and what would change that; nil if nobody could.
    /// - Parameter own: of so many places, the file and its folder, the sticky bit does not help: beside the file there are
    ///   libraries, which would be somebody else's.
    private static func fault(of file: FileLocation, own: Int, _ user: UInt32) -> String? {
        for (index, place) in file.places.enumerated() {
            if place.owner != 0, place.owner != user {
                return "\(place.path) belongs to user \(place.owner); it would be trusted if it were "
                    + (user == 0 ? "root's" : "root's or user \(user)'s")
            }
            if place.isWritableByOthers, index < own || !place.isSticky { return text(of: place) }
        }
        return nil
    }

    private static func text(of open: FileLocation.Place) -> String {
        let who = open.mode & 0o002 != 0 ? "every user" : "its group"
        // Nobody should take the right from a folder that is there for everybody.
        let remedy =
            open.isSticky
            ? "put the plugin into a folder of its own" : "run `\(ShellWord.command(["chmod", "go-w", open.path]))`"
        return "\(who) can write \(open.path); \(remedy)"
    }

    /// By bytes: names that only look alike are other folders.
    private static func isBelow(_ folder: FileLocation, _ file: FileLocation) -> Bool {
        file.places.dropFirst().contains { $0.path.utf8.elementsEqual(folder.path.utf8) }
    }
}
