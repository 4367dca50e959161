#define _GNU_SOURCE
#include "execute.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyway/author.h>

#include "call_error.h"
#include "enforcement.h"
#include "network_filter.h"
#include "program.h"
#include "request.h"
#include "rules.h"
#include "spawn.h"
#include "supervise.h"

#define MOST_VIOLATIONS 6u

/* One run: what it holds while it lasts, and what it replies. */
typedef struct run {
    kw_call *call;
    request request;
    environment environment;
    spawn_plan plan;
    int out_read, err_read;
    supervision *supervision;
    uint32_t refused_variables;
    kw_run_out out;
    kw_violation *violations;
} run;

static kw_str static_text(const char *text)
{
    return kw_string(text);
}

static void violate(run *r, const char *kind, const char *subject, uint64_t count)
{
    uint32_t n = r->out.violations.count;
    if (n < MOST_VIOLATIONS) {
        r->violations[n] = (kw_violation) { .h = KW_HDR(kw_violation), .kind = static_text(kind),
                                            .subject = static_text(subject), .count = count };
        r->out.violations = kw_span_of(r->violations, n + 1, sizeof *r->violations);
    }
}

static kw_status reply_without_run(run *r, uint32_t end, kw_str detail)
{
    r->out.end = end;
    r->out.detail = detail;
    return KW_REPLY(r->call, &r->out);
}

/* ---- before the start ----------------------------------------------------------------------------------- */

/* Above the standard three, whatever the host has done to its own: dup2 onto itself would leave close-on-exec set. */
static int move_up(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int number = errno;
    close(fd);
    errno = number;
    return moved;
}

static bool open_pipe(int *reading, int *writing)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *reading = move_up(ends[0]);
    *writing = move_up(ends[1]);
    return *reading >= 0 && *writing >= 0 && fcntl(*reading, F_SETFL, O_NONBLOCK) == 0;
}

