import PluginCore
import Testing

@Suite("Matrices")
struct MatrixTests {
    @Test("rows begin zeroed, at multiples of 64 bytes", arguments: [(1, 1), (3, 16), (5, 17), (2, 384), (4, 1000)])
    func layout(rows: Int, dims: Int) {
        let matrix = Matrix(rows: rows, dims: dims)
        #expect(matrix.stride % 64 == 0 && matrix.stride >= dims * 4 && matrix.stride < dims * 4 + 64)
        for row in 0..<rows {
            #expect(matrix.row(row) == Array(repeating: 0, count: dims))
            matrix.withRow(row) { span in
                let isAligned = unsafe span.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % 64 == 0 }
                #expect(isAligned && span.count == dims)
            }
        }
    }

    @Test("a row that is set leaves its neighbours alone")
    func rows() {
        var matrix = Matrix(rows: 3, dims: 17)
        let values = (0..<17).map(Float.init)
        matrix.setRow(1, values)
        #expect(matrix.row(1) == values)
        #expect(matrix.row(0) == Array(repeating: 0, count: 17))
        #expect(matrix.row(2) == Array(repeating: 0, count: 17))
    }

    @Test("a matrix may be empty on either side")
    func empty() {
        #expect(Matrix(rows: 0, dims: 5).rows == 0)
        #expect(Matrix(rows: 2, dims: 0).row(1) == [])
    }

    @Test("a size that does not fit memory ends the program instead of wrapping around")
    func overflow() async {
        await #expect(processExitsWith: .failure) { _ = Matrix(rows: Int.max / 64, dims: 1000) }
        await #expect(processExitsWith: .failure) { _ = Matrix(rows: 1, dims: Int.max / 2) }
    }
}
