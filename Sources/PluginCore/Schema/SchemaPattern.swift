/// A regular expression of JSON Schema: ECMA-262 with the flag "u", without lookbehind and back references.
///
/// Our own, because patterns may be hostile. All alternatives are followed at the same time (Thompson 1968), so the
/// steps are at most the text's length times the pattern's size, a factor of the length more for each lookahead, and no
/// pattern is catastrophic. What needs more, back references, is refused.
struct SchemaPattern: Sendable {
    /// Why a pattern is not understood.
    struct Failure: Error {
        let reason: String
    }

    enum Instruction: Sendable {
        case match
        /// Reads one scalar of the set.
        case read(Int)
        case jump(Int)
        case split(Int, Int)
        case assert(Assertion)
        /// What follows here must match, or must not; it goes on at `next`.
        case look(isNegative: Bool, next: Int)
    }

    enum Assertion: Sendable {
        case start, end, wordBoundary, noWordBoundary
    }

    let text: String
    private let program: [Instruction]
    private let sets: [SchemaScalarSet]

    init(_ text: String) throws(Failure) {
        var parser = SchemaPatternParser(text)
        let tree = try parser.parse()
        var emitter = SchemaPatternEmitter()
        try emitter.emit(tree)
        self.text = text
        program = emitter.program + [.match]
        sets = emitter.sets
    }

    /// Is there a match anywhere in the text? Nil if that needs more steps than there are; they are counted down.
    func matches(_ text: String, steps: inout Int) -> Bool? {
        let scalars = Array(text.unicodeScalars)
        var run = Run(program: program, sets: sets, text: scalars, steps: steps - scalars.count)
        let isMatch = run.search(from: 0, program: 0, isAnchored: false)
        steps = run.steps
        return steps > 0 ? isMatch : nil
    }

    private struct Run {
        let program: [Instruction]
        let sets: [SchemaScalarSet]
        let text: [Unicode.Scalar]
        var steps: Int

        /// All positions in the program that the text read so far can have led to.
        private struct Threads {
            var active: [Int] = []
            /// The round in which a position was reached last.
            var marks: [Int]
            var isMatch = false
        }

        init(program: [Instruction], sets: [SchemaScalarSet], text: [Unicode.Scalar], steps: Int) {
            self.program = program
            self.sets = sets
            self.text = text
            self.steps = steps
        }

        // Calls itself for lookaheads only, and those are nested as deeply as their groups, which the parser bounds.
        mutating func search(from start: Int, program entry: Int, isAnchored: Bool) -> Bool {
            var threads = Threads(marks: [Int](repeating: -1, count: program.count))
            var at = start
            while true {
                if !isAnchored || at == start { follow(entry, at, &threads) }
                if threads.isMatch { return true }
                guard steps > 0, at < text.count, !isAnchored || !threads.active.isEmpty else { return false }
                let scalar = text[at]
                at += 1
                let readers = threads.active
                threads.active.removeAll(keepingCapacity: true)
                for reader in readers {
                    steps -= 1
                    if case .read(let set) = program[reader], sets[set].contains(scalar) {
                        follow(reader + 1, at, &threads)
                    }
                }
            }
        }

        /// Adds what can be reached without reading.
        private mutating func follow(_ entry: Int, _ at: Int, _ threads: inout Threads) {
            var open = [entry]
            while let position = open.popLast(), steps > 0 {
                if threads.marks[position] == at { continue }
                threads.marks[position] = at
                steps -= 1
                switch program[position] {
                case .match: threads.isMatch = true
                case .read: threads.active.append(position)
                case .jump(let target): open.append(target)
                case .split(let first, let second): open += [second, first]
                case .assert(let assertion): if holds(assertion, at) { open.append(position + 1) }
                case .look(let isNegative, let next):
                    // A lookahead starts with marks of its own, one for each instruction.
                    steps -= program.count
                    if search(from: at, program: position + 1, isAnchored: true) != isNegative { open.append(next) }
                }
            }
        }

        private func holds(_ assertion: Assertion, _ at: Int) -> Bool {
            func isWord(_ index: Int) -> Bool {
                text.indices.contains(index) && SchemaScalarSet.word.contains(text[index])
            }
            return switch assertion {
            case .start: at == 0
            case .end: at == text.count
            case .wordBoundary: isWord(at - 1) != isWord(at)
            case .noWordBoundary: isWord(at - 1) == isWord(at)
            }
        }
    }
}

/// Turns the tree of a pattern into its program.
struct SchemaPatternEmitter {
    private(set) var program: [SchemaPattern.Instruction] = []
    private(set) var sets: [SchemaScalarSet] = []
    private var visits = 0

    /// Counted repetitions are written out, so a short pattern can ask for a very long program.
    static let maximumVisits = 20_000

    mutating func emit(_ tree: SchemaPatternTree) throws(SchemaPattern.Failure) {
        visits += 1
        guard visits <= Self.maximumVisits else {
            throw SchemaPattern.Failure(reason: "with its repetitions it is too long")
        }
        switch tree {
        case .set(let set):
            program.append(.read(sets.count))
            sets.append(set)
        case .assertion(let assertion): program.append(.assert(assertion))
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let parts):
            var ends: [Int] = []
            for part in parts.dropLast() {
                let split = reserve()
                try emit(part)
                ends.append(reserve())
                program[split] = .split(split + 1, program.count)
            }
            if let last = parts.last { try emit(last) }
            for end in ends { program[end] = .jump(program.count) }
        case .look(let part, let isNegative):
            let look = reserve()
            try emit(part)
            program.append(.match)
            program[look] = .look(isNegative: isNegative, next: program.count)
        case .repetition(let part, let minimum, let maximum): try emit(part, minimum, maximum)
        }
    }

    private mutating func emit(
        _ part: SchemaPatternTree, _ minimum: Int, _ maximum: Int?
    ) throws(SchemaPattern.Failure) {
        for _ in 0..<minimum { try emit(part) }
        guard let maximum else {
            let split = reserve()
            try emit(part)
            program.append(.jump(split))
            program[split] = .split(split + 1, program.count)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(reserve())
            try emit(part)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }

    /// A place for an instruction whose target is not known yet.
    private mutating func reserve() -> Int {
        program.append(.match)
        return program.count - 1
    }
}
