/// Spellings that are objects of their own.
extension PermissionReader {
    private enum FolderMode: String, CaseIterable { case read, write, readwrite }

    /// `{"path": "data", "mode": "readwrite"}`
    mutating func readFolder(_ value: ManifestValue) {
        guard let object = reader.object(value, .folder, isExact: true) else { return }
        for key in ["path", "mode"] where object.members[key] == nil {
            reader.error(object.place(of: key), "is missing")
        }
        guard let path = reader.string(object["path"]), let mode = reader.word(object["mode"], as: FolderMode.self)
        else { return }
        readVerb("filesystem", mode.rawValue, path, at: object.place(of: "path"))
    }

    private enum Interface: String, CaseIterable { case localhost, all }

    /// `{"port": 8080, "interface": "localhost"}`
    mutating func readListener(_ value: ManifestValue) {
        guard let object = reader.object(value, .listener, isExact: true) else { return }
        guard object.members["port"] != nil else {
            reader.error(object.place(of: "port"), "is missing")
            return
        }
        let interface = reader.word(object["interface"], as: Interface.self) ?? .localhost
        guard let port = reader.whole(object["port"], in: 1...65535) else { return }
        ask(
            .listen, interface == .all ? "\(port)" : "localhost:\(port)", at: object.place(of: "port"),
            spelling: "network:inbound")
    }

    /// `{"vendor_ids": ["0x1234"], "product_ids": ["0xabcd"]}`: each product of each vendor.
    mutating func readDevices(_ value: ManifestValue) {
        guard let object = reader.object(value, .devices, isExact: true)
        else { return }
        guard let vendors = object["vendor_ids"] else {
            reader.error(object.place(of: "vendor_ids"), "is missing")
            return
        }
        let products = identifiers(object["product_ids"]).map { Optional($0.text) }
        for vendor in identifiers(vendors) {
            for product in products.isEmpty ? [nil] : products {
                ask(
                    .device, "usb:\(vendor.text)\(product.map { ":\($0)" } ?? "")", at: vendor.pointer, spelling: "usb")
                // The pairs of two long lists would be very many.
                if isFull { return }
            }
        }
    }

    /// Four hexadecimal digits each.
    private mutating func identifiers(_ value: ManifestValue?) -> [(text: String, pointer: String)] {
        guard let value else { return [] }
        return reader.elements(value).compactMap { element in
            let text = element.json.stringValue.map { $0.lowercased() } ?? ""
            let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
            guard let number = element.json.intValue.flatMap(UInt16.init(exactly:)) ?? UInt16(digits, radix: 16) else {
                reader.error(
                    element.pointer, "must be four hexadecimal digits such as \"0x1234\", but is \(element.json.brief)")
                return nil
            }
            let hexadecimal = String(number, radix: 16)
            return (String(repeating: "0", count: 4 - hexadecimal.utf8.count) + hexadecimal, element.pointer)
        }
    }

    /// `{"endpoints": ["/items"], "methods": ["POST"]}`: each method at each path.
    mutating func readEndpoints(_ value: ManifestValue) {
        guard let object = reader.object(value, .routes, isExact: true)
        else { return }
        let methods = reader.strings(object["methods"]).map { "\($0.uppercased()) " }
        guard let endpoints = object["endpoints"] else {
            ask(.endpoint, nil, at: object.pointer, spelling: "api:endpoints")
            return
        }
        for endpoint in reader.elements(endpoints) {
            guard let path = reader.string(endpoint) else { continue }
            for method in methods.isEmpty ? [""] : methods {
                ask(.endpoint, method + path, at: endpoint.pointer, spelling: "api:endpoints")
                if isFull { return }
            }
        }
    }
}
