/// What the dynamic linker would find, or miss, when it loaded a file: the answer of `ldd -r`, and why.
public struct Linkage: Sendable {
    /// A symbol that a file wants and nobody has.
    public struct UndefinedSymbol: Sendable, Hashable {
        public let name: String
        public let version: String?
        /// The library that promised the version.
        public let library: String?
        /// A weak symbol may be absent: its address is 0 then.
        public let isWeak: Bool
        /// Path of the file, or name of the library, that wants it.
        public let neededBy: String
        /// false if a library is missing or cannot be read: it may be the one that has the symbol.
        public let isCertain: Bool
    }

    /// A version that a library does not define.
    public struct MissingVersion: Sendable, Hashable {
        public let version: String
        public let library: String
        /// Only weak references need it: its absence is no error.
        public let isWeak: Bool
        /// Path of the file, or name of the library, that needs it.
        public let neededBy: String
    }

    /// Every library that the file needs, in the order in which they would be loaded.
    public let libraries: [ResolvedLibrary]
    /// First those of the file, then those of its libraries.
    public let undefined: [UndefinedSymbol]
    public let missingVersions: [MissingVersion]

    /// Would loading succeed?
    public var isComplete: Bool {
        libraries.allSatisfy { $0.origin != .missing } && undefined.allSatisfy(\.isWeak)
            && missingVersions.allSatisfy(\.isWeak)
    }
}

extension LibraryResolver {
    /// Links a file on paper: its libraries, and every symbol and version that it and they want.
    ///
    /// Libraries that this process has loaded are taken as complete: the dynamic linker saw to that.
    /// - Parameter object: read with ``SharedObject/init(opening:)``. Below another root its path may be that of this
    ///   machine; `$ORIGIN` then stands for its folder within the root.
    public func linkage(of object: SharedObject) -> Linkage {
        let closure = closure(of: object)
        var undefined: [Linkage.UndefinedSymbol] = []
        var versions: [Linkage.MissingVersion] = []
        var host: [Library]?
        func check(_ user: SharedObject, _ label: String) {
            var imports = ImportCheck(
                user, label: label, main: object, closure: closure, resolver: self, host: host)
            undefined += imports.undefined(includingWeak: true)
            versions += imports.missingVersions()
            host = imports.host
        }
        check(object, object.file.path)
        for (library, facts) in zip(closure.libraries, closure.objects) {
            if case .alreadyLoaded = library.origin { continue }
            if let facts { check(facts.object, library.name) }
        }
        return Linkage(libraries: closure.libraries, undefined: undefined, missingVersions: versions)
    }
}
