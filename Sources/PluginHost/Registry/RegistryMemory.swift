internal import Synchronization

/// The last image of a registry, so that a host without a cache does not judge the same files twice.
final class RegistryMemory: Sendable {
    private let last = Mutex<(key: String, image: RegistryImage)?>(nil)

    /// - Parameter key: of the folders; images of others do not count.
    func image(of key: String) -> RegistryImage? { last.withLock { $0?.key == key ? $0?.image : nil } }

    func keep(_ image: RegistryImage, of key: String) { last.withLock { $0 = (key, image) } }
}
