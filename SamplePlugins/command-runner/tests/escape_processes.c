/* Escapes to other processes and past limits: every attempt succeeds without the field of the policy, is refused with it, and
 * its allowed twin succeeds. */
#define _GNU_SOURCE
#include "escape.h"

static char own_pid[16];

/* ---- other processes ------------------------------------------------------------------------------------ */

static void other_processes_are_out_of_reach(void)
{
    const struct {
        const char *attack, *argument;
        int is_root; /* an ordinary user may not anyway */
    } list[] = { { "signal", own_pid, 0 }, { "trace", own_pid, 0 }, { "memory", own_pid, 0 }, { "descriptor", own_pid, 0 },
                 { "environment", own_pid, 0 }, { "users", "", 0 }, { "clone-users", "", 0 }, { "keys", "", 0 },
                 { "mount", "", 1 }, { "capabilities", "", 1 }, { "bounds", "", 1 } };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        if (list[i].is_root && getuid() != 0)
            continue;
        check_refused(list[i].attack, list[i].argument, inside(list[i].attack, list[i].argument));
        int control = outside(list[i].attack, list[i].argument);
        if (control == EPERM || control == ENOSYS || control == ENOSPC)
            printf("SKIP control of an escape: this machine refuses %s to everybody\n", list[i].attack);
        else
            CHECK(control == 0);
    }
}

/* Also where no profile is wanted: who is under rules of files cannot look into who is not. Root's capabilities can, since
 * Linux 6.14, and only the profile takes them. */
static void a_jail_of_files_hides_the_memory_of_others(void)
{
    for (int is_free = getuid() == 0; is_free < 2; is_free++) {
        attempt *a = getuid() != 0 && is_free ? make_free("environment", own_pid) : make("environment", own_pid);
        path_rule(a, "/", KW_ACCESS_READ, 1);
        CHECK(answer_and_end(a) == EACCES);
    }
}

static void nobody_types_into_a_terminal(void)
{
    attempt *a = make("type", "");
    a->policy.flags |= KW_POLICY_PTY;
    CHECK(answer_and_end(a) == EPERM);
    a = make_free("type", "");
    a->policy.flags |= KW_POLICY_PTY;
    int control = answer_and_end(a);
    if (control == EIO)
        printf("SKIP control of an escape: this kernel refuses type to everybody\n");
    else
        CHECK(control == 0);
}

/* A copy of this program that belongs to root and becomes root. */
static void a_set_user_program_gains_nothing(void)
{
    char path[PATH_MAX];
    if (getuid() != 0) {
        printf("SKIP set-user programs: only root can make one\n");
        return;
    }
    snprintf(path, sizeof path, "%.4000s/set-user", arena);
    CHECK(chmod(arena, 0755) == 0);
    attempt *a = attempt_make("cp");
    word(a, self_path);
    word(a, path);
    allow(a, "cp");
    CHECK(execute(a)->exit_code == 0 && chown(path, 0, 0) == 0 && chmod(path, 04755) == 0);
    attempt_end(a);
    for (int is_free = 0; is_free < 2; is_free++) {
        a = is_free ? make_free("", "") : make("", "");
        a->in.argv = kw_span_of(NULL, 0, 0);
        word(a, path);
        word(a, "set-user");
        allow(a, path);
        a->policy.flags |= KW_POLICY_USER_SET;
        a->policy.user = 65534;
        int answer = answer_and_end(a);
        if (is_free && answer == EPERM)
            printf("SKIP control of an escape: this file system has no set-user programs\n");
        else
            CHECK(answer == (is_free ? 0 : EPERM));
    }
}

/* ---- limits --------------------------------------------------------------------------------------------- */

