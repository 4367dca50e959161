/* A plugin from its file, for tests that see what a host sees: one in another language, or built by somebody else.
 *
 *     static test_host host;
 *     test_host_init(&host);
 *     const kw_plugin *plugin = test_image_open("caesar-tools.so", &host);
 *     const kw_tools *tools = test_image_interface(plugin, KW_TOOLS_ID);
 *
 * Compile it together with host.c. Without the checks of a real host: `keyway inspect` has those.
 */
#ifndef KEYWAY_TESTING_IMAGE_H
#define KEYWAY_TESTING_IMAGE_H

#include "host.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* The table that the entry gives out; it and the code stay until the program ends. NULL, after a sentence on stderr: the
 * linker refuses the file, it has no entry, or the entry refuses SDK KW_SDK. */
const kw_plugin *test_image_open(const char *path, const test_host *host);
/* The operations of an interface, or NULL: the plugin does not offer it. */
const void *test_image_interface(const kw_plugin *plugin, const char *id);

#if defined(__cplusplus)
}
#endif
#endif
