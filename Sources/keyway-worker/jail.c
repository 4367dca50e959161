/* What this process may do: the host's wishes, and the kernel told of them. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(KWS_MECHANISM_COUNT <= KWW_MECHANISM_LIMIT, "kww_sandbox has room for every mechanism");

/* Filters that were compiled, by what they allow: there are few of them, and they take two milliseconds each. */
static int compile(uint32_t may, kws_compiled *compiled)
{
    static kws_compiled known[KWS_MAY_ALL + 1];
    if (may > KWS_MAY_ALL)
        return EINVAL;
    if (known[may].stage[0].instructions == NULL) {
        int error = kws_compile(may, KWS_NATIVE, &known[may]);
        if (error != 0)
            return error;
    }
    *compiled = known[may];
    return 0;
}

int prepare_sandbox(job *job)
{
    const kww_sandbox *said = &job->sandbox;
    kws_policy *policy = &job->policy;
    if (!said->is_used)
        return 0;
    if (said->grants > KWW_GRANT_LIMIT || memchr(said->runtime_folder, 0, sizeof said->runtime_folder) == NULL)
        return EINVAL;
    kws_policy_make(policy);
    policy->may = said->may;
    policy->is_heard = said->is_heard;
    memcpy(policy->wanted, said->wanted, sizeof policy->wanted);
    /* Nothing to limit, nothing to make. */
    if (job->spawn.memory == 0)
        policy->wanted[KWS_MEMORY_GROUP] = KWS_NO;
    policy->uid = said->uid;
    policy->gid = said->gid;
    policy->runtime_folder = said->runtime_folder[0] != '\0' ? said->runtime_folder : NULL;
    policy->limits = (kws_limits){
        .memory = job->spawn.memory,
        .descriptors = job->spawn.open_files,
        .file_size = said->file_size,
        .processes = said->processes,
        .cpu_seconds = said->cpu_seconds,
        .group_memory = group_memory(job->spawn.lanes, job->spawn.memory),
    };
    return compile(said->may, &job->compiled);
}

static const char *explain(const kws_report *report)
{
    static char text[256];
    uint32_t failed = report->failed >= 0 ? (uint32_t)report->failed : 0;
    const kws_outcome *outcome = &report->outcome[failed];
    const char *name = kws_mechanism_name(failed);
    snprintf(text, sizeof text, "%s: %s%s%s", name != NULL ? name : "sandbox", outcome->why,
             outcome->error != 0 ? ", " : "", outcome->error != 0 ? strerror(outcome->error) : "");
    return text;
}

static int thread_states = -1;

/* Before the C library's, for whatever is loaded here: libdispatch ends the process if it cannot read how its own threads are,
 * and /proc is shut. */
int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    int file = openat(AT_FDCWD, path, flags, mode);
    return file >= 0 || (errno != EACCES && errno != ENOENT) ? file : kws_open_thread_state(thread_states, path);
}

const char *enter_sandbox(job *job, int first)
{
    kws_grant grants[KWW_GRANT_LIMIT];
    if (!job->sandbox.is_used)
        return NULL;
    uint32_t count = job->sandbox.grants;
    for (uint32_t i = 0; i < count; i++)
        grants[i] = (kws_grant){ .descriptor = first + (int)i, .access = job->sandbox.access[i] };
    job->policy.grants = grants;
    job->policy.grant_count = count;
    int result = kws_enter(&job->policy, &job->compiled, &job->report);
    for (uint32_t i = 0; i < count; i++)
        close(first + (int)i);
    if (result != 0)
        return explain(&job->report);
    thread_states = job->report.threads;
    if (job->sandbox.has_broker)
        use_broker();
    send_report(&job->report);
    /* The host has them. If it has not, what is refused fails with ENOSYS. */
    if (job->report.listener >= 0)
        close(job->report.listener);
    if (job->report.memory >= 0)
        close(job->report.memory);
    job->report.listener = job->report.memory = -1;
    return NULL;
}

const char *seal_sandbox(job *job)
{
    if (!job->sandbox.is_used)
        return NULL;
    if (kws_seal(&job->policy, &job->compiled, &job->report) != 0)
        return explain(&job->report);
    send_report(&job->report);
    return NULL;
}
