/* What went wrong between host and worker: one fault a thread, for the caller to take. */
#define _GNU_SOURCE
#include "engine.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static _Thread_local kww_fault latest;

kww_fault *kww_new_fault(uint32_t kind)
{
    memset(&latest, 0, sizeof latest);
    latest.kind = kind;
    return &latest;
}

kw_status kww_fail(uint32_t kind, const char *format, ...)
{
    kww_fault *fault = kww_new_fault(kind);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    return KWW_FAULT;
}

void kww_take_fault(kww_fault *fault)
{
    *fault = latest;
}

kw_status kww_fault_of_end(kww_worker *worker, uint32_t lane)
{
    kww_facts facts;
    kww_worker_facts(worker, &facts);
    kww_fault *fault = kww_new_fault(KWW_FAULT_LOST);
    fault->pid = facts.pid;
    /* Calls cannot say of themselves that a folder is full. */
    if (facts.killed == KWW_KILL_DISK) {
        fault->kind = KWW_FAULT_LIMIT;
        fault->limit = facts.killed;
        return KWW_FAULT;
    }
    /* What it did besides its calls, such as what it wrote to the broker: of the one call that it had, if there was one. */
    if (facts.killed == KWW_KILL_PROTOCOL && facts.busy == 1) {
        fault->kind = KWW_FAULT_PROTOCOL;
        snprintf(fault->text, sizeof fault->text, "it asked its host for what no worker asks for");
        return KWW_FAULT;
    }
    /* The host's own kill is told by the call that was the reason, and to the others the worker is lost. */
    if (facts.ended != KWW_END_EXIT || facts.killed != KWW_KILL_NONE)
        return KWW_FAULT;
    /* The kernel does not say for which of its calls. */
    if (facts.lacked_memory && WIFSIGNALED(facts.status) && WTERMSIG(facts.status) == SIGKILL) {
        fault->kind = KWW_FAULT_LIMIT;
        fault->limit = KWW_KILL_MEMORY;
        return KWW_FAULT;
    }
    if (WIFEXITED(facts.status)) {
        fault->kind = KWW_FAULT_EXITED;
        fault->status = WEXITSTATUS(facts.status);
        return KWW_FAULT;
    }
    /* Only what fits what the zygote saw: a plugin can write anything. */
    int is_told = facts.signal == WTERMSIG(facts.status);
    /* Another call's thread has crashed. */
    if (is_told && facts.lane != 0 && facts.lane != lane + 1)
        return KWW_FAULT;
    fault->kind = KWW_FAULT_CRASHED;
    fault->signal = WTERMSIG(facts.status);
    fault->is_filtered = kww_is_filtered(&facts);
    if (is_told) {
        fault->has_address = facts.has_address;
        fault->address = facts.address;
        fault->is_stack = facts.is_stack;
        fault->is_memory = facts.is_memory;
    }
    return KWW_FAULT;
}
