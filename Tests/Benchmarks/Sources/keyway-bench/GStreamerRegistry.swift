import CRawHost
import Glibc

/// GStreamer's registry in this process, without its headers: the functions are looked up by name.
enum GStreamerRegistry {
    static let library = "libgstreamer-1.0.so.0"

    /// Nanoseconds from the start of `gst_init` to the answer whether there is an element "identity": the registry is
    /// read from its cache, or, without one, made by its scanner. Where the registry lies is for GST_REGISTRY to say.
    static func timeToFirstLookUp() throws -> Double {
        typealias Initialize = @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Void
        typealias Find = @convention(c) (UnsafePointer<CChar>) -> UnsafeMutableRawPointer?
        guard let handle = unsafe dlopen(library, RTLD_NOW), let first = unsafe dlsym(handle, "gst_init"),
            let second = unsafe dlsym(handle, "gst_element_factory_find")
        else { throw BenchmarkError("\(library) cannot be loaded") }
        let initialize = unsafe unsafeBitCast(first, to: Initialize.self)
        let find = unsafe unsafeBitCast(second, to: Find.self)
        let began = raw_now_ns()
        initialize(nil, nil)
        guard unsafe find("identity") != nil else { throw BenchmarkError("GStreamer has no element identity") }
        return Double(raw_now_ns() - began)
    }
}
