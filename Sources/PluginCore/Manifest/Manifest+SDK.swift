extension ManifestReader {
    /// `{"minVersion": 1, "maxVersion": 3}`, or `min` and `max`. Without a maximum it is exactly the minimum; null leaves
    /// it open.
    mutating func sdkRange(_ value: ManifestValue?) -> SDKRange? {
        guard let object = object(value, .sdk, isExact: true) else { return nil }
        guard let low = object["minVersion", "min"] else {
            error(object.place(of: "minVersion"), "is missing")
            return nil
        }
        let last = Int(UInt32.max)
        guard let minimum = whole(low, in: 1...last).map(UInt32.init) else { return nil }
        guard let high = object["maxVersion", "max"] else { return SDKRange(minimum: minimum, maximum: minimum) }
        if high.json == .null {
            warn(high.pointer, "promises to work with every later SDK, which nobody can have tested")
            return SDKRange(minimum: minimum, maximum: nil)
        }
        guard let maximum = whole(high, in: 1...last).map(UInt32.init) else { return nil }
        guard maximum >= minimum else {
            error(high.pointer, "is \(maximum), below the minimum \(minimum)")
            return nil
        }
        return SDKRange(minimum: minimum, maximum: maximum)
    }
}
