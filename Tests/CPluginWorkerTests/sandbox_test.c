/* A worker in its sandbox: what the plugin is kept from, beside the same plugin without one, and what the host is told. */
#define _GNU_SOURCE
#include "check.h"

#include <unistd.h>

typedef struct deed {
    const char *text;
    kw_status inside; /* KW_OK outside */
} deed;

static void compare(zygote *zygote, const char *folder)
{
    char own[64], create[4200], elsewhere[64], list[4200];
    snprintf(own, sizeof own, "signal %d", (int)getpid());
    snprintf(elsewhere, sizeof elsewhere, "create /tmp/keyway-sandbox-%d", (int)getpid());
    snprintf(create, sizeof create, "create %s/made", folder);
    snprintf(list, sizeof list, "open %s", folder);
    const deed deeds[] = {
        { "answer", KW_OK }, { create, KW_OK }, { list, KW_OK }, { "open /usr/lib", KW_OK }, { "memory 16", KW_OK },
        { "open /etc/passwd", KW_PERMISSION_DENIED }, { elsewhere, KW_PERMISSION_DENIED },
        { "open /proc/1/environ", KW_PERMISSION_DENIED }, { "fork-once", KW_PERMISSION_DENIED },
        { "socket", KW_PERMISSION_DENIED }, { own, KW_PERMISSION_DENIED }, { "code", KW_PERMISSION_DENIED },
        { "memory 256", KW_RESOURCE_EXHAUSTED },
    };
    recipe jailed = { .sandbox = usual_sandbox(), .spawn = { .memory = 64 << 20, .open_files = 64 }, .grants = { folder } };
    jailed.sandbox.grants = 1;
    jailed.sandbox.access[0] = KWS_READ | KWS_WRITE;
    served *free_one = start_instance(zygote, NULL), *inmate = start_instance(zygote, &jailed);
    NEED(free_one != NULL && inmate != NULL);
    kww_remote *outside = remote_of(free_one, NULL), *inside = remote_of(inmate, NULL);
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        int failed = check_failed;
        /* Not everybody may read another's environment: then there is nothing to compare with. */
        kw_status without = ask_text(outside, deeds[i].text).status;
        CHECK(without == KW_OK || (without == KW_PERMISSION_DENIED && strstr(deeds[i].text, "/proc/1") != NULL));
        CHECK_EQUAL(ask_text(inside, deeds[i].text).status, deeds[i].inside);
        if (check_failed != failed)
            fprintf(stderr, "that was %s\n", deeds[i].text);
    }
    CHECK_EQUAL(inmate->reports, 2);
    CHECK_EQUAL(inmate->report.failed, -1);
    CHECK_EQUAL(inmate->report.outcome[KWS_FILES].state, KWS_ENFORCED);
    CHECK_EQUAL(inmate->report.outcome[KWS_FILTER].state, KWS_ENFORCED);
    CHECK_EQUAL(inmate->report.outcome[KWS_MEMORY].state, KWS_ENFORCED);
    CHECK_EQUAL(free_one->reports, 0);
    free_remote(outside, free_one);
    free_remote(inside, inmate);
    end_worker_of(free_one);
    end_worker_of(inmate);
}

/* What is required and cannot be had ends the start before any of the plugin's code runs: dying.so would have died. */
static void require_in_vain(zygote *zygote)
{
    recipe recipe = { .plugin = "dying.so", .sandbox = usual_sandbox() };
    /* Rights that no sandbox knows: there is no process. */
    recipe.sandbox.may = KWS_MAY_ALL + 1;
    served *served = start_worker(zygote, &recipe);
    await_end(served);
    kww_facts facts;
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.ended, KWW_END_START);
    CHECK_EQUAL(served->reports, 0);
    end_worker_of(served);
    recipe.sandbox = usual_sandbox();
    recipe.sandbox.may |= KWS_MAY_START_PROGRAMS;
    memset(recipe.sandbox.wanted + KWS_USER_SPACE, KWS_NO, KWS_NAME_SPACE - KWS_USER_SPACE + 1);
    served = start_worker(zygote, &recipe);
    CHECK_EQUAL(served->state, KWW_STATE_FAILED);
    CHECK(strstr(served->message, "namespace.pid") != NULL || strstr(served->message, "process") != NULL);
    CHECK_EQUAL(served->reports, 0);
    end_worker_of(served);
    /* And it does die where the sandbox can be had. */
    recipe.sandbox = usual_sandbox();
    served = start_worker(zygote, &recipe);
    CHECK_EQUAL(served->state, KWW_STATE_LOADING);
    await_end(served);
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.status & 0x7F, 6);
    CHECK_EQUAL(served->reports, 1);
    end_worker_of(served);
}

/* A sandbox without a plugin, to know what is enforced here. */
static void rehearse(zygote *zygote)
{
    recipe recipe = { .sandbox = usual_sandbox(), .spawn = { .is_rehearsal = 1 } };
    served *served = start_worker(zygote, &recipe);
    await_end(served);
    kww_facts facts;
    kww_worker_facts(served->worker, &facts);
    CHECK_EQUAL(facts.status, 0);
    CHECK_EQUAL(served->reports, 2);
    CHECK_EQUAL(served->report.outcome[KWS_NO_NEW_PRIVILEGES].state, KWS_ENFORCED);
    end_worker_of(served);
}

void test_sandbox(void)
{
    zygote zygote;
    char folder[] = "/tmp/keyway-sandbox-XXXXXX";
    NEED(mkdtemp(folder) != NULL && chown(folder, geteuid() == 0 ? 65534 : geteuid(), getegid()) == 0);
    start_zygote(&zygote, NULL, NULL);
    possessions before = count_possessions(&zygote);
    compare(&zygote, folder);
    require_in_vain(&zygote);
    rehearse(&zygote);
    CHECK(is_settled(&zygote, before));
    end_zygote(&zygote);
    NEED(rmdir(folder) == 0);
}
