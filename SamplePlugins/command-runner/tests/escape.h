/* What the escapes that are not about files share: a run inside, the same run without the fields that are attacked. */
#ifndef COMMAND_RUNNER_TESTS_ESCAPE_H
#define COMMAND_RUNNER_TESTS_ESCAPE_H

#include "attacks.h"
#include "fixture.h"

/* The working folder of the runs; the test makes and removes it. */
static char arena[PATH_MAX];

static inline attempt *make(const char *name, const char *argument)
{
    attempt *a = attempt_self(name);
    word(a, argument);
    a->in.cwd = kw_string(arena);
    return a;
}

static inline int answer_and_end(attempt *a)
{
    int answer = answer_of(a);
    attempt_end(a);
    return answer;
}

/* Without network and with the profile, which an empty text is, too. */
static inline int inside(const char *name, const char *argument)
{
    return answer_and_end(make(name, argument));
}

static inline attempt *make_free(const char *name, const char *argument)
{
    attempt *a = make(name, argument);
    a->policy.seccomp = kw_string("none");
    a->policy.flags |= KW_POLICY_ALLOW_NETWORK;
    return a;
}

static inline int outside(const char *name, const char *argument)
{
    return answer_and_end(make_free(name, argument));
}

static inline void check_refused(const char *name, const char *argument, int refused)
{
    if (!CHECK(refused == EPERM || refused == EACCES))
        fprintf(stderr, "  %s %s: %d inside\n", name, argument, refused);
}

#endif