/* A file in memory and not a pipe: nobody has to feed it, so input and output cannot wait for each other. */
static int open_input(kw_bytes input)
{
    const char *at = input.ptr;
    if (input.len == 0)
        return move_up(open("/dev/null", O_RDONLY | O_CLOEXEC));
    int file = move_up(memfd_create("keyway-input", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    for (uint64_t left = input.len; file >= 0 && left > 0;) {
        ssize_t n = write(file, at, left < SSIZE_MAX ? (size_t)left : SSIZE_MAX);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int number = errno;
            close(file);
            errno = number;
            return -1;
        }
        at += n;
        left -= (uint64_t)n;
    }
    if (file >= 0) {
        (void)fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        (void)lseek(file, 0, SEEK_SET);
    }
    return file;
}

static void close_all(int *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (*list[i] >= 0) {
            close(*list[i]);
            *list[i] = -1;
        }
}

/* The child's ends must be closed here as soon as it has its copies, or the pipes would never end. */
static void close_child_ends(run *r)
{
    int *const list[] = { &r->plan.input, &r->plan.output, &r->plan.error, &r->plan.folder };
    close_all(list, sizeof list / sizeof list[0]);
}

static const char *open_streams(run *r)
{
    if (r->request.cwd != NULL) {
        r->plan.folder = move_up(open(r->request.cwd, O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (r->plan.folder < 0)
            return "working folder";
    }
    r->plan.input = open_input(r->request.in.input);
    if (r->plan.input < 0)
        return "input";
    if (!open_pipe(&r->out_read, &r->plan.output) || !open_pipe(&r->err_read, &r->plan.error))
        return "pipes";
    return NULL;
}

/* ---- after the end -------------------------------------------------------------------------------------- */

static void say_how_it_ended(run *r)
{
    const supervision *s = r->supervision;
    const kw_policy *p = &r->request.policy;
    kw_run_out *out = &r->out;
    int signal = WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0;
    out->signal = signal;
    if (s->cause != 0) {
        out->end = s->cause;
        if (s->cause != KW_END_OUTPUT) /* counted in bytes below */
            violate(r, s->limit, "run", 1);
    } else if (signal == 0) {
        out->end = KW_END_EXITED;
        out->exit_code = WEXITSTATUS(s->status);
    } else {
        out->end = KW_END_SIGNALLED;
        bool fatal = signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS || signal == SIGKILL;
        if (p->cpu_ns > 0 && (signal == SIGXCPU || (signal == SIGKILL && s->cpu_ns >= p->cpu_ns))) {
            out->end = KW_END_CPU;
            violate(r, "cpu", "run", 1);
        } else if (p->memory > 0 && fatal && s->max_rss >= p->memory / 2) {
            /* RLIMIT_AS refuses memory and says nothing; a crash that close to the limit is taken to be its doing. */
            out->end = KW_END_MEMORY;
            violate(r, "memory", "run", 1);
        } else if (p->file_size > 0 && signal == SIGXFSZ) {
            violate(r, "fileSize", "run", 1);
        }
    }
    for (int i = 0; i < 2; i++) {
        const stream *from = &s->streams[i];
        if (from->produced > from->passed) {
            out->truncated = 1;
            violate(r, i == 0 ? "stdoutBytes" : "stderrBytes", i == 0 ? "stdout" : "stderr",
                    from->produced - from->passed);
        }
    }
    out->stdout_bytes = s->streams[0].produced;
    out->stderr_bytes = s->streams[1].produced;
    out->duration_ns = s->duration_ns;
    out->cpu_ns = s->cpu_ns;
    out->max_rss = s->max_rss;
}

static kw_status watch(run *r, kw_instance *self, pid_t pid)
{
    supervision *s = r->supervision;
    s->call = r->call;
    s->host = self->host;
    s->policy = &r->request.policy;
    s->pid = pid;
    s->streams[0] = (stream) { r->out_read, KW_EVENT_STDOUT, r->request.policy.stdout_bytes, 0, 0 };
    s->streams[1] = (stream) { r->err_read, KW_EVENT_STDERR, r->request.policy.stderr_bytes, 0, 0 };
    s->process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (s->process < 0) {
        int number = errno;
        (void)kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return call_error(r->call, KW_RESOURCE_EXHAUSTED, "cannot watch the program, so it was ended: pidfd_open: %s; "
                          "Linux 5.3 or later and a free descriptor are needed", strerror(number));
    }
    supervise(s);
    close(s->process);
    r->out_read = s->streams[0].pipe;
    r->err_read = s->streams[1].pipe;
    if (!s->reaped)
        return call_error(r->call, KW_FAILED_PRECONDITION, "the program ended, and how is not known: the host began to "
                          "ignore SIGCHLD, or waits for every child; it must leave children of plugins alone");
    say_how_it_ended(r);
    return KW_REPLY(r->call, &r->out);
}

/* The kernel then reaps children by itself and forgets how they ended. */
static bool children_are_discarded(void)
{
    struct sigaction now;
    return sigaction(SIGCHLD, NULL, &now) == 0 && (now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0);
}

static kw_status start_and_watch(run *r, kw_instance *self)
{
    char path[PATH_MAX];
    const char *name = r->request.argv[0], *stage = NULL;
    if (children_are_discarded())
        return call_error(r->call, KW_FAILED_PRECONDITION, "nothing was started: this process ignores SIGCHLD "
                          "(SIG_IGN, perhaps inherited from its parent, or SA_NOCLDWAIT), so how a program ends could "
                          "not be known; set SIGCHLD to SIG_DFL or to a handler before running programs");
    if (!environment_build(&self->environment, &r->request, &r->environment, &r->refused_variables))
        return call_error(r->call, KW_RESOURCE_EXHAUSTED, "no memory for the environment");
    if (r->refused_variables > 0)
        violate(r, "env", "variables of the request", r->refused_variables);
    int number = program_find(&r->environment, name, path, sizeof path);
    if (number != 0)
        return reply_without_run(r, KW_END_SPAWN_FAILED,
                                 call_text(r->call, "%.200s: %s in the PATH of its environment", name,
                                           number == EACCES ? "found, and not executable," : "not found"));
    stage = open_streams(r);
    number = errno;
    pid_t pid = -1;
    if (stage == NULL) {
        r->plan.path = path;
        r->plan.argv = r->request.argv;
        r->plan.environment = r->environment.list;
        r->plan.network = r->request.policy.flags & KW_POLICY_ALLOW_NETWORK || !network_filter_works()
            ? NULL
            : network_filter_program();
        spawn_set_limits(&r->plan, &r->request.policy);
        pid = spawn_start(&r->plan, &stage, &number);
    }
    close_child_ends(r);
    if (pid < 0)
        return reply_without_run(r, strcmp(stage, "network filter") == 0 ? KW_END_SANDBOX_FAILED : KW_END_SPAWN_FAILED,
                                 call_text(r->call, "%.200s: %s: %s", strcmp(stage, "working folder") == 0
                                           ? r->request.cwd : name, stage, strerror(number)));
    return watch(r, self, pid);
}

/* ---- operations ----------------------------------------------------------------------------------------- */

kw_status runner_enforceable(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_enforcement *list = call->api->alloc(call, ENFORCEMENT_FIELDS * sizeof *list, _Alignof(kw_enforcement));
    if (list == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold the reply");
    kw_enforceable_out out = { .h = KW_HDR(kw_enforceable_out) };
    out.fields = kw_span_of(list, enforcement_list(NULL, list), sizeof *list);
    return KW_REPLY(call, &out);
}

kw_status runner_evaluate(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT
{
    (void)self;
    request r;
    decision d;
    kw_status status = request_read(call, in, &r);
    if (status != KW_OK)
        return status;
    rules_decide(&r, &d);
    request_free(&r);
    kw_decision out = { .h = KW_HDR(kw_decision), .verdict = d.allowed ? KW_DECISION_ALLOW : KW_DECISION_DENY,
                        .rule = kw_copy(call, kw_string(d.rule)), .reason = kw_copy(call, kw_string(d.reason)) };
    return KW_REPLY(call, &out);
}

static kw_status prepare(run *r)
{
    kw_enforcement *list = r->call->api->alloc(r->call, ENFORCEMENT_FIELDS * sizeof *list, _Alignof(kw_enforcement));
    r->violations = r->call->api->alloc(r->call, MOST_VIOLATIONS * sizeof *r->violations, _Alignof(kw_violation));
    r->supervision = calloc(1, sizeof *r->supervision);
    if (list == NULL || r->violations == NULL || r->supervision == NULL)
        return call_error(r->call, KW_RESOURCE_EXHAUSTED, "no memory for a run; nothing was started");
    r->supervision->room = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->supervision->room < 0)
        return call_error(r->call, KW_RESOURCE_EXHAUSTED, "no descriptor for a run: %s; nothing was started",
                          strerror(errno));
    r->out.enforced = kw_span_of(list, enforcement_list(&r->request.policy, list), sizeof *list);
    return KW_OK;
}

kw_status runner_execute(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT
{
    run r = { .call = call, .plan = { .folder = -1, .input = -1, .output = -1, .error = -1 }, .out_read = -1,
              .err_read = -1, .out = { .h = KW_HDR(kw_run_out), .exit_code = -1 } };
    decision d;
    kw_status status = request_read(call, in, &r.request);
    if (status != KW_OK)
        return status;
    status = prepare(&r);
    if (status == KW_OK) {
        rules_decide(&r.request, &d);
        if (!d.allowed) {
            violate(&r, "denied", "command", 1);
            status = reply_without_run(&r, KW_END_DENIED,
                                       d.rule[0] != '\0' ? call_text(call, "%s (rule: %s)", d.reason, d.rule)
                                                         : call_text(call, "%s", d.reason));
        } else if (kw_cancelled(call)) {
            status = reply_without_run(&r, KW_END_CANCELLED, kw_string("cancelled before anything was started"));
        } else {
            status = start_and_watch(&r, self);
        }
    }
    int none = -1;
    int *const list[] = { &r.out_read, &r.err_read, r.supervision != NULL ? &r.supervision->room : &none };
    close_all(list, sizeof list / sizeof list[0]);
    environment_free(&r.environment);
    request_free(&r.request);
    free(r.supervision);
    return status;
}
