// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "keyway-benchmarks",
    dependencies: [
        // Named, because the folder of a clone may be called anything.
        .package(name: "keyway", path: "../..")
    ],
    targets: [
        // The other side of every ratio: a host in plain C. It depends on the product for the ABI's headers and for the C
        // call engine, which is measured on its own, too.
        .target(
            name: "CRawHost",
            dependencies: [.product(name: "PluginHost", package: "keyway")],
            cSettings: [
                .define("_GNU_SOURCE"), .treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra"),
                .enableWarning("pedantic"),
            ]),
        .executableTarget(
            name: "keyway-bench",
            dependencies: ["CRawHost", .product(name: "PluginHost", package: "keyway")],
            swiftSettings: swift),
    ],
    cLanguageStandard: .c11
)
