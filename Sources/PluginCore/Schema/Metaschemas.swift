/// The schemas of schemas, as far as they check something; titles and remarks are left out.
enum Metaschemas {
    static func document(at uri: String) throws(PluginError) -> JSON? {
        if uri == JSONSchema.Dialect.draft7.rawValue {
            return try JSON(parsing: draft7, what: "the meta-schema of draft 7")
        }
        let prefix = "https://json-schema.org/draft/2020-12/"
        guard uri.hasPrefix(prefix), let text = draft2020[String(uri.dropFirst(prefix.count))] else { return nil }
        guard case .object(var members) = try JSON(parsing: text, what: "a meta-schema of 2020-12") else { return nil }
        members["$schema"] = .string(JSONSchema.Dialect.draft2020.rawValue)
        members["$id"] = .string(uri)
        members["$dynamicAnchor"] = "meta"
        return .object(members)
    }

    private static let draft7 = #"""
        {
          "$schema": "http://json-schema.org/draft-07/schema#", "$id": "http://json-schema.org/draft-07/schema#",
          "type": ["object", "boolean"],
          "definitions": {
            "schemaArray": { "type": "array", "minItems": 1, "items": { "$ref": "#" } },
            "count": { "type": "integer", "minimum": 0 },
            "names": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            "schemas": { "type": "object", "additionalProperties": { "$ref": "#" } },
            "type": { "enum": ["array", "boolean", "integer", "null", "number", "object", "string"] }
          },
          "properties": {
            "$id": { "type": "string", "format": "uri-reference" },
            "$schema": { "type": "string", "format": "uri" },
            "$ref": { "type": "string", "format": "uri-reference" },
            "$comment": { "type": "string" }, "title": { "type": "string" }, "description": { "type": "string" },
            "default": true, "readOnly": { "type": "boolean" }, "writeOnly": { "type": "boolean" },
            "examples": { "type": "array" },
            "multipleOf": { "type": "number", "exclusiveMinimum": 0 },
            "maximum": { "type": "number" }, "exclusiveMaximum": { "type": "number" },
            "minimum": { "type": "number" }, "exclusiveMinimum": { "type": "number" },
            "maxLength": { "$ref": "#/definitions/count" }, "minLength": { "$ref": "#/definitions/count" },
            "pattern": { "type": "string", "format": "regex" },
            "additionalItems": { "$ref": "#" },
            "items": { "anyOf": [{ "$ref": "#" }, { "$ref": "#/definitions/schemaArray" }] },
            "maxItems": { "$ref": "#/definitions/count" }, "minItems": { "$ref": "#/definitions/count" },
            "uniqueItems": { "type": "boolean" }, "contains": { "$ref": "#" },
            "maxProperties": { "$ref": "#/definitions/count" }, "minProperties": { "$ref": "#/definitions/count" },
            "required": { "$ref": "#/definitions/names" }, "additionalProperties": { "$ref": "#" },
            "definitions": { "$ref": "#/definitions/schemas" }, "properties": { "$ref": "#/definitions/schemas" },
            "patternProperties": {
              "type": "object", "additionalProperties": { "$ref": "#" }, "propertyNames": { "format": "regex" }
            },
            "dependencies": {
              "type": "object",
              "additionalProperties": { "anyOf": [{ "$ref": "#" }, { "$ref": "#/definitions/names" }] }
            },
            "propertyNames": { "$ref": "#" }, "const": true, "enum": { "type": "array" },
            "type": {
              "anyOf": [
                { "$ref": "#/definitions/type" },
                { "type": "array", "items": { "$ref": "#/definitions/type" }, "minItems": 1, "uniqueItems": true }
              ]
            },
            "format": { "type": "string" }, "contentMediaType": { "type": "string" },
            "contentEncoding": { "type": "string" },
            "if": { "$ref": "#" }, "then": { "$ref": "#" }, "else": { "$ref": "#" },
            "allOf": { "$ref": "#/definitions/schemaArray" }, "anyOf": { "$ref": "#/definitions/schemaArray" },
            "oneOf": { "$ref": "#/definitions/schemaArray" }, "not": { "$ref": "#" }
          }
        }
        """#

    /// By what stands behind the drafts' common URI. All have the type and the dynamic anchor of a schema.
    private static let draft2020 = [
        "schema": #"""
        {
          "$vocabulary": {
            "https://json-schema.org/draft/2020-12/vocab/core": true,
            "https://json-schema.org/draft/2020-12/vocab/applicator": true,
            "https://json-schema.org/draft/2020-12/vocab/unevaluated": true,
            "https://json-schema.org/draft/2020-12/vocab/validation": true,
            "https://json-schema.org/draft/2020-12/vocab/meta-data": true,
            "https://json-schema.org/draft/2020-12/vocab/format-annotation": true,
            "https://json-schema.org/draft/2020-12/vocab/content": true
          },
          "allOf": [
            { "$ref": "meta/core" }, { "$ref": "meta/applicator" }, { "$ref": "meta/unevaluated" },
            { "$ref": "meta/validation" }, { "$ref": "meta/meta-data" }, { "$ref": "meta/format-annotation" },
            { "$ref": "meta/content" }
          ],
          "type": ["object", "boolean"],
          "properties": {
            "definitions": { "type": "object", "additionalProperties": { "$dynamicRef": "#meta" } },
            "dependencies": {
              "type": "object",
              "additionalProperties": {
                "anyOf": [{ "$dynamicRef": "#meta" }, { "$ref": "meta/validation#/$defs/names" }]
              }
            }
          }
        }
        """#,
        "meta/core": #"""
        {
          "type": ["object", "boolean"],
          "properties": {
            "$id": { "$ref": "#/$defs/reference", "pattern": "^[^#]*#?$" }, "$schema": { "$ref": "#/$defs/uri" },
            "$ref": { "$ref": "#/$defs/reference" }, "$anchor": { "$ref": "#/$defs/anchor" },
            "$dynamicRef": { "$ref": "#/$defs/reference" }, "$dynamicAnchor": { "$ref": "#/$defs/anchor" },
            "$vocabulary": {
              "type": "object", "propertyNames": { "$ref": "#/$defs/uri" },
              "additionalProperties": { "type": "boolean" }
            },
            "$comment": { "type": "string" },
            "$defs": { "type": "object", "additionalProperties": { "$dynamicRef": "#meta" } }
          },
          "$defs": {
            "anchor": { "type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$" },
            "uri": { "type": "string", "format": "uri" },
            "reference": { "type": "string", "format": "uri-reference" }
          }
        }
        """#,
        "meta/applicator": #"""
        {
          "type": ["object", "boolean"],
          "properties": {
            "prefixItems": { "$ref": "#/$defs/schemaArray" }, "items": { "$dynamicRef": "#meta" },
            "contains": { "$dynamicRef": "#meta" }, "additionalProperties": { "$dynamicRef": "#meta" },
            "properties": { "$ref": "#/$defs/schemas" },
            "patternProperties": { "$ref": "#/$defs/schemas", "propertyNames": { "format": "regex" } },
            "dependentSchemas": { "$ref": "#/$defs/schemas" }, "propertyNames": { "$dynamicRef": "#meta" },
            "if": { "$dynamicRef": "#meta" }, "then": { "$dynamicRef": "#meta" }, "else": { "$dynamicRef": "#meta" },
            "allOf": { "$ref": "#/$defs/schemaArray" }, "anyOf": { "$ref": "#/$defs/schemaArray" },
            "oneOf": { "$ref": "#/$defs/schemaArray" }, "not": { "$dynamicRef": "#meta" }
          },
          "$defs": {
            "schemaArray": { "type": "array", "minItems": 1, "items": { "$dynamicRef": "#meta" } },
            "schemas": { "type": "object", "additionalProperties": { "$dynamicRef": "#meta" } }
          }
        }
        """#,
        "meta/unevaluated": #"""
        {
          "type": ["object", "boolean"],
          "properties": {
            "unevaluatedItems": { "$dynamicRef": "#meta" }, "unevaluatedProperties": { "$dynamicRef": "#meta" }
          }
        }
        """#,
        "meta/validation": #"""
        {
          "type": ["object", "boolean"],
          "properties": {
            "type": {
              "anyOf": [
                { "$ref": "#/$defs/type" },
                { "type": "array", "items": { "$ref": "#/$defs/type" }, "minItems": 1, "uniqueItems": true }
              ]
            },
            "const": true, "enum": { "type": "array" },
            "multipleOf": { "type": "number", "exclusiveMinimum": 0 },
            "maximum": { "type": "number" }, "exclusiveMaximum": { "type": "number" },
            "minimum": { "type": "number" }, "exclusiveMinimum": { "type": "number" },
            "maxLength": { "$ref": "#/$defs/count" }, "minLength": { "$ref": "#/$defs/count" },
            "pattern": { "type": "string", "format": "regex" },
            "maxItems": { "$ref": "#/$defs/count" }, "minItems": { "$ref": "#/$defs/count" },
            "uniqueItems": { "type": "boolean" },
            "maxContains": { "$ref": "#/$defs/count" }, "minContains": { "$ref": "#/$defs/count" },
            "maxProperties": { "$ref": "#/$defs/count" }, "minProperties": { "$ref": "#/$defs/count" },
            "required": { "$ref": "#/$defs/names" },
            "dependentRequired": { "type": "object", "additionalProperties": { "$ref": "#/$defs/names" } }
          },
          "$defs": {
            "count": { "type": "integer", "minimum": 0 },
            "names": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            "type": { "enum": ["array", "boolean", "integer", "null", "number", "object", "string"] }
          }
        }
        """#,
        "meta/meta-data": #"""
        {
          "type": ["object", "boolean"],
          "properties": {
            "title": { "type": "string" }, "description": { "type": "string" }, "default": true,
            "deprecated": { "type": "boolean" }, "readOnly": { "type": "boolean" },
            "writeOnly": { "type": "boolean" }, "examples": { "type": "array" }
          }
        }
        """#,
        "meta/format-annotation": #"""
        { "type": ["object", "boolean"], "properties": { "format": { "type": "string" } } }
        """#,
        "meta/format-assertion": #"""
        { "type": ["object", "boolean"], "properties": { "format": { "type": "string" } } }
        """#,
        "meta/content": #"""
        {
          "type": ["object", "boolean"],
          "properties": {
            "contentEncoding": { "type": "string" }, "contentMediaType": { "type": "string" },
            "contentSchema": { "$dynamicRef": "#meta" }
          }
        }
        """#,
    ]
}
