extension Manifest {
    /// `{"minVersion": 1, "maxVersion": 3}`. Without a maximum it is exactly the minimum; null leaves it open.
    static func sdkRange(_ value: JSON?) throws(PluginError) -> SDKRange? {
        guard let value else { return nil }
        guard let members = value.objectValue else {
            throw invalid("/sdk", "must be an object with minVersion, but is \(value.typeName)")
        }
        if let other = members.keys.filter({ $0 != "minVersion" && $0 != "maxVersion" }).min() {
            throw invalid("/sdk/\(other)", "is unknown; there are minVersion and maxVersion")
        }
        guard let minimum = try version(members["minVersion"], "minVersion") else {
            throw invalid("/sdk/minVersion", "is missing")
        }
        guard let stated = members["maxVersion"] else { return SDKRange(minimum: minimum, maximum: minimum) }
        let maximum = stated == .null ? nil : try version(stated, "maxVersion")
        if let maximum, maximum < minimum {
            throw invalid("/sdk/maxVersion", "is \(maximum), below the minimum \(minimum)")
        }
        return SDKRange(minimum: minimum, maximum: maximum)
    }

    private static func version(_ value: JSON?, _ key: String) throws(PluginError) -> UInt32? {
        guard let value else { return nil }
        guard let number = value.intValue, let version = UInt32(exactly: number), version > 0 else {
            throw invalid("/sdk/\(key)", "must be a whole number from 1 on, but is \(value.text)")
        }
        return version
    }
}
