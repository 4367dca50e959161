import Foundation
import Testing

/// `openssl s_server` on a port of loopback, with a certificate that nobody trusts who was not given its file.
final class SecureServer {
    /// Of the certificate, which everybody may read.
    let certificate: String
    let port: UInt16
    private let process: Process

    static let program = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// - Parameter folder: the certificate and its key are written there.
    init(in folder: Sample.Folder) throws {
        let openssl = URL(fileURLWithPath: try #require(Self.program))
        let key = "\(folder.path)/key.pem"
        certificate = "\(folder.path)/certificate.pem"
        let maker = Process()
        maker.executableURL = openssl
        maker.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
            certificate,
        ]
        maker.standardError = FileHandle.nullDevice
        maker.standardInput = FileHandle.nullDevice
        try maker.run()
        maker.waitUntilExit()
        try #require(maker.terminationStatus == 0)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: certificate)
        process = Process()
        process.executableURL = openssl
        process.arguments = ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // "ACCEPT 127.0.0.1:PORT"
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
            guard byte != 0x0A else {
                if line.starts(with: Array("ACCEPT".utf8)) { break }
                line = []
                continue
            }
            line.append(byte)
        }
        port = try #require(String(decoding: line, as: UTF8.self).split(separator: ":").last.flatMap { UInt16($0) })
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
