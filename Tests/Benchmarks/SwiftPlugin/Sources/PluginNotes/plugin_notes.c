#include <keyway/plugin.h>

#include "plugin_notes.h"

KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT, KW_LANG_SWIFT);
KW_NOTE_MANIFEST("{\"id\":\"bench-swift\",\"version\":\"0.1.0\",\"type\":\"embedder\"}");
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
KW_NOTE_IFACE(provider, KW_PROVIDER_ID);
