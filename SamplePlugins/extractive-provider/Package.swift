// swift-tools-version: 6.2
import PackageDescription

// Where Keyway is: its repository, or any copy of it. `make KEYWAY=path` sets the variable.
let keyway = Context.environment["KEYWAY"] ?? "../.."
let keywayFolder = keyway.hasPrefix("/") ? keyway : "\(Context.packageDirectory)/\(keyway)"

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// The tests stand in for a host, which is pointers throughout.
let tests: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

// What makes a shared library a plugin: one export, everything bound and read-only before the first call, never
// unmapped (the Swift runtime keeps pointers into every image), and the host's Swift runtime instead of a toolchain's.
// lld, because gold leaves the names of what the version script hides in the dynamic symbol table.
let plugin: [LinkerSetting] = [
    .unsafeFlags([
        "-use-ld=lld",
        "-no-toolchain-stdlib-rpath",
        "-Xlinker", "--version-script=\(keywayFolder)/PluginABI/plugin.map",
        "-Xlinker", "-z", "-Xlinker", "nodelete",
        "-Xlinker", "-z", "-Xlinker", "now",
        "-Xlinker", "-z", "-Xlinker", "relro",
        "-Xlinker", "-z", "-Xlinker", "noexecstack",
        "-Xlinker", "--build-id",
    ]),
    // A host copies the file when it loads it; function names stay for crash reports.
    .unsafeFlags(["-Xlinker", "--strip-debug"], .when(configuration: .release)),
]

let package = Package(
    name: "extractive-provider",
    products: [
        .library(name: "extractive-provider", type: .dynamic, targets: ["PluginEntry"])
    ],
    dependencies: [
        .package(name: "keyway", path: keyway)
    ],
    targets: [
        // What a host reads before it runs anything.
        .target(
            name: "PluginNotes",
            dependencies: [.product(name: "PluginSDK", package: "keyway")],
            cSettings: [
                .treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra"),
                .enableWarning("pedantic"),
            ]),
        // The export alone, so that the plugin's linker settings do not reach the test program.
        .target(
            name: "PluginEntry",
            dependencies: ["PluginNotes", "ExtractiveProvider", .product(name: "PluginSDK", package: "keyway")],
            swiftSettings: swift, linkerSettings: plugin),
        .target(
            name: "ExtractiveProvider",
            dependencies: [.product(name: "PluginSDK", package: "keyway")],
            swiftSettings: swift),
        .testTarget(
            name: "ExtractiveProviderTests",
            dependencies: ["ExtractiveProvider", .product(name: "PluginSDK", package: "keyway")],
            swiftSettings: tests),
    ],
    cLanguageStandard: .c11
)
