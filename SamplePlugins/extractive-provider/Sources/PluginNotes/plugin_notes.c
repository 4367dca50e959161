/* extractive-provider: what a host knows of the file before any of it runs. Equal to ExtractiveProvider.description. */
#include <keyway/plugin.h>

#include "plugin_notes.h"

KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT, KW_LANG_SWIFT);
KW_NOTE_MANIFEST(
    "{\"id\":\"extractive-provider\",\"name\":\"extractive-provider\",\"version\":\"0.1.0\",\"type\":\"provider\","
    "\"description\":\"Answers without a model: quotes the sentences of the given passages that answer a question\","
    "\"license\":\"Apache-2.0\",\"sdk\":{\"minVersion\":1,\"maxVersion\":1},\"interfaces\":[\"keyway.provider/1\"],"
    "\"configSchema\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"maxSentences\":{"
    "\"type\":\"integer\",\"minimum\":1,\"maximum\":10,\"default\":4,"
    "\"description\":\"sentences that one answer quotes at most\"}}}}");
KW_NOTE_IFACE(provider, KW_PROVIDER_ID);
KW_NOTE_BUILD("swift=6.3;stdlib=dynamic");
