/* keyway/tool_executor.h - "keyway.tool-executor/1": runs programs under a policy, and says what it really enforces. */
#ifndef KEYWAY_TOOL_EXECUTOR_H
#define KEYWAY_TOOL_EXECUTOR_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_TOOL_EXECUTOR_ID "keyway.tool-executor/1"

/* ---- policy --------------------------------------------------------------------------------------------- */

/* The first words of a command line; {"git","status"} admits `git status -s` and not `git push`. The first word is
 * compared with argv[0] as written; a rule without a slash never admits a path. */
typedef struct kw_rule_1 {
    kw_hdr h;
    kw_span prefix; /* kw_str, at least one */
} kw_rule;

#define KW_ACCESS_NONE 0u
#define KW_ACCESS_READ 1u
#define KW_ACCESS_WRITE 2u

typedef struct kw_path_rule_1 {
    kw_hdr h;
    kw_str path;      /* absolute; the most specific rule wins */
    uint32_t access;  /* KW_ACCESS_* */
    uint32_t execute; /* 0 or 1 */
} kw_path_rule;

#define KW_POLICY_ENABLED 1u
#define KW_POLICY_ALLOW_SHELL 2u
#define KW_POLICY_REQUIRE_ENFORCED 4u /* refuse to run unless every field that is set is enforced */
#define KW_POLICY_ALLOW_NETWORK 8u

#define KW_OVERFLOW_TRUNCATE 0u /* keep reading, stop passing on */
#define KW_OVERFLOW_KILL 1u

#define KW_INHERIT_NONE 0u
#define KW_INHERIT_CORE 1u /* PATH, HOME, LANG, LC_*, TERM, TMPDIR, TZ, USER, LOGNAME, SHELL */
#define KW_INHERIT_ALL 2u

/* Deny by default: without a rule in `allow` nothing runs. Limits of 0 mean "not set". Durations in nanoseconds. */
typedef struct kw_policy_1 {
    kw_hdr h;
    uint64_t flags;         /* KW_POLICY_* */
    kw_span allow, deny;    /* kw_rule; deny wins */
    uint32_t overflow;      /* KW_OVERFLOW_* */
    uint32_t env_inherit;   /* KW_INHERIT_* */
    kw_span env_allow;      /* kw_str: further variables to inherit, by glob */
    kw_span env_deny;       /* kw_str: globs that are never inherited ("*SECRET*") */
    kw_span env_set;        /* kw_pair */
    kw_span paths;          /* kw_path_rule */
    int64_t wall_ns, cpu_ns, idle_ns;
    int64_t grace_ns;       /* between SIGTERM and SIGKILL, of the whole process group */
    uint64_t memory, file_size, open_files, processes;
    uint64_t stdout_bytes, stderr_bytes;
} kw_policy;

/* ---- request and result --------------------------------------------------------------------------------- */

#define KW_RUN_ARGV 1u
#define KW_RUN_SHELL 2u

typedef struct kw_run_in_1 {
    kw_hdr h;
    uint32_t kind;     /* KW_RUN_* */
    uint32_t reserved; /* 0 */
    kw_span argv;      /* kw_str, for KW_RUN_ARGV */
    kw_str command;    /* for KW_RUN_SHELL */
    kw_str cwd;        /* absolute, or empty: the host's */
    kw_str reason;     /* why, for logs and approvals */
    kw_span env;       /* kw_pair; filtered by the policy like everything else */
    kw_bytes input;    /* the program's standard input; empty = /dev/null */
    kw_span policy;    /* kw_policy, exactly one */
} kw_run_in;

#define KW_DECISION_DENY 0u
#define KW_DECISION_ALLOW 1u
#define KW_DECISION_CONFIRM 2u

typedef struct kw_decision_1 {
    kw_hdr h;
    uint32_t verdict;  /* KW_DECISION_* */
    uint32_t reserved; /* 0 */
    kw_str rule;       /* the rule that decided, as written: "git status" */
    kw_str reason;
} kw_decision;

#define KW_ENFORCED_NO 0u
#define KW_ENFORCED_YES 1u

typedef struct kw_enforcement_1 {
    kw_hdr h;
    kw_str field;      /* name of the policy's field: "wall", "stdoutBytes", ... */
    uint32_t enforced; /* KW_ENFORCED_* */
    uint32_t reserved; /* 0 */
    kw_str how;        /* mechanism, or why not */
} kw_enforcement;

typedef struct kw_enforceable_out_1 {
    kw_hdr h;
    kw_span fields; /* kw_enforcement, every field of the policy */
} kw_enforceable_out;

typedef struct kw_violation_1 {
    kw_hdr h;
    kw_str kind;    /* "output", "wall", ... */
    kw_str subject;
    uint64_t count;
} kw_violation;

#define KW_END_EXITED 1u
#define KW_END_SIGNALLED 2u
#define KW_END_TIMEOUT 3u
#define KW_END_IDLE 4u
#define KW_END_CPU 5u
#define KW_END_MEMORY 6u
#define KW_END_OUTPUT 7u
#define KW_END_CANCELLED 8u
#define KW_END_DENIED 9u
#define KW_END_SANDBOX_FAILED 10u
#define KW_END_SPAWN_FAILED 11u

typedef struct kw_run_out_1 {
    kw_hdr h;
    uint32_t end;        /* KW_END_* */
    int32_t exit_code;   /* -1 unless KW_END_EXITED */
    int32_t signal;      /* 0 unless a signal ended it */
    uint32_t truncated;  /* 0 or 1: output beyond a limit was not passed on */
    int64_t duration_ns, cpu_ns;
    uint64_t max_rss;    /* bytes, 0 = not known */
    uint64_t stdout_bytes, stderr_bytes; /* produced, passed on or not */
    kw_span enforced;    /* kw_enforcement: the fields this run had set */
    kw_span violations;  /* kw_violation */
    kw_str detail;       /* why, for DENIED, SANDBOX_FAILED and SPAWN_FAILED */
} kw_run_out;

typedef struct kw_tool_executor_1 {
    kw_hdr h;
    /* Which fields of a policy this plugin enforces on this machine. [op] */
    KW_OP(enforceable, kw_none, kw_enforceable_out);
    /* Would execute run this? Nothing is run; the answer depends on nothing but the input. [op] */
    KW_OP(evaluate, kw_run_in, kw_decision);
    /* Runs it: emits STDOUT and STDERR events as they come, replies when the program ended. What it is not allowed to
     * run ends as KW_END_DENIED, with KW_OK. Ends with the program, even if a process it left behind holds
     * the pipes open. [op] */
    KW_OP(execute, kw_run_in, kw_run_out);
} kw_tool_executor;

#if defined(__cplusplus)
}
#endif
#endif
