/* Escapes from `paths`: every attempt succeeds without path rules, is refused with them, and its allowed twin succeeds. */
#define _GNU_SOURCE
#include "attacks.h"
#include "fixture.h"

static char arena[PATH_MAX];

static const char *at(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, PATH_MAX, "%.2000s/%s", arena, name);
    return path;
}

static void make_file(const char *name)
{
    FILE *file = fopen(at(name), "we");
    CHECK(file != NULL && fputs("secret", file) >= 0 && fclose(file) == 0);
}

/* work may be written, read may be read; secret lies outside. */
static void make_arena(void)
{
    CHECK(mkdir(at("work"), 0700) == 0 && mkdir(at("read"), 0700) == 0 && mkdir(at("outside"), 0700) == 0);
    make_file("work/file");
    make_file("read/file");
    make_file("outside/secret");
    CHECK(symlink(at("outside"), at("work/door")) == 0 && symlink(at("outside/secret"), at("work/link")) == 0);
}

static attempt *make(const char *name, const char *argument)
{
    attempt *a = attempt_self(name);
    word(a, argument);
    a->in.cwd = kw_string(at("work"));
    return a;
}

static void confine(attempt *a)
{
    static char work[PATH_MAX], reading[PATH_MAX];
    snprintf(work, sizeof work, "%s", at("work"));
    snprintf(reading, sizeof reading, "%s", at("read"));
    path_rule(a, work, KW_ACCESS_WRITE, 0);
    path_rule(a, reading, KW_ACCESS_READ, 0);
#if defined(SANITIZED)
    path_rule(a, "/proc", KW_ACCESS_READ, 0);
#endif
}

static int inside(const char *name, const char *argument, uint64_t isolate)
{
    attempt *a = make(name, argument);
    confine(a);
    a->policy.isolate = isolate;
    int answer = answer_of(a);
    CHECK(enforced(a->out, "paths") == KW_ENFORCED_YES);
    attempt_end(a);
    return answer;
}

static int outside(const char *name, const char *argument)
{
    attempt *a = make(name, argument);
    a->policy.seccomp = kw_string("none");
    a->policy.flags |= KW_POLICY_ALLOW_NETWORK;
    int answer = answer_of(a);
    attempt_end(a);
    return answer;
}

typedef struct escape {
    const char *attack, *target;
    const char *twin; /* allowed inside, or NULL */
} escape;

static void refuse_each(const escape *list, size_t count, uint64_t isolate)
{
    for (size_t i = 0; i < count; i++) {
        const escape *e = &list[i];
        int refused = inside(e->attack, e->target[0] == '/' ? e->target : at(e->target), isolate);
        int twin = e->twin == NULL ? 0 : inside(e->attack, e->twin[0] == '/' ? e->twin : at(e->twin), isolate);
        int control = outside(e->attack, e->target[0] == '/' ? e->target : at(e->target));
        if (!CHECK(refused == EACCES || refused == EPERM || refused == EXDEV || refused == EROFS))
            fprintf(stderr, "  %s %s: %d inside\n", e->attack, e->target, refused);
        if (!CHECK(twin == 0))
            fprintf(stderr, "  %s %s: %d inside\n", e->attack, e->twin, twin);
        if (control == EOPNOTSUPP)
            printf("SKIP control of an escape: this file system knows no extended attributes\n");
        else if (!CHECK(control == 0))
            fprintf(stderr, "  %s %s: %d outside\n", e->attack, e->target, control);
    }
}

