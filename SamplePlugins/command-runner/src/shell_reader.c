#define _GNU_SOURCE
#include "shell_reader.h"

#include <stdlib.h>
#include <string.h>

#include "shell_words.h"

typedef struct reader {
    const char *p;
    command_list *list;
    const char *why;
    unsigned depth;
    bool no_memory;
} reader;

/* A word under construction. */
typedef struct word {
    char *text;
    size_t size;
    bool is_certain, is_number, has_brace;
} word;

static bool read_list(reader *r, char until);

static bool unclear(reader *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    return false;
}

static bool out_of_memory(reader *r)
{
    r->no_memory = true;
    return false;
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool ends_word(char c)
{
    return c == '\0' || strchr(" \t\n;&|()<>", c) != NULL;
}

/* The shell takes backslash-newline away before it looks at anything else. */
static bool skip_continuation(reader *r)
{
    if (r->p[0] != '\\' || r->p[1] != '\n')
        return false;
    r->p += 2;
    return true;
}

static bool skip_blanks(reader *r)
{
    while (*r->p == ' ' || *r->p == '\t' || skip_continuation(r))
        r->p += *r->p == ' ' || *r->p == '\t';
    if (*r->p != '#')
        return true;
    if (r->depth > 0)
        return unclear(r, "a comment inside a substitution or subshell");
    r->p += strcspn(r->p, "\n");
    return true;
}

/* ---- expansions ----------------------------------------------------------------------------------------- */

/* A list of its own, in the same text, up to `until`. */
static bool read_nested(reader *r, char until)
{
    if (++r->depth > SHELL_MAX_DEPTH)
        return unclear(r, "more than 16 substitutions or subshells inside each other");
    bool ok = read_list(r, until);
    r->depth--;
    return ok;
}

/* p is behind "$((". Names are left out: some shells run code that the value of a variable hides in a subscript. */
static bool read_arithmetic(reader *r)
{
    unsigned open = 0;
    for (;; r->p++) {
        if (r->p[0] == ')' && r->p[1] == ')' && open == 0) {
            r->p += 2;
            return true;
        }
        if (*r->p == '\0' || (!is_digit(*r->p) && strchr("+-*/%() \t", *r->p) == NULL))
            return unclear(r, "arithmetic with more than numbers and + - * / % ( )");
        if (*r->p == '(')
            open++;
        else if (*r->p == ')' && open-- == 0)
            return unclear(r, "unbalanced parentheses in arithmetic");
    }
}

/* p is behind the opening backquote. */
static bool read_backquoted(reader *r, bool in_quotes)
{
    const char *end = strchr(r->p, '`');
    if (end == NULL)
        return unclear(r, "an unbalanced backquote");
    size_t size = (size_t)(end - r->p);
    if (memchr(r->p, '\\', size) != NULL || (in_quotes && memchr(r->p, '"', size) != NULL))
        return unclear(r, "a backslash, or a quote inside quotes, between backquotes; use $(...)");
    char *body = strndup(r->p, size);
    if (body == NULL)
        return out_of_memory(r);
    r->p = body;
    bool ok = read_nested(r, '\0');
    free(body);
    r->p = end + 1;
    return ok;
}

/* p is at the '$'. Sets *literal if it stands for itself. */
static bool read_dollar(reader *r, bool in_quotes, bool *literal)
{
    char c = *++r->p;
    *literal = false;
    if (c == '(') {
        r->p++;
        if (*r->p != '(')
            return read_nested(r, ')');
        r->p++;
        return read_arithmetic(r);
    }
    bool braced = c == '{';
    if (braced)
        c = *++r->p;
    if (is_name_start(c)) {
        while (is_name_start(*r->p) || is_digit(*r->p))
            r->p++;
    } else if (c != '\0' && (is_digit(c) || strchr("@*#?-$!", c) != NULL)) {
        r->p++;
    } else if (!braced && (c == '\0' || c == ' ' || c == '\t' || c == '\n' || (c == '"' && in_quotes))) {
        *literal = true;
        return true;
    } else {
        return unclear(r, "an expansion other than $NAME, ${NAME}, $(...) and arithmetic of numbers");
    }
    if (braced && *r->p++ != '}')
        return unclear(r, "an expansion with an operator (${NAME:-...}, ${#NAME}, ...)");
    return true;
}

/* ---- words ---------------------------------------------------------------------------------------------- */

static void add(word *w, char c)
{
    w->text[w->size++] = c;
}

static bool read_expansion(reader *r, word *w, bool in_quotes)
{
    bool literal = false, ok;
    if (*r->p == '`') {
        r->p++;
        ok = read_backquoted(r, in_quotes);
    } else {
        ok = read_dollar(r, in_quotes, &literal);
    }
    if (literal)
        add(w, '$');
    else
        w->is_certain = false;
    return ok;
}

static bool read_double_quoted(reader *r, word *w)
{
    for (r->p++; *r->p != '"';) {
        if (*r->p == '\0')
            return unclear(r, "an unbalanced quote");
        if (*r->p == '$' || *r->p == '`') {
            if (!read_expansion(r, w, true))
                return false;
        } else if (skip_continuation(r)) {
            continue;
        } else {
            if (*r->p == '\\' && r->p[1] != '\0' && strchr("$`\"\\", r->p[1]) != NULL)
                r->p++;
            add(w, *r->p++);
        }
    }
    r->p++;
    return true;
}

static bool read_single_quoted(reader *r, word *w)
{
    const char *end = strchr(++r->p, '\'');
    if (end == NULL)
        return unclear(r, "an unbalanced quote");
    while (r->p < end)
        add(w, *r->p++);
    r->p++;
    return true;
}

static bool read_word_into(reader *r, word *w)
{
    const char *start = r->p;
    if ((*start == '[' || *start == ']') && ends_word(start[1])) { /* the test command, and no pattern */
        w->is_number = false;
        add(w, *r->p++);
        return true;
    }
    while (!ends_word(*r->p)) {
        char c = *r->p;
        if (skip_continuation(r))
            continue;
        w->is_number = w->is_number && is_digit(c);
        if (c == '\'' || c == '"') {
            if (!(c == '"' ? read_double_quoted(r, w) : read_single_quoted(r, w)))
                return false;
        } else if (c == '$' || c == '`') {
            if (!read_expansion(r, w, false))
                return false;
        } else {
            if (c == '\\') {
                c = *++r->p;
                if (c == '\0')
                    return unclear(r, "a backslash at the end");
            } else if (strchr("*?[]{}~", c) != NULL || (unsigned char)c >= 0x80) {
                /* Patterns, and bytes that a locale may take for a blank. */
                w->is_certain = false;
                w->has_brace = w->has_brace || c == '}';
            }
            add(w, c);
            r->p++;
        }
    }
    return true;
}

/* A word takes no more bytes than are left of the text. */
static bool read_word(reader *r, word *w)
{
    *w = (word) { malloc(strlen(r->p) + 1), 0, true, true, false };
    if (w->text == NULL)
        return out_of_memory(r);
    if (!read_word_into(r, w)) {
        free(w->text);
        w->text = NULL;
        return false;
    }
    w->text[w->size] = '\0';
    return true;
}

/* ---- commands ------------------------------------------------------------------------------------------- */

/* p is at '<' or '>'. */
static bool read_redirection(reader *r)
{
    bool writes = *r->p == '>', copies = false;
    word target;
    r->p++;
    if (!writes && *r->p == '<')
        return unclear(r, "a here-document or here-string");
    if (*r->p == '(')
        return unclear(r, "a process substitution");
    if (*r->p == '&') {
        copies = true;
        r->p++;
    } else if (*r->p == '>' || (writes && *r->p == '|')) {
        writes = true;
        r->p++;
    }
    if (!skip_blanks(r) || !read_word(r, &target))
        return false;
    bool is_plain = target.is_certain && target.size > 0;
    if (copies && (!is_plain || (!target.is_number && strcmp(target.text, "-") != 0)))
        is_plain = false;
    if (!is_plain) {
        free(target.text);
        return unclear(r, "a redirection whose target is not spelled out");
    }
    if (copies || strcmp(target.text, "/dev/null") == 0) {
        free(target.text);
        return true;
    }
    return command_list_add_file(r->list, target.text, writes) || out_of_memory(r);
}

/* Words of one command. The list may move while substitutions inside the words add theirs, so an index is kept. */
static bool read_simple(reader *r)
{
    uint32_t own = r->list->count;
    if (own >= SHELL_MAX_COMMANDS)
        return unclear(r, "more than 1024 commands");
    if (!command_list_add(r->list))
        return out_of_memory(r);
    for (;;) {
        word w;
        if (!skip_blanks(r))
            return false;
        if (*r->p == '<' || *r->p == '>') {
            if (!read_redirection(r))
                return false;
            continue;
        }
        if (*r->p == '(')
            return unclear(r, "a function definition, or a parenthesis inside a command");
        if (ends_word(*r->p))
            break;
        if (!read_word(r, &w))
            return false;
        bool redirects = *r->p == '<' || *r->p == '>';
        if (redirects && w.is_number && w.size > 0) {
            free(w.text);
            continue;
        }
        bool first = r->list->list[own].count == 0, named = w.is_certain, odd = redirects && w.has_brace;
        if (!command_add_word(&r->list->list[own], w.text, w.is_certain))
            return out_of_memory(r);
        if (odd)
            return unclear(r, "a redirection that sets a variable");
        if (first && !named)
            return unclear(r, "an expansion or pattern in the place of a command's name");
    }
    if (r->list->list[own].count == 0)
        return unclear(r, "a redirection without a command, or an operator without one");
    const char *refusal = shell_refusal(&r->list->list[own]);
    return refusal == NULL || unclear(r, refusal);
}

static bool read_subshell(reader *r)
{
    r->p++;
    if (*r->p == '(')
        return unclear(r, "arithmetic as a command");
    if (!read_nested(r, ')'))
        return false;
    for (;;) {
        if (!skip_blanks(r))
            return false;
        const char *digits = r->p;
        while (is_digit(*r->p))
            r->p++;
        if (*r->p != '<' && *r->p != '>') {
            r->p = digits;
            return ends_word(*r->p) && *r->p != '(' ? true : unclear(r, "words behind a subshell");
        }
        if (!read_redirection(r))
            return false;
    }
}

/* Reads what may stand between two commands. Sets *needs if a command must follow. */
static bool read_separator(reader *r, bool *needs)
{
    char c = *r->p;
    *needs = false;
    if (c == '\0' || c == ')')
        return true;
    r->p++;
    if (c == '\n')
        return true;
    if ((c == '&' || c == '|') && *r->p == c) {
        r->p++;
        *needs = true;
        return true;
    }
    *needs = c == '|';
    if (*r->p != '\0' && strchr(";&|>", *r->p) != NULL)
        return unclear(r, "an operator that shells read differently (;;, |&, &>, ...)");
    return true;
}

/* Up to `until`, which is passed over. There must be a command. */
static bool read_list(reader *r, char until)
{
    bool needs = true, any = false;
    for (;;) {
        if (!skip_blanks(r))
            return false;
        char c = *r->p;
        if (c == '\n') {
            r->p++;
            continue;
        }
        if (c == '\0' || c == ')') {
            if (c != until)
                return unclear(r, "unbalanced parentheses");
            if (needs)
                return unclear(r, any ? "an operator without a command behind it" : "a text without a command");
            r->p += c == ')';
            return true;
        }
        if (!(c == '(' ? read_subshell(r) : read_simple(r)) || !read_separator(r, &needs))
            return false;
        any = true;
    }
}

/* Bytes that some shell or locale reads in its own way, wherever they are. In several East Asian encodings the second
 * byte of a character may look like one of these; a shell under such a locale would not see it. */
static const char *odd_bytes(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
            return "a control character";
        if (c >= 0x80 && p[1] != '\0' && strchr("\\`|[]{}~^@", p[1]) != NULL)
            return "a special character directly behind one that is not ASCII";
    }
    return NULL;
}

shell_result shell_read(const char *text, command_list *list, const char **why)
{
    reader r = { .p = text, .list = list };
    *why = strlen(text) > SHELL_MAX_TEXT ? "more than 65536 bytes of text" : odd_bytes(text);
    if (*why != NULL)
        return SHELL_UNCLEAR;
    if (read_list(&r, '\0'))
        return SHELL_READ;
    *why = r.why;
    return r.no_memory ? SHELL_NO_MEMORY : SHELL_UNCLEAR;
}
