internal import PluginCore

/// Rules about the language runtimes that a plugin brings into the process.
extension Rule {
    static let foreignRuntimes = Rule(
        id: "S035", group: .dependencies, title: "no second runtime of a language or of C++", risk: .high,
        severities: [.warning], why: "Such a runtime takes over signals, threads or memory of the whole process",
        remedy: "Run the other language in a program of its own, and link one C++ library, as the host does"
    ) { inspection in
        // One look at each name; a plugin in Swift needs twenty libraries.
        var (problems, usesGNU, usesLLVM) = ([Problem](), false, String?.none)
        for library in inspection.closure.libraries where library.name.hasPrefix("lib") {
            let name = library.name
            if interpreters.contains(where: name.hasPrefix) {
                problems.append(
                    Problem(place: name, message: "needs \(name), which brings an interpreter into the host"))
            }
            if name.hasPrefix("libstdc++.so") { usesGNU = true }
            if usesLLVM == nil, name.hasPrefix("libc++.so") { usesLLVM = name }
        }
        if usesGNU, let other = usesLLVM {
            problems.append(Problem(place: other, message: "needs both \(other) and libstdc++, two C++ libraries"))
        }
        // Inline functions of templates are in every C++ library; the classes of exceptions only in the runtime.
        if usesGNU, let own = inspection.object.export(named: "_ZTISt9exception") {
            problems.append(
                Problem(
                    place: own.name, message: "contains a C++ library and needs libstdc++ as well",
                    remedy: "Link either with -static-libstdc++ or with the shared library, not parts with each"))
        }
        return problems
    }

    private static let interpreters = [
        "libpython", "libjvm.so", "libnode.so", "libruby", "libperl.so", "libmono", "libcoreclr.so", "liblua",
    ]

    static let sealedSwiftRuntime = Rule(
        id: "S036", group: .dependencies, title: "no second Swift runtime that shows itself", risk: .high,
        why: "Two Swift runtimes that see each other's symbols corrupt memory",
        remedy: "Seal the plugin with the version script (plugin.map), or link the shared Swift libraries"
    ) { inspection in
        let object = inspection.object
        guard inspection.claimsToBePlugin, object.traits.staticSwiftRuntime else { return [] }
        guard let shown = inspection.survey.exports.first(where: { $0.hasPrefix("$s") || $0.hasPrefix("swift_") })
        else { return [] }
        return [
            Problem(
                place: shown, message: "contains a Swift runtime of its own and exports it, for instance \(shown)")
        ]
    }

    static let swiftVersion = Rule(
        id: "S037", group: .dependencies, title: "the Swift of the host", risk: .high,
        severities: [.warning, .error],
        why: "A plugin that shares the host's Swift runtime runs on another one than it was tested with",
        remedy: "Build the plugin with the toolchain of the host, or link it with -static-stdlib and plugin.map"
    ) { inspection in
        let object = inspection.object
        guard object.traits.swift, !object.traits.staticSwiftRuntime, let build = object.notes.build,
            let stated = SwiftVersion.stated(in: build), let host = SwiftVersion.host, stated != host
        else { return [] }
        return [
            Problem(
                severity: stated.major == host.major ? .warning : .error, place: "build note",
                message: "was built with Swift \(stated.text), and this host with Swift \(host.text)")
        ]
    }

    static let otherLibC = Rule(
        id: "S038", group: .dependencies, title: "the C library of the host", risk: .high,
        why: "Two C libraries in one process have two allocators and two kinds of thread",
        remedy: "Build the plugin for glibc, on Debian for instance and not on Alpine"
    ) { inspection in
        func isOther(_ name: String) -> Bool {
            name.hasPrefix("libc.musl") || name.hasPrefix("ld-musl") || name == "libc.so" || name.hasPrefix("libuClibc")
        }
        guard
            let other = inspection.object.needed.first(where: isOther)
                ?? inspection.closure.libraries.first(where: { isOther($0.name) })?.name
        else { return [] }
        return [Problem(place: other, message: "needs \(other), and this host runs with glibc")]
    }
}

/// A release of Swift, as far as it decides about sharing a runtime.
struct SwiftVersion: Equatable {
    let major: Int
    let minor: Int

    var text: String { "\(major).\(minor)" }

    /// What this host was compiled with, which is what its runtime is of; nil for a release without a line here.
    #if compiler(>=6.5)
        static let host: SwiftVersion? = nil
    #elseif compiler(>=6.4)
        static let host: SwiftVersion? = SwiftVersion(major: 6, minor: 4)
    #else
        static let host: SwiftVersion? = SwiftVersion(major: 6, minor: 3)
    #endif

    /// The version in a build note such as "swift=6.3;stdlib=dynamic"; nil if it does not say.
    static func stated(in note: String) -> Self? {
        for part in note.utf8.split(separator: UInt8(ascii: ";")) {
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let key = part[..<equals]
            guard key.elementsEqual("swift".utf8) || key.elementsEqual("toolchain".utf8) else { continue }
            let numbers = part[equals...].dropFirst().split(separator: UInt8(ascii: ".")).prefix(2)
                .compactMap { Int(Substring($0)) }
            if numbers.count == 2 { return Self(major: numbers[0], minor: numbers[1]) }
        }
        return nil
    }
}
