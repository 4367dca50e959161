#include "classification.h"

#include <string.h>

#include <keyway/tool_executor.h>

#include "shell_words.h"

/* A program, the words that must be among its arguments, and what it then does. A word that ends in '*' stands for all
 * that begin so. */
static const struct entry {
    const char *program, *first, *second;
    uint32_t classification;
} table[] = {
    { "rm", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "rmdir", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "unlink", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "shred", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "truncate", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "wipefs", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "mkfs*", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "mkswap", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "fdisk", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "sfdisk", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "parted", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "shutdown", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "reboot", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "poweroff", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "halt", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "userdel", NULL, NULL, KW_CLASS_DESTRUCTIVE },
    { "dd", "of=*", NULL, KW_CLASS_DESTRUCTIVE },
    { "find", "-delete", NULL, KW_CLASS_DESTRUCTIVE },
    { "rsync", "--delete*", NULL, KW_CLASS_DESTRUCTIVE },
    { "git", "reset", "--hard", KW_CLASS_DESTRUCTIVE },
    { "git", "clean", NULL, KW_CLASS_DESTRUCTIVE },
    { "git", "push", "--force*", KW_CLASS_DESTRUCTIVE },
    { "git", "push", "-f", KW_CLASS_DESTRUCTIVE },
    { "git", "push", "--delete", KW_CLASS_DESTRUCTIVE },
    { "git", "branch", "-D", KW_CLASS_DESTRUCTIVE },
    { "git", "stash", "drop", KW_CLASS_DESTRUCTIVE },
    { "git", "stash", "clear", KW_CLASS_DESTRUCTIVE },
    { "git", "clone", NULL, KW_CLASS_NETWORK },
    { "git", "fetch", NULL, KW_CLASS_NETWORK },
    { "git", "pull", NULL, KW_CLASS_NETWORK },
    { "git", "push", NULL, KW_CLASS_NETWORK },
    { "curl", NULL, NULL, KW_CLASS_NETWORK },
    { "wget", NULL, NULL, KW_CLASS_NETWORK },
    { "ssh", NULL, NULL, KW_CLASS_NETWORK },
    { "scp", NULL, NULL, KW_CLASS_NETWORK },
    { "sftp", NULL, NULL, KW_CLASS_NETWORK },
    { "ftp", NULL, NULL, KW_CLASS_NETWORK },
    { "telnet", NULL, NULL, KW_CLASS_NETWORK },
    { "nc", NULL, NULL, KW_CLASS_NETWORK },
    { "ncat", NULL, NULL, KW_CLASS_NETWORK },
};

static bool fits(const char *pattern, const char *word)
{
    size_t size = strlen(pattern);
    return pattern[size - 1] == '*' ? strncmp(pattern, word, size - 1) == 0 : strcmp(pattern, word) == 0;
}

/* A word that only the shell will know may be any. */
static bool has(const command *c, uint32_t from, const char *pattern)
{
    for (uint32_t i = from; pattern != NULL && i < c->count; i++)
        if (!c->words[i].is_certain || fits(pattern, c->words[i].text))
            return true;
    return pattern == NULL;
}

static bool is_worse(uint32_t a, uint32_t b)
{
    return a == KW_CLASS_DESTRUCTIVE || (a == KW_CLASS_NETWORK && b == KW_CLASS_UNKNOWN);
}

/* As if the program were at word `at`. */
static uint32_t class_from(const command *c, uint32_t at)
{
    uint32_t worst = KW_CLASS_UNKNOWN;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (fits(table[i].program, command_base_name(c->words[at].text)) && has(c, at + 1, table[i].first)
            && has(c, at + 1, table[i].second) && is_worse(table[i].classification, worst))
            worst = table[i].classification;
    return worst;
}

uint32_t classification_of(const command_list *commands)
{
    uint32_t worst = KW_CLASS_UNKNOWN;
    for (uint32_t n = 0; n < commands->count; n++) {
        const command *c = &commands->list[n];
        bool runs_another = command_runs_another(c->words[0].text);
        for (uint32_t at = 0; at < c->count && (at == 0 || runs_another); at++) {
            uint32_t one = class_from(c, at);
            worst = is_worse(one, worst) ? one : worst;
        }
    }
    return worst;
}
