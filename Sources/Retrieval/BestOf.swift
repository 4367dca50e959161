/// Per unit, the best score of the terms of one group. Only the units that a term touches cost anything.
struct BestOf {
    private var frequency: [Float]
    private var best: [Float]
    private var touched: [Int32] = []
    private var touchedByGroup: [Int32] = []

    init(count: Int) {
        frequency = [Float](repeating: 0, count: count)
        best = [Float](repeating: 0, count: count)
    }

    /// Units that hold the present term.
    var touchedCount: Int { touched.count }

    /// Adds to the weighted frequency of the present term. `amount` is more than 0.
    mutating func add(_ amount: Float, to unit: Int) {
        if frequency[unit] == 0 {
            touched.append(Int32(unit))
        }
        frequency[unit] += amount
    }

    /// Ends the present term: its tenth mention says little more than its first (`saturation`).
    mutating func finish(weight: Float, saturation: Float) {
        for entry in touched {
            let unit = Int(entry)
            let score = weight * frequency[unit] * (saturation + 1) / (frequency[unit] + saturation)
            frequency[unit] = 0
            if best[unit] == 0 {
                touchedByGroup.append(entry)
            }
            best[unit] = max(best[unit], score)
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// Ends the group: adds its scores to the totals.
    mutating func move(to totals: inout [Float]) {
        for entry in touchedByGroup {
            totals[Int(entry)] += best[Int(entry)]
            best[Int(entry)] = 0
        }
        touchedByGroup.removeAll(keepingCapacity: true)
    }
}
