/* What is said to be there is there, and what is not says why. */
#define _GNU_SOURCE
#include "arena.h"
#include "check.h"

#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const kws_facility *find(const kws_facility *facilities, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(facilities[i].name, name) == 0)
            return &facilities[i];
    }
    NEED(!"a mechanism of this name");
    return NULL;
}

static void check_texts(const kws_facility *facilities, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(facilities[i].minimum[0] != '\0');
        CHECK((facilities[i].available == 1) == (facilities[i].why[0] == '\0'));
        CHECK(strlen(facilities[i].why) < sizeof facilities[i].why - 1);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(facilities[i].name, facilities[j].name) != 0);
    }
}

static int make_user_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0 ? 0 : -errno;
}

/* In a process that may not make namespaces, on a kernel without Landlock. */
static int see_nothing(void)
{
    kws_facility facilities[KWS_FACILITY_LIMIT];
    forbid_namespaces();
    kws_landlock_most = 0;
    size_t count = kws_mechanisms(facilities, KWS_FACILITY_LIMIT);
    static const char *const absent[] = { "namespace.user", "namespace.network", "namespace.pid", "namespace.mount",
                                          "landlock", "landlock.ports", "landlock.scopes" };
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        const kws_facility *facility = find(facilities, count, absent[i]);
        if (facility->available || facility->why[0] == '\0')
            return -(int)i - 1;
    }
    return strstr(find(facilities, count, "namespace.user")->why, "EPERM") != NULL
        && strstr(find(facilities, count, "landlock")->why, "ENOSYS") != NULL ? 0 : -100;
}

void test_mechanisms(void)
{
    kws_facility facilities[KWS_FACILITY_LIMIT], few[2];
    size_t count = kws_mechanisms(facilities, KWS_FACILITY_LIMIT);
    CHECK(count >= 17 && count < KWS_FACILITY_LIMIT);
    check_texts(facilities, count);
    for (size_t i = 0; i < count; i++)
        printf("  %-22s %-24s %s%s\n", facilities[i].name, facilities[i].minimum, facilities[i].available ? "yes" : "no: ",
               facilities[i].why);
    CHECK_EQUAL(kws_mechanisms(few, 2), 2);
    CHECK(strcmp(few[1].name, facilities[1].name) == 0);
    CHECK_EQUAL(find(facilities, count, "landlock")->level, kws_landlock_abi());
    CHECK_EQUAL(find(facilities, count, "namespace.user")->available,
                perform_freely(make_user_namespace, getuid()) == 0);
    /* Nothing is left of it: this process is in no namespace and under no filter. */
    CHECK_EQUAL(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_EQUAL(perform_freely(see_nothing, getuid()), 0);
    for (uint32_t i = 0; i < KWS_MECHANISM_COUNT; i++)
        CHECK(kws_mechanism_name(i) != NULL);
    CHECK(kws_mechanism_name(KWS_MECHANISM_COUNT) == NULL);
}
