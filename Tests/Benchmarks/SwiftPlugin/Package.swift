// swift-tools-version: 6.2
import PackageDescription

// Where Keyway is: `make KEYWAY=path` sets the variable.
let keyway = Context.environment["KEYWAY"] ?? "../../.."
let keywayFolder = keyway.hasPrefix("/") ? keyway : "\(Context.packageDirectory)/\(keyway)"

let package = Package(
    name: "bench-swift",
    products: [.library(name: "bench-swift", type: .dynamic, targets: ["BenchSwift"])],
    dependencies: [.package(name: "keyway", path: keyway)],
    targets: [
        .target(name: "PluginNotes", dependencies: [.product(name: "PluginSDK", package: "keyway")]),
        .target(
            name: "BenchSwift", dependencies: ["PluginNotes", .product(name: "PluginSDK", package: "keyway")],
            swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)],
            linkerSettings: [
                .unsafeFlags([
                    "-use-ld=lld", "-no-toolchain-stdlib-rpath",
                    "-Xlinker", "--version-script=\(keywayFolder)/PluginABI/plugin.map",
                    "-Xlinker", "-z", "-Xlinker", "nodelete",
                ])
            ]),
    ],
    cLanguageStandard: .c11
)
