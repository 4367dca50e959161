/* Runs: every limit of a policy has a program that tries to get past it. No time is asserted, only how things end. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"

/* ---- the program under test ----------------------------------------------------------------------------- */

static int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count - 3; /* ".", "..", and the folder itself */
}

static int behave(const char *mode)
{
    _Alignas(8) char buffer[65536];
    memset(buffer, 'x', sizeof buffer);
    if (strcmp(mode, "sockets") == 0) {
        static const int families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX };
        for (size_t i = 0; i < 5; i++) {
            int fd = socket(families[i], families[i] == AF_NETLINK ? SOCK_RAW : SOCK_STREAM, 0);
            printf("%d:%d ", families[i], fd >= 0 ? 0 : errno);
        }
    } else if (strcmp(mode, "ignore-term") == 0) {
        signal(SIGTERM, SIG_IGN);
        printf("ready\n");
        fflush(stdout);
        for (;;)
            pause();
    } else if (strcmp(mode, "sleep") == 0) {
        printf("ready\n");
        fflush(stdout);
        for (;;)
            pause();
    } else if (strcmp(mode, "burn") == 0) {
        for (volatile unsigned long i = 0;; i++)
            ;
    } else if (strcmp(mode, "allocate") == 0) {
        for (size_t i = 0; i < 4096; i++) {
            char *p = malloc(1 << 20);
            if (p == NULL)
                abort();
            memset(p, 1, 1 << 20);
            *(char *volatile *)buffer = p; /* so that no compiler leaves the memory out */
        }
    } else if (strcmp(mode, "write") == 0) {
        int fd = open(".", O_TMPFILE | O_WRONLY, 0600);
        for (int i = 0; fd >= 0 && i < 64; i++)
            if (write(fd, buffer, sizeof buffer) < 0)
                return 3;
    } else if (strcmp(mode, "open") == 0) {
        int count = 0;
        while (count < 4096 && open("/dev/null", O_RDONLY) >= 0)
            count++;
        printf("%d %d", count, errno);
    } else if (strcmp(mode, "fork") == 0) {
        int refused = 0;
        for (int i = 0; i < 64 && !refused; i++) {
            pid_t pid = fork();
            if (pid == 0) {
                pause();
                _exit(0);
            }
            refused = pid < 0;
        }
        printf("%s", refused ? "refused" : "forked");
    } else if (strcmp(mode, "flood") == 0) {
        for (int i = 0; i < 1600; i++)
            for (size_t done = 0; done < sizeof buffer;) {
                ssize_t n = write(1, buffer + done, sizeof buffer - done);
                if (n < 0)
                    return 4;
                done += (size_t)n;
            }
    } else if (strcmp(mode, "flood-error") == 0) {
        return write(2, buffer, sizeof buffer) == (ssize_t)sizeof buffer ? 0 : 4;
    } else if (strcmp(mode, "state") == 0) {
        sigset_t mask;
        struct sigaction action;
        sigprocmask(SIG_SETMASK, NULL, &mask);
        sigaction(SIGPIPE, NULL, &action);
        printf("fds=%d blocked=%d pipe-ignored=%d leader=%d", open_descriptors(), sigismember(&mask, SIGUSR1),
               action.sa_handler == SIG_IGN, getpid() == getpgrp() && getpid() == getsid(0));
    } else if (strcmp(mode, "env") == 0) {
        for (char **entry = environ; *entry != NULL; entry++)
            printf("%s\n", *entry);
    } else {
        return 99;
    }
    fflush(stdout);
    return 0;
}

/* ---- plain runs ----------------------------------------------------------------------------------------- */

