/* CPluginClosures - tables of interfaces that were described at run time: every slot a function that is made at run time, too.
 *
 * What kwm_interface_stubs is for the interfaces of this build, by libffi. A module of its own, because making functions takes
 * executable memory that the program writes: hosts may do that, and keyway-worker neither does nor links it.
 */
#ifndef CPLUGINCLOSURES_H
#define CPLUGINCLOSURES_H

#include <CPluginMarshal.h>

typedef struct kwf_table kwf_table;

/* Makes a table of interface->table_size bytes whose operations hand over to kwm_forward, all of them now; NULL where bit i of
 * present is not set, or the interface has no operation in slot i. The interface outlives it.
 * KW_RESOURCE_EXHAUSTED: no memory is left; KW_UNAVAILABLE: the system has no executable memory for this process. */
kw_status kwf_make(const kwm_interface *interface, uint64_t present, kwf_table **table);

/* Frees it; none of its functions runs, or is called again. table may be NULL. */
void kwf_free(kwf_table *table);

/* The table itself, which begins with kw_hdr: the type of its interface's header. Valid until kwf_free. */
const void *kwf_pointer(const kwf_table *table);

#endif
