#ifndef RAW_PLUGIN_H
#define RAW_PLUGIN_H

#include "raw_call.h"
#include "raw_host.h"

#define RAW_MAX_DIMS 4096u

struct raw_plugin {
    const kw_plugin *table;
    kw_instance *instance;
    const kw_embedder *embedder; /* NULL if it has none */
    const kw_provider *provider;
    raw_call call;
    _Alignas(64) float row[RAW_MAX_DIMS];
};

#endif
