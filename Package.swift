// swift-tools-version: 6.2
import PackageDescription

// One place for what every Swift target is compiled with. No unsafeFlags here: a package that has them cannot be
// depended on by version.
let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let c: [CSetting] = [
    .treatAllWarnings(as: .error),
    .enableWarning("all"),
    .enableWarning("extra"),
    .enableWarning("pedantic"),
]

let package = Package(
    name: "keyway",
    products: [
        .library(name: "PluginHost", targets: ["PluginHost"]),
        // The host as a service of swift-service-lifecycle.
        .library(name: "PluginHostService", targets: ["PluginHostService"]),
        .library(name: "PluginSDK", targets: ["PluginSDK"]),
        .library(name: "PluginTesting", targets: ["PluginTesting"]),
        .executable(name: "keyway", targets: ["keyway"]),
        // Runs plugins for a host, or tries them, each in processes of its own.
        .executable(name: "keyway-worker", targets: ["keyway-worker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The stable C ABI: headers only.
        .target(name: "PluginABI", path: "PluginABI", sources: ["headers.c"], cSettings: c),

        .systemLibrary(name: "CLibELF", pkgConfig: "libelf", providers: [.apt(["libelf-dev"])]),
        .systemLibrary(name: "CLibFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
        .systemLibrary(name: "CLibSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(name: "CPluginLinux", cSettings: c),
        // What the process of a plugin may do, told to the kernel.
        .target(name: "CPluginSandbox", dependencies: ["CLibSeccomp"], cSettings: c),
        .target(name: "CPluginCall", dependencies: ["PluginABI"], cSettings: c),
        // Operations as messages between two processes.
        .target(name: "CPluginMarshal", dependencies: ["PluginABI"], cSettings: c),
        // Functions for interfaces that were described at run time; for hosts only.
        .target(name: "CPluginClosures", dependencies: ["CLibFFI", "CPluginMarshal", "PluginABI"], cSettings: c),
        // The host's side of plugins in other processes, and the program that they run in.
        .target(
            name: "CPluginWorker", dependencies: ["CPluginCall", "CPluginMarshal", "PluginABI"], cSettings: c),
        .executableTarget(
            name: "keyway-worker",
            dependencies: ["CPluginCall", "CPluginMarshal", "CPluginSandbox", "CPluginWorker", "PluginABI"],
            cSettings: c + [.headerSearchPath("../CPluginWorker")]),

        .target(name: "PluginCore", swiftSettings: swift),
        // ABI structs to values and back: for the host's side of a vtable and the author's.
        .target(name: "PluginBridge", dependencies: ["PluginABI", "PluginCore"], swiftSettings: swift),
        .target(
            name: "PluginELF", dependencies: ["CLibELF", "CPluginLinux", "PluginABI", "PluginCore"],
            swiftSettings: swift),
        .target(
            name: "PluginLoader",
            dependencies: [
                "CPluginCall", "CPluginClosures", "CPluginLinux", "CPluginMarshal", "CPluginSandbox", "CPluginWorker",
                "PluginABI", "PluginBridge", "PluginCore", "PluginELF",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        .target(
            name: "PluginHost",
            dependencies: [
                "CPluginLinux", "PluginCore", "PluginELF", "PluginLoader",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: swift),
        .target(
            name: "PluginHostService",
            dependencies: [
                "PluginHost", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift),
        .target(name: "PluginSDK", dependencies: ["PluginABI", "PluginBridge", "PluginCore"], swiftSettings: swift),

        // Contract tests that any implementation of an adapter can be run against.
        .target(name: "PluginTesting", dependencies: ["PluginCore"], swiftSettings: swift),

        // Finds the paragraphs that answer a question; what `keyway ask` adds to the plugins.
        .target(name: "Retrieval", swiftSettings: swift),
        .executableTarget(
            name: "keyway",
            dependencies: [
                "CPluginLinux", "PluginABI", "PluginHost", "Retrieval",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swift),

        // Starts the programs that tests build with and run.
        .target(name: "CTestPrograms", path: "Tests/CTestPrograms", cSettings: c),
        .target(
            name: "TestPrograms", dependencies: ["CTestPrograms"], path: "Tests/TestPrograms", swiftSettings: swift),

        .testTarget(name: "PluginCoreTests", dependencies: ["PluginCore"], swiftSettings: swift),
        // The official JSON Schema test suite, and our own cases.
        .testTarget(
            name: "PluginSchemaTests", dependencies: ["PluginCore"], exclude: ["Suite"], swiftSettings: swift),
        .testTarget(
            name: "PluginTestingTests", dependencies: ["PluginCore", "PluginHost", "PluginTesting"],
            swiftSettings: swift),
        .testTarget(
            name: "PluginSDKTests",
            dependencies: ["CPluginCall", "PluginABI", "PluginBridge", "PluginCore", "PluginSDK"],
            swiftSettings: swift),
        .testTarget(
            name: "PluginLoaderTests",
            dependencies: [
                "CPluginCall", "CPluginLinux", "PluginABI", "PluginBridge", "PluginCore", "PluginELF", "PluginLoader",
                "TestPrograms", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "PluginHostTests",
            dependencies: [
                "PluginABI", "PluginHost", "TestPrograms", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "PluginHostServiceTests",
            dependencies: [
                "PluginHost", "PluginHostService",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "PluginELFTests", dependencies: ["PluginCore", "PluginELF", "TestPrograms"], swiftSettings: swift),
        .testTarget(name: "RetrievalTests", dependencies: ["Retrieval"], swiftSettings: swift),
        // Runs the built command and the sample plugins.
        .testTarget(name: "CommandTests", dependencies: ["PluginCore", "TestPrograms"], swiftSettings: swift),
    ]
)
