internal import PluginABI
package import PluginCore

extension EmbedTask {
    package var number: UInt32 {
        switch self {
        case .unspecified: UInt32(KW_TASK_UNSPECIFIED)
        case .query: UInt32(KW_TASK_QUERY)
        case .document: UInt32(KW_TASK_DOCUMENT)
        case .similarity: UInt32(KW_TASK_SIMILARITY)
        case .classification: UInt32(KW_TASK_CLASSIFICATION)
        case .clustering: UInt32(KW_TASK_CLUSTERING)
        case .code: UInt32(KW_TASK_CODE)
        }
    }
}

extension EmbedRequest.Truncation {
    package var number: UInt32 {
        switch self {
        case .end: UInt32(KW_TRUNCATE_END)
        case .start: UInt32(KW_TRUNCATE_START)
        case .error: UInt32(KW_TRUNCATE_ERROR)
        }
    }
}
