#define _GNU_SOURCE
#include "environment.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#include <keyway/author.h>

static const char *const core[] = { "PATH", "HOME", "LANG", "LC_*", "TERM", "TMPDIR", "TZ",
                                    "USER", "LOGNAME", "SHELL" };

/* Variables that decide which code runs under an admitted name. A request may set them only where env_allow spells them
 * out: a pattern such as "*" was not written with them in mind. */
static const char *const steering[] = {
    "PATH", "LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH", "BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "BASH_FUNC_*",
    "BASH_LOADABLES_PATH", "CDPATH", "IFS", "PS4", "PROMPT_COMMAND", "ZDOTDIR", "HOME", "XDG_*", "GIT_*", "EDITOR", "VISUAL",
    "PAGER", "*_PAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "PYTHON*", "PERL*", "RUBY*", "NODE_*", "LUA_*", "CLASSPATH",
    "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "MAKEFLAGS", "MAKEFILES", "GNUMAKEFLAGS",
};

static bool matches_any(const char *const *patterns, size_t count, const char *name, int flags)
{
    for (size_t i = 0; i < count; i++)
        if (fnmatch(patterns[i], name, flags) == 0)
            return true;
    return false;
}

#define MATCHES(patterns, name) matches_any((patterns), sizeof(patterns) / sizeof((patterns)[0]), (name), 0)

void environment_free(environment *e)
{
    for (uint32_t i = 0; i < e->count; i++)
        free(e->list[i]);
    free(e->list);
    *e = (environment) { NULL, 0, 0 };
}

static bool is_named(const char *entry, const char *name, size_t length)
{
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

const char *environment_get(const environment *e, const char *name)
{
    size_t length = strlen(name);
    for (uint32_t i = 0; i < e->count; i++)
        if (is_named(e->list[i], name, length))
            return e->list[i] + length + 1;
    return NULL;
}

/* Takes entry over, also when it fails. */
static bool put(environment *e, char *entry, size_t name_length)
{
    if (entry == NULL)
        return false;
    for (uint32_t i = 0; i < e->count; i++)
        if (is_named(e->list[i], entry, name_length)) {
            free(e->list[i]);
            e->list[i] = entry;
            return true;
        }
    if (e->count + 1 >= e->room) {
        uint32_t room = e->room * 2 + 32;
        char **list = realloc(e->list, room * sizeof *list);
        if (list == NULL) {
            free(entry);
            return false;
        }
        e->list = list;
        e->room = room;
    }
    e->list[e->count++] = entry;
    e->list[e->count] = NULL;
    return true;
}

static bool put_pair(environment *e, const kw_pair *pair)
{
    size_t name = (size_t)pair->key.len, value = (size_t)pair->value.len;
    char *entry = malloc(name + value + 2);
    if (entry != NULL) {
        memcpy(entry, pair->key.ptr, name);
        entry[name] = '=';
        if (value > 0)
            memcpy(entry + name + 1, pair->value.ptr, value);
        entry[name + 1 + value] = '\0';
    }
    return put(e, entry, name);
}

bool environment_snapshot(environment *out)
{
    *out = (environment) { NULL, 0, 0 };
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals != NULL && equals != *entry && !put(out, strdup(*entry), (size_t)(equals - *entry))) {
            environment_free(out);
            return false;
        }
    }
    return true;
}

/* ---- the policy's view of a name ------------------------------------------------------------------------ */

typedef struct globs {
    char **list;
    uint32_t count;
} globs;

static bool globs_make(kw_span texts, globs *out)
{
    *out = (globs) { calloc((size_t)texts.count + 1, sizeof(char *)), 0 };
    for (; out->list != NULL && out->count < texts.count; out->count++)
        if ((out->list[out->count] = request_copy(kw_text_at(texts, out->count))) == NULL)
            return false;
    return out->list != NULL;
}

static void globs_free(globs *g)
{
    for (uint32_t i = 0; g->list != NULL && i < g->count; i++)
        free(g->list[i]);
    free(g->list);
}

static bool inherits(const kw_policy *p, const globs *allow, const globs *deny, const char *name)
{
    /* Whoever denies *SECRET* means my_secret too; to admit, the name must be the one that was written. */
    if (matches_any((const char *const *)deny->list, deny->count, name, FNM_CASEFOLD))
        return false;
    return p->env_inherit == KW_INHERIT_ALL || (p->env_inherit == KW_INHERIT_CORE && MATCHES(core, name))
        || matches_any((const char *const *)allow->list, allow->count, name, 0);
}

static bool spelled(const globs *allow, const char *name)
{
    for (uint32_t i = 0; i < allow->count; i++)
        if (strcmp(allow->list[i], name) == 0)
            return true;
    return false;
}

static bool add_host(const environment *host, const kw_policy *p, const globs *allow, const globs *deny,
                     environment *out)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < host->count; i++) {
        size_t length = strcspn(host->list[i], "=");
        char *name = strndup(host->list[i], length);
        ok = name != NULL;
        /* A function under the name of a program would be run in its place, and rules know the program. */
        bool is_function = strncmp(name != NULL ? name : "", "BASH_FUNC_", 10) == 0;
        if (ok && !is_function && inherits(p, allow, deny, name))
            ok = put(out, strdup(host->list[i]), length);
        free(name);
    }
    return ok;
}

static bool add_request(const request *r, const globs *allow, const globs *deny, environment *out, uint32_t *refused)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < r->in.env.count; i++) {
        kw_pair pair;
        kw_read_at(&pair, r->in.env, i);
        char *name = request_copy(pair.key);
        ok = name != NULL;
        if (ok && inherits(&r->policy, allow, deny, name) && (!MATCHES(steering, name) || spelled(allow, name)))
            ok = put_pair(out, &pair);
        else
            ++*refused;
        free(name);
    }
    return ok;
}

bool environment_build(const environment *host, const request *r, environment *out, uint32_t *refused)
{
    globs allow = { NULL, 0 }, deny = { NULL, 0 };
    *refused = 0;
    *out = (environment) { calloc(1, sizeof(char *)), 0, 1 };
    bool ok = out->list != NULL && globs_make(r->policy.env_allow, &allow) && globs_make(r->policy.env_deny, &deny)
        && add_host(host, &r->policy, &allow, &deny, out) && add_request(r, &allow, &deny, out, refused);
    for (uint32_t i = 0; ok && i < r->policy.env_set.count; i++) {
        kw_pair pair;
        kw_read_at(&pair, r->policy.env_set, i);
        ok = put_pair(out, &pair);
    }
    globs_free(&allow);
    globs_free(&deny);
    if (!ok)
        environment_free(out);
    return ok;
}
