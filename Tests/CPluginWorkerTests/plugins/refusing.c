/* A plugin whose entry refuses every SDK. */
#include <keyway/plugin.h>

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *table, uint32_t sdk, const kw_plugin **out)
{
    (void)table, (void)sdk, (void)out;
    return KW_SDK_MISMATCH;
}
