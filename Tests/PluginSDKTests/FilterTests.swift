import PluginBridge
import PluginSDK
import Testing

/// Filter programs that a host of another make might write.
@Suite struct FilterTests {
    private let reader = ABIReader(plugin: "", operation: "vectors.count", side: .input)

    private func step(
        _ operation: UInt32, _ writer: inout ABIWriter, operands: UInt32 = 0, values: [kw_value] = unsafe []
    ) -> kw_finst {
        unsafe kw_finst(
            h: .of(kw_finst.self), op: operation, argc: operands, field: writer.string("f"),
            values: writer.span(values))
    }

    private func value(_ kind: UInt32, integer: Int64 = 0, number: Double = 0) -> kw_value {
        var value = unsafe zeroed(kw_value.self)
        unsafe value.h = unsafe .of(kw_value.self)
        unsafe value.kind = kind
        unsafe value.integer = integer
        unsafe value.number = number
        return unsafe value
    }

    @Test func `AND and OR take as many as they say`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let program = unsafe [
            step(KW_FILTER_TRUE, &writer), step(KW_FILTER_FALSE, &writer), step(KW_FILTER_EXISTS, &writer),
            step(KW_FILTER_OR, &writer, operands: 3), step(KW_FILTER_AND, &writer, operands: 1),
        ]
        unsafe #expect(
            try reader.filter(writer.span(program))
                == .and([.or([.all, Filter.none, .exists("f")])]))
    }

    @Test(arguments: [
        ([KW_FILTER_AND], 2 as UInt32, "joins 2 of 0"), ([KW_FILTER_TRUE, KW_FILTER_AND], 0, "joins 0 of 1"),
        ([KW_FILTER_NOT], 0, "joins 1 of 0"), ([KW_FILTER_TRUE, KW_FILTER_TRUE], 0, "leaves 2 conditions"),
        ([999], 0, "operation 999"), ([KW_FILTER_EQ], 0, "operation 6 with 0 values"),
        ([KW_FILTER_IDS, KW_FILTER_PREFIX], 0, "operation 16"),
        (Array(repeating: KW_FILTER_TRUE, count: 65), 0, "more than 64"),
        (Array(repeating: KW_FILTER_TRUE, count: 4097), 0, "4097 filter instructions"),
    ])
    func `A program that is none is refused by its place`(operations: [UInt32], operands: UInt32, reason: String) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var program: [kw_finst] = unsafe []
        for operation in operations { unsafe program.append(step(operation, &writer, operands: operands)) }
        let span = unsafe writer.span(program)
        let error = thrown { unsafe try reader.filter(span) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains(reason) == true, "\(error?.what ?? "")")
    }

    @Test func `Values of the wrong kind are refused`() {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        func refuses(_ operation: UInt32, _ value: kw_value) {
            let span = unsafe writer.span([step(operation, &writer, values: [value])])
            let error = thrown { try unsafe reader.filter(span) }
            #expect(error?.code == .invalidArgument)
        }
        unsafe refuses(KW_FILTER_EQ, value(99))
        unsafe refuses(KW_FILTER_EQ, value(UInt32(KW_VALUE_DOUBLE), number: .infinity))
        unsafe refuses(KW_FILTER_PREFIX, value(UInt32(KW_VALUE_INT)))
        unsafe refuses(KW_FILTER_IDS, value(UInt32(KW_VALUE_INT)))
        unsafe refuses(KW_FILTER_MATCH, value(UInt32(KW_VALUE_BOOL)))
    }

    @Test func `A size that ends before it begins admits nothing`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let values = unsafe [value(UInt32(KW_VALUE_INT), integer: 3), value(UInt32(KW_VALUE_INT), integer: 1)]
        unsafe #expect(try reader.filter(writer.span([step(KW_FILTER_SIZE, &writer, values: values)])) == Filter.none)
    }
}
