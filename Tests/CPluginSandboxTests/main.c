#include "check.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

_Atomic int check_passed, check_failed;
const char *plugin_folder;

static const struct test {
    const char *name;
    void (*run)(void);
} tests[] = {
    { "filter", test_filter },
    { "mechanisms", test_mechanisms },
    { "attacks", test_attacks },
    { "network", test_network },
    { "programs", test_programs },
    { "group places", test_group_places },
    { "groups", test_groups },
    { "code", test_code },
    { "files", test_files },
    { "processes", test_processes },
    { "refusals", test_refusals },
    { "named", test_named },
    { "plugins", test_plugins },
};

/* FOLDER [TEST...]: where the plugins are */
int main(int count, char **arguments)
{
    /* Nothing here waits for ever; if it does, that is a defect. */
    alarm(300);
    if (count < 2)
        return 2;
    plugin_folder = arguments[1];
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        int is_wanted = count == 2;
        for (int j = 2; j < count; j++)
            is_wanted |= strcmp(arguments[j], tests[i].name) == 0;
        if (is_wanted)
            tests[i].run();
    }
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}
