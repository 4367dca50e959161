#define _GNU_SOURCE
#include "file_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <keyway/author.h>
#include "landlock.h"
#include "program.h"

static const char *const libraries[] = { "/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache" };
#define LIBRARY_COUNT (sizeof libraries / sizeof libraries[0])
static const char *const linkers[] = {
    "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1",
};

/* ---- the rules of a run --------------------------------------------------------------------------------- */

static uint32_t rule_count(const request *r)
{
    return r->policy.paths.count + r->in.extra_paths.count;
}

static kw_path_rule rule_at(const request *r, uint32_t i)
{
    kw_path_rule rule = { .access = KW_ACCESS_NONE };
    uint32_t own = r->policy.paths.count;
    bool ok = i < own ? kw_read_at(&rule, r->policy.paths, i) : kw_read_at(&rule, r->in.extra_paths, i - own);
    (void)ok; /* checked when the request was read */
    return rule;
}

static uint32_t rights_of(const kw_path_rule *rule)
{
    uint32_t rights = rule->access >= KW_ACCESS_READ ? LANDLOCK_READ : 0;
    if (rule->access == KW_ACCESS_WRITE)
        rights |= LANDLOCK_WRITE | LANDLOCK_DEVICE;
    return rule->execute ? rights | LANDLOCK_EXECUTE : rights;
}

bool file_rules_are_set(const request *r)
{
    return rule_count(r) > 0;
}

/* Is a path the other one, or in it? Both without a slash at the end. */
static bool lies_in(const char *path, const char *folder)
{
    size_t size = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

/* Without links, as far as it is there. */
static void resolve(kw_str path, char out[PATH_MAX])
{
    char written[PATH_MAX];
    snprintf(written, sizeof written, "%.*s", (int)path.len, path.ptr);
    if (realpath(written, out) != NULL)
        return;
    size_t size = strlen(written);
    while (size > 1 && written[size - 1] == '/')
        size--;
    memcpy(out, written, size);
    out[size] = '\0';
}

/* ---- can they be kept? ---------------------------------------------------------------------------------- */

typedef struct resolved {
    char path[PATH_MAX];
    uint32_t rights;
} resolved;

/* Of several rules for one path the last one counts. */
static bool is_replaced(const resolved *list, uint32_t count, uint32_t i)
{
    for (uint32_t later = i + 1; later < count; later++)
        if (strcmp(list[later].path, list[i].path) == 0)
            return true;
    return false;
}

static bool takes_away(const resolved *list, uint32_t count, const resolved *rule)
{
    char path[PATH_MAX];
    for (uint32_t i = 0; i < count; i++)
        if (&list[i] != rule && (list[i].rights & ~rule->rights) != 0 && lies_in(rule->path, list[i].path)
            && !is_replaced(list, count, i))
            return true;
    for (size_t i = 0; i < LIBRARY_COUNT && !(rule->rights & LANDLOCK_READ); i++)
        if (realpath(libraries[i], path) != NULL && lies_in(rule->path, path))
            return true;
    return false;
}

bool file_rules_can_be_kept(const request *r)
{
    uint32_t count = rule_count(r);
    resolved *list = calloc(count + 1, sizeof *list);
    bool can = list != NULL;
    for (uint32_t i = 0; can && i < count; i++) {
        kw_path_rule rule = rule_at(r, i);
        resolve(rule.path, list[i].path);
        list[i].rights = rights_of(&rule);
    }
    for (uint32_t i = 0; can && i < count; i++)
        can = is_replaced(list, count, i) || !takes_away(list, count, &list[i]);
    free(list);
    return can;
}

/* ---- adding them ---------------------------------------------------------------------------------------- */

static bool path_of(int file, char path[PATH_MAX])
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    path[size > 0 ? size : 0] = '\0';
    return size > 0;
}

bool file_rules_cover(const request *r, int folder)
{
    char path[PATH_MAX], rule_path[PATH_MAX];
    if (!path_of(folder, path))
        return false;
    for (uint32_t i = 0; i < rule_count(r); i++) {
        kw_path_rule rule = rule_at(r, i);
        resolve(rule.path, rule_path);
        if (rule.access >= KW_ACCESS_READ && lies_in(path, rule_path))
            return true;
    }
    return false;
}

/* A run that may write a folder may put a link into it, where a later run's rule or program is looked for: what is reached
 * through such a folder must lie in it. */
