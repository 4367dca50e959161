#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "file_name.h"
#include "instance.h"
#include "json.h"
#include "log_file.h"

static repository *find(const kw_instance *instance, kw_str name)
{
    for (uint32_t i = 0; i < instance->count; i++)
        if (kw_equal(repository_name(instance->repositories[i]), name))
            return instance->repositories[i];
    return NULL;
}

kw_status instance_add(kw_instance *instance, kw_call *call, repository *r)
{
    if (instance->count == instance->room) {
        uint32_t room = instance->room * 2 + 8;
        repository **list = realloc(instance->repositories, (size_t)room * sizeof(repository *));
        if (list == NULL) {
            repository_free(r);
            return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for one more repository");
        }
        instance->repositories = list;
        instance->room = room;
    }
    instance->repositories[instance->count++] = r;
    return KW_OK;
}

void instance_drop(kw_instance *instance, repository *r)
{
    for (uint32_t i = 0; i < instance->count; i++)
        if (instance->repositories[i] == r) {
            instance->repositories[i] = instance->repositories[--instance->count];
            repository_free(r);
            return;
        }
}

/* Brings what memory holds of one file up to date; *out is NULL if there is no such file. */
static kw_status refresh(kw_instance *instance, kw_call *call, const char *file, repository *known, repository **out)
{
    kw_status status;
    *out = known;
    if (known != NULL && log_is_current(&instance->store, known))
        return KW_OK;
    if (known != NULL && log_is_same(&instance->store, known)) {
        status = log_read_on(&instance->store, call, known);
        if (status != KW_OK) {
            /* Records before the bad one have been applied; the next operation starts from the file again. */
            instance_drop(instance, known);
            *out = NULL;
        }
        return status;
    }
    if (known != NULL)
        instance_drop(instance, known); /* compacted, dropped or made anew by another process */
    status = log_open(&instance->store, call, file, instance->seed, out);
    if (status == KW_OK && *out != NULL)
        status = instance_add(instance, call, *out);
    return status;
}

static kw_status check_name(kw_call *call, kw_str name)
{
    if (name.ptr == NULL || name.len == 0 || name.len > REPOSITORY_MAX_NAME
        || !json_is_utf8(name.ptr, (size_t)name.len))
        return call_error(call, KW_INVALID_ARGUMENT, "repo must be 1-200 bytes of UTF-8, and is %llu bytes",
                          (unsigned long long)name.len);
    return KW_OK;
}

/* The call's deadline bounds the wait for other operations of this process. */
static kw_status lock_instance(kw_instance *instance, kw_call *call, bool exclusive)
{
    int failure;
    if (call->deadline_ns > 0) {
        struct timespec until = { .tv_sec = call->deadline_ns / 1000000000, .tv_nsec = call->deadline_ns % 1000000000 };
        failure = exclusive ? pthread_rwlock_clockwrlock(&instance->lock, CLOCK_MONOTONIC, &until)
                            : pthread_rwlock_clockrdlock(&instance->lock, CLOCK_MONOTONIC, &until);
    } else {
        failure = exclusive ? pthread_rwlock_wrlock(&instance->lock) : pthread_rwlock_rdlock(&instance->lock);
    }
    if (failure == ETIMEDOUT)
        return call_error(call, KW_DEADLINE_EXCEEDED, "the deadline passed while other operations held the instance");
    if (failure != 0)
        return call_error(call, KW_UNAVAILABLE, "the instance cannot be locked: %s", strerror(failure));
    return KW_OK;
}

void access_end(repository_access *a)
{
    if (a->exclusive)
        store_unlock_exclusive(&a->instance->store);
    else
        store_unlock_shared(&a->instance->store);
    pthread_rwlock_unlock(&a->instance->lock);
}

static kw_status begin_alone(kw_instance *instance, kw_call *call, repository_access *out)
{
    *out = (repository_access) { .instance = instance, .exclusive = true };
    kw_status status = lock_instance(instance, call, true);
    if (status != KW_OK)
        return status;
    status = store_lock_exclusive(&instance->store, call);
    if (status != KW_OK)
        pthread_rwlock_unlock(&instance->lock);
    return status;
}

