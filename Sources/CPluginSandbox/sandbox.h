/* What the files of this module share. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "CPluginSandbox.h"

/* ---- the policy of the filter: data ---------------------------------------------------------------------- */

typedef enum verdict {
    ALLOW,
    TELL,    /* allowed, and told to a listener if there is one */
    REFUSE,  /* EPERM */
    UNKNOWN, /* ENOSYS: the caller falls back to an older call */
} verdict;

/* args[argument] & mask == value. Every mask but that of a length or a pointer is 32 bits wide, as the kernel takes an int. */
typedef struct condition {
    uint32_t is_used;
    uint32_t argument;
    uint64_t mask, value;
} condition;

#define CONDITION_LIMIT 3

/* A call that has no rule in the first stage is refused; one that has none in the second stage is allowed. If several
 * rules of a call fit, one that allows wins in the first stage. */
typedef struct rule {
    const char *name;
    verdict verdict;
    uint32_t when;   /* KWS_MAY_*: all of these are given */
    uint32_t unless; /* none of these is */
    condition conditions[CONDITION_LIMIT];
} rule;

extern const rule kws_first_stage[], kws_second_stage[];
extern const size_t kws_first_stage_count, kws_second_stage_count;

/* Stands in the programs where the process id belongs, which the child fills in. No process has it: it is beyond the
 * kernel's largest, 1 << 22. */
#define OWN_PROCESS 0x7FFF5E1Fu

/* Adopts a program for the calling process. */
void kws_adopt_program(kws_program *program);
/* Loads it for all threads: 0 or an errno. What could be told is allowed. */
int kws_load_program(kws_program *program);
/* The same for a process with one thread; what it refuses, and what it tells, waits for the listener that is returned. -1: not
 * loaded. */
int kws_load_with_listener(const kws_program *program, int tells_files);
/* Has whatever returns one value return another. */
void kws_exchange_returns(kws_program *program, uint32_t from, uint32_t to);
/* What stands in programs where a call can be told. */
#define RETURN_TELL 0x7FFC0000u /* SECCOMP_RET_LOG */

/* ---- Landlock -------------------------------------------------------------------------------------------- */

/* The kernel's ABI, 0 = none; at most what this module knows, and kws_landlock_most. */
uint32_t kws_landlock_abi(void);
/* Why it is none: an errno. */
int kws_landlock_error(void);
/* Tests lower it, to be on an older kernel. */
extern uint32_t kws_landlock_most;

/* Makes the rule set of the policy and says in the report what it covers: a descriptor, -1 if Landlock is not used, or -2
 * if that failed. threads: the folder of the process's threads, or -1. */
int kws_landlock_make(const kws_policy *policy, kws_report *report, int threads);
/* Puts this process under it. 0 or an errno. */
int kws_landlock_enter(int rules);

/* ---- certificates ----------------------------------------------------------------------------------------- */

/* Files and folders that can be read where TCP is given; NULL ends them. A machine has some of them. */
extern const char *const kws_certificates[];

/* ---- reports --------------------------------------------------------------------------------------------- */

/* Notes what became of a mechanism. */
void kws_note(kws_report *report, uint32_t mechanism, uint32_t state, int error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* A mechanism that is not to be had, or not in full: -1 if the policy requires it, else 0. */
int kws_do_without(const kws_policy *policy, kws_report *report, uint32_t mechanism, uint32_t state, int error,
                   const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Ends the set-up: -1. */
int kws_stop(kws_report *report, uint32_t mechanism, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

int kws_is_wanted(const kws_policy *policy, uint32_t mechanism);
int kws_is_required(const kws_policy *policy, uint32_t mechanism);

/* ---- namespaces ------------------------------------------------------------------------------------------ */

/* Those that the process itself enters, before it gives up being root. 0 or -1. */
int kws_enter_namespaces(const kws_policy *policy, kws_report *report);
int kws_enter_user_namespace(const kws_policy *policy, kws_report *report);
/* In a new user namespace: this user is who he was. 0 or an errno. */
int kws_map_user(uint32_t uid, uint32_t gid);
/* Of a process that cannot be dumped all files in /proc are root's, also for itself. 1: it was one, and is to be shut again. */
int kws_open_process(void);
void kws_shut_process(void);
/* In a mount namespace: leaves nothing of the file system but what the policy gives. 0 or an errno. */
int kws_change_root(const kws_policy *policy);
/* The clone(2) flag of a mechanism, 0 = it is no namespace. */
int kws_namespace_flag(uint32_t mechanism);

/* ---- control groups --------------------------------------------------------------------------------------- */

/* Puts this process, which has one thread and was just forked, into the group of the policy. Of version 2 it is there already
 * if it was forked into it. What came of it stands in the report; what was required and failed ends kws_enter. */
void kws_enter_group(const kws_policy *policy, kws_report *report, int is_there);
/* What kws_fork could not put it into: 0, or -1 if it is required. */
int kws_check_groups(const kws_policy *policy, kws_report *report);
/* Of version 2: its folder, opened for clone3(2), which puts a process into it without the wait for all processors that
 * moving it there takes. -1: there is none. */
int kws_open_group(const kws_policy *policy);
/* Can this user make groups that limit memory and processes? 0 or an errno for each. */
void kws_try_groups(int results[KWS_CONTROLLERS]);

#endif
