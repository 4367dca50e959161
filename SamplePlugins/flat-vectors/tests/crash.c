/* A process that ends at any point of any operation, and system calls that fail at any point.
 *
 * The calls that change files are wrapped by the linker (see the Makefile). A run of fixed operations is repeated with
 * a fault at the first, second, third... of these calls until it ends without meeting one. What is found afterwards must be
 * the state after all operations that were acknowledged, or after one more: never anything between two states. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* ---- faults --------------------------------------------------------------------------------------------- */

typedef enum fault {
    NO_FAULT,
    KILL_BEFORE, /* the call */
    KILL_INSIDE, /* half of a write is done */
    KILL_AFTER,
    LOSE_ALL,    /* the machine stops before the call: what was not synced is gone */
    LOSE_SOME,   /* or some of it is, whatever the order was */
    FAIL,        /* the call does nothing and says EIO */
    FAULTS
} fault;

static fault fault_kind;
static unsigned fault_at, fault_calls;

/* Writes since the last sync of their file, so that they can be undone. */
#define MOST_UNSYNCED 512
static struct unsynced {
    int file; /* a descriptor of our own: the plugin may close its */
    ino_t inode;
    off_t offset, size_before;
    size_t length, old_length;
    unsigned char *old;
} unsynced[MOST_UNSYNCED];
static unsigned unsynced_count;

ssize_t __real_pwrite(int file, const void *bytes, size_t size, off_t offset);
int __real_fdatasync(int file);
int __real_fsync(int file);
int __real_renameat(int from, const char *old, int to, const char *name);
int __real_ftruncate(int file, off_t size);
int __real_unlinkat(int folder, const char *name, int flags);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t size, off_t offset);
int __wrap_fdatasync(int file);
int __wrap_fsync(int file);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __wrap_ftruncate(int file, off_t size);
int __wrap_unlinkat(int folder, const char *name, int flags);

static void end_now(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void lose_unsynced(void)
{
    while (unsynced_count > 0) {
        struct unsynced *u = &unsynced[--unsynced_count];
        if (fault_kind == LOSE_SOME && random_below(2))
            continue;
        unsigned char *zeros = calloc(u->length + 1, 1); /* a file that became longer, without the bytes */
        if (__real_pwrite(u->file, zeros, u->length, u->offset) < 0
            || __real_pwrite(u->file, u->old, u->old_length, u->offset) < 0
            || (fault_kind == LOSE_ALL && __real_ftruncate(u->file, u->size_before) != 0))
            _exit(3);
        free(zeros);
    }
}

/* Does this call meet the fault? Does not return from one that ends the process. */
static int meets_fault(void)
{
    if (fault_kind == NO_FAULT || ++fault_calls != fault_at)
        return 0;
    if (fault_kind == LOSE_ALL || fault_kind == LOSE_SOME)
        lose_unsynced();
    if (fault_kind != FAIL && fault_kind != KILL_INSIDE && fault_kind != KILL_AFTER)
        end_now();
    return 1;
}

static int fail(void)
{
    errno = EIO;
    return -1;
}

static int after(int result)
{
    if (fault_kind == KILL_INSIDE || fault_kind == KILL_AFTER)
        end_now();
    return result;
}

ssize_t __wrap_pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    struct stat info;
    if (meets_fault()) {
        if (fault_kind == FAIL)
            return fail();
        ssize_t done = __real_pwrite(file, bytes, fault_kind == KILL_INSIDE ? size / 2 : size, offset);
        return after((int)done);
    }
    if ((fault_kind == LOSE_ALL || fault_kind == LOSE_SOME) && unsynced_count < MOST_UNSYNCED && fstat(file, &info) == 0) {
        struct unsynced *u = &unsynced[unsynced_count++];
        *u = (struct unsynced) { .file = dup(file), .inode = info.st_ino, .offset = offset, .size_before = info.st_size, .length = size,
                                 .old = malloc(size + 1) };
        ssize_t n = pread(file, u->old, size, offset);
        u->old_length = n < 0 ? 0 : (size_t)n;
    }
    return __real_pwrite(file, bytes, size, offset);
}

static void synced(int file)
{
    struct stat info;
    unsigned kept = 0;
    if (fstat(file, &info) != 0)
        return;
    for (unsigned i = 0; i < unsynced_count; i++) {
        if (unsynced[i].inode != info.st_ino) {
            unsynced[kept++] = unsynced[i];
            continue;
        }
        close(unsynced[i].file);
        free(unsynced[i].old);
    }
    unsynced_count = kept;
}

int __wrap_fdatasync(int file)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_fdatasync(file);
    synced(file);
    return met ? after(result) : result;
}