static void output_and_exit_code_come_back(void)
{
    attempt *a = attempt_shell("echo out; echo err >&2; exit 7");
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_EXITED && out->exit_code == 7 && out->signal == 0);
    CHECK(a->call.out.kept_size == 4 && memcmp(a->call.out.kept, "out\n", 4) == 0);
    CHECK(a->call.err.kept_size == 4 && memcmp(a->call.err.kept, "err\n", 4) == 0);
    CHECK(out->stdout_bytes == 4 && out->stderr_bytes == 4 && out->truncated == 0 && out->duration_ns > 0);
    CHECK(enforced(out, "allow") == KW_ENFORCED_YES && enforced(out, "env") == KW_ENFORCED_YES);
    CHECK(enforced(out, "wall") == -1);
    attempt_end(a);

    a = attempt_shell("kill -USR1 $$");
    out = execute(a);
    CHECK(out->end == KW_END_SIGNALLED && out->signal == SIGUSR1 && out->exit_code == -1);
    attempt_end(a);
}

static void a_shell_command_runs_when_it_is_allowed(void)
{
    attempt *a = attempt_text("printf '%s' \"$((6 * 7))\" | tr 4 1; (echo two >&2) && echo three");
    allow(a, "printf");
    allow(a, "tr");
    allow(a, "echo");
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "12three\n"));
    CHECK(a->call.err.kept_size == 4 && memcmp(a->call.err.kept, "two\n", 4) == 0);
    attempt_end(a);

    /* Nothing of it runs if one command may not. */
    a = attempt_text("echo one; id");
    allow(a, "echo");
    out = execute(a);
    CHECK(out->end == KW_END_DENIED && a->call.out.total == 0 && text_has(out->detail, "id"));
    attempt_end(a);
}

static void words_are_not_read_by_a_shell(void)
{
    attempt *a = attempt_make("echo $HOME;id");
    allow(a, "echo");
    execute(a);
    CHECK(stdout_has(a, "$HOME;id\n"));
    attempt_end(a);
}

static void input_reaches_the_program(void)
{
    size_t size = 3 << 20; /* more than any pipe holds */
    char *input = malloc(size);
    for (size_t i = 0; i < size; i++)
        input[i] = (char)('a' + i % 26);
    attempt *a = attempt_make("cat");
    allow(a, "cat");
    a->in.input = (kw_bytes) { input, size };
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stdout_bytes == size && a->call.out.total == size);
    CHECK(memcmp(a->call.out.kept, input, a->call.out.kept_size) == 0);
    attempt_end(a);
    free(input);

    a = attempt_make("cat");
    allow(a, "cat");
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stdout_bytes == 0);
    attempt_end(a);
}

static void the_program_starts_clean(void)
{
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, &before);
    signal(SIGPIPE, SIG_IGN);
    int leak = open("/dev/null", O_RDONLY); /* not close-on-exec, as in a careless host */
    attempt *a = attempt_self("state");
    execute(a);
    CHECK(stdout_has(a, "fds=3 blocked=0 pipe-ignored=0 leader=1"));
    attempt_end(a);
    close(leak);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void the_working_folder_is_checked_and_used(void)
{
    attempt *a = attempt_make("pwd");
    allow(a, "pwd");
    a->in.cwd = kw_string("/usr");
    execute(a);
    CHECK(stdout_has(a, "/usr\n"));
    attempt_end(a);
    a = attempt_make("pwd");
    allow(a, "pwd");
    a->in.cwd = kw_string("/does/not/exist");
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "No such file"));
    attempt_end(a);
}

static void what_cannot_be_started_says_why(void)
{
    attempt *a = attempt_make("no-such-program-anywhere");
    allow(a, "no-such-program-anywhere");
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "not found"));
    attempt_end(a);
    a = attempt_make("/etc/hostname");
    allow(a, "/etc/hostname");
    out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "exec"));
    attempt_end(a);
    a = attempt_make("/");
    allow(a, "/");
    out = execute(a);
    CHECK(out->end == KW_END_SPAWN_FAILED && text_has(out->detail, "Permission denied"));
    attempt_end(a);
}

/* ---- environment ---------------------------------------------------------------------------------------- */

