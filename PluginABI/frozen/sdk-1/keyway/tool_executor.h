/* keyway/tool_executor.h - "keyway.tool-executor/1": runs programs under a policy, and says what it really enforces. */
#ifndef KEYWAY_TOOL_EXECUTOR_H
#define KEYWAY_TOOL_EXECUTOR_H

#include "content.h"
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
    kw_span prefix KW_OF(kw_str); /* at least one */
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

#define KW_NET_PORTS 1u    /* connect over TCP to first_port...last_port, anywhere */
#define KW_NET_DOMAIN 2u   /* connect to the host `name`; "*.example.com" is every name below */
#define KW_NET_UNIX 3u     /* connect to the Unix socket at the path `name` */
#define KW_NET_BIND 4u     /* listen on first_port...last_port */

typedef struct kw_net_rule_1 {
    kw_hdr h;
    uint32_t kind;         /* KW_NET_* */
    uint32_t is_denied;    /* 1: an exception from the other rules; denial wins */
    kw_str name;
    uint32_t first_port, last_port; /* 0, 0 = every port */
} kw_net_rule;

/* Limits of 0 mean "not set". Durations in nanoseconds, sizes in bytes. */
typedef struct kw_limits_1 {
    kw_hdr h;
    int64_t wall_ns, cpu_ns;
    int64_t idle_ns;       /* without output */
    int64_t grace_ns;      /* between SIGTERM and SIGKILL, of the whole process group; 0 = SIGKILL at once */
    uint64_t memory, file_size, disk_write;
    uint64_t open_files, processes;
    uint64_t stdout_bytes, stderr_bytes;
} kw_limits;

typedef struct kw_tool_limits_1 {
    kw_hdr h;
    kw_span prefix KW_OF(kw_str); /* of which command lines, as in kw_rule; the longest that fits counts */
    kw_span limits KW_OF(kw_limits); /* exactly one: what it sets replaces the policy's own */
} kw_tool_limits;

#define KW_POLICY_ENABLED 1u
#define KW_POLICY_ALLOW_SHELL 2u
#define KW_POLICY_REQUIRE_ENFORCED 4u /* refuse to run unless every field that is set is enforced */
#define KW_POLICY_ALLOW_NETWORK 8u    /* everything; else only what `net` admits */
#define KW_POLICY_INTERACTIVE 16u     /* somebody is there to approve: else what needs approval is denied */
#define KW_POLICY_AUTO_APPROVE 32u    /* what needs approval has it */
#define KW_POLICY_PTY 64u             /* give the program a terminal */
#define KW_POLICY_USER_SET 128u       /* `user` counts */

/* When a run that the rules admit still needs approval. Commands that destroy always do, unless NEVER. */
#define KW_APPROVAL_UNTRUSTED 0u  /* unless an allow rule names it */
#define KW_APPROVAL_ON_REQUEST 1u /* if the request asks for it (KW_RUN_ASK) */
#define KW_APPROVAL_NEVER 2u
#define KW_APPROVAL_ALWAYS 3u

#define KW_OVERFLOW_TRUNCATE 0u /* keep the first head_bytes and the last tail_bytes, go on reading */
#define KW_OVERFLOW_KILL 1u
#define KW_OVERFLOW_SPOOL 2u    /* as TRUNCATE, and everything into files that the reply names */

#define KW_BACKGROUND_REAP 0u   /* what the program leaves running is killed when it ends */
#define KW_BACKGROUND_KEEP 1u
#define KW_BACKGROUND_DENY 2u   /* the run fails if it leaves something */

#define KW_INHERIT_NONE 0u
#define KW_INHERIT_CORE 1u /* PATH, HOME, LANG, LC_*, TERM, TMPDIR, TZ, USER, LOGNAME, SHELL */
#define KW_INHERIT_ALL 2u