int __wrap_fsync(int file)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_fsync(file);
    synced(file);
    return met ? after(result) : result;
}

int __wrap_renameat(int from, const char *old, int to, const char *name)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_renameat(from, old, to, name);
    return met ? after(result) : result;
}

int __wrap_ftruncate(int file, off_t size)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_ftruncate(file, size);
    return met ? after(result) : result;
}

int __wrap_unlinkat(int folder, const char *name, int flags)
{
    int met = meets_fault();
    if (met && fault_kind == FAIL)
        return fail();
    int result = __real_unlinkat(folder, name, flags);
    return met ? after(result) : result;
}

/* ---- operations, each a function of its number alone ------------------------------------------------------ */

#define DIMS 48u
#define REPOSITORY "r"

typedef enum operation { PUT, PUT_MANY, REMOVE, UPDATE, CLEAR, COMPACT, FLUSH, SNAPSHOT, RESTORE, WIPE, OPERATIONS } operation;

static kw_status put_items(kw_instance *i, uint32_t count)
{
    static char names[64][16], json[64][96], text[64][1200];
    static float rows[64][DIMS];
    kw_str ids[64], metadata[64];
    test_call call;
    kw_str texts[64];
    for (uint32_t n = 0; n < count; n++) {
        uint32_t number = random_below(40), length = random_below(1100);
        snprintf(names[n], sizeof names[n], "n%u", number);
        snprintf(json[n], sizeof json[n], "{\"number\":%u,\"x\":%u}", number, random_below(1000));
        memset(text[n], 'a' + (int)random_below(26), length);
        text[n][length] = '\0';
        for (uint32_t d = 0; d < DIMS; d++)
            rows[n][d] = random_float();
        ids[n] = kw_string(names[n]);
        metadata[n] = kw_string(json[n]);
        texts[n] = kw_string(text[n]);
    }
    kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = KW_STR(REPOSITORY), .ids = kw_span_of(ids, count, sizeof ids[0]),
                        .rows = rows, .rows_size = sizeof rows, .row_stride = sizeof rows[0], .dims = DIMS,
                        .element = KW_ELEMENT_F32, .texts = kw_span_of(texts, count, sizeof texts[0]),
                        .metadata_json = kw_span_of(metadata, count, sizeof metadata[0]) };
    test_call_begin(&call);
    return done(&call, backend->upsert(i, &call.call, &in));
}

/* Runs operation `number` of a series. `place` is where its snapshots go. */
static kw_status operate(kw_instance *i, const char *place, operation what, uint32_t series, uint32_t number)
{
    uint64_t count;
    char path[600], set[64];
    kw_value bounds[2] = { { .h = KW_HDR(kw_value), .kind = KW_VALUE_INT },
                           { .h = KW_HDR(kw_value), .kind = KW_VALUE_INT } };
    kw_finst between = { .h = KW_HDR(kw_finst), .op = KW_FILTER_BETWEEN, .field = KW_STR("number"),
                         .values = KW_SPAN(bounds) };
    kw_span some = kw_span_of(&between, 1, sizeof between);
    random_state = (uint64_t)series * 1000003 + number * 7919 + 1;
    for (int n = 0; n < 8; n++)
        random_bits();
    bounds[0].integer = random_below(40);
    bounds[1].integer = bounds[0].integer + random_below(12);
    snprintf(path, sizeof path, "%s/saved", place);
    switch (what) {
    case PUT:
        return put_items(i, 1 + random_below(4));
    case PUT_MANY:
        return put_items(i, 64);
    case REMOVE:
        return removed(i, REPOSITORY, some, &count);
    case UPDATE:
        snprintf(set, sizeof set, "{\"x\":null,\"y\":{\"z\":%u}}", number);
        return updated(i, REPOSITORY, some, set, &count);
    case CLEAR:
        return removed(i, REPOSITORY, (kw_span) { NULL, 0, 0 }, &count);
    case COMPACT:
        return flush(i, REPOSITORY, KW_FLUSH_COMPACT);
    case FLUSH:
        return flush(i, REPOSITORY, 0);
    case SNAPSHOT:
        return snapshot(i, REPOSITORY, path);
    case RESTORE:
        return restore(i, REPOSITORY, path, KW_RESTORE_REPLACE);
    default:
        return wipe(i, REPOSITORY);
    }
}

typedef struct state {
    kw_status status;  /* of the operation that led here */
    uint64_t items, hash, version, saved; /* items is UINT64_MAX if there is no repository; saved: of the snapshot */
} state;