static void the_environment_is_the_policys(void)
{
    attempt *a = attempt_self("env");
    execute(a);
    CHECK(stdout_has(a, "PATH=") && !stdout_has(a, "KEYWAY_TEST_PLAIN") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    attempt_end(a);

    a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_NONE;
    a->env_set[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("ONLY"), .value = KW_STR("this") };
    a->policy.env_set = kw_span_of(a->env_set, 1, sizeof a->env_set[0]);
    execute(a);
    CHECK(a->call.out.kept_size == strlen("ONLY=this\n") && stdout_has(a, "ONLY=this\n"));
    attempt_end(a);

    a = attempt_self("env");
    a->env_allow[0] = kw_string("KEYWAY_TEST_*");
    a->env_deny[0] = kw_string("*SECRET*");
    a->policy.env_allow = kw_span_of(a->env_allow, 1, sizeof(kw_str));
    a->policy.env_deny = kw_span_of(a->env_deny, 1, sizeof(kw_str));
    execute(a);
    CHECK(stdout_has(a, "KEYWAY_TEST_PLAIN=1\n") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    attempt_end(a);

    a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_ALL;
    a->env_deny[0] = kw_string("*SECRET*");
    a->policy.env_deny = kw_span_of(a->env_deny, 1, sizeof(kw_str));
    execute(a);
    CHECK(stdout_has(a, "KEYWAY_TEST_PLAIN=1\n") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    attempt_end(a);
}

static void denying_a_variable_disregards_case_and_allowing_does_not(void)
{
    attempt *a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_ALL;
    a->env_deny[0] = kw_string("keyway_*secret");
    a->env_deny[1] = kw_string("*TOKEN*");
    a->policy.env_deny = kw_span_of(a->env_deny, 2, sizeof(kw_str));
    a->env[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("My_Token"), .value = KW_STR("asked") };
    a->in.env = kw_span_of(a->env, 1, sizeof a->env[0]);
    const kw_run_out *out = execute(a);
    CHECK(stdout_has(a, "KEYWAY_TEST_PLAIN=1\n") && !stdout_has(a, "KEYWAY_TEST_SECRET"));
    CHECK(!stdout_has(a, "keyway_test_token") && !stdout_has(a, "My_Token") && violated(out, "env"));
    attempt_end(a);

    a = attempt_self("env");
    a->env_allow[0] = kw_string("keyway_test_*");
    a->policy.env_allow = kw_span_of(a->env_allow, 1, sizeof(kw_str));
    execute(a);
    CHECK(stdout_has(a, "keyway_test_token=3\n") && !stdout_has(a, "KEYWAY_TEST_"));
    attempt_end(a);
}

static void a_request_cannot_steer_which_program_runs(void)
{
    attempt *a = attempt_self("env");
    a->policy.env_inherit = KW_INHERIT_ALL;
    a->env[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("PATH"), .value = KW_STR("/evil") };
    a->env[1] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("LD_PRELOAD"), .value = KW_STR("/evil.so") };
    a->env[2] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("ASKED"), .value = KW_STR("for") };
    a->in.env = kw_span_of(a->env, 3, sizeof a->env[0]);
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && !stdout_has(a, "evil") && stdout_has(a, "ASKED=for\n"));
    CHECK(violated(out, "env"));
    attempt_end(a);
}

/* ---- limits --------------------------------------------------------------------------------------------- */