/* Namespaces of the program. */
#define KW_ISOLATE_PID 1u
#define KW_ISOLATE_IPC 2u
#define KW_ISOLATE_NET 4u
#define KW_ISOLATE_MOUNT 8u
#define KW_ISOLATE_USER 16u

/* Deny by default: without a rule in `allow` nothing runs. */
typedef struct kw_policy_1 {
    kw_hdr h;
    uint64_t flags;         /* KW_POLICY_* */
    kw_span allow KW_OF(kw_rule), deny KW_OF(kw_rule); /* deny wins */
    uint32_t overflow;      /* KW_OVERFLOW_* */
    uint32_t env_inherit;   /* KW_INHERIT_* */
    kw_span env_allow KW_OF(kw_str); /* further variables to inherit, by glob */
    kw_span env_deny KW_OF(kw_str); /* globs that are never inherited ("*SECRET*") */
    kw_span env_set KW_OF(kw_pair);
    kw_span paths KW_OF(kw_path_rule);
    kw_span net KW_OF(kw_net_rule); /* none = no network, unless KW_POLICY_ALLOW_NETWORK */
    kw_span limits KW_OF(kw_limits); /* 0 or 1 */
    kw_span tool_limits KW_OF(kw_tool_limits);
    uint32_t approval;      /* KW_APPROVAL_* */
    uint32_t background;    /* KW_BACKGROUND_* */
    uint64_t head_bytes, tail_bytes; /* of each of stdout and stderr beyond its limit; 0, 0 = the first stdout_bytes */
    uint64_t isolate;       /* KW_ISOLATE_* */
    uint32_t user;          /* uid to run as, if KW_POLICY_USER_SET; else 0 */
    uint32_t reserved;      /* 0 */
    kw_str seccomp;         /* profile: "default", "none", or empty: the plugin's choice */
    kw_span deny_patterns KW_OF(kw_rule); /* such words in a row, anywhere in a command, deny it */
} kw_policy;

/* ---- request and result --------------------------------------------------------------------------------- */

#define KW_RUN_ARGV 1u
#define KW_RUN_SHELL 2u
#define KW_RUN_TOOL 3u /* tool and arguments_json: one of `tools` */

#define KW_RUN_ASK 1u          /* flags: the caller wants approval first */
#define KW_RUN_KEEP_STDIN 2u   /* flags: input goes on with send() */

/* What a command does, as far as the caller knows. */
#define KW_CLASS_UNKNOWN 0u
#define KW_CLASS_READ_ONLY 1u
#define KW_CLASS_BUILD 2u
#define KW_CLASS_TEST 3u
#define KW_CLASS_FORMAT 4u
#define KW_CLASS_INSTALL 5u
#define KW_CLASS_NETWORK 6u
#define KW_CLASS_DESTRUCTIVE 7u

typedef struct kw_run_in_1 {
    kw_hdr h;
    uint32_t kind;     /* KW_RUN_* */
    uint32_t classification; /* KW_CLASS_* */
    kw_span argv KW_OF(kw_str); /* for KW_RUN_ARGV */
    kw_str command;    /* for KW_RUN_SHELL */
    kw_str cwd;        /* absolute, or empty: the host's */
    kw_str reason;     /* why, for logs and approvals */
    kw_span env KW_OF(kw_pair); /* filtered by the policy like everything else */
    kw_bytes input;    /* the program's standard input; empty = /dev/null */
    kw_span policy KW_OF(kw_policy); /* exactly one */
    kw_str tool, arguments_json, call_id; /* for KW_RUN_TOOL; call_id is the model's, or empty */
    kw_str session;    /* name by which send() reaches this run, or empty: it cannot */
    uint64_t flags;    /* KW_RUN_ASK, KW_RUN_KEEP_STDIN */
    uint32_t rows, columns; /* of the terminal; 0 = 24 x 80 */
    kw_span extra_paths KW_OF(kw_path_rule); /* granted for this run only, on top of the policy's */
    kw_span extra_net KW_OF(kw_net_rule); /* likewise */
} kw_run_in;