static uint64_t version_of(kw_instance *i)
{
    test_call call;
    uint64_t version = 0;
    kw_filter_in in = { .h = KW_HDR(kw_filter_in), .repo = KW_STR(REPOSITORY) };
    test_call_begin(&call);
    kw_status status = backend->count(i, &call.call, &in);
    if (status == KW_OK)
        version = ((const kw_count_out *)call.reply)->version;
    done(&call, status);
    return version;
}

static state state_of(kw_instance *i, const char *place, kw_status status)
{
    char path[600];
    contents all = contents_of(i, REPOSITORY);
    state s = { .status = status, .items = all.count, .hash = all.hash, .version = version_of(i) };
    snprintf(path, sizeof path, "%s/saved", place);
    kw_instance *other = open_instance(NULL, "");
    if (restore(other, "saved", path, 0) == KW_OK)
        s.saved = contents_of(other, "saved").hash;
    else
        CHECK(access(path, F_OK) != 0); /* there is none, or it is whole */
    close_instance(other);
    return s;
}

static int same_state(const state *a, const state *b)
{
    return a->items == b->items && a->hash == b->hash && a->version == b->version && a->saved == b->saved;
}

/* ---- a fault at every call ------------------------------------------------------------------------------ */

static const operation script[] = { PUT, PUT, UPDATE, PUT_MANY, SNAPSHOT, REMOVE, PUT_MANY, PUT_MANY, UPDATE, COMPACT,
                                    RESTORE, PUT, CLEAR, PUT, SNAPSHOT, WIPE, PUT, FLUSH };
#define STEPS (sizeof script / sizeof script[0])
static state states[STEPS + 1]; /* [n]: after n of them */

static void learn_states(void)
{
    char folder[512];
    struct stat info;
    off_t longest = 0;
    int shrank = 0;
    test_folder_make(folder, sizeof folder);
    kw_instance *instance = open_instance(folder, "");
    states[0] = state_of(instance, folder, KW_OK);
    CHECK(states[0].items == UINT64_MAX);
    for (uint32_t n = 0; n < STEPS; n++) {
        char path[600];
        kw_status status = operate(instance, folder, script[n], 1, n);
        CHECK(status == KW_OK);
        states[n + 1] = state_of(instance, folder, status);
        snprintf(path, sizeof path, "%s/" REPOSITORY ".vectors", folder);
        if (stat(path, &info) == 0) {
            shrank = shrank || (script[n] == PUT_MANY && info.st_size < longest);
            longest = info.st_size;
        }
    }
    CHECK(shrank); /* or no compaction of its own accord was tried */
    close_instance(instance);
    test_folder_remove(folder);
}

/* The child's part: says after each operation that it was acknowledged. */
static void run_script(const char *folder, int told)
{
    kw_instance *instance = open_instance(folder, "");
    for (uint32_t n = 0; instance != NULL && n < STEPS; n++) {
        kw_status status = operate(instance, folder, script[n], 1, n);
        if (status != KW_OK && fault_kind == FAIL) {
            /* Nothing has changed, or all has; and it works when it is tried again. */
            fault now = fault_kind;
            fault_kind = NO_FAULT;
            state left = state_of(instance, folder, status);
            left.version = states[n].version;
            state next = states[n + 1];
            next.version = left.version;
            CHECK(same_state(&left, &states[n]) || same_state(&left, &next));
            status = operate(instance, folder, script[n], 1, n);
            CHECK(status == KW_OK || (script[n] == WIPE && status == KW_NOT_FOUND));
            fault_kind = now;
            status = KW_OK;
        }
        char byte = 1;
        if (status != KW_OK || write(told, &byte, 1) != 1)
            _exit(2);
    }
    _exit(test_failed != 0 ? 1 : fault_calls < fault_at ? 10 : 0);
}

