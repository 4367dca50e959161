/* The data folder: opened once, and locked across processes for the length of an operation.
 *
 * Several processes may use one folder at the same time. Each operation holds flock() on `.lock` (shared to read,
 * exclusive to change) only while it runs, and checks first whether files have changed since it looked last. A process
 * that ends in any way gives its lock back. */
#ifndef FLAT_VECTORS_STORE_H
#define FLAT_VECTORS_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <keyway/plugin.h>

typedef struct store {
    int folder;            /* -1: no folder, everything is in memory only */
    int lock;
    char *path;            /* for messages */
    uint32_t lock_wait_ms; /* how long an operation waits for another process */
    uint64_t verify_up_to; /* bytes: a file that is not longer is checked whole when it is opened */
    const kw_host *host;
    pthread_mutex_t mutex; /* guards readers */
    uint32_t readers;      /* operations of this process that share the one flock() */
} store;

/* Opens (and makes, if its parent exists) the folder. An empty data_dir opens nothing. */
kw_status store_open(store *s, kw_call *call, const kw_host *host, kw_str data_dir, uint32_t lock_wait_ms,
                     uint64_t verify_up_to);
void store_close(store *s);

/* KW_UNAVAILABLE when another process kept the folder for lock_wait_ms; KW_DEADLINE_EXCEEDED and KW_CANCELLED as the
 * call says. The exclusive form is for holders of the instance's write lock, so no reader of this process is inside. */
kw_status store_lock_shared(store *s, kw_call *call);
kw_status store_lock_exclusive(store *s, kw_call *call);
void store_unlock_shared(store *s);
void store_unlock_exclusive(store *s);

/* Makes a new or renamed directory entry durable. */
bool store_sync_folder(store *s);
void store_log(const store *s, uint32_t level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