static void files_outside_are_neither_read_nor_changed(void)
{
    static const escape list[] = {
        { "read", "outside/secret", "work/file" }, { "read", "/etc/passwd", "/usr/bin/env" },
        { "read", "work/../outside/secret", "work/../read/file" }, { "read", "work/link", "read/file" },
        { "read", "work/door/secret", "read/file" }, { "link", "outside/secret", "read/file" },
        { "read", "/proc/self/root/etc/passwd", NULL },
#if !defined(SANITIZED)
        { "read", "/proc/self/environ", NULL },
#endif
        { "list", "outside", "read" }, { "list", "/", "work" },
        { "write", "outside/secret", "work/file" }, { "write", "read/file", "work/file" },
        { "write", "work/link", NULL }, { "create", "outside/new", "work/new" }, { "create", "read/new", NULL },
        { "create", "work/door/new2", NULL }, { "hard-link", "outside/secret", "work/file" },
        { "rename", "outside/moved", "work/renamed" }, { "rename", "read/moved", NULL },
        { "cut", "read/file", NULL }, { "truncate", "read/file", "work/file" }, { "truncate", "outside/secret", NULL },
    };
    refuse_each(list, sizeof list / sizeof list[0], 0);
}

/* Landlock does not know them: outside of mounts of its own they are refused everywhere. */
static void modes_owners_and_times_are_not_changed(void)
{
    static const escape list[] = {
        { "chmod", "outside/secret", NULL }, { "chmod", "read/file", NULL }, { "fchmod", "read/file", NULL },
        { "chown", "outside/secret", NULL }, { "utimes", "outside/secret", NULL }, { "setxattr", "outside/secret", NULL },
    };
    refuse_each(list, sizeof list / sizeof list[0], 0);
}

static void with_mounts_of_its_own_they_are_changed_where_it_may_write(void)
{
    static const escape list[] = {
        { "chmod", "outside/secret", "work/file" }, { "chmod", "read/file", NULL }, { "fchmod", "read/file", "work/file" },
        { "chown", "outside/secret", "work/file" }, { "utimes", "outside/secret", "work/file" },
        { "chmod", "work/link", NULL }, { "write", "outside/secret", "work/file" }, { "create", "read/new3", "work/new3" },
        { "create", "/dev/shm/keyway-escape", NULL },
    };
    attempt *a = make("read", "file");
    a->policy.isolate = KW_ISOLATE_MOUNT;
    (void)answer_of(a);
    if (enforced(a->out, "isolate") == KW_ENFORCED_YES)
        refuse_each(list, sizeof list / sizeof list[0], KW_ISOLATE_MOUNT);
    else
        printf("SKIP namespaces of a run: this user may have no mounts of its own here\n");
    attempt_end(a);
    (void)unlink("/dev/shm/keyway-escape");
}

static int execute_with(const char *name, const char *argument, const char *root)
{
    attempt *a = make(name, argument);
    confine(a);
    path_rule(a, root, KW_ACCESS_READ, 1);
    int answer = answer_of(a);
    attempt_end(a);
    return answer;
}

static void only_what_may_be_executed_is(void)
{
    static const escape list[] = {
        { "execute", "/usr/bin/true", NULL }, { "copy", "/usr/bin/true", NULL }, { "script", "/bin/sh", NULL },
    };
    refuse_each(list, sizeof list / sizeof list[0], 0);
    CHECK(execute_with("execute", "/usr/bin/true", "/usr/bin") == 0);
    /* A folder that gives execution, and not the copy. */
    CHECK(execute_with("copy", "/usr/bin/true", "/usr/bin") == EACCES);
    /* What can be read can be run by the dynamic linker: a limit that the entry tells of. */
    CHECK(inside("linker", "/usr/bin/true", 0) == 0);
}

static uint32_t end_of(attempt *a, const char *detail)
{
    const kw_run_out *out = execute(a);
    uint32_t end = out->end;
    CHECK(detail == NULL || text_has(out->detail, detail));
    attempt_end(a);
    return end;
}

static void the_shell_and_its_commands_may_be_executed(void)
{
    make_file("work/file"); /* which attacks have cut short */
    attempt *a = attempt_text("cat file; id");
    allow(a, "cat");
    allow(a, "id");
    a->in.cwd = kw_string(at("work"));
    confine(a);
    const kw_run_out *out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && stdout_has(a, "secretuid="));
    attempt_end(a);

    /* What they start themselves may not. */
    a = attempt_make("env true");
    allow(a, "env");
    a->in.cwd = kw_string(at("work"));
    confine(a);
    out = execute(a);
    CHECK(out->end == KW_END_EXITED && out->exit_code == 126);
    attempt_end(a);
}

