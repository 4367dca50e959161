#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <keyway/author.h>
#include "call_error.h"
#include "instance.h"
#include "log_file.h"
#include "operations.h"

kw_status flat_flush(kw_instance *self, kw_call *call, const kw_flush_in *input) KW_NOEXCEPT
{
    kw_flush_in in;
    repository_access a;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "flush needs the name of a repository");
    if (in.flags & ~(uint64_t)KW_FLUSH_COMPACT)
        return call_error(call, KW_UNIMPLEMENTED, "flush knows one flag, compact (1); flags is 0x%llx",
                          (unsigned long long)in.flags);
    bool compact = (in.flags & KW_FLUSH_COMPACT) != 0;
    kw_status status = compact ? access_write(self, call, in.repo, &a) : access_read(self, call, in.repo, &a);
    if (status != KW_OK)
        return status;
    if (a.repository == NULL)
        status = no_repository(call, in.repo);
    else
        status = compact ? log_compact(&self->store, call, a.repository) : log_flush(&self->store, call, a.repository);
    if (status == KW_OK) {
        kw_none out = { .h = KW_HDR(kw_none) };
        status = KW_REPLY(call, &out);
    }
    access_end(&a);
    return status;
}

kw_status flat_snapshot(kw_instance *self, kw_call *call, const kw_snapshot_in *input) KW_NOEXCEPT
{
    kw_snapshot_in in;
    repository_access a;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "snapshot needs the name of a repository");
    if (in.flags != 0)
        return call_error(call, KW_UNIMPLEMENTED, "snapshot knows no flags; flags is 0x%llx",
                          (unsigned long long)in.flags);
    kw_status status = access_read(self, call, in.repo, &a);
    if (status != KW_OK)
        return status;
    status = a.repository == NULL ? no_repository(call, in.repo)
                                  : log_snapshot(&self->store, call, a.repository, in.path);
    if (status == KW_OK) {
        kw_none out = { .h = KW_HDR(kw_none) };
        status = KW_REPLY(call, &out);
    }
    access_end(&a);
    return status;
}

/* Is there anything of this name? And what is the version that a new one must go beyond, as far as it can be read? */
static kw_status look(kw_instance *self, kw_call *call, const repository_access *a, kw_str name, bool *exists,
                      uint64_t *version)
{
    struct stat info;
    char file[FILE_NAME_SIZE];
    repository *old = NULL;
    *exists = a->repository != NULL;
    *version = a->repository != NULL ? a->repository->version : 0;
    if (self->store.folder < 0)
        return KW_OK;
    file_name_of(name, file);
    *exists = fstatat(self->store.folder, file, &info, AT_SYMLINK_NOFOLLOW) == 0;
    /* It may be damaged, and replacing it is then the cure: nobody is told. */
    if (!*exists || log_open(&self->store, NULL, file, self->seed, &old) != KW_OK || old == NULL)
        return KW_OK;
    bool same = kw_equal(repository_name(old), name) != 0;
    if (old->version > *version)
        *version = old->version;
    repository_free(old);
    return same ? KW_OK
                : call_error(call, KW_ALREADY_EXISTS, "another repository has the file name of %.*s; choose another name",
                             CALL_TEXT(name));
}

kw_status flat_restore(kw_instance *self, kw_call *call, const kw_snapshot_in *input) KW_NOEXCEPT
{
    kw_snapshot_in in;
    repository_access a;
    repository *restored = NULL;
    kw_repo_info out;
    bool exists;
    uint64_t version;
    if (!kw_read(&in, input) || in.repo.len == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "restore needs the name of a repository");
    if (in.flags & ~(uint64_t)KW_RESTORE_REPLACE)
        return call_error(call, KW_UNIMPLEMENTED, "restore knows one flag, replace (1); flags is 0x%llx",
                          (unsigned long long)in.flags);
    kw_status status = access_unread(self, call, in.repo, &a);
    if (status != KW_OK)
        return status;
    status = look(self, call, &a, in.repo, &exists, &version);
    if (status == KW_OK && exists && !(in.flags & KW_RESTORE_REPLACE))
        status = call_error(call, KW_ALREADY_EXISTS, "there is a repository %.*s; wipe it, or restore with the flag "
                            "replace (1)", CALL_TEXT(in.repo));
    if (status == KW_OK)
        status = log_restore(&self->store, call, in.path, in.repo, self->seed, version, &restored);
    if (status == KW_OK) {
        instance_drop(self, a.repository);
        status = instance_add(self, call, restored);
    }
    if (status == KW_OK && (status = describe_repository(call, restored, &out)) == KW_OK)
        status = KW_REPLY(call, &out);
    access_end(&a);
    return status;
}