static void time_limits_end_the_program(void)
{
    attempt *a = attempt_self("sleep");
    a->limits.wall_ns = 100000000;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_TIMEOUT && out->signal == SIGTERM && out->exit_code == -1);
    CHECK(enforced(out, "wall") == KW_ENFORCED_YES && violated(out, "wall"));
    attempt_end(a);

    a = attempt_self("ignore-term");
    a->limits.idle_ns = 1000000000; /* long enough for it to have begun to ignore SIGTERM */
    out = execute(a);
    CHECK(out->end == KW_END_IDLE && out->signal == SIGKILL);
    CHECK(enforced(out, "idle") == KW_ENFORCED_YES && enforced(out, "grace") == KW_ENFORCED_YES);
    CHECK(violated(out, "idle"));
    attempt_end(a);

    a = attempt_self("ignore-term");
    a->call.call.deadline_ns = test_now_ns() + 100000000;
    a->limits.grace_ns = INT64_C(3600000000000);
    out = execute(a);
    CHECK(out->end == KW_END_TIMEOUT && out->signal == SIGKILL && violated(out, "deadline"));
    attempt_end(a);

    a = attempt_self("burn");
    a->limits.cpu_ns = 1000000000;
    out = execute(a);
    CHECK(out->end == KW_END_CPU && out->cpu_ns >= 900000000);
    CHECK(enforced(out, "cpu") == KW_ENFORCED_YES && violated(out, "cpu"));
    attempt_end(a);
}

static void resource_limits_hold(void)
{
    attempt *a;
    const kw_run_out *out;
#if !defined(SANITIZED)
    /* Under AddressSanitizer the program reserves terabytes of address space, and could not even start. */
    a = attempt_self("allocate");
    a->limits.memory = 256 << 20;
    out = execute(a);
    CHECK(out->end == KW_END_MEMORY && out->signal == SIGABRT && out->max_rss <= 256 << 20);
    CHECK(enforced(out, "memory") == KW_ENFORCED_YES && violated(out, "memory"));
    attempt_end(a);
#endif

    a = attempt_self("write");
    char folder[PATH_MAX];
    test_folder_make(folder, sizeof folder);
    a->in.cwd = kw_string(folder);
    a->limits.file_size = 1 << 20;
    out = execute(a);
    CHECK(out->end == KW_END_SIGNALLED && out->signal == SIGXFSZ);
    CHECK(enforced(out, "fileSize") == KW_ENFORCED_YES && violated(out, "fileSize"));
    attempt_end(a);
    test_folder_remove(folder);

    a = attempt_self("open");
    a->limits.open_files = 16;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "13 24")); /* 16 less the standard three; EMFILE */
    CHECK(enforced(out, "openFiles") == KW_ENFORCED_YES);
    attempt_end(a);

    a = attempt_self("fork");
    a->limits.processes = 1;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED);
    if (getuid() == 0)
        CHECK(enforced(out, "processes") == KW_ENFORCED_NO && stdout_has(a, "forked"));
    else
        CHECK(enforced(out, "processes") == KW_ENFORCED_YES && stdout_has(a, "refused"));
    attempt_end(a);
}

static void output_limits_hold(void)
{
    attempt *a = attempt_self("flood");
    a->limits.stdout_bytes = 1000;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && out->truncated == 1);
    CHECK(out->stdout_bytes == UINT64_C(1600) * 65536 && a->call.out.total == 1000);
    CHECK(enforced(out, "stdoutBytes") == KW_ENFORCED_YES && violated(out, "stdoutBytes"));
    attempt_end(a);

    a = attempt_self("flood");
    a->limits.stdout_bytes = 1000;
    a->policy.overflow = KW_OVERFLOW_KILL;
    out = execute(a);
    CHECK(out->end == KW_END_OUTPUT && out->truncated == 1 && a->call.out.total == 1000);
    CHECK(out->stdout_bytes < UINT64_C(1600) * 65536 && enforced(out, "overflow") == KW_ENFORCED_YES);
    attempt_end(a);

    a = attempt_self("flood-error");
    a->limits.stderr_bytes = 10;
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->stderr_bytes == 65536 && a->call.err.total == 10);
    CHECK(enforced(out, "stderrBytes") == KW_ENFORCED_YES && violated(out, "stderrBytes"));
    attempt_end(a);
}

