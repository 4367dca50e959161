import CPluginCall
import PluginBridge
import PluginSDK
import Synchronization

/// A host of one plugin instance: calls the plugin's C tables by the engine that real hosts use, and serves what the plugin
/// asks for. What it sees is what every host sees.
@safe
final class TestHost: @unchecked Sendable {  // the tables are written in init only, the rest is behind a lock
    struct Log: Equatable {
        var level: UInt32
        var component: String
        var message: String
        var fields: String
    }

    struct Measurement: Equatable {
        var name: String
        var kind: UInt32
        var value: Double
        var labels: String
    }

    struct State {
        var logs: [Log] = []
        var metrics: [Measurement] = []
        /// What services were asked, in words.
        var asked: [String] = []
        /// What the next service calls answer.
        var failure: PluginError?
        /// Services that are not granted.
        var refused: Set<String> = []
        /// Bytes that a service's table says it has; nil = all.
        var serviceSizes: [String: UInt32] = [:]
        /// Pieces that reading an open handle gives.
        var pieces: [[UInt8]] = []
        var openCalls = 0
        var refusesCalls = false
    }

    let state = Mutex(State())
    let plugin: UnsafePointer<kw_plugin>
    private let host: UnsafeMutablePointer<kw_host>
    private(set) var instance: OpaquePointer?
    let recorder: Recorder
    private var services: [String: UnsafeMutableRawPointer] = unsafe [:]

    /// Makes an instance of a type.
    /// - Parameter hostSize: bytes that the host's table says it has.
    init(
        _ type: (some PluginImplementation).Type, configuration: String = "{}", dataFolder: String = "",
        state handedOver: [UInt8] = [], sdk: UInt32 = KW_SDK, hostSize: Int = unsafe MemoryLayout<kw_host>.size
    ) throws(PluginError) {
        unsafe host = .allocate(capacity: 1)
        unsafe host.initialize(to: zeroed(kw_host.self))
        var table: UnsafePointer<kw_plugin>?
        let status = unsafe PluginEntry.export(type, host, sdk, &table)
        guard status == KW_OK, let table = unsafe table else {
            throw PluginError(PluginError.Code(status: status) ?? .internal, "there is no table")
        }
        unsafe plugin = unsafe table
        recorder = Recorder.make()
        unsafe host.pointee.h.size = UInt32(hostSize)
        unsafe host.pointee.sdk = sdk
        unsafe host.pointee.name = unsafe kw_str(ptr: Self.copy("test-host"), len: 9)
        unsafe host.pointee.version = unsafe kw_str(ptr: Self.copy("1.2.3"), len: 5)
        unsafe host.pointee.host_private = unsafe Unmanaged.passUnretained(self).toOpaque()
        fillHost()
        unsafe services = unsafe TestServices.tables()
        var input = unsafe zeroed(kw_create_in.self)
        var writer = ABIWriter()
        unsafe input.h = unsafe .of(kw_create_in.self)
        unsafe input.host = unsafe UnsafePointer(host)
        unsafe input.config_json = unsafe writer.string(configuration)
        unsafe input.data_dir = unsafe writer.string(dataFolder)
        unsafe input.instance_name = unsafe writer.string(recorder.name)
        unsafe input.state = unsafe writer.bytes(handedOver)
        defer { extendLifetime(writer) }
        unsafe instance = unsafe try call(plugin.pointee.create, input, reply: kw_create_out.self, on: nil) {
            reply, _ in
            unsafe reply.instance
        }
    }

    deinit {
        if unsafe instance != nil { _ = unsafe try? tell(plugin.pointee.destroy) }
        unsafe host.deinitialize(count: 1)
        unsafe host.deallocate()
        unsafe services.values.forEach { unsafe $0.deallocate() }
    }

    private static func copy(_ text: StaticString) -> UnsafePointer<CChar> {
        unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// The table of an interface; nil: the plugin does not offer it.
    func interface<Table>(_ id: String, as type: Table.Type) -> UnsafePointer<Table>? {
        let count = unsafe Int(plugin.pointee.ifaces.count)
        for index in 0..<count {
            let entry = unsafe plugin.pointee.ifaces.ptr.load(
                fromByteOffset: index * Int(plugin.pointee.ifaces.stride), as: kw_iface.self)
            if unsafe ABIReader.repaired(entry.id) == id { return unsafe entry.vtable.assumingMemoryBound(to: type) }
        }
        return nil
    }

    /// The same by value.
    /// - Throws: `unsupported` if the plugin does not offer it.
    func table<Table>(_ id: String, _ type: Table.Type) throws(PluginError) -> Table {
        guard let table = unsafe interface(id, as: type) else { throw PluginError(.unsupported, "there is no \(id)") }
        return unsafe table.pointee
    }

    // MARK: Host table

    private func fillHost() {
        unsafe host.pointee.log = { host, level, component, message, fields in
            let log = unsafe Log(
                level: level, component: ABIReader.repaired(component), message: ABIReader.repaired(message),
                fields: ABIReader.repaired(fields))
            unsafe TestHost.of(host).state.withLock { $0.logs.append(log) }
        }
        unsafe host.pointee.metric = { host, name, kind, value, labels in
            let metric = unsafe Measurement(
                name: ABIReader.repaired(name), kind: kind, value: value, labels: ABIReader.repaired(labels))
            unsafe TestHost.of(host).state.withLock { $0.metrics.append(metric) }
        }
        unsafe host.pointee.now_ns = { _ in 1_234_567_890 }
        unsafe host.pointee.get = { host, id in
            let id = unsafe ABIReader.repaired(id)
            let host = unsafe TestHost.of(host)
            let (isRefused, size) = host.state.withLock { ($0.refused.contains(id), $0.serviceSizes[id]) }
            guard !isRefused, let table = unsafe host.services[id] else { return nil }
            if let size { unsafe table.assumingMemoryBound(to: kw_hdr.self).pointee.size = size }
            return UnsafeRawPointer(table)
        }
        unsafe host.pointee.open_call = { host, deadline in
            let isRefused = unsafe TestHost.of(host).state.withLock { state in
                if !state.refusesCalls { state.openCalls += 1 }
                return state.refusesCalls
            }
            guard !isRefused, let frame = unsafe kwc_open() else { return nil }
            unsafe frame.pointee.call.deadline_ns = deadline
            return unsafe UnsafeMutableRawPointer(frame).assumingMemoryBound(to: kw_call.self)
        }
        unsafe host.pointee.close_call = { host, call in
            unsafe TestHost.of(host).state.withLock { $0.openCalls -= 1 }
            unsafe kwc_end(UnsafeMutableRawPointer(call!).assumingMemoryBound(to: kwc_frame.self))
        }
    }

    static func of(_ host: UnsafePointer<kw_host>?) -> TestHost {
        unsafe Unmanaged<TestHost>.fromOpaque(host!.pointee.host_private).takeUnretainedValue()
    }
}