static kw_status name_taken(kw_call *call, kw_str name, const repository *by)
{
    return call_error(call, KW_ALREADY_EXISTS, "repository %.*s has the file name of repository %.*s; choose another "
                      "name", CALL_TEXT(name), CALL_TEXT(repository_name(by)));
}

kw_status access_unread(kw_instance *instance, kw_call *call, kw_str name, repository_access *out)
{
    char wanted[FILE_NAME_SIZE], file[FILE_NAME_SIZE];
    kw_status status = check_name(call, name);
    if (status != KW_OK || (status = begin_alone(instance, call, out)) != KW_OK)
        return status;
    out->repository = find(instance, name);
    file_name_of(name, wanted);
    for (uint32_t i = 0; out->repository == NULL && instance->store.folder >= 0 && i < instance->count; i++) {
        const repository *other = instance->repositories[i];
        file_name_of(repository_name(other), file);
        if (strcmp(file, wanted) == 0 && log_is_same(&instance->store, other)) {
            status = name_taken(call, name, other);
            access_end(out);
            return status;
        }
    }
    return KW_OK;
}

kw_status access_write(kw_instance *instance, kw_call *call, kw_str name, repository_access *out)
{
    kw_status status = name.len == 0 ? KW_OK : check_name(call, name);
    if (status != KW_OK || (status = begin_alone(instance, call, out)) != KW_OK)
        return status;
    if (name.len > 0) {
        out->repository = find(instance, name);
        if (instance->store.folder >= 0) {
            char file[FILE_NAME_SIZE];
            file_name_of(name, file);
            status = refresh(instance, call, file, out->repository, &out->repository);
        }
    }
    if (status == KW_OK && out->repository != NULL && !kw_equal(repository_name(out->repository), name))
        status = name_taken(call, name, out->repository);
    if (status != KW_OK)
        access_end(out);
    return status;
}

kw_status access_read(kw_instance *instance, kw_call *call, kw_str name, repository_access *out)
{
    *out = (repository_access) { .instance = instance };
    kw_status status = check_name(call, name);
    if (status != KW_OK || (status = lock_instance(instance, call, false)) != KW_OK)
        return status;
    status = store_lock_shared(&instance->store, call);
    if (status != KW_OK) {
        pthread_rwlock_unlock(&instance->lock);
        return status;
    }
    out->repository = find(instance, name);
    if (instance->store.folder < 0 || (out->repository != NULL && log_is_current(&instance->store, out->repository)))
        return KW_OK;
    /* Loading changes memory and may cut an unfinished record off, so it is done alone. A read lock cannot be raised;
     * what follows holds for a first use and after another process wrote, and the operation then stays alone. */
    access_end(out);
    return access_write(instance, call, name, out);
}

kw_status instance_load_all(kw_instance *instance, kw_call *call)
{
    size_t suffix = strlen(FILE_NAME_SUFFIX);
    kw_status status = KW_OK;
    if (instance->store.folder < 0)
        return KW_OK;
    /* What another process has dropped must not be reported. */
    for (uint32_t i = instance->count; i-- > 0;)
        if (!log_is_same(&instance->store, instance->repositories[i]))
            instance_drop(instance, instance->repositories[i]);
    int copy = dup(instance->store.folder);
    DIR *folder = copy < 0 ? NULL : fdopendir(copy);
    if (folder == NULL) {
        int number = errno;
        if (copy >= 0)
            close(copy);
        return call_error(call, call_errno_status(number), "cannot list %s: %s", instance->store.path,
                          strerror(number));
    }
    rewinddir(folder); /* the position is shared with earlier listings */
    for (struct dirent *entry; status == KW_OK && (entry = readdir(folder)) != NULL;) {
        size_t length = strlen(entry->d_name);
        repository *known = NULL;
        if (length <= suffix || length >= FILE_NAME_SIZE
            || strcmp(entry->d_name + length - suffix, FILE_NAME_SUFFIX) != 0)
            continue;
        for (uint32_t i = 0; i < instance->count && known == NULL; i++) {
            char file[FILE_NAME_SIZE];
            file_name_of(repository_name(instance->repositories[i]), file);
            if (strcmp(file, entry->d_name) == 0)
                known = instance->repositories[i];
        }
        status = refresh(instance, call, entry->d_name, known, &known);
    }
    closedir(folder);
    return status;
}
