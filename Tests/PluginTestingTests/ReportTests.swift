import PluginTesting
import Testing

@Suite struct ReportTests {
    @Test func aReportOfSkippedChecksIsNotConformant() {
        let report = ConformanceReport(
            subject: "nothing", checks: [.init(name: "a", outcome: .skipped(reason: "no reason"))])
        #expect(!report.isConformant)
        #expect(report.skipped.count == 1)
        #expect(report.description == "nothing: 0 passed, 0 failed, 1 skipped\n  SKIP a: no reason")
    }
}
