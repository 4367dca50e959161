internal import ArgumentParser
internal import CPluginLinux
internal import Glibc
internal import PluginHost

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what this machine offers, and what is in the way.",
        discussion: "Exits 1 if something that loading plugins needs is missing.")

    @OptionGroup var options: HostOptions
    @OptionGroup var output: OutputOptions

    /// One thing that was looked at.
    struct Check {
        enum State: String { case ok, warning, error }
        let name: String
        let state: State
        let detail: String
        var remedy: String?
    }

    func run() async throws {
        let checks = [kernel, memoryImages, cache, worker] + ignoredEnvironment + folders
        let mechanisms = SandboxFacility.detect()
        if output.json {
            Console.print(json: [
                "version": .string(Keyway.version),
                "ok": .bool(!checks.contains { $0.state == .error }),
                "checks": .array(
                    checks.map { check in
                        [
                            "name": .string(check.name), "state": .string(check.state.rawValue),
                            "detail": .string(check.detail), "remedy": .optional(check.remedy, JSON.string),
                        ]
                    }),
                "mechanisms": .array(mechanisms.map(\.json)),
            ])
        } else {
            for line in TextTable.lines(checks.map { [$0.state.rawValue, $0.name, $0.detail] }) { Console.print(line) }
            for check in checks where check.remedy != nil {
                Console.print("\(check.name): \(check.remedy ?? "").")
            }
            Console.print("")
            Console.print("What workers are kept apart by:")
            let rows = mechanisms.map {
                [$0.isAvailable ? "there" : "missing", $0.name, $0.why ?? "", "needs \($0.minimum)"]
            }
            for line in TextTable.lines(rows) { Console.print(line.visible) }
        }
        if checks.contains(where: { $0.state == .error }) { throw ExitCode(1) }
    }

    private var kernel: Check {
        var name = utsname()
        unsafe uname(&name)
        func text<Tuple>(_ tuple: Tuple) -> String {
            unsafe withUnsafeBytes(of: tuple) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
        return Check(
            name: "kernel", state: .ok, detail: "\(text(name.sysname)) \(text(name.release)) \(text(name.machine))")
    }

    /// Plugins are loaded from sealed memory files, which have to be executable.
    private var memoryImages: Check {
        let descriptor = unsafe kwl_memfd("keyway-doctor")
        if descriptor < 0, errno == EACCES {
            let file = kwl_unnamed_file()
            if file >= 0 {
                close(file)
                return Check(
                    name: "memory images", state: .warning, detail: "not allowed; files without a name stand in",
                    remedy: "Allow executable memory files for sealed images: sysctl vm.memfd_noexec=0")
            }
        }
        guard descriptor >= 0 else {
            return Check(
                name: "memory images", state: .error, detail: "memfd_create failed with error \(errno)",
                remedy: "Allow executable memory files: sysctl vm.memfd_noexec=0")
        }
        defer { close(descriptor) }
        guard ftruncate(descriptor, 4096) == 0, kwl_seal(descriptor) == 0,
            let page = unsafe mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, descriptor, 0),
            unsafe page != MAP_FAILED
        else {
            return Check(
                name: "memory images", state: .error,
                detail: "a sealed memory file cannot be mapped as code (error \(errno))",
                remedy: "Allow it in the security policy of this system (vm.memfd_noexec, SELinux execmem)")
        }
        unsafe munmap(page, 4096)
        return Check(name: "memory images", state: .ok, detail: "sealed and executable")
    }

    private var cache: Check {
        guard let folder = Environment.cacheFolder else {
            return Check(
                name: "cache", state: .warning, detail: "neither XDG_CACHE_HOME nor HOME is set",
                remedy: "Set HOME, or `keyway ask` computes everything anew each time")
        }
        var existing = folder
        while unsafe access(existing, F_OK) != 0, let slash = existing.lastIndex(of: "/"), slash != existing.startIndex
        {
            existing = String(existing[..<slash])
        }
        return unsafe access(existing, W_OK) == 0
            ? Check(name: "cache", state: .ok, detail: folder)
            : Check(
                name: "cache", state: .warning, detail: "\(folder) cannot be written",
                remedy: "Make it writable, or `keyway ask` computes everything anew each time")
    }

    /// Plugins run, and are tried, in its processes. Without it they can still be loaded into this one.
    private var worker: Check {
        do throws(PluginError) {
            let scanner = try PluginScanner.locate()
            // That it is there does not make it one.
            try WorkerDomain(program: scanner.path).start()
            return Check(name: "worker", state: .ok, detail: "\(scanner.path), sha256 \(try scanner.digest())")
        } catch {
            return Check(name: "worker", state: .warning, detail: error.what, remedy: error.remedy)
        }
    }

    private var ignoredEnvironment: [Check] {
        [
            "KEYWAY_CONFIG_DIR", "KEYWAY_ENV", "KEYWAY_PLUGINS_ALLOW", "KEYWAY_PLUGINS_DISABLE", "KEYWAY_PLUGIN_PATH",
            "KEYWAY_TRUST", "KEYWAY_WORKER", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
        ].compactMap { name in
            guard unsafe getenv(name) != nil, Environment.value(name) == nil else { return nil }
            return Check(
                name: "environment", state: .warning, detail: "\(name) is ignored: this process is privileged")
        }
    }

    private var folders: [Check] {
        let host = options.host()
        var checks: [Check] = []
        for folder in host.configuration.searchPaths where unsafe access(folder, F_OK) == 0 {
            var status = stat()
            let isOpen = unsafe stat(folder, &status) == 0 && status.st_mode & 0o002 != 0
            checks.append(
                Check(
                    name: "plugins", state: isOpen ? .warning : .ok,
                    detail: isOpen ? "\(folder) can be written by every user" : folder,
                    remedy: isOpen ? "Run `\(ShellWord.command(["chmod", "o-w", folder]))`" : nil))
        }
        let plugins: [RegistryEntry]
        do throws(PluginError) {
            plugins = try host.registry.scan().entries
        } catch {
            checks.append(Check(name: "state", state: .error, detail: error.what, remedy: error.remedy))
            return checks
        }
        if plugins.isEmpty {
            checks.append(
                Check(
                    name: "plugins", state: .warning, detail: "none found",
                    remedy: "Build the samples with `make build`, or name a folder with --path"))
        }
        for plugin in plugins {
            let detail = plugin.isLoadable ? plugin.file : "\(plugin.file): \(plugin.reason ?? plugin.state.rawValue)"
            checks.append(
                Check(
                    name: "plugin \(plugin.name)", state: plugin.isLoadable ? .ok : .warning, detail: detail,
                    remedy: plugin.isLoadable ? nil : plugin.remedy))
        }
        return checks
    }
}
