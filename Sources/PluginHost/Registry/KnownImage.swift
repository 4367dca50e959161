internal import Glibc

/// What the cache says, compared with what is there now.
struct KnownImage: Sendable {
    let image: RegistryImage
    /// Were verdicts found under the same policy, by the same program?
    let isSameEnvironment: Bool
    /// What lies at a dependency's path now is what lay there then.
    let isUnchanged: [Bool]

    init(_ image: RegistryImage, isSameEnvironment: Bool) {
        self.image = image
        self.isSameEnvironment = isSameEnvironment
        isUnchanged =
            isSameEnvironment ? (0..<image.dependencies.count).map(image.isUnchanged(dependency:)) : []
    }

    /// Is every file of every folder the one that was judged, and nothing else there?
    var isCurrent: Bool {
        guard isSameEnvironment, isUnchanged.allSatisfy(\.self) else { return false }
        for index in 0..<image.folders.count {
            let folder = image.folder(index)
            guard FileStamp(at: folder.path) == folder.stamp, !folder.stamp.isFresher(than: image.written),
                isCurrent(filesOf: index, folder.path)
            else { return false }
        }
        return true
    }

    private func isCurrent(filesOf index: Int, _ path: String) -> Bool {
        let files = image.range(ofFolder: index)
        if files.isEmpty { return true }
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return files.allSatisfy { file in
            image.isSettled(file) && image.currentStamp(ofFile: file, in: descriptor) == image.stamp(ofFile: file)
        }
    }

    /// The records by the bytes of their files' paths: names that only look alike are other files.
    func records() -> [[UInt8]: RegistryRecord] {
        var records: [[UInt8]: RegistryRecord] = [:]
        records.reserveCapacity(image.files.count)
        for index in 0..<image.folders.count {
            let folder = image.folder(index).path
            for file in image.range(ofFolder: index) {
                let record = image.record(file)
                records[Array("\(folder)/\(record.name)".utf8)] = record
            }
        }
        return records
    }

    /// The path of what a verdict depended on and what has changed, or nil.
    func changedDependency(of record: RegistryRecord) -> String? {
        record.dependencies.first { !isUnchanged[$0] }.map { image.dependency($0).path }
    }
}
