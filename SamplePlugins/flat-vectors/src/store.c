#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"

void store_log(const store *s, uint32_t level, const char *format, ...)
{
    static const kw_str component = KW_STR("flat-vectors"), none = { NULL, 0 };
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    s->host->log(s->host, level, component, kw_string(text), none);
}

kw_status store_open(store *s, kw_call *call, const kw_host *host, kw_str data_dir, uint32_t lock_wait_ms,
                     uint64_t verify_up_to)
{
    *s = (store) { .folder = -1, .lock = -1, .lock_wait_ms = lock_wait_ms, .verify_up_to = verify_up_to, .host = host };
    pthread_mutex_init(&s->mutex, NULL);
    if (data_dir.len == 0)
        return KW_OK;
    if (data_dir.len > 4000 || memchr(data_dir.ptr, '\0', (size_t)data_dir.len) != NULL)
        return call_error(call, KW_INVALID_ARGUMENT, "data_dir is not a path: too long, or a zero byte in it");
    s->path = strndup(data_dir.ptr, (size_t)data_dir.len);
    if (s->path == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory to open the data folder");
    if (mkdir(s->path, 0700) != 0 && errno != EEXIST)
        return call_error(call, call_errno_status(errno), "cannot make the data folder %s: %s", s->path,
                          strerror(errno));
    s->folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0)
        return call_error(call, call_errno_status(errno), "cannot open the data folder %s: %s", s->path,
                          strerror(errno));
    s->lock = openat(s->folder, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return call_error(call, call_errno_status(errno), "cannot open %s/.lock: %s", s->path, strerror(errno));
    return KW_OK;
}

void store_close(store *s)
{
    if (s->lock >= 0)
        close(s->lock);
    if (s->folder >= 0)
        close(s->folder);
    free(s->path);
    pthread_mutex_destroy(&s->mutex);
}

/* flock() knows no time limit and tells no descriptor when it could be had, so the wait is a series of attempts;
 * between them the thread waits on the call's cancel descriptor. */
static kw_status lock_folder(store *s, kw_call *call, int how)
{
    int64_t begin = s->host->now_ns(s->host), limit = (int64_t)s->lock_wait_ms * 1000000;
    int pause_ms = 1;
    struct pollfd cancel = { .fd = -1, .events = POLLIN };
    while (flock(s->lock, how | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return call_error(call, call_errno_status(errno), "cannot lock %s/.lock: %s", s->path, strerror(errno));
        int64_t now = s->host->now_ns(s->host);
        if (kw_cancelled(call))
            return call_error(call, KW_CANCELLED, "cancelled while waiting for the lock of %s", s->path);
        if (call->deadline_ns != 0 && now >= call->deadline_ns)
            return call_error(call, KW_DEADLINE_EXCEEDED, "the deadline passed while another process held the lock "
                              "of %s", s->path);
        if (now - begin >= limit)
            return call_error(call, KW_UNAVAILABLE, "another process has held the lock of %s for %u ms; try again, or "
                              "raise lockWaitMs", s->path, s->lock_wait_ms);
        if (cancel.fd < 0)
            cancel.fd = call->api->cancel_fd(call);
        (void)poll(&cancel, 1, pause_ms);
        pause_ms = pause_ms < 32 ? pause_ms * 2 : 32;
    }
    return KW_OK;
}

kw_status store_lock_shared(store *s, kw_call *call)
{
    kw_status status = KW_OK;
    if (s->folder < 0)
        return KW_OK;
    pthread_mutex_lock(&s->mutex);
    if (s->readers == 0)
        status = lock_folder(s, call, LOCK_SH);
    if (status == KW_OK)
        s->readers++;
    pthread_mutex_unlock(&s->mutex);
    return status;
}

kw_status store_lock_exclusive(store *s, kw_call *call)
{
    return s->folder < 0 ? KW_OK : lock_folder(s, call, LOCK_EX);
}

void store_unlock_shared(store *s)
{
    if (s->folder < 0)
        return;
    pthread_mutex_lock(&s->mutex);
    if (--s->readers == 0)
        flock(s->lock, LOCK_UN);
    pthread_mutex_unlock(&s->mutex);
}

void store_unlock_exclusive(store *s)
{
    if (s->folder >= 0)
        flock(s->lock, LOCK_UN);
}

bool store_sync_folder(store *s)
{
    return fsync(s->folder) == 0;
}
