/* One instance: its repositories, the lock that operations take, and how they get at a repository. */
#ifndef FLAT_VECTORS_INSTANCE_H
#define FLAT_VECTORS_INSTANCE_H

#include <pthread.h>
#include <stdbool.h>

#include <keyway/plugin.h>

#include "repository.h"
#include "scan.h"
#include "store.h"

struct kw_instance {
    const kw_host *host;
    pthread_rwlock_t lock;    /* guards repositories and all that is in them */
    store store;
    repository **repositories;
    uint32_t count, room;
    uint64_t seed;
    const scan_kernels *kernels;
};

/* What an operation holds. `repository` is NULL if there is none of that name. */
typedef struct repository_access {
    kw_instance *instance;
    repository *repository;
    bool exclusive;
} repository_access;

/* Looks a repository up for reading, beside other readers, after loading what is new in its file. An access that was
 * begun, with KW_OK, is ended once. KW_INVALID_ARGUMENT for a bad name. */
kw_status access_read(kw_instance *instance, kw_call *call, kw_str name, repository_access *out);
/* The same, alone. An empty name looks nothing up. */
kw_status access_write(kw_instance *instance, kw_call *call, kw_str name, repository_access *out);
/* Alone too, and the file is not looked at: `repository` is what memory holds of it, however old. For an operation that
 * must not depend on what is in the file. KW_ALREADY_EXISTS if memory holds another repository of the same file. */
kw_status access_unread(kw_instance *instance, kw_call *call, kw_str name, repository_access *out);
void access_end(repository_access *a);

/* Both with write access. instance_add takes the repository over, also when it fails. */
kw_status instance_add(kw_instance *instance, kw_call *call, repository *r);
void instance_drop(kw_instance *instance, repository *r);
/* Loads every repository of the folder. */
kw_status instance_load_all(kw_instance *instance, kw_call *call);

#endif
