#define _GNU_SOURCE
#include "execute.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <keyway/author.h>

#include "approval.h"
#include "call_error.h"
#include "decision.h"
#include "enforcement.h"
#include "outcome.h"
#include "program.h"
#include "standard_streams.h"
#include "supervise.h"
#include "tool.h"

#define SHELL_PATH "/bin/sh"
#define KEPT_FOR_TOOL 32768u

/* ---- before the start ----------------------------------------------------------------------------------- */

static kw_status prepare(run *r, kw_instance *self)
{
    kw_call *call = r->call;
    supervision *s = calloc(1, sizeof *s);
    kw_enforcement *list = call->api->alloc(call, ENFORCEMENT_FIELDS * sizeof *list, _Alignof(kw_enforcement));
    r->violations = call->api->alloc(call, RUN_MOST_VIOLATIONS * sizeof *r->violations, _Alignof(kw_violation));
    r->supervision = s;
    if (s == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for a run; nothing was started");
    s->call = call;
    s->host = self->host;
    s->policy = &r->request.policy;
    s->limits = &r->request.limits;
    s->process = s->feed.fd = s->terminal = -1;
    s->streams[0] = (stream) { .pipe = -1, .event = KW_EVENT_STDOUT, .limit = s->limits->stdout_bytes, .spool = -1 };
    s->streams[1] = (stream) { .pipe = -1, .event = KW_EVENT_STDERR, .limit = s->limits->stderr_bytes, .spool = -1 };
    for (int i = 0; i < 2 && r->request.in.kind == KW_RUN_TOOL; i++) {
        s->streams[i].kept = malloc(KEPT_FOR_TOOL);
        s->streams[i].kept_room = s->streams[i].kept != NULL ? KEPT_FOR_TOOL : 0;
    }
    s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->bell < 0)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no descriptor for a run: %s; nothing was started",
                          strerror(errno));
    if (list == NULL || r->violations == NULL)
        return call_error(call, KW_RESOURCE_EXHAUSTED, "the call's memory does not hold the reply; nothing was started");
    r->out.enforced = kw_span_of(list, enforcement_list(&r->request, list), sizeof *list);
    return KW_OK;
}

static kw_status open_session(run *r, kw_instance *self)
{
    supervision *s = r->supervision;
    if (r->request.session == NULL)
        return KW_OK;
    r->session = (session) { .name = r->request.session, .bell = s->bell,
                             .takes_input = (r->request.in.flags & KW_RUN_KEEP_STDIN) != 0,
                             .has_terminal = (r->request.policy.flags & KW_POLICY_PTY) != 0 };
    if (!session_add(&self->sessions, &r->session))
        return call_error(r->call, KW_ALREADY_EXISTS, "a run of session \"%.100s\" goes on; give this one another name",
                          r->request.session);
    s->sessions = &self->sessions;
    s->session = &r->session;
    return KW_OK;
}

/* The user's own group, or one of the same number for a user without an entry. */
static gid_t group_of(uid_t uid)
{
    char buffer[4096];
    struct passwd entry, *found = NULL;
    return getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL ? entry.pw_gid : (gid_t)uid;
}

static void make_plan(run *r, const char *path)
{
    const kw_policy *p = &r->request.policy;
    r->plan.path = path;
    r->plan.argv = r->request.argv;
    r->plan.environment = r->environment.list;
    r->plan.changes_user = (p->flags & KW_POLICY_USER_SET) && geteuid() == 0 && p->user != 0;
    if (r->plan.changes_user) {
        r->plan.uid = (uid_t)p->user;
        r->plan.gid = group_of(r->plan.uid);
    }
}

/* ---- the run -------------------------------------------------------------------------------------------- */

static kw_status watch(run *r)
{
    supervision *s = r->supervision;
    s->process = (int)syscall(SYS_pidfd_open, s->reaper.program, 0);
    if (s->process < 0) {
        int number = errno;
        (void)kill(-s->reaper.program, SIGKILL);
        (void)reaper_collect(&s->reaper);
        reaper_end(&s->reaper);
        return call_error(r->call, KW_RESOURCE_EXHAUSTED, "cannot watch the program, so it was ended: pidfd_open: %s; "
                          "Linux 5.3 or later and a free descriptor are needed", strerror(number));
    }
    r->was_started = true;
    supervise(s);
    if (!s->reaper.has_status)
        return call_error(r->call, KW_INTERNAL, "the program ended, and how is not known: the process that watched it "
                          "was killed from outside");
    return outcome_reply(r);
}

static kw_status could_not_start(run *r, const char *name, const char *stage, int number)
{
    bool is_sandbox = strncmp(stage, JAIL_STAGE, strlen(JAIL_STAGE)) == 0;
    if (strcmp(stage, "working folder") == 0 && r->request.cwd != NULL)
        name = r->request.cwd;
    return outcome_reply_without_run(r, is_sandbox ? KW_END_SANDBOX_FAILED : KW_END_SPAWN_FAILED,
                                     call_text(r->call, "%.200s: %s: %s", name, stage, strerror(number)));
}