static void the_network_is_out_of_reach_unless_allowed(void)
{
    char expected[128];
    attempt *a = attempt_self("sockets");
    const kw_run_out *out = execute(a);
    CHECK(enforced(out, "network") == KW_ENFORCED_YES);
    snprintf(expected, sizeof expected, "%d:%d %d:%d %d:%d %d:%d %d:%d", AF_INET, EPERM, AF_INET6, EPERM, AF_NETLINK,
             EPERM, AF_PACKET, EPERM, AF_UNIX, EPERM);
    CHECK(stdout_has(a, expected));
    attempt_end(a);
    a = attempt_self("sockets");
    a->policy.flags |= KW_POLICY_ALLOW_NETWORK;
    out = execute(a);
    snprintf(expected, sizeof expected, "%d:0 ", AF_INET);
    CHECK(enforced(out, "network") == -1 && stdout_has(a, expected));
    attempt_end(a);
}

/* ---- ends ----------------------------------------------------------------------------------------------- */

static void cancel_when_it_speaks(test_call *call, const kw_event *event)
{
    if (event->kind == KW_EVENT_STDOUT)
        test_call_cancel(call);
}

static void *cancel_later(void *argument)
{
    test_call_cancel(argument);
    return NULL;
}

static void cancelling_ends_the_program(void)
{
    attempt *a = attempt_self("sleep");
    a->call.on_event = cancel_when_it_speaks;
    const kw_run_out *out = execute(a);
    CHECK(a->status == KW_OK && out->end == KW_END_CANCELLED && out->signal == SIGTERM);
    attempt_end(a);

    a = attempt_self("ignore-term");
    a->call.on_event = cancel_when_it_speaks;
    out = execute(a);
    CHECK(out->end == KW_END_CANCELLED && out->signal == SIGKILL);
    attempt_end(a);

    pthread_t thread;
    a = attempt_self("sleep");
    CHECK(pthread_create(&thread, NULL, cancel_later, &a->call) == 0);
    out = execute(a);
    CHECK(out->end == KW_END_CANCELLED); /* before the start or after it */
    pthread_join(thread, NULL);
    attempt_end(a);
}

static void a_consumer_that_is_behind_loses_nothing(void)
{
    attempt *a = attempt_self("flood");
    a->call.would_block = 500;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && a->call.out.total == UINT64_C(1600) * 65536 && out->truncated == 0);
    CHECK(a->call.would_block == 0 && a->call.wake == NULL);
    attempt_end(a);
}

static void many_runs_leave_nothing_behind(void)
{
    int before = open_descriptors();
    int ended = 0;
    for (int i = 0; i < 1000; i++) {
        attempt *a = attempt_make(i % 4 == 3 ? "no-such-program-anywhere" : "true");
        allow(a, i % 4 == 3 ? "no-such-program-anywhere" : "true");
        ended += execute(a)->end == (i % 4 == 3 ? KW_END_SPAWN_FAILED : KW_END_EXITED);
        attempt_end(a);
    }
    CHECK(ended == 1000);
    CHECK(open_descriptors() == before);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void leave_children_alone(int signal)
{
    (void)signal;
}

static void *run_many(void *argument)
{
    int *wrong = argument;
    for (int i = 0; i < 40; i++) {
        char script[64];
        snprintf(script, sizeof script, "echo %d; exit %d", i, i);
        attempt *a = attempt_shell(script);
        const kw_run_out *out = execute(a);
        *wrong += out->end != KW_END_EXITED || out->exit_code != i || atoi(a->call.out.kept) != i;
        attempt_end(a);
    }
    return NULL;
}

static void runs_at_the_same_time_do_not_disturb_each_other(void)
{
    pthread_t threads[8];
    int wrong[8] = { 0 }, before = open_descriptors();
    for (int i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, run_many, &wrong[i]) == 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        CHECK(wrong[i] == 0);
    }
    CHECK(open_descriptors() == before);
}

