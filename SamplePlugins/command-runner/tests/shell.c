/* Shell texts under rules: what is split into which commands, and what nobody gets past it with. */
#define _GNU_SOURCE
#include "fixture.h"

/* Rules separated by '|'. */
static void each_rule(attempt *a, const char *rules, void (*add)(attempt *a, const char *rule))
{
    static char copies[16][256];
    static unsigned next;
    while (rules != NULL && *rules != '\0') {
        size_t size = strcspn(rules, "|");
        char *copy = copies[next++ % 16];
        snprintf(copy, sizeof copies[0], "%.*s", (int)size, rules);
        add(a, copy);
        rules += size + (rules[size] == '|');
    }
}

static int judged(const char *text, const char *allowed, const char *denied, uint32_t verdict, const char *says)
{
    attempt *a = attempt_text(text);
    each_rule(a, allowed, allow);
    each_rule(a, denied, deny);
    const kw_decision *d = evaluate(a);
    int ok = CHECK(d->verdict == verdict && text_has(d->reason, says));
    if (!ok)
        printf("  text: %s\n  verdict %u: %.*s\n", text, d->verdict, (int)d->reason.len, d->reason.ptr);
    attempt_end(a);
    return ok;
}

static void every_command_needs_a_rule(void)
{
    static const char *const admitted[] = {
        "ls", "ls -l /tmp", "ls; cat x", "ls;cat x;", "ls && cat x || grep y", "ls | cat | grep x", "ls & cat x &",
        "ls\ncat x\n", "\n\n  ls  \n", "(ls; cat x) | grep y", "(ls)", "ls &&\n cat x", "cat \"$(ls)\"", "cat `ls`",
        "cat \"`ls`\"", "cat $(ls $(cat x))", "l's' -l", "\"ls\"", "l\\s", "ls # and a comment; rm x", "ls \\\n -l",
        "cat 'a;b|c&d' \"x;y\"", "cat a\\;b", "cat $HOME ${HOME} \"$1\" $? $#", "cat *.c [ab]? ~/x {a,b}",
        "ls 2>&1 >/dev/null", "ls >/dev/null 2>&1 </dev/null", "ls 2>&-", "cat $((1 + (2 * 3)))", "cat a#b",
        "cat \xC3\xA4", "cat \"\xC3\xA4\xE2\x82\xAC\"", "ls $", "cat \"a$\"", "cat ''", "ls -- --x=y", "cat x=1",
    };
    static const char *const denied[] = {
        "rm x", "ls; rm x", "ls && rm x", "ls || rm x", "ls | rm x", "ls & rm x", "ls\nrm x", "(rm x)", "(ls; (rm x))",
        "cat $(rm x)", "cat \"$(rm x)\"", "cat `rm x`", "cat \"`rm x`\"", "cat $(ls; rm x)", "cat \"$(cat \"$(rm x)\")\"",
        "ls # comment\nrm x", "ls \\\n; rm x", "/bin/ls", "./ls", "ls$(true)", "'ls '", "ls2", "lsx; ls", "ls;/bin/ls",
    };
    for (size_t i = 0; i < sizeof admitted / sizeof admitted[0]; i++)
        judged(admitted[i], "ls|cat|grep", NULL, KW_DECISION_ALLOW, "");
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++)
        judged(denied[i], "ls|cat|grep", NULL, KW_DECISION_DENY, "");
}

