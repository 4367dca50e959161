/// Which units (passages, headings, titles ...) hold a term, and how often.
struct TermPostings: Sendable {
    /// Terms in each unit.
    private(set) var lengths: [Float] = []
    private var starts: [Int32] = []
    private var units: [Int32] = []
    private var frequencies: [Float] = []

    /// Takes the terms of unit after unit, then sorts them by term.
    struct Builder {
        private var terms: [Int32] = []
        private var units: [Int32] = []
        private var frequencies: [Float] = []
        private var lengths: [Float] = []
        /// Of every term, where its entry of the newest unit is, or -1.
        private var newest: [Int32] = []

        mutating func append(_ unitTerms: some Sequence<Int32>) {
            let first = terms.count
            let unit = Int32(lengths.count)
            var length: Float = 0
            for term in unitTerms {
                length += 1
                let index = Int(term)
                if index >= newest.count {
                    newest.append(contentsOf: repeatElement(-1, count: max(index + 1 - newest.count, newest.count)))
                }
                let entry = Int(newest[index])
                if entry >= first {
                    frequencies[entry] += 1
                } else {
                    newest[index] = Int32(terms.count)
                    terms.append(term)
                    units.append(unit)
                    frequencies.append(1)
                }
            }
            lengths.append(length)
        }

        func build(termCount: Int) -> TermPostings {
            var starts = [Int32](repeating: 0, count: termCount + 1)
            for term in terms {
                starts[Int(term) + 1] += 1
            }
            for index in 0..<termCount {
                starts[index + 1] += starts[index]
            }
            var next = starts
            var result = TermPostings()
            result.lengths = lengths
            result.units = [Int32](repeating: 0, count: terms.count)
            result.frequencies = [Float](repeating: 0, count: terms.count)
            for entry in terms.indices {
                let place = Int(next[Int(terms[entry])])
                next[Int(terms[entry])] += 1
                result.units[place] = units[entry]
                result.frequencies[place] = frequencies[entry]
            }
            result.starts = starts
            return result
        }
    }

    /// How many units hold a term.
    func unitCount(of term: Int) -> Int {
        Int(starts[term + 1] - starts[term])
    }

    /// Calls `body` with every unit that holds the term, in order.
    func forEachUnit(of term: Int, _ body: (_ unit: Int, _ frequency: Float) -> Void) {
        for entry in Int(starts[term])..<Int(starts[term + 1]) {
            body(Int(units[entry]), frequencies[entry])
        }
    }
}
