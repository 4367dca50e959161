internal import CPluginLinux
internal import Glibc

/// The group that this process's user has for itself, as Debian, Fedora and their like make one for every user. Files of who
/// has one are made so that their group can write them (a umask of 002), which gives nobody else anything.
package enum PrivateGroup {
    /// Its id; nil if there is none. Found once: a database of users may be far away.
    package static let id: UInt32? = find(user: geteuid())

    /// Can somebody else than its owner write a file with this mode and group? An access control list lets others write under
    /// the group's permission, so who has one is asked about it: see ``hasAccessList(_:)``.
    package static func isWritableByOthers(mode: UInt32, group: UInt32, hasAccessList: @autoclosure () -> Bool) -> Bool
    {
        guard mode & 0o022 != 0 else { return false }
        return mode & 0o002 != 0 || group != id || hasAccessList()
    }

    /// Whether a list of acl(5) says more about the file than its mode does; also if that cannot be known.
    package static func hasAccessList(_ path: String) -> Bool {
        unsafe kwl_has_access_list(path) != 0
    }

    /// The user's first group, if it has the user's name and no other members. Root's is none: programs that are to write
    /// little have it as well.
    package static func find(user: UInt32) -> UInt32? {
        guard user != 0 else { return nil }
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var room = [CChar](repeating: 0, count: 1 << 14)
        guard unsafe getpwuid_r(user, &entry, &room, room.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.pw_name.map({ unsafe String(cString: $0) })
        else { return nil }
        let group = unsafe entry.pw_gid
        return isPrivate(group: group, of: name) ? group : nil
    }

    private static func isPrivate(group: UInt32, of user: String) -> Bool {
        var entry = unsafe Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var room = [CChar](repeating: 0, count: 1 << 16)
        guard unsafe getgrgid_r(group, &entry, &room, room.count, &found) == 0, unsafe found != nil,
            let name = unsafe entry.gr_name, unsafe String(cString: name) == user
        else { return false }
        var member = unsafe entry.gr_mem
        while let text = unsafe member?.pointee {
            guard unsafe String(cString: text) == user else { return false }
            unsafe member = unsafe member?.successor()
        }
        return true
    }
}