static void what_is_not_understood_is_denied_with_the_reason(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "eval ls", "eval" },
        { ". ./x", "source" },
        { "source x", "source" },
        { "alias ls=rm", "alias" },
        { "trap 'rm x' EXIT", "trap" },
        { "export PATH=/evil", "export" },
        { "PATH=/evil", "assignment" },
        { "PATH=/evil ls", "assignment" },
        { "LD_PRELOAD=/evil.so ls", "assignment" },
        { "A+=1 ls", "assignment" },
        { "IFS=x; ls", "assignment" },
        { "read PATH", "sets variables" },
        { "hash -p /bin/rm ls", "builtin" },
        { "set -- x", "builtin" },
        { "printf -v PATH /evil", "printf" },
        { "printf $X", "printf" },
        { "test -v 'a[$(rm x)]'", "test" },
        { "[ $X ]", "test" },
        { "sh -c 'rm x'", "shell inside" },
        { "bash", "shell inside" },
        { "/bin/dash x", "shell inside" },
        { "ls | sh", "shell inside" },
        { "env sh -c ls", "shell inside" },
        { "sudo bash -c ls", "shell inside" },
        { "command eval ls", "command" },
        { "command $X", "command or exec" },
        { "exec $X", "command or exec" },
        { "if ls; then ls; fi", "compound" },
        { "for i in a; do ls; done", "compound" },
        { "while ls; do ls; done", "compound" },
        { "case x in y) ls;; esac", "compound" },
        { "! ls", "compound" },
        { "{ ls; }", "name" },
        { "ls() { rm x; }", "function" },
        { "ls () { rm x; }", "function" },
        { "function ls { rm x; }", "compound" },
        { "$X", "name" },
        { "$(ls)", "name" },
        { "l*", "name" },
        { "\"$X\" y", "name" },
        { "~/ls", "name" },
        { "{ls,x}", "name" },
        { "''", "without a name" },
        { "cat <<X\nrm x\nX", "here-document" },
        { "cat <<<x", "here-document" },
        { "cat <(ls)", "process substitution" },
        { "ls >(cat)", "process substitution" },
        { "ls > >(cat)", "target" },
        { "ls &> x", "differently" },
        { "ls |& cat", "differently" },
        { "ls >& x", "target" },
        { "ls > $X", "target" },
        { "ls > *", "target" },
        { "ls {fd}>x", "variable" },
        { "> x", "redirection without a command" },
        { "cat ${X:-$(rm x)}", "operator" },
        { "cat ${#X}", "operator" },
        { "cat ${!X}", "operator" },
        { "cat ${X[$(ls)]}", "operator" },
        { "cat $'x'", "expansion other" },
        { "cat $\"x\"", "expansion other" },
        { "cat $[1+1]", "expansion other" },
        { "cat $((X))", "arithmetic" },
        { "cat $((a[$(ls)]))", "arithmetic" },
        { "((1))", "arithmetic" },
        { "cat 'x", "quote" },
        { "cat \"x", "quote" },
        { "cat `ls", "backquote" },
        { "cat `ls \\`rm x\\``", "backslash" },
        { "cat \"`ls \"x\"`\"", "backquotes" },
        { "cat $(ls", "parentheses" },
        { "(ls", "parentheses" },
        { "ls)", "parentheses" },
        { "(ls) x", "subshell" },
        { "cat x\\", "backslash" },
        { "ls;;", "differently" },
        { "ls &&", "operator" },
        { "ls |", "operator" },
        { "| ls", "operator" },
        { "; ls", "operator" },
        { "ls && ; ls", "operator" },
        { "# only a comment", "without a command" },
        { "   ", "without a command" },
        { "ls\rrm x", "control" },
        { "ls\x01", "control" },
        { "cat $(ls # x)\n)", "comment" },
        { "cat \"\x83\\\"; rm x \"", "not ASCII" }, /* where Shift-JIS is read, the backslash is half of a letter */
        { "ls\xC2\xA0x", "name" },                  /* a no-break space may or may not end the word */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        judged(cases[i].text, "ls|cat|eval|sh|bash|sudo", NULL, KW_DECISION_DENY, cases[i].says);
}

static void limits_of_size_hold(void)
{
    static char text[70000];
    memset(text, ' ', sizeof text - 1);
    memcpy(text, "ls", 2);
    judged(text, "ls", NULL, KW_DECISION_DENY, "65536");
    size_t used = 0;
    for (int i = 0; i < 20; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "cat $(");
    memset(text + used, ')', 20);
    text[used + 20] = '\0';
    judged(text, "cat", NULL, KW_DECISION_DENY, "inside each other");
    used = 0;
    for (int i = 0; i < 1025; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "ls;");
    judged(text, "ls", NULL, KW_DECISION_DENY, "1024");
    text[1024 * 3] = '\0';
    judged(text, "ls", NULL, KW_DECISION_ALLOW, "");
}

