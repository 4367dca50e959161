/* CPluginSandbox - what one process may do, and how the kernel is told.
 *
 *   zygote: kws_compile (once for each set of permissions), kws_fork
 *   child:  kws_enter -> the plugin is loaded, and its constructors run inside -> kws_seal -> calls are served
 *
 * The process that enters has one thread. What is enforced, and by what, stands in a kws_report; nothing is skipped without
 * an entry there. A mechanism that is required and cannot be had ends the set-up before any code of a plugin has run.
 *
 * Trust. The policy is the host's. What runs after kws_enter is hostile, and what it writes into a report is not believed:
 * report from memory that only the framework reads before the plugin is loaded.
 */
#ifndef CPLUGINSANDBOX_H
#define CPLUGINSANDBOX_H

#include <stddef.h>
#include <stdint.h>

/* ---- mechanisms ------------------------------------------------------------------------------------------ */

/* In the order of their use. */
#define KWS_FILES 0u           /* Landlock: files */
#define KWS_PORTS 1u           /* Landlock: TCP ports */
#define KWS_SIGNALS 2u         /* Landlock: signals to processes outside */
#define KWS_ABSTRACT 3u        /* Landlock: abstract Unix sockets outside */
#define KWS_USER_SPACE 4u      /* namespaces */
#define KWS_NETWORK_SPACE 5u
#define KWS_PROCESS_SPACE 6u   /* entered by kws_fork */
#define KWS_MOUNT_SPACE 7u
#define KWS_IPC_SPACE 8u
#define KWS_NAME_SPACE 9u
#define KWS_IDENTITY 10u       /* root gives up being root */
#define KWS_CAPABILITIES 11u
#define KWS_MEMORY 12u         /* resource limits */
#define KWS_DESCRIPTORS 13u
#define KWS_FILE_SIZE 14u
#define KWS_PROCESSES 15u
#define KWS_CPU 16u
#define KWS_NO_NEW_PRIVILEGES 17u
#define KWS_FILTER 18u         /* the first stage of the system call filter */
#define KWS_SEAL 19u           /* the second */
#define KWS_WRITE_XOR_EXECUTE 20u /* PR_SET_MDWE */
#define KWS_MEMORY_GROUP 21u   /* control groups, entered by kws_fork: memory */
#define KWS_PROCESS_GROUP 22u  /* processes */
#define KWS_MECHANISM_COUNT 23u

/* Its name in reports and errors, such as "landlock.files"; NULL: there is no such mechanism. */
const char *kws_mechanism_name(uint32_t mechanism);

/* ---- the policy ------------------------------------------------------------------------------------------ */

#define KWS_NO 0u
#define KWS_IF_AVAILABLE 1u
#define KWS_REQUIRED 2u

#define KWS_READ 1u     /* files, and names in folders */
#define KWS_WRITE 2u    /* files, and making, renaming and removing them in folders; not reading */
#define KWS_EXECUTE 4u  /* execve(2); mapping for execution needs READ alone */

/* A file or a folder with all that is in it, now or later. */
typedef struct kws_grant {
    int32_t descriptor; /* opened with O_PATH by the host, the caller's */
    uint32_t access;    /* KWS_READ and so on */
} kws_grant;

#define KWS_MAY_START_THREADS 1u /* otherwise none after kws_seal */
#define KWS_MAY_GENERATE_CODE 2u /* a compiler at run time: memory may be writable and executable */
#define KWS_MAY_START_PROGRAMS 4u
#define KWS_MAY_USE_SOCKETS 8u   /* those that the host passes: accept, send, receive */
#define KWS_MAY_OPEN_TCP 16u     /* TCP sockets that it can neither connect nor bind, pairs of Unix
                                     sockets, and reading whom the machine trusts (TLS); implies USE_SOCKETS */
#define KWS_MAY_SHARE_FILES 32u  /* MAP_SHARED of files */
#define KWS_MAY_USE_DEVICES 64u  /* requests (ioctl) to USB devices that the host passes */
#define KWS_MAY_ALL 127u

#define KWS_GRANT_LIMIT 1024u

typedef struct kws_limits {
    /* 0 = as it is. */
    uint64_t memory;      /* bytes of private memory */
    uint64_t descriptors;
    uint64_t file_size;   /* bytes */
    uint64_t processes;   /* and threads: of the group, or else of the user */
    uint64_t cpu_seconds; /* of the whole process: a backstop */
    uint64_t group_memory; /* bytes that the group may have: also shared, of mapped files, and of programs */
} kws_limits;

