#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <unistd.h>

_Atomic int check_passed, check_failed;
int is_long;

static const char *folder;

const char *built(const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", folder, name);
    return path;
}

static const struct test {
    const char *name;
    void (*run)(void);
} tests[] = {
    { "loading", test_loading },
    { "probes", test_probes },
    { "misbehaviour", test_misbehaviour },
    { "output", test_output },
    { "limits", test_limits },
    { "cancelling", test_cancelling },
    { "lifetimes", test_lifetimes },
    { "seals", test_seals },
    { "hostile", test_hostile },
    { "racer", test_racer },
    { "upcalls", test_upcalls },
    { "sandbox", test_sandbox },
    { "groups", test_groups },
    { "network", test_network },
    { "relay", test_relay },
    { "described", test_described },
    { "steps", test_steps },
    { "killer", test_killer },
};

/* FOLDER [--long] [TEST...] */
int main(int count, char **arguments)
{
    if (count < 2)
        return 2;
    folder = arguments[1];
    if (count == 3 && strcmp(arguments[2], "--victim") == 0)
        return be_victim();
    is_long = count > 2 && strcmp(arguments[2], "--long") == 0;
    /* A host does not die of a zygote that does. */
    signal(SIGPIPE, SIG_IGN);
    /* Nothing here waits for ever; if it does, that is a defect. */
    if (!is_long)
        alarm(300);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        int is_wanted = count == 2 + is_long;
        for (int j = 2 + is_long; j < count; j++)
            is_wanted |= strcmp(arguments[j], tests[i].name) == 0;
        if (!is_wanted)
            continue;
        int64_t begin = now_ns();
        tests[i].run();
        if (getenv("KEYWAY_TEST_TIMES") != NULL)
            fprintf(stderr, "%s: %.2f s\n", tests[i].name, (double)(now_ns() - begin) / 1e9);
    }
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed == 0 ? 0 : 1;
}
