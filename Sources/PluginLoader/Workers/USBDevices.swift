internal import Glibc
internal import PluginCore

/// The USB devices that are there now.
enum USBDevices {
    /// What a worker has to be given to use those that were granted. A device may be gone before the worker is started.
    /// - Parameter machine: where `/sys` and `/dev` are; empty: here.
    static func files(_ granted: [DevicePattern], machine: String) -> [SandboxPolicy.FileGrant] {
        guard !granted.isEmpty else { return [] }
        let folder = "\(machine)/sys/bus/usb/devices"
        return names(in: folder).sorted().compactMap { name in
            // An interface of a device, such as 1-2:1.0, has no numbers of its own.
            guard let vendor = number("\(folder)/\(name)/idVendor", radix: 16),
                let product = number("\(folder)/\(name)/idProduct", radix: 16),
                let bus = number("\(folder)/\(name)/busnum", radix: 10),
                let device = number("\(folder)/\(name)/devnum", radix: 10),
                granted.contains(where: { $0.isAbout(vendor: vendor, product: product) })
            else { return nil }
            return SandboxPolicy.FileGrant(
                path: "\(machine)/dev/bus/usb/\(padded(bus))/\(padded(device))", access: [.read, .write],
                isOptional: true)
        }
    }

    private static func padded(_ number: UInt16) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }

    private static func number(_ path: String, radix: Int) -> UInt16? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe read(file, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
        return UInt16(text, radix: radix)
    }

    private static func names(in folder: String) -> [String] {
        guard let entries = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(entries) }
        var names: [String] = []
        while let entry = unsafe readdir(entries) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