static bool is_led_astray(const file_rules *all, const char *written, const char *real)
{
    char above[PATH_MAX], real_above[PATH_MAX];
    snprintf(above, sizeof above, "%s", written);
    for (char *slash = above; (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
        *slash = '\0';
        bool is_there = realpath(above, real_above) != NULL;
        for (size_t i = 0; is_there && i < all->count; i++)
            if (lies_in(real_above, all->writable[i]) && !lies_in(real, all->writable[i]))
                return true;
    }
    return false;
}

static bool can_write(const file_rules *all, const char *real)
{
    for (size_t i = 0; i < all->count; i++)
        if (lies_in(real, all->writable[i]))
            return true;
    return false;
}

static bool add_writable(file_rules *out, const char *path)
{
    char **larger = realloc(out->writable, (out->count + 2) * sizeof *larger);
    if (larger == NULL)
        return false;
    out->writable = larger;
    larger[out->count] = strdup(path);
    larger[out->count + 1] = NULL;
    return larger[out->count++] != NULL;
}

static int add_rule(const kw_path_rule *rule, int rules, const file_rules *all)
{
    char written[PATH_MAX], path[PATH_MAX];
    if ((size_t)snprintf(written, sizeof written, "%.*s", (int)rule->path.len, rule->path.ptr) >= sizeof written)
        return ENAMETOOLONG;
    int file = open(written, O_PATH | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : errno;
    int number = !path_of(file, path) ? errno : is_led_astray(all, written, path) ? ELOOP : 0;
    if (number == 0)
        number = landlock_add(rules, file, rights_of(rule));
    close(file);
    return number;
}

static bool is_last_of_its_path(const request *r, uint32_t i)
{
    kw_path_rule rule = rule_at(r, i);
    for (uint32_t later = i + 1; later < rule_count(r); later++)
        if (kw_equal(rule_at(r, later).path, rule.path))
            return false;
    return true;
}

/* A script needs what its first line names, too. One that can be written could name anything. */
static int add_interpreter(const char *script, int rules)
{
    char line[256];
    int file = open(script, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, line, sizeof line - 1) : 0;
    if (file >= 0)
        close(file);
    line[size > 0 ? size : 0] = '\0';
    if (strncmp(line, "#!", 2) != 0)
        return 0;
    char *name = line + 2 + strspn(line + 2, " \t");
    name[strcspn(name, " \t\n")] = '\0';
    return landlock_add_path(rules, name, LANDLOCK_READ | LANDLOCK_EXECUTE);
}

/* What cannot be given is left out: exec will say so. */
static int add_program(int rules, int folder, const char *path, const file_rules *all)
{
    char written[2 * PATH_MAX], real[PATH_MAX];
    if (path[0] == '/')
        snprintf(written, sizeof written, "%s", path);
    else if (folder >= 0 && path_of(folder, real))
        snprintf(written, sizeof written, "%s/%s", real, path);
    else
        return 0;
    int file = open(written, O_PATH | O_CLOEXEC);
    if (file < 0)
        return 0;
    bool is_given = path_of(file, real) && !is_led_astray(all, written, real);
    int number = is_given ? landlock_add(rules, file, LANDLOCK_READ | LANDLOCK_EXECUTE) : 0;
    close(file);
    return number == 0 && is_given && !can_write(all, real) ? add_interpreter(real, rules) : number;
}

static int add_programs(const request *r, const environment *e, const char *program, int folder, int rules,
                        const file_rules *all)
{
    char path[PATH_MAX];
    int number = add_program(rules, folder, program, all);
    for (uint32_t i = 0; number == 0 && r->in.kind == KW_RUN_SHELL && i < r->commands.count; i++) {
        const command *c = &r->commands.list[i];
        if (c->count > 0 && c->words[0].is_certain && program_find(e, c->words[0].text, path, sizeof path) == 0)
            number = add_program(rules, folder, path, all);
    }
    return number;
}

static int add_base(const request *r, int rules)
{
    int number = 0;
    for (size_t i = 0; number == 0 && i < LIBRARY_COUNT; i++)
        number = landlock_add_path(rules, libraries[i], LANDLOCK_READ);
    for (size_t i = 0; number == 0 && i < sizeof linkers / sizeof linkers[0]; i++)
        number = landlock_add_path(rules, linkers[i], LANDLOCK_READ | LANDLOCK_EXECUTE);
    static const char *const devices[] = { "/dev/zero", "/dev/random", "/dev/urandom" };
    for (size_t i = 0; number == 0 && i < sizeof devices / sizeof devices[0]; i++)
        number = landlock_add_path(rules, devices[i], LANDLOCK_READ);
    if (number == 0)
        number = landlock_add_path(rules, "/dev/null", LANDLOCK_READ | LANDLOCK_WRITE);
    if (number == 0 && (r->policy.flags & KW_POLICY_PTY))
        number = landlock_add_path(rules, "/dev/tty", LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_DEVICE);
    return number;
}

static int list_writable(const request *r, file_rules *out)
{
    char path[PATH_MAX];
    for (uint32_t i = 0; i < rule_count(r); i++) {
        kw_path_rule rule = rule_at(r, i);
        resolve(rule.path, path);
        if (rule.access == KW_ACCESS_WRITE && is_last_of_its_path(r, i) && access(path, F_OK) == 0
            && !add_writable(out, path))
            return ENOMEM;
    }
    return 0;
}

const char *file_rules_add(const request *r, const environment *e, const char *program, int folder, int rules,
                           file_rules *out)
{
    const char *stage = "jail: libraries and devices of every program";
    int number = list_writable(r, out);
    if (number == 0)
        number = add_base(r, rules);
    if (number == 0) {
        stage = "jail: programs that it may execute";
        number = add_programs(r, e, program, folder, rules, out);
    }
    for (uint32_t i = 0; number == 0 && i < rule_count(r); i++) {
        kw_path_rule rule = rule_at(r, i);
        stage = "jail: a path rule; below a folder that may be written, no link may lead out of it";
        if (is_last_of_its_path(r, i))
            number = add_rule(&rule, rules, out);
    }
    errno = number;
    return number == 0 ? NULL : stage;
}

void file_rules_free(file_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        free(rules->writable[i]);
    free(rules->writable);
    *rules = (file_rules) { NULL, 0 };
}
