// An embedder in Swift without any library of ours: it compiles against the present headers and against the next
// SDK's. What it replies goes through arrays of C structs, so that it depends on the sizes that the Swift runtime
// holds for them.

import PluginABI

/// The size that the runtime knows for a type: this function is compiled once, for every type.
@inline(never)
func runtimeSize<T>(of type: T.Type) -> UInt32 {
    UInt32(MemoryLayout<T>.size)
}

func header<T>(_ type: T.Type) -> kw_hdr {
    kw_hdr(size: runtimeSize(of: type), flags: 0)
}

func text(_ literal: StaticString) -> kw_str {
    unsafe literal.utf8Start.withMemoryRebound(to: CChar.self, capacity: literal.utf8CodeUnitCount) { start in
        unsafe kw_str(ptr: start, len: UInt64(literal.utf8CodeUnitCount))
    }
}

func reply<T>(_ call: UnsafeMutablePointer<kw_call>?, _ out: T) -> kw_status {
    unsafe withUnsafePointer(to: out) { out in unsafe call!.pointee.api.pointee.reply(call, out) }
}

/// dims is the size of kw_warning as the runtime knows it, max_batch the one this file was compiled with.
func info(
    _: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _: UnsafePointer<kw_none>?
) -> kw_status {
    var out = unsafe kw_embedder_info()
    unsafe out.h = header(kw_embedder_info.self)
    unsafe out.dims = runtimeSize(of: kw_warning.self)
    unsafe out.max_batch = UInt32(MemoryLayout<kw_warning>.size)
    return unsafe reply(call, out)
}

/// Row i is the text's length. Replies a warning a text, from a Swift array that grows element by element.
func embed(
    _: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_embed_in>?
) -> kw_status {
    let texts = unsafe input!.pointee.texts
    let rows = unsafe input!.pointee.rows!
    let stride = unsafe Int(input!.pointee.row_stride)
    var warnings: [kw_warning] = unsafe []
    for index in 0..<Int(unsafe texts.count) {
        let element = unsafe (texts.ptr + index * Int(texts.stride)).loadUnaligned(as: kw_str.self)
        unsafe (rows + index * stride).storeBytes(of: Float(element.len), as: Float.self)
        var warning = unsafe kw_warning()
        unsafe warning.h = header(kw_warning.self)
        unsafe warning.feature = text("text")
        unsafe warning.message = text("was read")
        unsafe warnings.append(warning)
    }
    let size = unsafe warnings.count * MemoryLayout<kw_warning>.stride
    guard let memory = unsafe call!.pointee.api.pointee.alloc(call, UInt64(size), 8) else {
        return KW_RESOURCE_EXHAUSTED
    }
    unsafe warnings.withUnsafeBytes { bytes in unsafe memory.copyMemory(from: bytes.baseAddress!, byteCount: size) }
    var out = unsafe kw_embed_out()
    unsafe out.h = header(kw_embed_out.self)
    unsafe out.rows_written = texts.count
    unsafe out.warnings = kw_span(
        ptr: memory, count: texts.count, stride: UInt32(MemoryLayout<kw_warning>.stride))
    return unsafe reply(call, out)
}

func create(
    _: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _: UnsafePointer<kw_create_in>?
) -> kw_status {
    var out = unsafe kw_create_out()
    unsafe out.h = header(kw_create_out.self)
    unsafe out.instance = OpaquePointer(Unmanaged.passRetained(Instance()).toOpaque())
    return unsafe reply(call, out)
}

func destroy(
    _ me: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _: UnsafePointer<kw_none>?
) -> kw_status {
    unsafe Unmanaged<Instance>.fromOpaque(UnsafeRawPointer(me!)).release()
    return unsafe reply(call, kw_none(header: header(kw_none.self)))
}

extension kw_none {
    init(header: kw_hdr) {
        self.init()
        h = header
    }
}

final class Instance {}

func makeTable() -> UnsafeMutablePointer<kw_plugin> {
    let embedder = UnsafeMutablePointer<kw_embedder>.allocate(capacity: 1)
    var operations = kw_embedder()
    operations.h = header(kw_embedder.self)
    unsafe operations.info = { unsafe info($0, $1, $2) }
    unsafe operations.embed = { unsafe embed($0, $1, $2) }
    unsafe embedder.initialize(to: operations)

    let interface = UnsafeMutablePointer<kw_iface>.allocate(capacity: 1)
    var offered = unsafe kw_iface()
    unsafe offered.h = header(kw_iface.self)
    unsafe offered.id = text("keyway.embedder/1")
    unsafe offered.vtable = UnsafeRawPointer(embedder)
    unsafe interface.initialize(to: offered)

    let plugin = UnsafeMutablePointer<kw_plugin>.allocate(capacity: 1)
    var table = unsafe kw_plugin()
    unsafe table.h = header(kw_plugin.self)
    unsafe table.magic = KW_MAGIC
    unsafe table.sdk_built = KW_SDK
    unsafe table.sdk_min = 1
    unsafe table.sdk_max = KW_SDK
    unsafe table.id = text("abi-test-swift")
    unsafe table.version = text("1.0.0")
    unsafe table.ifaces = kw_span(ptr: interface, count: 1, stride: UInt32(MemoryLayout<kw_iface>.stride))
    unsafe table.create = { unsafe create($0, $1, $2) }
    unsafe table.destroy = { unsafe destroy($0, $1, $2) }
    unsafe plugin.initialize(to: table)
    return unsafe plugin
}

/// Made once, never changed, never freed, so any thread may read it.
nonisolated(unsafe) let table = unsafe makeTable()

@c(kw_plugin_entry_1)
public func entry(
    host: UnsafePointer<kw_host>?, sdk: UInt32, out: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
) -> kw_status {
    guard sdk >= 1 && sdk <= KW_SDK else { return KW_SDK_MISMATCH }
    unsafe out!.pointee = UnsafePointer(table)
    return KW_OK
}