static void a_fork_bomb_is_bounded(void)
{
    attempt *a = make("bomb", "");
    a->limits.processes = 20;
    a->policy.isolate = getuid() == 0 ? 0 : KW_ISOLATE_USER;
    if (getuid() == 0) {
        CHECK(chmod(arena, 0755) == 0);
        a->policy.flags |= KW_POLICY_USER_SET;
        a->policy.user = 64999; /* of whom nothing else runs */
    }
    int count = answer_of(a);
    if (getuid() != 0 && enforced(a->out, "isolate") != KW_ENFORCED_YES) {
        printf("SKIP bound of processes: other processes of this user count, and it may have no namespace here\n");
    } else {
        CHECK(count == 19 && enforced(a->out, "processes") == KW_ENFORCED_YES);
        CHECK(a->out->leftover.count == 0);
    }
    attempt_end(a);
    CHECK(inside("bomb", "") == 100);
}

static void memory_is_limited_in_children_too(void)
{
#if !defined(SANITIZED)
    attempt *a = make("memory-of-children", "");
    a->limits.memory = 256 << 20;
    int megabytes = answer_and_end(a);
    CHECK(megabytes > 0 && megabytes < 256);
    CHECK(inside("memory-of-children", "") == 2048);
#endif
}

/* Root has its capabilities where no profile is wanted; then limits are said to be no limits. */
static void limits_are_not_raised(void)
{
    for (int is_free = 0; is_free < 2; is_free++) {
        attempt *a = is_free ? make_free("raise", "") : make("raise", "");
        a->limits.open_files = 64;
        int answer = answer_of(a), is_root = getuid() == 0;
        if (is_free && is_root && answer == EPERM)
            printf("SKIP control of an escape: this machine refuses raise to everybody\n");
        else
            CHECK(answer == (is_free && is_root ? 0 : EPERM));
        CHECK(enforced(a->out, "openFiles") == !(is_free && is_root));
        attempt_end(a);
    }
}

static int is_locked(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return locked;
}

static void what_leaves_its_session_and_its_parent_ends_all_the_same(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%.4000s/lock", arena);
    for (int isolates = 0; isolates < 2; isolates++) {
        attempt *a = make("survive", path);
        a->policy.isolate = isolates ? KW_ISOLATE_PID : 0;
        CHECK(answer_of(a) == 0);
        if (isolates && enforced(a->out, "isolate") != KW_ENFORCED_YES)
            printf("SKIP namespaces of a run: this user may have none of processes here\n");
        CHECK(!is_locked(path) && a->out->leftover.count == 0);
        attempt_end(a);
    }
    attempt *a = make("survive", path);
    a->policy.background = KW_BACKGROUND_KEEP;
    CHECK(answer_of(a) == 0 && is_locked(path) && a->out->leftover.count == 1);
    const int64_t *left = a->out->leftover.ptr;
    CHECK(left != NULL && kill((pid_t)left[0], SIGKILL) == 0);
    attempt_end(a);
}

static void descriptors_of_the_host_are_not_there(void)
{
    int list[50];
    for (size_t i = 0; i < 50; i++)
        list[i] = open("/dev/null", O_RDONLY); /* not close-on-exec */
    CHECK(list[49] > 0 && inside("descriptors", "") == 0);
    attempt *a = make("descriptors", "");
    a->policy.isolate = KW_ISOLATE_PID | KW_ISOLATE_NET | KW_ISOLATE_IPC;
    CHECK(answer_and_end(a) == 0);
    CHECK(outside("descriptors", "") == 0);
    int found = 0;
    for (int fd = 3; fd < 4096; fd++)
        found += fcntl(fd, F_GETFD) == 0;
    CHECK(found >= 50); /* they could have been inherited */
    for (size_t i = 0; i < 50; i++)
        close(list[i]);
}

/* ---- namespaces ----------------------------------------------------------------------------------------- */

