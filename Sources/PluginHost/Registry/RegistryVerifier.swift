internal import Crypto
internal import Logging
internal import PluginCore
internal import PluginELF
internal import PluginLoader

/// Judges one file for the registry: opens it once, hashes and reads those bytes, and notes what the verdict rests on.
struct RegistryVerifier: Sendable {
    /// A record without its indices of dependencies, and their paths.
    struct Judgement: Sendable {
        var record: RegistryRecord
        var paths: [String]
    }

    let verifier: Verifier

    /// Digest of what all verdicts depend on beside the files: the program, its policy and its environment. 32 bytes.
    var environment: [UInt8] {
        let program = FileStamp(at: "/proc/self/exe")
        // Without reflection, which takes milliseconds when it is first used.
        let numbers = [program.device, program.inode, program.size, UInt64(bitPattern: program.changed)]
        let lines = verifier.inputs + numbers.map { String($0) }
        return Array(SHA256.hash(data: Array(lines.joined(separator: "\n").utf8)))
    }

    /// - Parameter path: of the file; its name and folder stand in the record.
    func judge(_ path: String, _ file: PluginFolder.File, folder: Int, isNested: Bool) -> Judgement {
        let began = Clock.monotonic()
        var record = RegistryRecord(folder: folder, name: file.name)
        record.manifestFiles = file.manifests
        var paths: [String] = []
        do throws(PluginError) {
            paths = try read(path, &record, isNested: isNested, isRegular: file.isRegular)
        } catch {
            record.refuse(error)
            if record.stamp == .absent { record.stamp = FileStamp(at: path) }
        }
        record.inspectNanoseconds = UInt64(max(Clock.monotonic() - began, 0))
        return Judgement(record: record, paths: paths)
    }

    /// The digest and stamp of a file as it is now; nil if it cannot be read, is too large to be loaded, or changes
    /// meanwhile.
    func digest(_ path: String) -> (String, FileStamp)? {
        guard FileStamp(at: path).isRegular, let image = try? FileImage(opening: path),
            image.size <= verifier.policy.sizeLimit
        else { return nil }
        let before = image.stamp
        let digest = image.digest()
        return before == image.stamp ? (digest, before) : nil
    }

    /// - Parameter isRegular: is it known to be a regular file?
    /// - Returns: the paths of what the verdict rests on.
    private func read(
        _ path: String, _ record: inout RegistryRecord, isNested: Bool, isRegular: Bool
    ) throws(PluginError) -> [String] {
        // Opening a device can do things.
        let stamp = isRegular ? .absent : FileStamp(at: path)
        if stamp != .absent, !stamp.isRegular, !stamp.isFolder {
            throw PluginError(
                .validation, "is not a regular file", remedy: "Take it out of the folder of plugins", plugin: path,
                stage: .open)
        }
        let (object, verification) = try inspect(path, &record)
        if isNested, !object.isMarkedAsPlugin {
            record.verdict = .library
            return []
        }
        if let refusal = verification.refusal {
            record.refuse(refusal)
        } else {
            record.verdict = .sound
        }
        record.describe(object, verification)
        return [verifier.resolver.linkerCachePath] + verification.libraries.flatMap { $0.tried }
    }
}

extension RegistryVerifier {
    private func inspect(
        _ path: String, _ record: inout RegistryRecord
    ) throws(PluginError) -> (SharedObject, Verification) {
        let image = try FileImage(opening: path, holdingUpTo: FileImage.smallSize)
        record.stamp = FileStamp(image.status)
        if record.stamp.isFresher(than: Clock.realtime()) {
            // It may be written just now, several times within one tick of its clock. Digest and verdict come from one
            // copy of the bytes.
            let known = record
            let prepared = try loader.prepare(path) { digest throws(PluginError) in
                try sidecar(of: path, known, digest)
            }
            record.digest = prepared.digest
            return (prepared.object, prepared.verification)
        }
        // What is too large to be loaded is not worth minutes of reading.
        if image.size <= verifier.policy.sizeLimit { record.digest = image.digest() }
        let object = try SharedObject(reading: image)
        let digest = record.digest
        let verification = verifier.verify(object, sidecar: try sidecar(of: path, record) { digest })
        guard image.stamp == record.stamp else {
            record.digest = ""
            throw PluginError(
                .unavailable, "changes while it is read",
                remedy: "Replace plugins by renaming a finished file over the old one", plugin: path, stage: .open,
                retryable: true)
        }
        return (object, verification)
    }

    /// The listing of the folder tells whether there can be one.
    private func sidecar(
        of path: String, _ record: RegistryRecord, _ digest: () -> String
    ) throws(PluginError) -> SidecarManifest? {
        record.manifestFiles.isEmpty ? nil : try SidecarManifest.beside(path, digest: digest)
    }

    private var loader: PluginLoader {
        PluginLoader(verifier: verifier, logger: Logger(label: "keyway.registry"), metrics: { _ in })
    }
}

extension FileImage {
    fileprivate var stamp: FileStamp { withDescriptor { FileStamp(of: $0) } }
}

extension RegistryRecord {
    fileprivate mutating func refuse(_ error: PluginError) {
        verdict = .refused
        refusal = Refusal(error).text
    }

    fileprivate mutating func describe(_ object: SharedObject, _ verification: Verification) {
        if let note = object.notes.abi {
            language = note.language
            if let range = note.sdkRange {
                (sdkBuilt, sdkMinimum, sdkMaximum) = (note.sdkBuilt, range.minimum, range.maximum ?? 0)
            }
        }
        interfaces = object.notes.interfaces
        guard let described = verification.manifest else { return }
        id = described.id
        version = described.version.description
        displayName = described.name
        type = described.type ?? ""
        provides = described.relations.provides.map(\.name)
        manifest = object.notes.manifestText ?? described.document.text
        if interfaces.isEmpty { interfaces = described.interfaces }
    }
}
