extension SharedObject {
    /// Has the file any mark of a plugin: one of our notes, or the entry symbol? If not, it is some other library.
    public var isMarkedAsPlugin: Bool { !notes.isEmpty || export(named: entryName) != nil }
}
