/// Words as a shell takes them, so that a command in a message can be copied as it stands.
package enum ShellWord {
    package static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "_-./:@+,=".utf8.contains(byte)
            }
        }
        return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }

    package static func command(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }
}
