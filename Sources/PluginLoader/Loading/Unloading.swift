internal import PluginCore
internal import PluginELF
internal import Synchronization

/// Whether an image may be unmapped: what its file proves, and what its instances did.
///
/// Both are needed. The file has to be such that nothing of it can be left behind when its operations have returned: no
/// threads, no destructors of threads, no handlers, no pointers kept by the C library. And every instance has to have said
/// that it is through, and been destroyed.
final class Unloading: Sendable {
    private struct State {
        var living = 0
        var isPinned: Bool
    }

    private let state: Mutex<State>

    init(of object: SharedObject, libraries: [ResolvedLibrary]) {
        state = Mutex(State(isPinned: !Self.isProven(object, libraries)))
    }

    /// Of what is not mapped here.
    init() { state = Mutex(State(isPinned: true)) }

    /// May it go now?
    var isAllowed: Bool { state.withLock { $0.living == 0 && !$0.isPinned } }

    func noteInstance() { state.withLock { $0.living += 1 } }

    func noteDestroyed() { state.withLock { $0.living -= 1 } }

    /// Something of it may be left: it stays.
    func pin() { state.withLock { $0.isPinned = true } }

    // MARK: - What the file proves

    /// The libraries that an image which goes may need: they stay, or keep nothing of those who call them.
    private static let harmlessLibraries: Set<String> = [
        "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
    ]

    /// Functions of the C library after which something of the caller may run, or be read, that is on no stack.
    private static let lastingFunctions: Set<String> = [
        // Threads and what ends with them.
        "pthread_create", "thrd_create", "clone", "clone3", "pthread_key_create", "tss_create",
        "__cxa_thread_atexit_impl", "__cxa_thread_atexit", "pthread_cleanup_push",
        // Handlers.
        "atexit", "on_exit", "at_quick_exit", "__cxa_at_quick_exit", "__cxa_atexit", "pthread_atfork",
        "__register_atfork",
        "signal", "bsd_signal", "sysv_signal", "__sysv_signal", "sigaction", "__sigaction", "sigset", "sigaltstack",
        "timer_create", "mq_notify", "aio_read", "aio_write", "aio_fsync", "lio_listio", "getaddrinfo_a",
        "register_printf_function", "register_printf_specifier", "mcheck", "obstack_alloc_failed_handler",
        // Memory of the caller that is kept.
        "putenv", "openlog", "setbuf", "setbuffer", "setvbuf", "setlinebuf", "fopencookie", "setstate", "initstate",
        "swapcontext", "makecontext",
        // More code that knows this one.
        "dlopen", "dlmopen", "dlsym", "dlvsym", "__tls_get_addr",
    ]

    static func isProven(_ object: SharedObject, _ libraries: [ResolvedLibrary]) -> Bool {
        let traits = object.traits
        guard object.notes.abi?.capabilities.contains("unloadable") == true,
            !traits.swift, !traits.cxx, !traits.go, !traits.rust,
            !object.flags.noDelete, object.threadLocals == nil,
            !object.notes.interfaces.contains("keyway.functions/1"),
            object.constructors.entries.allSatisfy(\.isBenign),
            Set(object.needed).isSubset(of: harmlessLibraries)
        else { return false }
        let isPrivate = libraries.contains { library in
            if case .besidePlugin = library.origin { return true }
            return false
        }
        guard !isPrivate, !object.imports.contains(where: { lastingFunctions.contains($0.name) }) else { return false }
        // glibc keeps an image for ever that defines one.
        return !object.exports.contains { $0.binding == .unique }
    }
}