/* Returns whether the run met its fault. */
static int run_with_fault(fault kind, unsigned at)
{
    char folder[512], byte;
    int told[2], result = 0;
    uint32_t acknowledged = 0;
    test_folder_make(folder, sizeof folder);
    CHECK(pipe(told) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(told[0]);
        fault_kind = kind;
        fault_at = at;
        test_failed = 0;
        run_script(folder, told[1]);
    }
    close(told[1]);
    while (read(told[0], &byte, 1) == 1)
        acknowledged++;
    close(told[0]);
    CHECK(pid > 0 && waitpid(pid, &result, 0) == pid);
    int ended = WIFEXITED(result) && (WEXITSTATUS(result) == 0 || WEXITSTATUS(result) == 10);
    CHECK(kind == FAIL ? ended : ended || (WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL));
    CHECK(!ended || acknowledged == STEPS);

    kw_instance *instance = open_instance(folder, at % 2 ? "" : "{\"verifyUpToBytes\":0}");
    state found = state_of(instance, folder, KW_OK);
    const state *now = &states[acknowledged], *next = acknowledged < STEPS ? now + 1 : now;
    if (kind == FAIL) { /* what was tried twice may have been committed twice */
        CHECK(found.version >= now->version);
        found.version = now->version;
    }
    if (!CHECK(same_state(&found, now) || same_state(&found, next)))
        fprintf(stderr, "fault %d at call %u: after %u acknowledged operations: %llu items, version %llu; expected %llu, %llu\n",
                kind, at, acknowledged, (unsigned long long)found.items, (unsigned long long)found.version,
                (unsigned long long)now->items, (unsigned long long)now->version);
    /* And it goes on. */
    CHECK(operate(instance, folder, PUT_MANY, 2, 0) == KW_OK && operate(instance, folder, PUT, 2, 1) == KW_OK);
    state last = state_of(instance, folder, KW_OK);
    close_instance(instance);
    instance = open_instance(folder, "");
    state again = state_of(instance, folder, KW_OK);
    CHECK(same_state(&last, &again));
    close_instance(instance);
    test_folder_remove(folder);
    return !(WIFEXITED(result) && WEXITSTATUS(result) == 10);
}

static void every_call_may_be_the_last(void)
{
    for (fault kind = KILL_BEFORE; kind < FAULTS; kind++) {
        unsigned at = 1;
        while (run_with_fault(kind, at) && test_failed < 20)
            at++;
        CHECK(at > 100);
        printf("%s: %u calls\n", kind == FAIL ? "failed" : kind >= LOSE_ALL ? "machine stopped" : "killed", at - 1);
    }
}

/* ---- killed while it runs ------------------------------------------------------------------------------- */

#define RANDOM_STEPS 60u

static operation random_operation(uint32_t series, uint32_t number)
{
    static const operation often[] = { PUT, PUT, PUT, PUT_MANY, PUT_MANY, REMOVE, REMOVE, UPDATE, UPDATE, COMPACT,
                                       SNAPSHOT, RESTORE, FLUSH, CLEAR, WIPE };
    random_state = (uint64_t)series * 31 + number * 1009 + 5;
    for (int n = 0; n < 8; n++)
        random_bits();
    return often[random_below(sizeof often / sizeof often[0])];
}

/* What should come of a series, learnt from a repository that is in memory only. */
static void learn_series(uint32_t series, state expected[RANDOM_STEPS + 1])
{
    char place[512];
    test_folder_make(place, sizeof place);
    kw_instance *memory = open_instance(NULL, "");
    expected[0] = state_of(memory, place, KW_OK);
    for (uint32_t n = 0; n < RANDOM_STEPS; n++) {
        kw_status status = operate(memory, place, random_operation(series, n), series, n);
        expected[n + 1] = state_of(memory, place, status);
    }
    close_instance(memory);
    test_folder_remove(place);
}

static void a_process_killed_at_random_has_done_what_it_acknowledged(void)
{
    static state expected[RANDOM_STEPS + 1];
    for (uint32_t series = 10; series < 40; series++) {
        char folder[512];
        int told[2], result;
        kw_status status;
        uint32_t acknowledged = 0, enough = (series * 7) % RANDOM_STEPS;
        learn_series(series, expected);
        test_folder_make(folder, sizeof folder);
        CHECK(pipe(told) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            kw_instance *instance = open_instance(folder, "");
            close(told[0]);
            for (uint32_t n = 0; n < RANDOM_STEPS; n++) {
                status = operate(instance, folder, random_operation(series, n), series, n);
                if (write(told[1], &status, sizeof status) != (ssize_t)sizeof status)
                    break;
            }
            end_now();
        }
        close(told[1]);
        for (;;) {
            if (acknowledged == enough)
                kill(pid, SIGKILL);
            if (read(told[0], &status, sizeof status) != (ssize_t)sizeof status)
                break;
            acknowledged++;
            CHECK(status == expected[acknowledged].status);
        }
        close(told[0]);
        CHECK(pid > 0 && waitpid(pid, &result, 0) == pid && acknowledged >= enough);
        kw_instance *instance = open_instance(folder, "");
        state found = state_of(instance, folder, KW_OK);
        const state *now = &expected[acknowledged], *next = acknowledged < RANDOM_STEPS ? now + 1 : now;
        CHECK(same_state(&found, now) || same_state(&found, next));
        close_instance(instance);
        test_folder_remove(folder);
    }
}

int main(void)
{
    start();
    learn_states();
    every_call_may_be_the_last();
    a_process_killed_at_random_has_done_what_it_acknowledged();
    return test_finish();
}