typedef struct kws_policy {
    uint32_t may;                /* KWS_MAY_* */
    uint32_t is_heard;           /* 1: what the first stage refuses, and files that are named, are told to the listener of
                                  * the report */
    uint8_t wanted[KWS_MECHANISM_COUNT]; /* KWS_NO, IF_AVAILABLE or REQUIRED */
    const kws_grant *grants;     /* beside what every worker reads: the system's and the runtime's libraries */
    size_t grant_count;
    kws_limits limits;
    const char *runtime_folder;  /* of the Swift libraries, or NULL */
    uint32_t uid, gid;           /* whom root becomes */
    const struct kws_group *group; /* of the worker, made by the caller, who ends it; NULL = none */
} kws_policy;

/* No permission but threads, no limit. What every kernel since Linux 5.13 has is required; the rest is used where it can be
 * had, but no namespaces and no groups. Root becomes 65534.
 *
 * What follows from permissions is the caller's to accept, by wanting less: START_PROGRAMS ends the use of SEAL, and
 * GENERATE_CODE makes it partial. START_PROGRAMS requires PROCESS_SPACE or PROCESS_GROUP, and SIGNALS or PROCESS_SPACE; and
 * whatever can be read can then be run, through the dynamic linker. */
void kws_policy_make(kws_policy *policy);

/* ---- the report ------------------------------------------------------------------------------------------ */

#define KWS_UNUSED 0u       /* not wanted, or not needed: see why */
#define KWS_ENFORCED 1u
#define KWS_PARTIAL 2u      /* see why */
#define KWS_NOT_ENFORCED 3u /* see why */

typedef struct kws_outcome {
    uint32_t state;
    int32_t error; /* errno of what failed, or 0 */
    char why[88];
} kws_outcome;

typedef struct kws_report {
    int32_t failed;        /* the mechanism that ended the set-up, or -1 */
    uint32_t landlock_abi; /* 0 = none */
    int32_t threads;       /* of kws_enter: see kws_open_thread_state; -1 = none */
    int32_t listener;      /* of kws_enter: for kws_take_notice; -1 = none */
    int32_t memory;        /* of kws_enter: the process's own, for kws_named_file_of; -1 = none */
    kws_outcome outcome[KWS_MECHANISM_COUNT];
} kws_report;

/* ---- the filter ------------------------------------------------------------------------------------------ */

/* One instruction of a classic BPF program: struct sock_filter. */
typedef struct kws_instruction {
    uint16_t code;
    uint8_t jump_true, jump_false;
    uint32_t value;
} kws_instruction;

typedef struct kws_program {
    kws_instruction *instructions; /* NULL: this stage is not used */
    size_t count;
} kws_program;

typedef struct kws_compiled {
    uint32_t may;
    kws_program stage[2];
} kws_compiled;

#define KWS_NATIVE 0u
#define KWS_X86_64 1u
#define KWS_AARCH64 2u

/* Compiles both stages for these permissions, for an architecture. Allocates; about two milliseconds. 0 or an errno. */
int kws_compile(uint32_t may, uint32_t architecture, kws_compiled *compiled);
void kws_compiled_free(kws_compiled *compiled);

/* ---- control groups --------------------------------------------------------------------------------------- */

/* cgroups(7), of version 2 or of version 1. A group is a folder; whoever makes one may have to be root, or the user to whom
 * the one above was given. */

#define KWS_CONTROLLERS 2u  /* in the order of KWS_MEMORY_GROUP and KWS_PROCESS_GROUP */
#define KWS_GROUP_PATH 512u /* bytes of a folder's path with its NUL; that of a worker's group may have sixteen more */

/* Where this process makes groups for its children: in one of its own in each hierarchy. */
typedef struct kws_groups {
    uint32_t version[KWS_CONTROLLERS]; /* of the hierarchy; 0: none can be made */
    int32_t error[KWS_CONTROLLERS];    /* then why: an errno */
    int32_t lock[KWS_CONTROLLERS];     /* an open descriptor: says that the folder is somebody's; -1 = none */
    char folder[KWS_CONTROLLERS][KWS_GROUP_PATH]; /* of version 2 both are the same */
} kws_groups;

/* The group of one worker. */
typedef struct kws_group {
    const kws_groups *groups;
    uint32_t number;
    uint32_t made;                  /* bit i: it is there for controller i */
    int32_t error[KWS_CONTROLLERS]; /* else why not: an errno, 0 = it was not wanted */
} kws_group;

/* Makes the caller's own, and removes those of processes that have ended without removing theirs, with all that is in them. */
void kws_groups_open(kws_groups *groups);
/* Kills all that is in them, and removes them. */
void kws_groups_close(kws_groups *groups);

/* Makes a group, with the limits of a policy that wants one. number: no other group of these has or had it. A quarter of a
 * millisecond, entering and removing it included. */
