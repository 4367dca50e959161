extension Manifest {
    /// `{"minVersion": 1, "maxVersion": 3}`, or `min` and `max`. Without a maximum it is exactly the minimum; null leaves
    /// it open.
    static func sdkRange(_ value: JSON?) throws(PluginError) -> SDKRange? {
        guard let value else { return nil }
        guard let members = value.objectValue else {
            throw invalid("/sdk", "must be an object with minVersion, but is \(value.typeName)")
        }
        let known = ["minVersion", "maxVersion", "min", "max"]
        if let other = members.keys.filter({ !known.contains($0) }).min() {
            throw invalid("/sdk/\(other)", "is unknown; there are minVersion and maxVersion")
        }
        let (low, high) = (try spelled("minVersion", "min", members), try spelled("maxVersion", "max", members))
        guard let minimum = try version(members[low], low) else { throw invalid("/sdk/minVersion", "is missing") }
        guard let stated = members[high] else { return SDKRange(minimum: minimum, maximum: minimum) }
        let maximum = stated == .null ? nil : try version(stated, high)
        if let maximum, maximum < minimum {
            throw invalid("/sdk/\(high)", "is \(maximum), below the minimum \(minimum)")
        }
        return SDKRange(minimum: minimum, maximum: maximum)
    }

    /// Which of two spellings of one member is used.
    private static func spelled(
        _ long: String, _ short: String, _ members: [String: JSON]
    ) throws(PluginError) -> String {
        guard members[short] != nil else { return long }
        guard members[long] == nil else { throw invalid("/sdk/\(short)", "says again what \(long) says") }
        return short
    }

    private static func version(_ value: JSON?, _ key: String) throws(PluginError) -> UInt32? {
        guard let value else { return nil }
        guard let number = value.intValue, let version = UInt32(exactly: number), version > 0 else {
            throw invalid("/sdk/\(key)", "must be a whole number from 1 on, but is \(value.text)")
        }
        return version
    }
}