static void namespaces_are_what_was_asked_for(void)
{
    static const struct {
        uint64_t isolate;
        const char *name;
    } list[] = { { KW_ISOLATE_PID, "pid" }, { KW_ISOLATE_IPC, "ipc" }, { KW_ISOLATE_NET, "net" },
                 { KW_ISOLATE_MOUNT, "mnt" }, { KW_ISOLATE_USER, "user" }, { 31, "pid" } };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        char link[64], own[128];
        snprintf(link, sizeof link, "/proc/self/ns/%s", list[i].name);
        ssize_t size = readlink(link, own, sizeof own - 1);
        own[size > 0 ? size : 0] = '\0';
        for (int isolates = 0; isolates < 2; isolates++) {
            attempt *a = attempt_make("readlink");
            word(a, link);
            allow(a, "readlink");
            a->policy.isolate = isolates ? list[i].isolate : 0;
            const kw_run_out *out = execute(a);
            if (isolates && enforced(out, "isolate") != KW_ENFORCED_YES)
                printf("SKIP namespaces of a run: this user may have no %s here\n", list[i].name);
            else
                CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && stdout_has(a, list[i].name)
                      && stdout_has(a, own) == !isolates);
            attempt_end(a);
        }
    }
}

/* The host sees how it ends, and may signal it, by a number that is not the program's own. */
static void a_run_in_namespaces_ends_as_any_other(void)
{
    attempt *a = attempt_shell("echo out; kill -USR1 $$");
    a->policy.isolate = 31;
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_SIGNALLED && out->signal == SIGUSR1 && stdout_has(a, "out\n"));
    attempt_end(a);
    a = attempt_shell("sleep 1000 & echo $$; wait");
    a->policy.isolate = 31;
    a->limits.wall_ns = 200000000;
    out = execute(a);
    CHECK(out->end == KW_END_TIMEOUT && out->signal == SIGTERM && out->leftover.count == 0);
    attempt_end(a);
    a = attempt_make("id");
    allow(a, "id");
    a->policy.isolate = 31;
    a->policy.flags |= KW_POLICY_USER_SET;
    a->policy.user = getuid() == 0 ? 65534 : getuid();
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && stdout_has(a, "uid=65534") == (a->policy.user == 65534));
    attempt_end(a);
}

/* ---- the host ------------------------------------------------------------------------------------------- */

/* What a sandbox would change of a process. */
static void read_state(char state[1024])
{
    static const char *const names[] = { "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Cap", "SigBlk", "SigIgn" };
    char line[512];
    size_t used = (size_t)snprintf(state, 1024, "dumpable %d\n", prctl(PR_GET_DUMPABLE));
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0 && used < 1024)
                used += (size_t)snprintf(state + used, 1024 - used, "%s", line);
    if (file != NULL)
        fclose(file);
}

static void the_host_itself_is_not_changed(const char *before)
{
    char after[1024];
    attempt *a = make("capabilities", "");
    a->policy.isolate = 31;
    a->policy.flags |= KW_POLICY_USER_SET;
    a->policy.user = getuid() == 0 ? 65534 : getuid();
    a->limits = (kw_limits) { .h = KW_HDR(kw_limits), .memory = UINT64_C(1) << 40, .open_files = 64, .processes = 4096 };
    path_rule(a, "/", KW_ACCESS_READ, 1);
    (void)execute(a);
    attempt_end(a);
    read_state(after);
    if (!CHECK(strcmp(before, after) == 0))
        fprintf(stderr, "before:\n%safter:\n%s", before, after);
    CHECK(attack_read("/etc/passwd") == 0 && attack_netlink("") == 0 && attack_create("/dev/null") == 0);
}

int main(int argc, char **argv)
{
    char state[1024];
    if (argc > 1)
        return attack(argv[1], argc > 2 ? argv[2] : "");
    read_state(state);
    start();
    test_folder_make(arena, sizeof arena);
    snprintf(own_pid, sizeof own_pid, "%d", (int)getpid());
    other_processes_are_out_of_reach();
    a_jail_of_files_hides_the_memory_of_others();
    nobody_types_into_a_terminal();
    a_set_user_program_gains_nothing();
    a_fork_bomb_is_bounded();
    memory_is_limited_in_children_too();
    limits_are_not_raised();
    what_leaves_its_session_and_its_parent_ends_all_the_same();
    descriptors_of_the_host_are_not_there();
    namespaces_are_what_was_asked_for();
    a_run_in_namespaces_ends_as_any_other();
    the_host_itself_is_not_changed(state);
    test_folder_remove(arena);
    return finish();
}