static void deny_rules_win_and_doubt_counts(void)
{
    static const char *const denied[] = {
        "git push", "git status; git push", "'git' pu\"sh\"", "g\\it push", "git $X", "git $X push", "git \"$X\"",
        "git * push", "git $(echo push)", "echo $(git push)", "env git push", "command git push", "command -p git push",
        "exec git push", "nohup git push", "time git push", "sudo git push", "xargs git push", "env -i A=1 git push",
        "env $X", "/usr/bin/git push", "sudo /usr/bin/git push", "(git push)", "git status | xargs git push",
    };
    static const char *const admitted[] = { "git status", "git status $X", "git status *", "echo git push", "env git status" };
    const char *rules = "git|echo|env|command|exec";
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++) {
        attempt *a = attempt_text(denied[i]);
        each_rule(a, rules, allow);
        each_rule(a, "nohup", allow);
        deny(a, "git push");
        a->policy.approval = KW_APPROVAL_UNTRUSTED; /* so that nothing is denied for want of a rule */
        a->policy.flags |= KW_POLICY_AUTO_APPROVE | KW_POLICY_ALLOW_NETWORK;
        const kw_decision *d = evaluate(a);
        if (!CHECK(d->verdict == KW_DECISION_DENY && (text_is(d->rule, "git push") || text_has(d->reason, "command or"))))
            printf("  text: %s\n", denied[i]);
        attempt_end(a);
    }
    for (size_t i = 0; i < sizeof admitted / sizeof admitted[0]; i++)
        judged(admitted[i], rules, "git push", KW_DECISION_ALLOW, "");
}

static uint32_t redirection(const char *text, const char *path, uint32_t access, const char *finer)
{
    attempt *a = attempt_text(text);
    kw_path_rule rules[2] = { { .h = KW_HDR(kw_path_rule), .path = kw_string(path), .access = access },
                              { .h = KW_HDR(kw_path_rule), .path = kw_string(finer), .access = KW_ACCESS_NONE } };
    allow(a, "echo");
    a->policy.paths = kw_span_of(rules, finer != NULL ? 2 : 1, sizeof rules[0]);
    uint32_t verdict = evaluate(a)->verdict;
    attempt_end(a);
    return verdict;
}

static void redirections_need_a_path_rule(void)
{
    judged("echo x > /etc/passwd", "echo", NULL, KW_DECISION_DENY, "/etc/passwd");
    judged("echo x > file", "echo", NULL, KW_DECISION_DENY, "file");
    judged("echo x >> ~/.bashrc", "echo", NULL, KW_DECISION_DENY, "target");
    judged("echo x > /dev/sda", "echo", NULL, KW_DECISION_DENY, "/dev/sda");
    judged("echo x > /dev/tcp/1.2.3.4/80", "echo", NULL, KW_DECISION_DENY, "/dev/tcp");
    judged("(echo x) > /etc/passwd", "echo", NULL, KW_DECISION_DENY, "/etc/passwd");
    judged("echo $(echo < /etc/shadow)", "echo", NULL, KW_DECISION_DENY, "/etc/shadow");
    judged("echo x 2> /dev/null > '/dev/null'", "echo", NULL, KW_DECISION_ALLOW, "");
    CHECK(redirection("echo x > /srv/out", "/srv", KW_ACCESS_WRITE, NULL) == KW_DECISION_ALLOW);
    CHECK(redirection("echo x < /srv/out", "/srv/", KW_ACCESS_READ, NULL) == KW_DECISION_ALLOW);
    CHECK(redirection("echo x > /srv/out", "/srv", KW_ACCESS_READ, NULL) == KW_DECISION_DENY);
    CHECK(redirection("echo x > /srvshop", "/srv", KW_ACCESS_WRITE, NULL) == KW_DECISION_DENY);
    CHECK(redirection("echo x > /srv/../etc/x", "/srv", KW_ACCESS_WRITE, NULL) == KW_DECISION_DENY);
    CHECK(redirection("echo x > /srv/keys/x", "/srv", KW_ACCESS_WRITE, "/srv/keys") == KW_DECISION_DENY);
    CHECK(redirection("echo x > /anywhere", "/", KW_ACCESS_WRITE, NULL) == KW_DECISION_ALLOW);
}

