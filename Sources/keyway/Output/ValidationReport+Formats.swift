internal import PluginHost

/// Forms for other programs.
extension ValidationReport {
    /// SARIF 2.1.0 (OASIS standard, 2020), for code scanning services.
    var sarif: JSON {
        let results = entries.flatMap { entry in
            entry.findings.map { finding -> JSON in
                [
                    "ruleId": .string(finding.id), "level": .string(finding.severity.sarifLevel),
                    "message": ["text": .string("\(finding.message). \(finding.remedy).")],
                    "locations": [
                        [
                            "physicalLocation": ["artifactLocation": ["uri": .string(entry.file.asURI)]],
                            "logicalLocations": [["fullyQualifiedName": .string(finding.place)]],
                        ]
                    ],
                    "properties": ["risk": .string(finding.risk.rawValue)],
                ]
            }
        }
        // All of them, so that a service can show the rules that found nothing.
        let rules = RuleCatalogue.entries.map { rule -> JSON in
            [
                "id": .string(rule.id), "shortDescription": ["text": .string(rule.title)],
                "fullDescription": ["text": .string(rule.why)], "help": ["text": .string(rule.remedy)],
                "defaultConfiguration": ["level": .string((rule.severities.first ?? .error).sarifLevel)],
                "properties": ["risk": .string(rule.risk.rawValue)],
            ]
        }
        let driver: JSON = [
            "name": "keyway", "semanticVersion": .string(Keyway.version), "rules": .array(rules),
        ]
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "results": .array(results)]],
        ]
    }

    /// JUnit's XML, for build servers: a test a file. Findings from `failing` on are failures, the others output.
    func junit(failing: Finding.Severity) -> [String] {
        let failed = entries.count { $0.has(atLeast: failing) }
        let counts = #"tests="\#(entries.count)" failures="\#(failed)""#
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites \(counts)>",
            #"<testsuite name="keyway validate" \#(counts) errors="0" skipped="0">"#,
        ]
        for entry in entries {
            lines.append(#"<testcase classname="keyway.validate" name="\#(entry.file.inXML)">"#)
            for finding in entry.findings where finding.severity >= failing {
                let text = "\(finding.message). \(finding.why). \(finding.remedy)."
                lines.append(
                    #"<failure type="\#(finding.id.inXML)" message="\#(finding.message.inXML)">\#(text.inXML)</failure>"#
                )
            }
            let others = entry.findings.filter { $0.severity < failing }
            if !others.isEmpty {
                let text = others.map { "\($0.severity.rawValue) \($0.id): \($0.message)" }.joined(separator: "\n")
                lines.append("<system-out>\(text.inXML)</system-out>")
            }
            lines.append("</testcase>")
        }
        return lines + ["</testsuite>", "</testsuites>"]
    }
}

extension Finding.Severity {
    fileprivate var sarifLevel: String { self == .info ? "note" : rawValue }
}

extension String {
    /// A path as a URI reference (RFC 3986): what a path may not have is percent-encoded.
    fileprivate var asURI: String {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@".utf8)
        var uri = hasPrefix("/") ? "file://" : ""
        for byte in utf8 {
            if allowed.contains(byte) {
                uri.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                uri += digits.utf8.count < 2 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return uri
    }

    /// As text or as the value of an attribute in XML 1.0; what XML has no way to write becomes U+FFFD.
    fileprivate var inXML: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "\n": text += "&#10;"
            case "\t": text += "&#9;"
            case "\r": text += "&#13;"
            case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