static void the_working_folder_lies_inside(void)
{
    attempt *a = make("read", "file");
    confine(a);
    a->in.cwd = kw_string(at("outside"));
    CHECK(end_of(a, "working folder") == KW_END_SPAWN_FAILED);
    a = make("read", "secret");
    a->in.cwd = kw_string(at("work/door"));
    confine(a);
    CHECK(end_of(a, "working folder") == KW_END_SPAWN_FAILED);
    /* None is given, and the host's lies elsewhere. */
    a = attempt_make("pwd");
    allow(a, "pwd");
    confine(a);
    (void)execute(a);
    CHECK(stdout_has(a, "/\n") && a->call.out.kept_size == 2);
    attempt_end(a);
}

/* A run that may write a folder puts a link where the next one's rule points. */
static void a_link_in_a_writable_folder_gives_the_next_run_nothing(void)
{
    attempt *a = make("read", at("work/planted/secret"));
    CHECK(symlink(at("outside"), at("work/planted")) == 0);
    confine(a);
    path_rule(a, at("work/planted"), KW_ACCESS_READ, 1);
    CHECK(end_of(a, "link") == KW_END_SANDBOX_FAILED);
    CHECK(unlink(at("work/planted")) == 0 && mkdir(at("work/planted"), 0700) == 0);
    make_file("work/planted/secret");
    a = make("read", at("work/planted/secret"));
    confine(a);
    path_rule(a, at("work/planted"), KW_ACCESS_WRITE, 1);
    CHECK(answer_of(a) == 0);
    attempt_end(a);
}

/* Likewise a program: what a shell text names may be executed, and with it read. */
static void a_planted_program_opens_nothing(void)
{
    char text[PATH_MAX * 2 + 64];
    for (int is_link = 0; is_link < 2; is_link++) {
        make_file("outside/secret"); /* which attacks have cut short */
        CHECK(chmod(at("outside/secret"), 0755) == 0);
        (void)unlink(at("work/tool"));
        if (is_link) {
            CHECK(symlink(at("outside/secret"), at("work/tool")) == 0);
        } else {
            FILE *script = fopen(at("work/tool"), "we");
            CHECK(script != NULL && fprintf(script, "#!%s\n", at("outside/secret")) > 0 && fclose(script) == 0
                  && chmod(at("work/tool"), 0755) == 0);
        }
        snprintf(text, sizeof text, "cat %s; %s", at("outside/secret"), at("work/tool"));
        for (int is_free = 0; is_free < 2; is_free++) {
            attempt *a = attempt_text(text);
            allow(a, "cat");
            allow(a, at("work/tool"));
            a->in.cwd = kw_string(at("work"));
            if (!is_free)
                confine(a);
            const kw_run_out *out = execute(a);
            CHECK(out->end == KW_END_EXITED && stdout_has(a, "secret") == is_free);
            attempt_end(a);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return attack(argv[1], argc > 2 ? argv[2] : "");
    start();
    test_folder_make(arena, sizeof arena);
    make_arena();
    attempt *a = make("read", "file");
    confine(a);
    (void)execute(a);
    if (enforced(a->out, "paths") == KW_ENFORCED_YES) {
        files_outside_are_neither_read_nor_changed();
        modes_owners_and_times_are_not_changed();
        with_mounts_of_its_own_they_are_changed_where_it_may_write();
        only_what_may_be_executed_is();
        the_shell_and_its_commands_may_be_executed();
        the_working_folder_lies_inside();
        a_link_in_a_writable_folder_gives_the_next_run_nothing();
        a_planted_program_opens_nothing();
    } else {
        printf("SKIP path rules of programs: this kernel has no Landlock\n");
    }
    attempt_end(a);
    test_folder_remove(arena);
    return finish();
}
