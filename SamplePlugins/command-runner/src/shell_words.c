#include "shell_words.h"

#include <string.h>

static const char *const reserved[] = { "!",    "{",    "}",     "case",  "coproc",   "do",     "done", "elif",
                                        "else", "esac", "fi",    "for",   "function", "if",     "select",
                                        "then", "[[",   "until", "while" };

/* Builtins that run their arguments as shell text, define names, or set variables (PATH is one). */
static const char *const builtins[] = { "eval",     ".",        "source",  "alias",   "unalias",   "builtin", "trap",
                                        "set",      "shopt",    "export",  "readonly", "local",    "declare", "typeset",
                                        "unset",    "read",     "getopts", "hash",    "enable",    "mapfile", "readarray",
                                        "let",      "fc",       "bind",    "complete", "compgen",  "compopt", "jobs",
                                        "history" };

static const char *const shells[] = { "sh",  "ash",  "bash", "dash", "fish", "ksh",    "mksh",
                                      "zsh", "rbash", "csh", "tcsh", "busybox" };

static const char *const wrappers[] = {
    "builtin", "busybox", "chroot",  "chrt",  "command", "doas",   "env",         "exec",    "flock",   "ionice",
    "nice",    "nohup",   "parallel", "prlimit", "runuser", "setpriv", "setsid",  "stdbuf",  "strace",  "sudo",
    "systemd-run", "taskset", "time", "timeout", "unshare", "watch", "xargs",
};

static bool is_in(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

#define IS_IN(list, word) is_in((list), sizeof(list) / sizeof((list)[0]), (word))

bool command_runs_another(const char *name)
{
    return IS_IN(wrappers, command_base_name(name));
}

static bool has_word(const command *c, const char *text)
{
    for (uint32_t i = 1; i < c->count; i++)
        if (!c->words[i].is_certain || strcmp(c->words[i].text, text) == 0)
            return true;
    return false;
}

const char *shell_refusal(const command *c)
{
    const char *name = c->words[0].text;
    if (name[0] == '\0')
        return "a command without a name";
    if (IS_IN(reserved, name))
        return "a compound command or reserved word (if, for, while, case, {, !, function, ...)";
    if (strchr(name, '=') != NULL)
        return "an assignment; pass variables in env, where the policy's environment filter applies";
    if (IS_IN(builtins, name))
        return "a builtin that runs text, defines names or sets variables (eval, source, alias, export, set, trap, ...)";
    if (IS_IN(shells, command_base_name(name)))
        return "a shell inside a shell command (sh -c, bash, ...)";
    /* Where sh is bash: `printf -v` sets a variable, and a subscript in the operand of `test -v` is run as code. */
    if (strcmp(name, "printf") == 0 && c->count > 1
        && (!c->words[1].is_certain || strncmp(c->words[1].text, "-v", 2) == 0))
        return "printf whose first argument may be -v, which sets a variable";
    if ((strcmp(name, "test") == 0 || strcmp(name, "[") == 0) && (has_word(c, "-v") || has_word(c, "-R")))
        return "test with -v, or with words that may become it: some shells run code in its operand";
    bool inside_shell = strcmp(name, "command") == 0 || strcmp(name, "exec") == 0;
    for (uint32_t i = 1; command_runs_another(name) && i < c->count; i++) {
        if (!c->words[i].is_certain && inside_shell)
            return "command or exec with words that only the shell will know";
        if (IS_IN(shells, command_base_name(c->words[i].text)))
            return "a shell inside a shell command (env sh, sudo bash, ...)";
        if (inside_shell && IS_IN(builtins, c->words[i].text))
            return "a builtin that runs text, defines names or sets variables, behind command or exec";
    }
    return NULL;
}
