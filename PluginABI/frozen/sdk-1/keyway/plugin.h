/* keyway/plugin.h - the Keyway plugin ABI, generation 1, SDK 1 (candidate until release 0.1.0).
 *
 * Include this. A plugin is one shared object that exports one symbol, kw_plugin_entry_1, and carries ELF notes that say
 * what it is (notes.h), so that a host can decide about it without running a byte of it. author.h has conveniences for
 * plugins in C and C++.
 */
#ifndef KEYWAY_PLUGIN_H
#define KEYWAY_PLUGIN_H

#include "content.h"
#include "core.h"
#include "embedder.h"
#include "endpoints.h"
#include "functions.h"
#include "hooks.h"
#include "host.h"
#include "messages.h"
#include "notes.h"
#include "operations.h"
#include "provider.h"
#include "services.h"
#include "tool_executor.h"
#include "tools.h"
#include "vector_backend.h"
#include "version.h"

#include "layout.h" /* generated: the proof that this compiler lays everything out as all others do */

#endif
