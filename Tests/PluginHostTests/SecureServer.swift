import Foundation
import TestPrograms
import Testing

/// `openssl s_server` on a port of loopback, with a certificate that nobody trusts who was not given its file.
final class SecureServer {
    /// Of the certificate, which everybody may read.
    let certificate: String
    let port: UInt16
    private let process: RunningProgram

    static let program = Programs.find("openssl")

    /// - Parameter folder: the certificate and its key are written there.
    init(in folder: Sample.Folder) throws {
        let openssl = try #require(Self.program)
        let key = "\(folder.path)/key.pem"
        certificate = "\(folder.path)/certificate.pem"
        try Programs.succeed(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: certificate)
        let output = Pipe()
        process = try RunningProgram(
            openssl, ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www"],
            output: .pipe(output))
        // "ACCEPT 127.0.0.1:PORT", after others.
        var line = ""
        repeat { line = try output.readLine() } while !line.isEmpty && !line.hasPrefix("ACCEPT")
        port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
    }
}
