internal import Glibc

extension Set where Element == String {
    /// Is a name one of these, which may be globs: `*`, `?` and `[a-z]` as in a shell?
    package func matches(_ name: String) -> Bool {
        if isEmpty { return false }
        if contains(name) { return true }
        return contains { pattern in
            pattern.utf8.contains { "*?[".utf8.contains($0) } ? unsafe fnmatch(pattern, name, 0) == 0 : false
        }
    }
}