#define KW_DECISION_DENY 0u
#define KW_DECISION_ALLOW 1u
#define KW_DECISION_CONFIRM 2u

typedef struct kw_decision_1 {
    kw_hdr h;
    uint32_t verdict;  /* KW_DECISION_* */
    uint32_t reserved; /* 0 */
    kw_str rule;       /* the rule that decided, as written: "git status" */
    kw_str reason;     /* of CONFIRM: the question to ask */
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
    kw_span fields KW_OF(kw_enforcement); /* every field of the policy */
} kw_enforceable_out;

typedef struct kw_violation_1 {
    kw_hdr h;
    kw_str kind;    /* "output", "wall", ... */
    kw_str subject;
    uint64_t count;
} kw_violation;

typedef struct kw_process_1 {
    kw_hdr h;
    int64_t pid;       /* as the host sees it, 0 = not visible */
    kw_str session;    /* for send(), or empty */
} kw_process;

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
    kw_span enforced KW_OF(kw_enforcement); /* the fields this run had set */
    kw_span violations KW_OF(kw_violation);
    kw_str detail;       /* why, for DENIED, SANDBOX_FAILED and SPAWN_FAILED */
    kw_str stdout_path, stderr_path; /* with KW_OVERFLOW_SPOOL: files with all of it, the caller's to remove; or empty */
    kw_span leftover KW_OF(int64_t); /* processes it left behind */
    kw_str structured_json; /* a typed tool's result, or empty */
    kw_span content KW_OF(kw_part); /* a typed tool's result for a model */
    uint64_t disk_bytes; /* written, 0 = not known */
} kw_run_out;

#define KW_SEND_INPUT 1u       /* input */
#define KW_SEND_END_INPUT 2u   /* after input, if any */
#define KW_SEND_SIGNAL 4u      /* signal */
#define KW_SEND_RESIZE 8u      /* rows, columns */
#define KW_SEND_APPROVE 16u    /* approval */
#define KW_SEND_REFUSE 32u     /* approval, reason */

typedef struct kw_send_in_1 {
    kw_hdr h;
    kw_str session;      /* kw_run_in.session of a run that goes on */
    uint64_t what;       /* KW_SEND_* */
    kw_bytes input;
    int32_t signal;
    uint32_t reserved;   /* 0 */
    uint32_t rows, columns;
    kw_str approval;     /* id of the APPROVAL event */
    kw_str reason;
} kw_send_in;

typedef struct kw_tool_executor_1 {
    kw_hdr h;
    /* Which fields of a policy this plugin enforces on this machine. [op] */
    KW_OP(enforceable, kw_none, kw_enforceable_out) KW_IDEMPOTENT;
    /* Would execute run this? Nothing is run; the answer depends on nothing but the input. [op] */
    KW_OP(evaluate, kw_run_in, kw_decision) KW_IDEMPOTENT;
    /* Runs it: emits STDOUT and STDERR events as they come, replies when the program ended. What it is not allowed to
     * run ends as KW_END_DENIED, with KW_OK; so does what was cancelled, as KW_END_CANCELLED, and what went beyond the
     * call's deadline, as KW_END_TIMEOUT, each with a reply. Ends with the program, even if a process it left behind
     * holds the pipes open. [op] */
    KW_OP(execute, kw_run_in, kw_run_out) KW_EMITS;
    /* Typed tools that KW_RUN_TOOL may name. NULL: there are none. [op] */
    KW_OP(tools, kw_none, kw_tools_out) KW_IDEMPOTENT;
    /* Speaks to a run of this instance that goes on; KW_NOT_FOUND if there is none of that session. Does not count towards
     * max_concurrency and may run beside execute, so without KW_CAP_CONCURRENT the host does not call it and answers
     * KW_UNIMPLEMENTED. [op] */
    KW_OP(send, kw_send_in, kw_none);
} kw_tool_executor;

#if defined(__cplusplus)
}
#endif
#endif
