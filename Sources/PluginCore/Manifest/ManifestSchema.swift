/// The published schema of manifests, for editors and for checks in other languages. docs/schema/manifest-1.json is the
/// same text.
///
/// The host itself does not use it: ``Manifest`` reads faster, says more of what is wrong, and warns.
public enum ManifestSchema {
    public static let text = #"""
        {
         "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:keyway:manifest:1",
         "title": "Keyway plugin manifest, version 1",
         "description": "keyway.plugin.json, plugin.toml, or the manifest note of a plugin. Unknown members are ignored with a warning.",
         "type": "object",
         "anyOf": [
          {"required": ["version"], "anyOf": [{"required": ["id"]}, {"required": ["name"]}]},
          {"required": ["plugin"]}
         ],
         "properties": {
          "$schema": {"type": "string", "description": "This schema, for editors."},
          "id": {
           "type": "string", "minLength": 1, "maxLength": 128,
           "pattern": "^(@[A-Za-z0-9][A-Za-z0-9_.-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]*$",
           "description": "Identity: NAME or @SCOPE/NAME. The name unless said otherwise."
          },
          "name": {"type": "string", "description": "Display name; the id unless said otherwise."},
          "version": {
           "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$",
           "description": "Semantic version."
          },
          "type": {
           "type": "string",
           "description": "provider, embedder, vector-backend or tool-executor; native is accepted."
          },
          "description": {"type": "string"},
          "authors": {
           "description": "Text such as \"Name <mail> (url)\", an object, or a list.",
           "anyOf": [
            {"type": "string"}, {"$ref": "#/$defs/author"},
            {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/author"}]}}
           ]
          },
          "author": {"$ref": "#/properties/authors", "description": "Another spelling of authors."},
          "license": {"type": "string", "description": "SPDX expression."}, "keywords": {"$ref": "#/$defs/texts"},
          "categories": {"$ref": "#/$defs/texts"},
          "tags": {
           "anyOf": [
            {"$ref": "#/$defs/texts"},
            {
             "type": "array",
             "items": {
              "anyOf": [{"type": "string"}, {"type": "object", "properties": {"tags": {"$ref": "#/$defs/texts"}}}]
             }
            }
           ]
          },
          "homepage": {"type": "string"},
          "repository": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/repository"}]},
          "main": {
           "type": "string", "minLength": 1, "pattern": "^[^/]",
           "description": "The plugin's file, relative to the manifest's folder."
          },
          "entry": {"$ref": "#/properties/main", "description": "Another spelling of main."},
          "entry_point": {"$ref": "#/properties/main", "description": "Another spelling of main."},
          "sha256": {
           "type": "string", "pattern": "^([Ss][Hh][Aa]256:)?[0-9A-Fa-f]{64}$",
           "description": "Of the plugin's file. Needed in a file beside it."
          },
          "buildID": {
           "type": "string", "pattern": "^([0-9A-Fa-f]{2}){1,64}$",
           "description": "GNU build id of the plugin's file."
          },
          "sdk": {"$ref": "#/$defs/sdk"},
          "sdkVersion": {"$ref": "#/properties/sdk", "description": "Another spelling of sdk."},
          "engines": {
           "type": "object", "additionalProperties": {"type": "string"},
           "description": "Semver ranges of hosts; keyway is this one."
          },
          "platforms": {"$ref": "#/$defs/texts", "description": "Such as linux-x86_64 or linux-aarch64."},
          "requires": {"$ref": "#/$defs/requires"},
          "interfaces": {
           "type": "array", "items": {"type": "string"}, "description": "Interface ids, such as keyway.embedder/1."
          },
          "dependencies": {"$ref": "#/$defs/dependencies"}, "optionalDependencies": {"$ref": "#/$defs/dependencies"},
          "peerDependencies": {"$ref": "#/$defs/dependencies"}, "devDependencies": {"$ref": "#/$defs/dependencies"},
          "conflicts": {"$ref": "#/$defs/versionedNames", "description": "Plugins that it cannot be loaded with."},
          "provides": {"$ref": "#/$defs/versionedNames", "description": "Names that it stands in for."},
          "configuration": {
           "description": "How it is configured; or directly the JSON Schema of the configuration.",
           "anyOf": [
            {"$ref": "#/$defs/configuration"}, {"type": "object", "required": ["type"]},
            {"type": "object", "required": ["properties"]}, {"type": "object", "required": ["$schema"]}
           ]
          },
          "configSchema": {
           "$ref": "#/$defs/jsonSchema", "description": "The same as the schema of the configuration."
          },
          "permissions": {"$ref": "#/$defs/permissions"}, "limits": {"$ref": "#/$defs/limits"},
          "resource_limits": {"$ref": "#/properties/limits", "description": "Another spelling of limits."},
          "hooks": {
           "description": "Points at which it wants to be called. Texts are handlers of another host's lifecycle and are ignored.",
           "anyOf": [
            {
             "type": "object",
             "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "boolean"}, {"$ref": "#/$defs/hook"}]}
            },
            {
             "type": "array",
             "items": {"anyOf": [{"type": "string"}, {"allOf": [{"$ref": "#/$defs/hook"}], "required": ["name"]}]}
            }
           ]
          },
          "tools": {
           "description": "Tools that a model may call.",
           "anyOf": [
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/tool"}},
            {
             "type": "array",
             "items": {"anyOf": [{"type": "string"}, {"allOf": [{"$ref": "#/$defs/tool"}], "required": ["name"]}]}
            }
           ]
          },
          "operations": {
           "description": "Named jobs that take a document and give one.",
           "anyOf": [
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/operation"}},
            {
             "type": "array",
             "items": {
              "anyOf": [{"type": "string"}, {"allOf": [{"$ref": "#/$defs/operation"}], "required": ["name"]}]
             }
            }
           ]
          },
          "endpoints": {
           "type": "array", "items": {"$ref": "#/$defs/endpoint"}, "description": "HTTP endpoints below /plugins/ID."
          },
          "api": {"$ref": "#/$defs/api"},
          "loading": {
           "description": "When it is loaded.", "anyOf": [{"enum": ["lazy", "eager"]}, {"$ref": "#/$defs/loading"}]
          },
          "isolation": {
           "description": "Where it runs.", "anyOf": [{"$ref": "#/$defs/tier"}, {"$ref": "#/$defs/isolation"}]
          },
          "health": {"$ref": "#/$defs/health"},
          "plugin": {"type": "object", "description": "Members of the document may stand in this table instead."}
         },
         "$defs": {
          "texts": {
           "description": "A list of texts, or one text.",
           "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
          },
          "versionedNames": {
           "description": "Names, each with a version or a range of versions or without.",
           "anyOf": [
            {
             "type": "object",
             "additionalProperties": {
              "anyOf": [
               {"type": "string"},
               {"type": "object", "properties": {"version": {"type": "string"}}, "additionalProperties": false}
              ]
             }
            },
            {
             "type": "array",
             "items": {
              "anyOf": [
               {"type": "string"},
               {
                "type": "object", "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
                "required": ["name"], "additionalProperties": false
               }
              ]
             }
            }
           ]
          },
          "jsonSchema": {"description": "A JSON Schema, draft 7 or 2020-12.", "type": ["object", "boolean"]},
          "resources": {
           "description": "Resources or verbs, or true for everything.",
           "anyOf": [
            {"type": "boolean"}, {"type": "string"}, {"type": "integer"},
            {"type": "array", "items": {"type": ["string", "integer"]}}
           ]
          },
          "size": {
           "description": "Bytes: a number, or text such as \"64MB\" (a million bytes each) or \"64MiB\".",
           "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *([kKmMgGtT]i?)?[bB]$"}
           ]
          },
          "duration": {
           "description": "Milliseconds, or text such as \"500ms\", \"30s\", \"5m\", \"1h\" or \"1d\".",
           "anyOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(ms|s|m|min|h|d)$"}
           ]
          },
          "priority": {
           "description": "Higher comes first.",
           "anyOf": [
            {"type": "integer", "minimum": -2147483648, "maximum": 2147483647},
            {
             "enum": [
              "CRITICAL", "HIGH", "NORMAL", "LOW", "CLEANUP", "critical", "high", "normal", "low", "cleanup"
             ]
            }
           ]
          },
          "tier": {"enum": ["inProcess", "worker", "workerStrict"]},
          "sdk": {
           "type": "object", "description": "SDKs that it works with.",
           "properties": {
            "minVersion": {"type": "integer", "minimum": 1, "maximum": 4294967295},
            "min": {"$ref": "#/$defs/sdk/properties/minVersion"},
            "maxVersion": {
             "description": "Without it exactly the minimum; null leaves it open.",
             "anyOf": [{"type": "null"}, {"type": "integer", "minimum": 1, "maximum": 4294967295}]
            },
            "max": {"$ref": "#/$defs/sdk/properties/maxVersion"}
           },
           "additionalProperties": false, "anyOf": [{"required": ["minVersion"]}, {"required": ["min"]}]
          },
          "author": {
           "type": "object",
           "properties": {
            "name": {"type": "string"}, "email": {"type": "string"}, "mail": {"type": "string"},
            "url": {"type": "string"}
           },
           "required": ["name"]
          },
          "repository": {
           "type": "object",
           "properties": {"url": {"type": "string"}, "type": {"type": "string"}, "directory": {"type": "string"}}
          },
          "requires": {
           "type": "object",
           "properties": {
            "cpu": {"$ref": "#/$defs/texts", "description": "Features of the processor, such as avx2."}
           }
          },
          "configuration": {
           "type": "object",
           "properties": {
            "schema": {
             "description": "A JSON Schema, or the path of a file with one.", "type": ["object", "boolean", "string"]
            },
            "defaults": {"description": "An object, or the path of a file with one.", "type": ["object", "string"]},
            "default": {"$ref": "#/$defs/configuration/properties/defaults"},
            "environments": {
             "description": "What goes over the defaults in an environment.", "type": "object",
             "additionalProperties": {"type": "object"}
            },
            "environment": {"$ref": "#/$defs/configuration/properties/environments"},
            "strict": {
             "type": "boolean",
             "description": "Is what does not conform refused, and not only warned about? True unless said otherwise."
            },
            "additionalProperties": {
             "type": "boolean", "description": "May there be members that the schema does not name?"
            },
            "hotReload": {
             "type": "boolean",
             "description": "Can the running plugin take a new configuration? True unless said otherwise."
            },
            "hot_reload": {"$ref": "#/$defs/configuration/properties/hotReload"},
            "validation": {"$ref": "#/$defs/validation"}
           }
          },
          "validation": {
           "type": "object",
           "properties": {"strict": {"type": "boolean"}, "additionalProperties": {"type": "boolean"}}
          },
          "limits": {
           "type": "object", "description": "What it needs at most.",
           "properties": {
            "memory": {"$ref": "#/$defs/size"}, "max_memory_mb": {"$ref": "#/$defs/size"},
            "max_heap_mb": {"$ref": "#/$defs/size"},
            "cpu": {"$ref": "#/$defs/duration", "description": "Processor time of one call."},
            "max_cpu_time_ms": {"$ref": "#/$defs/duration"},
            "time": {"$ref": "#/$defs/duration", "description": "Wall-clock time of one call."},
            "executionTime": {"$ref": "#/$defs/duration"}, "max_execution_time_ms": {"$ref": "#/$defs/duration"},
            "disk": {"$ref": "#/$defs/size"}, "network": {"$ref": "#/$defs/size", "description": "Bytes a second."},
            "concurrency": {"type": "integer", "minimum": 1, "maximum": 65536, "description": "Calls at once."},
            "files": {
             "description": "Open descriptors, or an object.",
             "anyOf": [{"type": "integer", "minimum": 1, "maximum": 1048576}, {"$ref": "#/$defs/files"}]
            },
            "workers": {
             "type": "integer", "minimum": 1, "maximum": 1024, "description": "Worker processes at once."
            },
            "max_workers": {"$ref": "#/$defs/limits/properties/workers"}
           }
          },
          "files": {
           "type": "object",
           "properties": {
            "open": {"type": "integer", "minimum": 1, "maximum": 1048576},
            "size": {"$ref": "#/$defs/size", "description": "Bytes of one file that it writes."}
           }
          },
          "hook": {
           "type": "object",
           "properties": {
            "name": {"type": "string"},
            "modes": {
             "anyOf": [
              {"enum": ["observe", "filter", "veto"]},
              {"type": "array", "items": {"enum": ["observe", "filter", "veto"]}}
             ]
            },
            "mode": {"$ref": "#/$defs/hook/properties/modes"}, "priority": {"$ref": "#/$defs/priority"},
            "timeout": {"$ref": "#/$defs/duration"}, "retries": {"type": "integer", "minimum": 0, "maximum": 100},
            "async": {
             "type": "boolean", "description": "The work need not wait for it; for hooks that only observe."
            },
            "payloadType": {"type": "string"}
           }
          },
          "tool": {
           "type": "object",
           "properties": {
            "name": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string"},
            "inputSchema": {"$ref": "#/$defs/jsonSchema"}, "parameters": {"$ref": "#/$defs/jsonSchema"},
            "outputSchema": {"$ref": "#/$defs/jsonSchema"}, "examples": {"type": "array"},
            "readOnly": {"type": "boolean"}, "destructive": {"type": "boolean"}, "idempotent": {"type": "boolean"},
            "openWorld": {"type": "boolean"}, "strict": {"type": "boolean"}
           }
          },
          "operation": {
           "type": "object",
           "properties": {
            "name": {"type": "string"}, "description": {"type": "string"},
            "inputSchema": {"$ref": "#/$defs/jsonSchema"}, "outputSchema": {"$ref": "#/$defs/jsonSchema"},
            "inputFormats": {"$ref": "#/$defs/texts"}, "input_formats": {"$ref": "#/$defs/texts"},
            "outputFormats": {"$ref": "#/$defs/texts"}, "output_formats": {"$ref": "#/$defs/texts"},
            "capabilities": {"$ref": "#/$defs/texts"}, "idempotent": {"type": "boolean"},
            "streams": {"type": "boolean"}, "readOnly": {"type": "boolean"}, "examples": {"type": "array"},
            "agentTypes": {"$ref": "#/$defs/texts"}
           }
          },
          "api": {
           "type": "object", "properties": {"endpoints": {"type": "array", "items": {"$ref": "#/$defs/endpoint"}}}
          },
          "endpoint": {
           "type": "object",
           "properties": {
            "method": {"enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]},
            "path": {"type": "string", "pattern": "^/[^ ?]*$"}, "summary": {"type": "string"},
            "description": {"type": "string"}, "bodySchema": {"$ref": "#/$defs/jsonSchema"},
            "querySchema": {"$ref": "#/$defs/jsonSchema"}, "parametersSchema": {"$ref": "#/$defs/jsonSchema"},
            "responseSchema": {"$ref": "#/$defs/jsonSchema"}, "middleware": {"$ref": "#/$defs/texts"},
            "rateLimit": {"$ref": "#/$defs/rateLimit"}, "maxBody": {"$ref": "#/$defs/size"},
            "public": {"type": "boolean"}, "streams": {"type": "boolean"}, "roles": {"$ref": "#/$defs/texts"},
            "permissions": {"$ref": "#/$defs/texts"}, "handler": {"type": "string", "description": "Ignored."},
            "validation": {"$ref": "#/$defs/endpointValidation"}, "auth": {"$ref": "#/$defs/endpointAuth"}
           },
           "required": ["method", "path"]
          },
          "endpointValidation": {
           "type": "object",
           "properties": {
            "body": {"$ref": "#/$defs/jsonSchema"}, "query": {"$ref": "#/$defs/jsonSchema"},
            "params": {"$ref": "#/$defs/jsonSchema"}
           }
          },
          "rateLimit": {
           "type": "object",
           "properties": {
            "requests": {"type": "integer", "minimum": 1},
            "window": {
             "description": "Seconds, or text such as \"1m\".",
             "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]
            }
           },
           "required": ["requests", "window"]
          },
          "endpointAuth": {
           "type": "object",
           "properties": {
            "required": {"type": "boolean"}, "roles": {"$ref": "#/$defs/texts"},
            "permissions": {"$ref": "#/$defs/texts"}
           }
          },
          "loading": {
           "type": "object",
           "properties": {
            "mode": {"enum": ["lazy", "eager"]}, "priority": {"$ref": "#/$defs/priority"},
            "handsOver": {
             "type": "boolean",
             "description": "Hands its state over to the build that takes its place. Calls wait while it does."
            },
            "hands_over": {"type": "boolean", "description": "Another spelling of handsOver."}
           }
          },
          "isolation": {"type": "object", "properties": {"tier": {"$ref": "#/$defs/tier"}}},
          "health": {
           "type": "object",
           "properties": {
            "interval": {"$ref": "#/$defs/duration"}, "timeout": {"$ref": "#/$defs/duration"},
            "failures": {
             "type": "integer", "minimum": 1, "maximum": 1000,
             "description": "Failed checks in a row, after which it counts as ill."
            }
           }
          },
          "dependencies": {
           "description": "Names with semver ranges in npm's grammar, or a list.",
           "anyOf": [
            {
             "type": "object",
             "additionalProperties": {
              "anyOf": [
               {"type": "string"},
               {
                "type": "object",
                "properties": {
                 "version": {"type": "string"}, "optional": {"type": "boolean"},
                 "kind": {"enum": ["plugin", "library"]}
                },
                "additionalProperties": false
               }
              ]
             }
            },
            {
             "type": "array",
             "items": {
              "anyOf": [
               {"type": "string"},
               {
                "type": "object",
                "properties": {
                 "name": {"type": "string"}, "version": {"type": "string"}, "optional": {"type": "boolean"},
                 "kind": {"enum": ["plugin", "library"]}
                },
                "required": ["name"], "additionalProperties": false
               }
              ]
             }
            }
           ]
          },
          "permissions": {
           "description": "What the plugin asks for: a list, or an object of kinds with their resources. Spellings of other hosts are read, too.",
           "anyOf": [
            {
             "type": "array",
             "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/request"}, {"$ref": "#/$defs/folder"}]}
            },
            {
             "type": "object",
             "properties": {
              "fs.read": {"$ref": "#/$defs/resources"}, "fs.write": {"$ref": "#/$defs/resources"},
              "net": {"$ref": "#/$defs/resources"}, "net.listen": {"$ref": "#/$defs/resources"},
              "env": {"$ref": "#/$defs/resources"}, "process.exec": {"$ref": "#/$defs/resources"},
              "device": {"$ref": "#/$defs/resources"}, "threads": {"$ref": "#/$defs/resources"},
              "jit": {"$ref": "#/$defs/resources"}, "service": {"$ref": "#/$defs/resources"},
              "message.subscribe": {"$ref": "#/$defs/resources"}, "message.publish": {"$ref": "#/$defs/resources"},
              "endpoint": {"$ref": "#/$defs/resources"}, "process.signal": {"$ref": "#/$defs/resources"},
              "env.write": {"$ref": "#/$defs/resources"}, "memory.shared": {"$ref": "#/$defs/resources"},
              "filesystem": {
               "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/folder"}]}},
                {
                 "type": "object",
                 "properties": {
                  "read": {"$ref": "#/$defs/resources"}, "write": {"$ref": "#/$defs/resources"},
                  "readwrite": {"$ref": "#/$defs/resources"}, "execute": {"$ref": "#/$defs/resources"}
                 },
                 "additionalProperties": false
                }
               ]
              },
              "network": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {
                  "outbound": {"$ref": "#/$defs/resources"}, "hosts": {"$ref": "#/$defs/resources"},
                  "http": {"$ref": "#/$defs/resources"}, "websocket": {"$ref": "#/$defs/resources"},
                  "raw": {"$ref": "#/$defs/resources"},
                  "inbound": {"anyOf": [{"$ref": "#/$defs/resources"}, {"$ref": "#/$defs/listener"}]}
                 },
                 "additionalProperties": false
                }
               ]
              },
              "usb": {"$ref": "#/$defs/devices"},
              "memory": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {
                  "shared": {"$ref": "#/$defs/resources"}, "vector": {"$ref": "#/$defs/resources"},
                  "max_heap_mb": {"$ref": "#/$defs/size"}, "max_workers": {"type": "integer", "minimum": 1}
                 },
                 "additionalProperties": false
                }
               ]
              },
              "database": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {
                  "read": {"$ref": "#/$defs/resources"}, "write": {"$ref": "#/$defs/resources"},
                  "execute": {"$ref": "#/$defs/resources"}
                 },
                 "additionalProperties": false
                }
               ]
              },
              "events": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {
                  "subscribe": {"$ref": "#/$defs/resources"}, "publish": {"$ref": "#/$defs/resources"}
                 },
                 "additionalProperties": false
                }
               ]
              },
              "api": {"$ref": "#/$defs/routes"},
              "process": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {
                  "spawn": {"$ref": "#/$defs/resources"}, "shell": {"$ref": "#/$defs/resources"},
                  "signal": {"$ref": "#/$defs/resources"}
                 },
                 "additionalProperties": false
                }
               ]
              },
              "environment": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {"read": {"$ref": "#/$defs/resources"}, "write": {"$ref": "#/$defs/resources"}},
                 "additionalProperties": false
                }
               ]
              },
              "system": {
               "anyOf": [
                {"$ref": "#/$defs/resources"},
                {
                 "type": "object",
                 "properties": {"info": {"$ref": "#/$defs/resources"}, "native": {"$ref": "#/$defs/resources"}},
                 "additionalProperties": false
                }
               ]
              },
              "permissions": {"$ref": "#/$defs/permissions"}, "required": {"$ref": "#/$defs/permissions"},
              "optional": {"$ref": "#/$defs/permissions"},
              "justifications": {"type": "object", "additionalProperties": {"type": "string"}},
              "allowedHosts": {"$ref": "#/$defs/texts"}, "allowedPaths": {"$ref": "#/$defs/texts"},
              "schemaVersion": {}
             },
             "patternProperties": {"^[a-z]+:[a-z]+$": {"type": "boolean"}}, "additionalProperties": false
            }
           ]
          },
          "request": {
           "type": "object",
           "properties": {
            "permission": {"type": "string", "description": "KIND or KIND:RESOURCE."}, "resource": {"type": "string"},
            "required": {"type": "boolean", "description": "Is it not loaded without? True unless said otherwise."},
            "why": {"type": "string", "description": "For the operator who decides."}
           },
           "required": ["permission"], "additionalProperties": false
          },
          "folder": {
           "type": "object",
           "properties": {"path": {"type": "string"}, "mode": {"enum": ["read", "write", "readwrite"]}},
           "required": ["path", "mode"], "additionalProperties": false
          },
          "listener": {
           "type": "object",
           "properties": {
            "port": {"type": "integer", "minimum": 1, "maximum": 65535}, "interface": {"enum": ["localhost", "all"]}
           },
           "required": ["port"], "additionalProperties": false
          },
          "devices": {
           "type": "object", "properties": {"vendor_ids": {"type": "array"}, "product_ids": {"type": "array"}},
           "required": ["vendor_ids"], "additionalProperties": false
          },
          "routes": {
           "type": "object",
           "properties": {
            "endpoints": {"type": "array", "items": {"type": "string"}}, "methods": {"$ref": "#/$defs/texts"}
           },
           "additionalProperties": false
          }
         }
        }

        """#
}