/* The witness: programs of these names write their words, so what a shell really runs can be compared with what was
 * judged. Every text that is admitted runs, under the policy, and nothing but `ran` may show. */
static void admitted_texts_run_only_what_rules_name(void)
{
    static const char *const texts[] = {
        "echo ran; echo 'a;touch hurt'", "echo ran \"$(echo x)\"", "echo ran `echo x` # touch hurt", "echo ran \\; touch hurt",
        "echo ran \\\n touch hurt", "echo ran '\ntouch hurt\n'", "echo ran $HOSTILE", "echo ran \"$HOSTILE\"",
        "echo ran a\\\ntouch hurt", "echo ran \"\\\"; touch hurt \"", "echo ran \"\\\\\" '; touch hurt'",
        "echo ran $((1+1)) 2>&1", "echo ran | cat | cat", "(echo ran) 2>&1 | cat", "echo ran {touch,hurt} [x] ?",
    };
    char folder[PATH_MAX], hurt[PATH_MAX + 8];
    test_folder_make(folder, sizeof folder);
    snprintf(hurt, sizeof hurt, "%s/hurt", folder);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        attempt *a = attempt_text(texts[i]);
        allow(a, "echo");
        allow(a, "cat");
        a->in.cwd = kw_string(folder);
        a->env_set[0] = (kw_pair) { .h = KW_HDR(kw_pair), .key = KW_STR("HOSTILE"), .value = KW_STR("; touch hurt") };
        a->policy.env_set = kw_span_of(a->env_set, 1, sizeof a->env_set[0]);
        const kw_run_out *out = execute(a);
        if (!CHECK(out->end == KW_END_EXITED && out->exit_code == 0 && stdout_has(a, "ran") && access(hurt, F_OK) != 0))
            printf("  text: %s\n", texts[i]);
        attempt_end(a);
    }
    attempt *a = attempt_text("touch hurt"); /* the witness works */
    allow(a, "touch");
    a->in.cwd = kw_string(folder);
    execute(a);
    CHECK(access(hurt, F_OK) == 0);
    attempt_end(a);
    test_folder_remove(folder);
}

/* Any bytes: a verdict and no crash; and a text in which a name without a rule stands alone is never admitted. */
static void noise_is_survived(void)
{
    static const char pieces[][12] = { "ls ", "rm ", ";", "&", "|", "(", ")", "$(", "`", "'", "\"", "\\", "\n", "$X", ">", "<",
                                      "#", "{", "}", "$((", "))", "*", "=", "2", " ", "\xC3\xA4", "/dev/null", "!", "[", "]" };
    uint32_t state = 4711;
    for (int round = 0; round < 20000; round++) {
        char text[256];
        size_t used = 0;
        for (int n = 0; n < 12; n++) {
            state = state * 1664525u + 1013904223u;
            used += (size_t)snprintf(text + used, sizeof text - used, "%s",
                                     pieces[(state >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        char last[300];
        snprintf(last, sizeof last, "%s\nrm x", text);
        attempt *a = attempt_text(text), *b = attempt_text(last);
        allow(a, "ls");
        CHECK(evaluate(a)->verdict <= KW_DECISION_ALLOW);
        allow(b, "ls");
        /* Inside an open quote or substitution the text is unbalanced, and denied for that. */
        uint32_t verdict = evaluate(b)->verdict;
        if (verdict != KW_DECISION_DENY && text[used - 1] != '\\') {
            CHECK(!"a command without a rule is never admitted");
            printf("  text: %s\n", last);
        }
        attempt_end(a);
        attempt_end(b);
    }
}

int main(void)
{
    start();
    every_command_needs_a_rule();
    what_is_not_understood_is_denied_with_the_reason();
    limits_of_size_hold();
    deny_rules_win_and_doubt_counts();
    redirections_need_a_path_rule();
    admitted_texts_run_only_what_rules_name();
    noise_is_survived();
    return finish();
}
