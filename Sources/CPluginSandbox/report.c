/* What became of each mechanism. */
#include "sandbox.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[KWS_MECHANISM_COUNT] = {
    [KWS_FILES] = "landlock.files",
    [KWS_PORTS] = "landlock.ports",
    [KWS_SIGNALS] = "landlock.signals",
    [KWS_ABSTRACT] = "landlock.abstract-sockets",
    [KWS_USER_SPACE] = "namespace.user",
    [KWS_NETWORK_SPACE] = "namespace.network",
    [KWS_PROCESS_SPACE] = "namespace.pid",
    [KWS_MOUNT_SPACE] = "namespace.mount",
    [KWS_IPC_SPACE] = "namespace.ipc",
    [KWS_NAME_SPACE] = "namespace.uts",
    [KWS_IDENTITY] = "identity",
    [KWS_CAPABILITIES] = "capabilities",
    [KWS_MEMORY] = "limit.memory",
    [KWS_DESCRIPTORS] = "limit.descriptors",
    [KWS_FILE_SIZE] = "limit.file-size",
    [KWS_PROCESSES] = "limit.processes",
    [KWS_CPU] = "limit.cpu",
    [KWS_NO_NEW_PRIVILEGES] = "no-new-privileges",
    [KWS_FILTER] = "seccomp.filter",
    [KWS_SEAL] = "seccomp.seal",
    [KWS_WRITE_XOR_EXECUTE] = "mdwe",
    [KWS_MEMORY_GROUP] = "cgroup.memory",
    [KWS_PROCESS_GROUP] = "cgroup.pids",
};

const char *kws_mechanism_name(uint32_t mechanism)
{
    return mechanism < KWS_MECHANISM_COUNT ? names[mechanism] : NULL;
}

int kws_is_wanted(const kws_policy *policy, uint32_t mechanism)
{
    return policy->wanted[mechanism] != KWS_NO;
}

int kws_is_required(const kws_policy *policy, uint32_t mechanism)
{
    return policy->wanted[mechanism] == KWS_REQUIRED;
}

static void note_arguments(kws_report *report, uint32_t mechanism, uint32_t state, int error, const char *format,
                           va_list arguments)
{
    kws_outcome *outcome = &report->outcome[mechanism];
    outcome->state = state;
    outcome->error = error;
    vsnprintf(outcome->why, sizeof outcome->why, format, arguments);
}

void kws_note(kws_report *report, uint32_t mechanism, uint32_t state, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note_arguments(report, mechanism, state, error, format, arguments);
    va_end(arguments);
}

int kws_do_without(const kws_policy *policy, kws_report *report, uint32_t mechanism, uint32_t state, int error,
                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note_arguments(report, mechanism, state, error, format, arguments);
    va_end(arguments);
    if (!kws_is_required(policy, mechanism))
        return 0;
    report->failed = (int32_t)mechanism;
    return -1;
}

int kws_stop(kws_report *report, uint32_t mechanism, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note_arguments(report, mechanism, KWS_NOT_ENFORCED, error, format, arguments);
    va_end(arguments);
    report->failed = (int32_t)mechanism;
    return -1;
}
