/* raw_host.h - a host in plain C that checks nothing: the baseline of every ratio.
 *
 * What it leaves out is what Keyway adds: verification, sealed images, misuse of calls, cancellation, events from other
 * threads, leases. The same loops also run over Keyway's C call engine without any Swift, to tell the two apart.
 * Everything here is for one thread.
 */
#ifndef RAW_HOST_H
#define RAW_HOST_H

#include <stdint.h>

typedef struct raw_plugin raw_plugin;

/* Which calls a loop makes: the minimal ones of this host, or those of CPluginCall. */
typedef enum raw_engine { RAW_ENGINE_MINIMAL, RAW_ENGINE_KEYWAY } raw_engine;

/* dlopen, entry, create with an empty configuration. NULL: *problem says why, as static text or until the next
 * dlopen. */
raw_plugin *raw_open(const char *path, const char **problem);

/* Destroys the instance. The code stays mapped, as it does in Keyway. */
void raw_close(raw_plugin *plugin);

/* Nanoseconds that `count` embed calls of one text into one row took; negative: a status, of the call that failed. */
int64_t raw_embed(raw_plugin *plugin, raw_engine engine, const char *text, uint64_t length, uint32_t dims,
                  uint64_t count);

/* Nanoseconds that one stream call took which emitted `deltas` text events to a C function; negative: a status. */
int64_t raw_stream(raw_plugin *plugin, raw_engine engine, uint64_t deltas);

/* Nanoseconds of dlopen and dlsym of the entry symbol; negative: refused. The library stays open. */
int64_t raw_load(const char *path);

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t raw_now_ns(void);

/* Copies a file to a path where there must be none, so that the copy is a file of its own. 0, or an errno. */
int raw_copy_file(const char *from, const char *to);

#endif
