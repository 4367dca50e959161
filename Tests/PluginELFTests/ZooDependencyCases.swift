import PluginELF
import Testing

/// More of the zoo: faults of what a plugin needs, of how it was built, and of its life.
extension RuleTests {
    private static func needing(_ library: String) -> PluginFixture {
        PluginFixture(companions: [.init(name: library)])
    }

    /// Without libraries that Swift's runtime would bring, a mark of Swift is the name of a symbol.
    private static func swift(_ extra: String = "", abi: String? = nil, flags: [String] = ["-Wl,-z,nodelete"])
        -> PluginFixture
    {
        var plugin = PluginFixture(
            extra: """
                extern void *swift_retain(void *) __attribute__((weak));
                __attribute__((used)) static void *keep(void *p) { return swift_retain ? swift_retain(p) : p; }
                \(extra)
                """, flags: flags)
        if let abi { plugin.abi = abi }
        return plugin
    }

    static let libraries: [RuleCase] = [
        RuleCase(
            name: "missing library",
            plugin: PluginFixture(companions: [.init(name: "libgone.so", replacement: "")]), errors: ["S030"],
            words: ["libgone.so is not found"]),
        RuleCase(
            name: "denied library", plugin: needing("libspy.so"),
            policy: VerificationPolicy(deniedLibraries: ["libspy*"]), errors: ["S030"], words: ["denied"]),
        RuleCase(
            name: "library that is not allowed", plugin: needing("libspy.so"),
            policy: VerificationPolicy(allowedLibraries: ["libc.so.6"]), errors: ["S030"], words: ["libspy.so"]),
        RuleCase(
            name: "version that the library lost",
            plugin: PluginFixture(
                extra: "extern int companion(void);\n__attribute__((used)) static int f(void) { return companion(); }",
                companions: [
                    .init(
                        name: "libold.so", script: "OLD_2 { companion; };", replacement: "OLD_1 { companion; };")
                ]), errors: ["S032"], words: ["OLD_2"]),
        RuleCase(
            name: "version that the library lost, and that only weak symbols want",
            plugin: PluginFixture(
                extra: "extern int companion(void) __attribute__((weak));\n"
                    + "__attribute__((used)) static int f(void) { return companion ? companion() : 0; }",
                companions: [
                    .init(
                        name: "libold.so", script: "OLD_2 { companion; };", replacement: "OLD_1 { companion; };")
                ],
                edit: { file in
                    // Not every linker marks such versions. The record begins with the hash of the name.
                    let table = try file.contents(".gnu.version_r")
                    let record = try #require(table.first { file.read($0, 4) == 0x540A22 })
                    file.write(2, record + 4, 2)
                }), information: ["S032"]),
        RuleCase(
            name: "newer than the target", plugin: calling("abort()", "stdlib.h"),
            policy: VerificationPolicy(target: try? TargetProfile(parsing: "glibc=2.2")), errors: ["S033"],
            words: ["newer than the target"]),
        RuleCase(
            name: "search path that the operator allows", plugin: PluginFixture(flags: ["-Wl,-rpath,/opt/private"]),
            policy: VerificationPolicy(allowedSearchPaths: ["/opt/private"])),
        RuleCase(
            name: "search path of old", plugin: PluginFixture(flags: ["-Wl,--disable-new-dtags,-rpath,$ORIGIN"]),
            warnings: ["S034"], words: ["form of old"]),
        RuleCase(
            name: "search path that everybody may write to", plugin: PluginFixture(flags: ["-Wl,-rpath,/tmp"]),
            errors: ["S034"], words: ["every user"]),
        RuleCase(
            name: "search path with an empty part", plugin: PluginFixture(flags: ["-Wl,-rpath,$ORIGIN::"]),
            errors: ["S034"], words: ["happens to be started"]),
        RuleCase(name: "an interpreter", plugin: needing("libpython3.99.so.1.0"), warnings: ["S035"]),
        RuleCase(
            name: "two C++ libraries",
            plugin: PluginFixture(companions: [.init(name: "libc++.so.1"), .init(name: "libstdc++.so.6")]),
            warnings: ["S035"], words: ["two C++ libraries"]),
        RuleCase(
            name: "Swift runtime that shows itself",
            plugin: PluginFixture(
                extra: "KW_EXPORT void shown(void) __asm__(\"$s4main5shownyyF\");\nvoid shown(void) {}",
                script: "{ global: kw_plugin_entry_1; \"$s4main5shownyyF\"; local: *; };",
                flags: ["-Wl,-z,nodelete"]), policy: VerificationPolicy(allowedExports: ["$s*"]), errors: ["S036"],
            words: ["runtime of its own"]),
        RuleCase(
            name: "older Swift", plugin: swift("KW_NOTE_BUILD(\"swift=5.10;stdlib=dynamic\");"), errors: ["S037"],
            words: ["Swift 5.10"]),
        RuleCase(
            name: "Swift of another minor version", plugin: swift("KW_NOTE_BUILD(\"swift=6.0;stdlib=dynamic\");"),
            warnings: ["S037"]),
        RuleCase(
            name: "another C library", plugin: needing("libc.musl-x86_64.so.1"), errors: ["S038"], words: ["musl"]),
        RuleCase(
            name: "runs programs and does not ask",
            plugin: calling("fork()", "unistd.h", manifest: manifest(#"\"permissions\":[\"threads\"]"#)),
            errors: ["S039"], words: ["does not ask for process.exec"]),
        RuleCase(
            name: "runs programs and asks",
            plugin: calling("fork()", "unistd.h", manifest: manifest(#"\"permissions\":[\"process.exec\"]"#))),
        RuleCase(
            name: "runs programs, and has no permissions", plugin: calling("fork()", "unistd.h"), errors: ["S039"],
            words: ["fork"]),
        RuleCase(
            name: "starts threads, and has no permissions",
            plugin: calling("pthread_create(0, 0, 0, 0)", "pthread.h"), information: ["S039"]),
        RuleCase(
            name: "runs programs where permissions are not required", plugin: calling("fork()", "unistd.h"),
            policy: VerificationPolicy(requiresPermissions: false), information: ["S039"]),
        RuleCase(
            name: "reads other processes", plugin: calling("ptrace(PTRACE_TRACEME, 0, 0, 0)", "sys/ptrace.h"),
            errors: ["S039"], words: ["no permission allows"]),
        RuleCase(
            name: "reads other processes, and may", plugin: calling("ptrace(PTRACE_TRACEME, 0, 0, 0)", "sys/ptrace.h"),
            policy: VerificationPolicy(allowedImports: ["ptrace"])),
        RuleCase(
            name: "wants what the operator denies", plugin: calling("getenv(\"HOME\")", "stdlib.h"),
            policy: VerificationPolicy(allowedImports: ["*"], deniedImports: ["*getenv"]), errors: ["S039"],
            words: ["denied by the policy"]),
        RuleCase(name: "ends the host", plugin: calling("exit(1)", "stdlib.h"), warnings: ["S039"]),
    ]

    static let builds: [RuleCase] = [
        RuleCase(
            name: "unchecked code",
            plugin: calling(
                "extern char *volatile a; strcpy(a, a); } char *volatile a; __attribute__((used)) static void g(void) {",
                "string.h"), information: ["S044"]),
        RuleCase(name: "code without buffers"),
        RuleCase(name: "sanitizer", plugin: needing("libubsan.so.1"), warnings: ["S045"]),
        RuleCase(
            name: "sanitizer in a release", plugin: needing("libubsan.so.1"),
            policy: VerificationPolicy(isRelease: true), errors: ["S045"], words: ["libubsan.so.1"]),
        // The runtime that counts can end the process.
        RuleCase(name: "coverage", plugin: PluginFixture(flags: ["--coverage"]), warnings: ["S039", "S046"]),
        RuleCase(name: "no build id", plugin: PluginFixture(flags: ["-Wl,--build-id=none"]), warnings: ["S047"]),
        RuleCase(
            name: "no word about its compiler",
            plugin: PluginFixture(edit: { file in
                let header = try file.section(".comment")
                file.write(0, header + 32, 8)
            }), information: ["S048"]),
        RuleCase(
            name: "section that is writable and executable",
            plugin: PluginFixture(edit: { file in
                let header = try file.section(".init_array")
                file.write(file.read(header + 8, 8) | 4, header + 8, 8)
            }), warnings: ["S049"]),
        RuleCase(
            name: "code that is encrypted",
            plugin: PluginFixture(
                extra: """
                    __asm__(".text\\n.balign 4096\\n.fill 65536, 1, 0x90\\n");
                    """,
                edit: { file in
                    // A generator of numbers stands for the cipher.
                    let code = try file.contents(".text")
                    var state: UInt64 = 1
                    for place in code.dropFirst(4096).prefix(61440) {
                        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                        file.bytes[place] = UInt8(truncatingIfNeeded: state >> 56)
                    }
                }), warnings: ["S049"], words: ["encrypted"]),
        RuleCase(
            name: "code that is unpacked when it runs",
            plugin: PluginFixture(edit: { file in
                let code = try #require(file.programHeaders(1).first { file.read($0 + 4, 4) == 5 })
                file.write(file.read(code + 32, 8) + 256, code + 40, 8)
            }), warnings: ["S049"]),
    ]

    private static let constructor = "__attribute__((constructor)) static void warm_up(void) { __asm__(\"\"); }"

    static let lives: [RuleCase] = [
        RuleCase(name: "constructor", plugin: PluginFixture(extra: constructor), information: ["S050"]),
        RuleCase(
            name: "constructor that is warned about", plugin: PluginFixture(extra: constructor),
            policy: VerificationPolicy(constructors: .warn), warnings: ["S050"], words: ["warm_up"]),
        RuleCase(
            name: "another file's function in the start array, forbidden",
            plugin: PluginFixture(
                extra: """
                    #include <stdio.h>
                    __attribute__((section(".init_array"), used)) static void *start = (void *)&tmpfile;
                    """), policy: VerificationPolicy(constructors: .forbid), errors: ["S050"], words: ["tmpfile"]),
        RuleCase(
            name: "data in the start array",
            plugin: PluginFixture(
                extra: """
                    static int number = 7;
                    __attribute__((section(".init_array"), used)) static void *start = (void *)&number;
                    """), errors: ["S005"], words: ["is no code"]),
        RuleCase(
            name: "constructor that is forbidden", plugin: PluginFixture(extra: constructor),
            policy: VerificationPolicy(constructors: .forbid), errors: ["S050"], words: ["warm_up"]),
        RuleCase(
            name: "constructor of Rust's library",
            plugin: PluginFixture(
                extra: """
                    static void keep(void) __asm__("_RNvNt3std4args15ARGV_INIT_ARRAY12init_wrapper");
                    __attribute__((constructor)) static void keep(void) { __asm__(""); }
                    """), policy: VerificationPolicy(constructors: .forbid)),
        RuleCase(name: "no constructor of its own", policy: VerificationPolicy(constructors: .forbid)),
        RuleCase(
            name: "constructor of a stripped plugin", plugin: PluginFixture(extra: constructor, flags: ["-s"]),
            policy: VerificationPolicy(constructors: .forbid), errors: ["S050"], words: ["no symbols that name"]),
        RuleCase(name: "Swift that lets itself be unmapped", plugin: swift(flags: []), warnings: ["S051"]),
        RuleCase(
            name: "Swift that promises to be unloaded", plugin: swift(abi: unloadable), errors: ["S051"],
            words: ["can be unloaded"]),
        RuleCase(
            name: "static thread-local variables",
            plugin: PluginFixture(
                extra: """
                    __attribute__((tls_model("initial-exec"))) static __thread int count;
                    __attribute__((used)) static int next(void) { return ++count; }
                    """), errors: ["S052"], words: ["static room"]),
        RuleCase(
            name: "large thread-local variables",
            plugin: PluginFixture(
                extra: """
                    static __thread char table[100000];
                    __attribute__((used)) static char *place(int i) { return &table[i]; }
                    """), warnings: ["S052"], words: ["of every thread"]),
        RuleCase(
            name: "destructors of threads",
            plugin: PluginFixture(
                extra: """
                    extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
                    static void end(void *p) { (void)p; }
                    __attribute__((used)) static int f(void) { return __cxa_thread_atexit_impl(end, 0, 0); }
                    """), warnings: ["S053"]),
        RuleCase(
            name: "destructors of threads in a plugin that can be unloaded",
            plugin: PluginFixture(
                abi: unloadable,
                extra: """
                    extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
                    __attribute__((used)) static int f(void) { return __cxa_thread_atexit_impl(0, 0, 0); }
                    """), errors: ["S053"], words: ["destructors"]),
        RuleCase(
            name: "handler of exit",
            plugin: PluginFixture(
                extra: """
                    #include <stdlib.h>
                    static void end(void) {}
                    __attribute__((used)) static int f(void) { return atexit(end); }
                    """), warnings: ["S054"]),
        RuleCase(
            name: "not for dlopen", plugin: PluginFixture(flags: ["-Wl,-z,nodlopen"]), errors: ["S055"],
            words: ["dlopen must refuse"]),
        RuleCase(
            name: "first of all", plugin: PluginFixture(flags: ["-Wl,-z,initfirst", "-Wl,-z,nodelete"]),
            information: ["S055"]),
        RuleCase(
            name: "never unmapped, and promises to be",
            plugin: PluginFixture(abi: unloadable, flags: ["-Wl,-z,nodelete"]), errors: ["S055"],
            words: ["never unmapped"]),
    ]

    #if arch(x86_64)
        static let starts: [RuleCase] = [
            RuleCase(
                name: "no constructor of its own, stripped", plugin: PluginFixture(flags: ["-s"]),
                policy: VerificationPolicy(constructors: .forbid)),
            RuleCase(
                name: "start code of the compiler that was given something to do",
                plugin: PluginFixture(
                    flags: ["-s"],
                    edit: { file in
                        // The address of the end of its table, 10 bytes into register_tm_clones, becomes another one.
                        let code = try file.contents(".text")
                        let clones = try #require(
                            code.first { file.read($0, 3) == 0x3D8D48 && file.read($0 + 7, 3) == 0x358D48 })
                        file.write(file.read(clones + 10, 4) + 8, clones + 10, 4)
                    }), policy: VerificationPolicy(constructors: .forbid), errors: ["S050"],
                words: ["no symbols that name"]),
        ]
    #else
        static let starts: [RuleCase] = []
    #endif
}