/* A host may ignore SIGCHLD, or wait for every child: the program is not a child of its own. */
static void hosts_that_discard_children_still_learn_how_it_ended(void)
{
    struct sigaction usual, ways[3] = { { .sa_handler = SIG_IGN }, { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT },
                                        { .sa_handler = leave_children_alone, .sa_flags = SA_NOCLDWAIT | SA_RESTART } };
    int before = open_descriptors();
    for (size_t i = 0; i < 3; i++) {
        attempt *a = attempt_shell("exit 7");
        CHECK(sigaction(SIGCHLD, &ways[i], &usual) == 0);
        const kw_run_out *out = execute(a);
        CHECK(sigaction(SIGCHLD, &usual, NULL) == 0);
        CHECK(a->status == KW_OK && out->end == KW_END_EXITED && out->exit_code == 7);
        attempt_end(a);
    }
    CHECK(open_descriptors() == before);
}

static void *wait_for_children(void *stops)
{
    int taken = 0;
    while (__atomic_load_n((int *)stops, __ATOMIC_ACQUIRE) == 0)
        taken += waitpid(-1, NULL, WNOHANG) > 0;
    CHECK(taken == 0);
    return NULL;
}

static void a_host_that_waits_for_every_child_takes_nothing_away(void)
{
    pthread_t thread;
    int stops = 0;
    CHECK(pthread_create(&thread, NULL, wait_for_children, &stops) == 0);
    for (int i = 0; i < 20; i++) {
        attempt *a = attempt_shell("exit 3");
        CHECK(execute(a)->exit_code == 3);
        attempt_end(a);
    }
    __atomic_store_n(&stops, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
}

/* Only root may become somebody else, and then nothing of root is left. Whoever one is, one may stay. */
static void the_program_runs_as_the_user_that_was_asked_for(void)
{
    int root = getuid() == 0;
    gid_t groups[64], extra = 1;
    int count = getgroups(64, groups);
    CHECK(count >= 0 && (!root || setgroups(1, &extra) == 0)); /* one more that must not be handed on */
    for (int own = 0; own < 2; own++) {
        attempt *a = attempt_make("id");
        allow(a, "id");
        a->policy.flags |= KW_POLICY_USER_SET | KW_POLICY_REQUIRE_ENFORCED;
        a->policy.user = own ? getuid() : root ? 65534 : getuid() + 1;
        const kw_run_out *out = execute(a);
        if (root || own) {
            CHECK(out->end == KW_END_EXITED && enforced(out, "user") == KW_ENFORCED_YES);
            CHECK(own || stdout_has(a, "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n"));
        } else {
            CHECK(out->end == KW_END_DENIED && text_has(out->detail, "user") && enforced(out, "user") == KW_ENFORCED_NO);
        }
        attempt_end(a);
    }
    CHECK(!root || setgroups((size_t)count, groups) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return behave(argv[1]);
    setenv("KEYWAY_TEST_PLAIN", "1", 1);
    setenv("KEYWAY_TEST_SECRET", "2", 1);
    setenv("keyway_test_token", "3", 1);
    start();
    output_and_exit_code_come_back();
    a_shell_command_runs_when_it_is_allowed();
    words_are_not_read_by_a_shell();
    input_reaches_the_program();
    the_program_starts_clean();
    the_working_folder_is_checked_and_used();
    what_cannot_be_started_says_why();
    the_environment_is_the_policys();
    denying_a_variable_disregards_case_and_allowing_does_not();
    a_request_cannot_steer_which_program_runs();
    time_limits_end_the_program();
    resource_limits_hold();
    output_limits_hold();
    the_network_is_out_of_reach_unless_allowed();
    cancelling_ends_the_program();
    a_consumer_that_is_behind_loses_nothing();
    many_runs_leave_nothing_behind();
    runs_at_the_same_time_do_not_disturb_each_other();
    hosts_that_discard_children_still_learn_how_it_ended();
    a_host_that_waits_for_every_child_takes_nothing_away();
    the_program_runs_as_the_user_that_was_asked_for();
    return finish();
}