void kws_group_make(kws_group *group, const kws_groups *groups, uint32_t number, const kws_policy *policy);
/* Where it is for a controller: the version of the hierarchy, or 0. At most size - 1 bytes and a NUL. */
uint32_t kws_group_folder(const kws_group *group, uint32_t controller, char *folder, size_t size);
/* Processes in it that the kernel has killed for want of memory, if it came to its own limit. */
uint64_t kws_group_kills(const kws_group *group);
/* Kills all that is in it, and removes it. 1; 0: something in it is still on its way out, and the caller tries again. */
int kws_group_end(kws_group *group);

/* Changes the limit of memory of the group in a folder; 0 = none. 0 or an errno: EBUSY if it has more already. */
int kws_limit_memory(const char *folder, uint32_t version, uint64_t bytes);

/* ---- entering -------------------------------------------------------------------------------------------- */

/* fork(2) for a worker: in a new process namespace if the policy wants one, and in the group of the policy. Returns its process
 * id, 0 in the worker, or -1 with the report saying why. Then init is the process whose end ends all others in the namespace, or
 * 0: a child of the caller, too, which ends and reaps it. In the namespace getppid(2) is 0. What came of the group stands in the
 * worker's report. */
int32_t kws_fork(const kws_policy *policy, int32_t *init, kws_report *report);

/* Takes from this process all that the policy does not give. The process has one thread, and was forked by kws_fork.
 * report was last written by kws_fork, or is {0}. Leaves threads, listener and memory
 * of the report open, and closes none of the caller's, who closes grants before the plugin is loaded. The
 * program in compiled is made this process's own: after it, another process may not use this copy. 0, or -1 with report
 * saying what failed; then the process ends. */
int kws_enter(const kws_policy *policy, kws_compiled *compiled, kws_report *report);

/* The second stage, for all threads: no memory becomes executable any more, no filter is loaded. 0, or -1 as above. */
int kws_seal(const kws_policy *policy, kws_compiled *compiled, kws_report *report);

/* libdispatch, and with it concurrency in Swift, opens /proc/THREAD/stat of its own threads now and then, and ends the process
 * if it cannot. There /proc is shut but for the folder of the process's own threads, so a worker's program defines open(2)
 * itself, and asks here when the system call has failed with EACCES or ENOENT. threads: of the report. Returns a
 * descriptor; of nothing (/dev/null) where the thread cannot be found, as in a process namespace, whose numbers are
 * others than those of /proc: libdispatch then counts it as one that waits. -1, and errno as it was, for all other
 * paths. */
int kws_open_thread_state(int32_t threads, const char *path);

/* ---- what is told ---------------------------------------------------------------------------------------- */

/* A system call that waits for its listener: one that the first stage refuses, or one that names files. */
typedef struct kws_notice {
    uint64_t id;
    uint64_t arguments[6];
    int32_t number;      /* of the call, on this architecture */
    uint32_t is_refused; /* 0: it goes on, and the kernel decides */
} kws_notice;

/* Waits for the next one. It waits, too, for kws_end_notice. 1; 0: nobody is left; -1 with errno. Any thread of the process
 * that was passed the listener. seccomp_unotify(2), Linux 5.8. */
int kws_take_notice(int32_t listener, kws_notice *notice);
/* Has the call fail with EPERM, or go on, as it would have without a listener. */
void kws_end_notice(int32_t listener, const kws_notice *notice);
/* Its name, such as "ptrace", or its number; at most size - 1 bytes and a NUL. */
void kws_call_name(int32_t number, char *name, size_t size);

/* A file that a call names. */
typedef struct kws_named_file {
    int32_t folder;  /* descriptor of the worker's that a relative path begins at, or AT_FDCWD */
    uint32_t access; /* KWS_READ, KWS_WRITE; 0: its existence is asked for */
    char path[4096]; /* as the call has it */
} kws_named_file;

/* The file of a call that was not refused: which = 0, and for calls with two files 1. memory: of the report. What is read is
 * what stands there now: another thread can change it before the kernel reads it. 1, or 0: there is none, or it cannot be
 * read. */
int kws_named_file_of(const kws_notice *notice, int32_t memory, uint32_t which, kws_named_file *file);
/* May every worker with these permissions read it, as it may its libraries? path: absolute, without links. */
int kws_is_everybodys(const char *path, uint32_t may);

/* ---- what there is here ---------------------------------------------------------------------------------- */

typedef struct kws_facility {
    const char *name;    /* static */
    const char *minimum; /* static: what it needs, such as "Linux 5.13" */
    uint32_t available;  /* 1: it was tried, and works */
    uint32_t level;      /* of Landlock: its ABI; otherwise 0 */
    char why[96];        /* it does not; empty if it does */
} kws_facility;

#define KWS_FACILITY_LIMIT 32u

/* Tries what the kernel offers this user, partly in children. The caller may have threads; a child is reaped. Number of
 * entries filled, at most room. */
size_t kws_mechanisms(kws_facility *facilities, size_t room);

#endif
