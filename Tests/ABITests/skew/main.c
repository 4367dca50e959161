/* One cell of the matrix: this host, built against one SDK, and a plugin built against one.
 *
 *     skew PLUGIN.so PLUGIN_SDK
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: skew PLUGIN.so PLUGIN_SDK\n");
        return 2;
    }
    uint32_t plugin_sdk = (uint32_t)strtoul(argv[2], NULL, 10);
    loaded l = { .padding = 0 };
    host_load(&l, argv[1]);
    CHECK(l.sdk_built == plugin_sdk);
    CHECK(l.negotiated == (plugin_sdk < KW_SDK ? plugin_sdk : KW_SDK));
    CHECK(l.added_by_create == FROM_PLUGIN(&l, ADDED_BY_PLUGIN));
    inputs_free();
    /* Also with elements further apart than either side's structs are long. */
    for (l.padding = 0; l.padding <= 24; l.padding += 24) {
        test_embedder(&l);
        test_provider(&l);
        test_vector_backend(&l);
        test_tool_executor(&l);
        inputs_free();
    }
    host_destroy(&l);
    inputs_free();
    printf("host SDK %u, plugin SDK %u: %lu passed, %lu failed\n", KW_SDK, plugin_sdk, checks_passed, checks_failed);
    return checks_failed == 0 ? 0 : 1;
}