static kw_status start_and_watch(run *r, kw_instance *self)
{
    char path[PATH_MAX] = SHELL_PATH;
    const char *name = r->request.argv[0];
    if (r->request.policy.overflow == KW_OVERFLOW_SPOOL && self->data_dir == NULL)
        return call_error(r->call, KW_FAILED_PRECONDITION, "policy.overflow asks for files, and this instance has no folder "
                          "for them: give it a data_dir, or truncate; nothing was started");
    if (!environment_build(&self->environment, &r->request, &r->environment, &r->refused_variables))
        return call_error(r->call, KW_RESOURCE_EXHAUSTED, "no memory for the environment");
    if (r->refused_variables > 0)
        outcome_violate(r, "env", "variables of the request", r->refused_variables);
    int number = r->request.in.kind == KW_RUN_SHELL ? 0 : program_find(&r->environment, name, path, sizeof path);
    if (number != 0)
        return outcome_reply_without_run(r, KW_END_SPAWN_FAILED,
                                         call_text(r->call, "%.200s: %s in the PATH of its environment", name,
                                                   number == EACCES ? "found, and not executable," : "not found"));
    make_plan(r, path);
    const char *stage = standard_streams_open(r, self->data_dir);
    if (stage == NULL)
        stage = jail_make(&r->plan.jail, &r->request, &r->environment, path, &r->plan.folder);
    number = errno;
    spawn_set_limits(&r->plan, &r->request.limits);
    bool started = stage == NULL && reaper_start(&r->supervision->reaper, &r->plan);
    standard_streams_close_theirs(r);
    jail_free(&r->plan.jail);
    if (!started && stage == NULL) {
        stage = r->supervision->reaper.failure.stage;
        number = r->supervision->reaper.failure.number;
    }
    return started ? watch(r) : could_not_start(r, name, stage, number);
}

/* ---- decisions ------------------------------------------------------------------------------------------ */

static kw_status refuse(run *r, const char *reason, const char *rule)
{
    outcome_violate(r, "denied", "command", 1);
    return outcome_reply_without_run(r, KW_END_DENIED, rule[0] != '\0' ? call_text(r->call, "%s (rule: %s)", reason, rule)
                                                                       : call_text(r->call, "%s", reason));
}

static kw_status ask_and_run(run *r, kw_instance *self, const decision *d)
{
    if (r->supervision->session == NULL)
        return refuse(r, "it needs approval, and without a session nobody can give it; name one in the request", d->rule);
    kw_decision question = { .h = KW_HDR(kw_decision), .verdict = KW_DECISION_CONFIRM, .rule = kw_string(d->rule),
                             .reason = kw_string(d->reason) };
    switch (approval_ask(r->call, self->host, &self->sessions, &r->session, &question)) {
    case APPROVAL_YES:
        return start_and_watch(r, self);
    case APPROVAL_NO:
        outcome_violate(r, "denied", "approval", 1);
        return outcome_reply_without_run(r, KW_END_DENIED,
                                         r->session.refusal != NULL ? call_text(r->call, "approval was refused: %.900s",
                                                                                r->session.refusal)
                                                                    : kw_string("approval was refused"));
    case APPROVAL_UNHEARD:
        return refuse(r, "it needs approval, and this call takes no events by which to ask for it", d->rule);
    case APPROVAL_CANCELLED:
        return outcome_reply_without_run(r, KW_END_CANCELLED, kw_string("cancelled while it waited for approval"));
    case APPROVAL_DEADLINE:
        return outcome_reply_without_run(r, KW_END_TIMEOUT,
                                         kw_string("the call's deadline passed while it waited for approval"));
    }
    return call_error(r->call, KW_INTERNAL, "an approval was answered in a way that does not exist");
}

static kw_status decide_and_run(run *r, kw_instance *self)
{
    decision d;
    decide(&r->request, &d);
    if (d.verdict == KW_DECISION_DENY)
        return refuse(r, d.reason, d.rule);
    if (kw_cancelled(r->call))
        return outcome_reply_without_run(r, KW_END_CANCELLED, kw_string("cancelled before anything was started"));
    return d.verdict == KW_DECISION_CONFIRM ? ask_and_run(r, self, &d) : start_and_watch(r, self);
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
    decide(&r, &d);
    request_free(&r);
    kw_decision out = { .h = KW_HDR(kw_decision), .verdict = d.verdict, .rule = kw_copy(call, kw_string(d.rule)),
                        .reason = kw_copy(call, kw_string(d.reason)) };
    return KW_REPLY(call, &out);
}

static void clean_up(run *r, kw_instance *self)
{
    supervision *s = r->supervision;
    environment_free(&r->environment);
    if (s == NULL)
        return;
    if (s->session != NULL)
        session_remove(&self->sessions, &r->session);
    for (int i = 0; i < 2; i++)
        stream_free(&s->streams[i], !r->was_started);
    feed_free(&s->feed);
    const int list[] = { s->process, s->terminal, s->bell };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (list[i] >= 0)
            close(list[i]);
    free(s);
}

kw_status runner_execute(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT
{
    run r = { .call = call, .plan = { .folder = -1, .input = -1, .output = -1, .error = -1, .jail = JAIL_NONE },
              .out = { .h = KW_HDR(kw_run_out), .exit_code = -1 } };
    kw_status status = request_read(call, in, &r.request);
    if (status != KW_OK)
        return status;
    status = prepare(&r, self);
    if (status == KW_OK)
        status = open_session(&r, self);
    if (status == KW_OK)
        status = decide_and_run(&r, self);
    clean_up(&r, self);
    request_free(&r.request);
    return status;
}

kw_status runner_send(kw_instance *self, kw_call *call, const kw_send_in *in) KW_NOEXCEPT
{
    return session_send(&self->sessions, call, in);
}
