#define _GNU_SOURCE
#include "rules.h"

#include <stdio.h>

#include <keyway/author.h>
#include "shell_words.h"

static bool is_text(kw_str a, const char *b)
{
    return a.len == strlen(b) && (a.len == 0 || memcmp(a.ptr, b, (size_t)a.len) == 0);
}

bool rules_admit(kw_span prefix, const command *c)
{
    if (prefix.count == 0 || prefix.count > c->count)
        return false;
    for (uint32_t i = 0; i < prefix.count; i++)
        if (!c->words[i].is_certain || !is_text(kw_text_at(prefix, i), c->words[i].text))
            return false;
    return true;
}

static bool forbids_from(kw_span prefix, const command *c, uint32_t start)
{
    for (uint32_t i = 0; i < prefix.count; i++) {
        if (start + i >= c->count)
            return false;
        const command_word *w = &c->words[start + i];
        kw_str word = kw_text_at(prefix, i);
        if (!w->is_certain)
            return true;
        bool is_name = i == 0 && (word.len == 0 || memchr(word.ptr, '/', (size_t)word.len) == NULL);
        if (!is_text(word, w->text) && !(is_name && is_text(word, command_base_name(w->text))))
            return false;
    }
    return prefix.count > 0;
}

bool rules_forbid(kw_span prefix, const command *c)
{
    if (forbids_from(prefix, c, 0))
        return true;
    const char *name = c->words[0].text;
    bool runs_another = command_runs_another(name), is_find = strcmp(command_base_name(name), "find") == 0;
    for (uint32_t i = 1; i < c->count; i++) {
        if (runs_another && forbids_from(prefix, c, i))
            return true;
        const char *option = c->words[i].text;
        if (is_find && (strncmp(option, "-exec", 5) == 0 || strncmp(option, "-ok", 3) == 0))
            runs_another = true;
    }
    return false;
}

bool rules_find_anywhere(kw_span pattern, const command *c)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (forbids_from(pattern, c, i))
            return true;
    return false;
}

static void spell(kw_span prefix, char text[RULES_SPELLED])
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < prefix.count && used < RULES_SPELLED; i++) {
        kw_str word = kw_text_at(prefix, i);
        int shown = word.len > 200 ? 200 : (int)word.len;
        used += (size_t)snprintf(text + used, RULES_SPELLED - used, "%s%.*s", i > 0 ? " " : "", shown,
                                 shown > 0 ? word.ptr : "");
    }
}

bool rules_find(kw_span rules, bool (*matches)(kw_span prefix, const command *c), const command *c,
                char text[RULES_SPELLED])
{
    for (uint32_t i = 0; i < rules.count; i++) {
        kw_rule rule;
        if (kw_read_at(&rule, rules, i) && matches(rule.prefix, c)) {
            spell(rule.prefix, text);
            return true;
        }
    }
    return false;
}

/* ---- limits --------------------------------------------------------------------------------------------- */

static void replace_time(int64_t *limit, int64_t by)
{
    *limit = by > 0 ? by : *limit;
}

static void replace_size(uint64_t *limit, uint64_t by)
{
    *limit = by > 0 ? by : *limit;
}

static void lower_time(int64_t *limit, int64_t other)
{
    *limit = *limit == 0 || (other > 0 && other < *limit) ? other : *limit;
}

static void lower_size(uint64_t *limit, uint64_t other)
{
    *limit = *limit == 0 || (other > 0 && other < *limit) ? other : *limit;
}

static void combine(kw_limits *into, const kw_limits *from, void (*time)(int64_t *, int64_t),
                    void (*size)(uint64_t *, uint64_t))
{
    time(&into->wall_ns, from->wall_ns);
    time(&into->cpu_ns, from->cpu_ns);
    time(&into->idle_ns, from->idle_ns);
    time(&into->grace_ns, from->grace_ns);
    size(&into->memory, from->memory);
    size(&into->file_size, from->file_size);
    size(&into->disk_write, from->disk_write);
    size(&into->open_files, from->open_files);
    size(&into->processes, from->processes);
    size(&into->stdout_bytes, from->stdout_bytes);
    size(&into->stderr_bytes, from->stderr_bytes);
}

void rules_limits(const kw_policy *policy, const command_list *commands, kw_limits *out)
{
    kw_limits own = { .h = KW_HDR(kw_limits) };
    if (policy->limits.count > 0)
        (void)kw_read_at(&own, policy->limits, 0);
    *out = own;
    for (uint32_t n = 0; n < commands->count; n++) {
        kw_limits best = own;
        uint32_t longest = 0;
        for (uint32_t i = 0; i < policy->tool_limits.count; i++) {
            kw_tool_limits tool;
            kw_limits its;
            if (!kw_read_at(&tool, policy->tool_limits, i) || tool.prefix.count <= longest
                || !rules_admit(tool.prefix, &commands->list[n]) || !kw_read_at(&its, tool.limits, 0))
                continue;
            longest = tool.prefix.count;
            best = own;
            combine(&best, &its, replace_time, replace_size);
        }
        if (n == 0)
            *out = best;
        else
            combine(out, &best, lower_time, lower_size);
    }
}

/* ---- files that the shell opens ------------------------------------------------------------------------- */

static bool has_dots(const char *path)
{
    for (const char *part = path; *part != '\0'; part += strcspn(part, "/"), part += *part == '/') {
        size_t size = strcspn(part, "/");
        if ((size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
            return true;
    }
    return false;
}

/* Length of the rule's path if it covers the file; 0: it does not. */
static uint64_t covers(kw_str path, const char *file)
{
    uint64_t size = path.len;
    while (size > 1 && path.ptr[size - 1] == '/')
        size--;
    if (size > strlen(file) || memcmp(path.ptr, file, (size_t)size) != 0)
        return 0;
    return size == 1 || file[size] == '/' || file[size] == '\0' ? size : 0;
}

bool rules_open(const request *r, const command_file *file)
{
    const kw_span lists[] = { r->policy.paths, r->in.extra_paths };
    uint64_t longest = 0;
    uint32_t access = KW_ACCESS_NONE;
    if (file->path[0] != '/' || has_dots(file->path))
        return false;
    for (size_t n = 0; n < 2; n++)
        for (uint32_t i = 0; i < lists[n].count; i++) {
            kw_path_rule rule;
            uint64_t size = kw_read_at(&rule, lists[n], i) ? covers(rule.path, file->path) : 0;
            if (size > 0 && size >= longest) {
                longest = size;
                access = rule.access;
            }
        }
    return access >= (file->writes ? KW_ACCESS_WRITE : KW_ACCESS_READ);
}
