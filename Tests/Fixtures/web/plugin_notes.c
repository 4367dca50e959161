/* What a host reads before it runs anything. */
#include <keyway/plugin.h>

KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT, KW_LANG_SWIFT);
KW_NOTE_MANIFEST("{\"id\":\"web\",\"version\":\"1.0.0\",\"type\":\"embedder\",\"permissions\":[\"net\",\"threads\"]}");
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
