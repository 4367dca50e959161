/* What survives: reopening, ends in the middle of a write, damage, compaction, several holders of one folder. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checksum.h"
#include "file_name.h"
#include "fixture.h"

static char folder[512];

static char *path_of(const char *repo)
{
    static char path[1024];
    char name[FILE_NAME_SIZE];
    file_name_of(kw_string(repo), name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t read_file(const char *path, char *bytes, size_t room)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, room);
    if (fd >= 0)
        close(fd);
    return n < 0 ? 0 : (size_t)n;
}

static void write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

static void row_of(uint32_t seed, float row[4])
{
    for (uint32_t d = 0; d < 4; d++)
        row[d] = (float)((seed * 31 + d * 7) % 101) - 50.25f;
}

static kw_status put_numbered(kw_instance *i, const char *repo, uint32_t number, uint32_t seed)
{
    char id[16], json[48];
    float row[4];
    snprintf(id, sizeof id, "n%u", number);
    snprintf(json, sizeof json, "{\"seed\":%u}", seed);
    row_of(seed, row);
    return put(i, repo, id, row, 4, json);
}

/* Is the item there, with the row, text and metadata that belong to seed? */
static int holds(kw_instance *i, const char *repo, uint32_t number, uint32_t seed)
{
    char id[16], json[48];
    float row[4];
    test_call call;
    kw_status status;
    snprintf(id, sizeof id, "n%u", number);
    snprintf(json, sizeof json, "{\"seed\":%u}", seed);
    row_of(seed, row);
    kw_value value = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(id) };
    kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&value, 1, sizeof value) };
    kw_query q = query_of(row, 4, 2);
    q.filter = kw_span_of(&step, 1, sizeof step);
    q.include = KW_INCLUDE_METADATA | KW_INCLUDE_TEXT | KW_INCLUDE_VECTOR;
    const kw_query_result *r = search(i, repo, &q, &call, &status);
    int held = 0;
    if (status == KW_OK && r->hits.count == 1) {
        const kw_hit *h = r->hits.ptr;
        held = kw_equal(h->id, kw_string(id)) && kw_equal(h->text, kw_string(id))
            && kw_equal(h->metadata_json, kw_string(json)) && memcmp(h->vector, row, sizeof row) == 0;
    }
    test_call_end(&call);
    return held;
}

static void checksums_are_crc32c_both_ways(void)
{
    unsigned char bytes[300];
    CHECK(checksum_add(0, "123456789", 9) == 0xE3069283u && checksum_add_table(0, "123456789", 9) == 0xE3069283u);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)random_bits();
    for (size_t size = 0; size <= sizeof bytes; size++) {
        uint32_t split = checksum_add(checksum_add(0, bytes, size / 3), bytes + size / 3, size - size / 3);
        CHECK(split == checksum_add_table(0, bytes, size));
    }
}

static void what_was_written_is_there_after_reopening(void)
{
    static const char *const names[] = { "plain", "../up", ".hidden", "a/b", "sp ace", "\xc3\xa4", "." };
    char long_name[201], longer_name[201];
    memset(long_name, '/', 200);
    memset(longer_name, '/', 200);
    long_name[200] = longer_name[200] = '\0';
    longer_name[199] = 'x';
    kw_instance *instance = open_instance(folder, "");
    for (size_t n = 0; n < 7; n++)
        CHECK(put_numbered(instance, names[n], 1, (uint32_t)n) == KW_OK);
    CHECK(put_numbered(instance, long_name, 1, 100) == KW_OK && put_numbered(instance, longer_name, 1, 101) == KW_OK);
    CHECK(ensure(instance, "empty", 7, KW_METRIC_L2, "space/1") == KW_OK);
    CHECK(put_numbered(instance, "plain", 2, 50) == KW_OK && put_numbered(instance, "plain", 1, 51) == KW_OK);
    close_instance(instance);
    instance = open_instance(folder, "");
    CHECK(holds(instance, "plain", 1, 51) && holds(instance, "plain", 2, 50) && items_of(instance, "plain") == 2);
    for (size_t n = 1; n < 7; n++)
        CHECK(holds(instance, names[n], 1, (uint32_t)n) && items_of(instance, names[n]) == 1);
    CHECK(holds(instance, long_name, 1, 100) && holds(instance, longer_name, 1, 101));
    CHECK(ensure(instance, "empty", 7, KW_METRIC_L2, "space/2") == KW_FAILED_PRECONDITION);
    CHECK(ensure(instance, "empty", 7, KW_METRIC_L2, "space/1") == KW_OK);
    test_call call;
    kw_none none = { .h = KW_HDR(kw_none) };
    test_call_begin(&call);
    CHECK(backend->repos(instance, &call.call, &none) == KW_OK);
    const kw_repos_out *out = call.reply;
    CHECK(out->repos.count == 10);
    for (uint32_t i = 1; i < out->repos.count; i++) {
        kw_str a = ((const kw_repo_info *)kw_at(out->repos, i - 1))->repo;
        kw_str b = ((const kw_repo_info *)kw_at(out->repos, i))->repo;
        CHECK(memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len) <= 0);
    }
    test_call_end(&call);
    CHECK(wipe(instance, "plain") == KW_OK && access(path_of("plain"), F_OK) != 0);
    close_instance(instance);
}

/* The bytes behind the last mark, where a write was interrupted, may be anything. */
static void an_unfinished_record_is_cut_off_wherever_it_ends(void)
{
    static char bytes[65536], before[65536];
    kw_instance *instance = open_instance(folder, "");
    CHECK(put_numbered(instance, "torn", 1, 1) == KW_OK && put_numbered(instance, "torn", 2, 2) == KW_OK);
    size_t whole = read_file(path_of("torn"), before, sizeof before);
    CHECK(put_numbered(instance, "torn", 3, 3) == KW_OK);
    close_instance(instance);
    size_t size = read_file(path_of("torn"), bytes, sizeof bytes);
    memcpy(bytes, before, whole); /* the marks of before */
    for (size_t end = whole; end <= size * 2 - whole; end++) {
        size_t shown = end <= size ? end : size;
        if (end > size)
            bytes[end - 1 - (size - whole)] ^= 1; /* and whole ones that are wrong somewhere */
        write_file(path_of("torn"), bytes, shown);
        if (end > size)
            bytes[end - 1 - (size - whole)] ^= 1;
        test_host_forget_log(&host);
        instance = open_instance(folder, "");
        CHECK(items_of(instance, "torn") == (end == size ? 3 : 2));
        CHECK(holds(instance, "torn", 1, 1) && holds(instance, "torn", 2, 2));
        CHECK(end != size || holds(instance, "torn", 3, 3));
        CHECK(test_host_logged(&host, "cut off") == (end != size && end != whole));
        CHECK(put_numbered(instance, "torn", 4, 4) == KW_OK);
        close_instance(instance);
        instance = open_instance(folder, "");
        CHECK(holds(instance, "torn", 1, 1) && holds(instance, "torn", 4, 4));
        close_instance(instance);
    }
}

/* A file with each kind of record in it; returns its size. */
static size_t make_sample(const char *repo, char *bytes, size_t room)
{
    uint64_t gone;
    kw_value id = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = KW_STR("n2") };
    kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&id, 1, sizeof id) };
    kw_span second = kw_span_of(&step, 1, sizeof step);
    kw_instance *instance = open_instance(folder, "");
    CHECK(put_numbered(instance, repo, 9, 9) == KW_OK && removed(instance, repo, (kw_span) { NULL, 0, 0 }, &gone) == KW_OK);
    for (uint32_t n = 1; n <= 3; n++)
        CHECK(put_numbered(instance, repo, n, n) == KW_OK);
    CHECK(removed(instance, repo, second, &gone) == KW_OK && gone == 1);
    id.text = kw_string("n3");
    CHECK(updated(instance, repo, second, "{\"seed\":3}", &gone) == KW_OK && gone == 1);
    CHECK(put_numbered(instance, repo, 1, 1) == KW_OK);
    close_instance(instance);
    size_t size = read_file(path_of(repo), bytes, room);
    CHECK(size > 4416 && size < room);
    return size;
}

/* Whatever is asked of a spoilt file: the answer is right, or it is an error that names the file. Returns whether any
 * error came. */
static int is_right_or_refused(kw_instance *instance, const char *repo, contents good)
{
    uint64_t n;
    float vector[4];
    row_of(1, vector);
    kw_query q = query_of(vector, 4, 3);
    kw_status counting = counted(instance, repo, (kw_span) { NULL, 0, 0 }, &n);
    int refused = counting != KW_OK;
    if (counting != KW_OK)
        CHECK((counting == KW_DATA_LOSS || counting == KW_FAILED_PRECONDITION) && strstr(last_message, repo) != NULL);
    else
        CHECK(n == good.count);
    contents all;
    kw_status scanning = scan(instance, repo, (kw_scan_in) { .include = INCLUDE_ALL }, &all, NULL, 0);
    if (scanning == KW_OK)
        CHECK(all.count == good.count && all.hash == good.hash);
    else
        CHECK((scanning == KW_DATA_LOSS || scanning == KW_FAILED_PRECONDITION) && strstr(last_message, repo) != NULL);
    kw_status asking = query_status(instance, repo, &q);
    CHECK(asking == KW_OK || ((asking == KW_DATA_LOSS || asking == KW_FAILED_PRECONDITION)
                              && strstr(last_message, repo) != NULL));
    return refused || scanning != KW_OK;
}

static void every_damaged_byte_is_noticed_or_does_not_count(const char *config)
{
    static char bytes[65536];
    size_t size = make_sample("flip", bytes, sizeof bytes), unnoticed = 0;
    kw_instance *instance = open_instance(folder, "");
    contents good = contents_of(instance, "flip");
    CHECK(good.count == 2);
    close_instance(instance);
    for (size_t at = 0; at < size; at++)
        for (int way = 0; way < 2; way++) {
            char damage = way == 0 ? (char)(1 << random_below(8)) : (char)(1 + random_below(255));
            bytes[at] ^= damage;
            write_file(path_of("flip"), bytes, size);
            instance = open_instance(folder, config);
            int noticed = is_right_or_refused(instance, "flip", good);
            unnoticed += !noticed;
            close_instance(instance);
            bytes[at] ^= damage;
        }
    /* One of two marks may be lost, and so may what is superseded: three rows of 64 bytes and their strings. */
    CHECK(unnoticed < 2 * (32 + 3 * (64 + 16)));
    write_file(path_of("flip"), bytes, size);
    instance = open_instance(folder, "");
    CHECK(is_right_or_refused(instance, "flip", good) == 0);
    CHECK(wipe(instance, "flip") == KW_OK);
    close_instance(instance);
}

static void a_file_cut_short_anywhere_is_refused(void)
{
    static char bytes[65536];
    size_t size = make_sample("short", bytes, sizeof bytes);
    for (size_t end = 0; end < size; end++) {
        uint64_t n;
        write_file(path_of("short"), bytes, end);
        kw_instance *instance = open_instance(folder, "");
        CHECK(counted(instance, "short", (kw_span) { NULL, 0, 0 }, &n) == KW_DATA_LOSS);
        CHECK(strstr(last_message, "short.vectors") != NULL);
        CHECK(put_numbered(instance, "short", 9, 9) == KW_DATA_LOSS); /* nothing is written over it */
        close_instance(instance);
    }
    /* Also under an instance that has it open and mapped. */
    write_file(path_of("short"), bytes, size);
    kw_instance *instance = open_instance(folder, "");
    CHECK(holds(instance, "short", 3, 3));
    for (size_t end = size; end > 0; end -= end > 40 ? 40 : end) {
        uint64_t n;
        CHECK(truncate(path_of("short"), (off_t)(end - 1)) == 0);
        CHECK(counted(instance, "short", (kw_span) { NULL, 0, 0 }, &n) == KW_DATA_LOSS);
    }
    CHECK(wipe(instance, "short") == KW_OK);
    close_instance(instance);
}

/* With a file that is too long to be checked when it is opened. */
static void damage_of_one_item_leaves_the_others_alone(void)
{
    static char bytes[65536];
    kw_value id = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = KW_STR("n3") };
    kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&id, 1, sizeof id) };
    uint64_t n;
    float row[4];
    size_t size = make_sample("item", bytes, sizeof bytes);
    row_of(3, row);
    char *third = memmem(bytes, size, row, sizeof row);
    CHECK(third != NULL);
    third[5] ^= 4;
    write_file(path_of("item"), bytes, size);
    kw_instance *instance = open_instance(folder, "{\"verifyUpToBytes\":0}");
    CHECK(items_of(instance, "item") == 2 && holds(instance, "item", 1, 1));
    kw_query q = query_of(row, 4, 2);
    CHECK(query_status(instance, "item", &q) == KW_DATA_LOSS && strstr(last_message, "n3") != NULL);
    CHECK(flush(instance, "item", KW_FLUSH_COMPACT) == KW_OK);
    CHECK(query_status(instance, "item", &q) == KW_DATA_LOSS && strstr(last_message, "n3") != NULL); /* still */
    char target[600];
    snprintf(target, sizeof target, "%s/item.snapshot", folder);
    CHECK(snapshot(instance, "item", target) == KW_DATA_LOSS && access(target, F_OK) != 0);
    CHECK(removed(instance, "item", kw_span_of(&step, 1, sizeof step), &n) == KW_OK && n == 1);
    CHECK(query_status(instance, "item", &q) == KW_OK && holds(instance, "item", 1, 1));
    CHECK(wipe(instance, "item") == KW_OK);
    close_instance(instance);
}

static void a_file_of_another_format_is_refused_by_its_number(void)
{
    static char bytes[65536];
    size_t size = make_sample("format", bytes, sizeof bytes);
    bytes[8] = 1;
    write_file(path_of("format"), bytes, size);
    kw_instance *instance = open_instance(folder, "");
    CHECK(ensure(instance, "format", 4, KW_METRIC_COSINE, "") == KW_FAILED_PRECONDITION);
    CHECK(strstr(last_message, "format.vectors has format 1") != NULL);
    CHECK(wipe(instance, "format") == KW_OK);
    close_instance(instance);
}

/* How a file may be spoilt; what came of it lies at path. */
#define SPOILT_KINDS 8

static void spoil(int kind, const char *path, char *bytes, size_t size)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int fd, parent;
    if (kind >= 3)
        CHECK(unlink(path) == 0);
    switch (kind) {
    case 0:
        bytes[size - 1] ^= 1;
        write_file(path, bytes, size);
        break;
    case 1:
        write_file(path, bytes, 0);
        break;
    case 2:
        bytes[0] ^= 1;
        write_file(path, bytes, size);
        break;
    case 3:
        CHECK(mkfifo(path, 0600) == 0);
        break;
    case 4: /* to a good file */
        CHECK(symlink("kept", path) == 0);
        break;
    case 5:
        CHECK(symlink("nowhere", path) == 0);
        break;
    case 6:
        CHECK(mkdir(path, 0700) == 0);
        break;
    default: /* by way of a short name: a socket's path has little room */
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        parent = open(folder, O_PATH | O_DIRECTORY);
        snprintf(name.sun_path, sizeof name.sun_path, "/proc/self/fd/%d/spoilt.vectors", parent);
        CHECK(fd >= 0 && parent >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
        close(parent);
        close(fd);
    }
}

/* Once by an instance that has the repository in memory, once by one that has not. */
static void what_is_damaged_is_refused_and_can_be_wiped(void)
{
    static char bytes[65536], other[65536];
    char path[1024], kept[600];
    struct stat status;
    snprintf(path, sizeof path, "%s", path_of("spoilt"));
    snprintf(kept, sizeof kept, "%s/kept", folder);
    for (int kind = 0; kind < SPOILT_KINDS * 2; kind++) {
        kw_instance *instance = open_instance(folder, "");
        CHECK(put_numbered(instance, "spoilt", 1, 1) == KW_OK && put_numbered(instance, "spoilt", 2, 2) == KW_OK);
        size_t size = read_file(path, bytes, 32768);
        CHECK(size > 100);
        write_file(kept, bytes, size);
        if (kind >= SPOILT_KINDS) {
            close_instance(instance);
            instance = open_instance(folder, "");
        }
        spoil(kind % SPOILT_KINDS, path, bytes, size);
        CHECK(lstat(path, &status) == 0);
        mode_t before = status.st_mode;
        kw_instance *fresh = open_instance(folder, "");
        CHECK(ensure(fresh, "spoilt", 4, KW_METRIC_COSINE, "") == KW_DATA_LOSS);
        CHECK(strstr(last_message, "spoilt.vectors") != NULL);
        CHECK(S_ISREG(before) || strstr(last_message, "not a regular file") != NULL);
        CHECK(put_numbered(fresh, "spoilt", 3, 3) == KW_DATA_LOSS && items_of(fresh, "spoilt") == UINT64_MAX);
        CHECK(lstat(path, &status) == 0 && status.st_mode == before);
        close_instance(fresh);
        CHECK(wipe(instance, "spoilt") == KW_OK && lstat(path, &status) != 0 && errno == ENOENT);
        CHECK(wipe(instance, "spoilt") == KW_NOT_FOUND);
        CHECK(read_file(kept, other, sizeof other) == size); /* what a link led to is not touched */
        CHECK(ensure(instance, "spoilt", 4, KW_METRIC_L2, "") == KW_OK && items_of(instance, "spoilt") == 0);
        CHECK(wipe(instance, "spoilt") == KW_OK);
        close_instance(instance);
    }
    CHECK(unlink(kept) == 0);
}

static void a_folder_with_something_in_it_is_not_wiped(void)
{
    char path[1024], inner[1100];
    snprintf(path, sizeof path, "%s", path_of("folder"));
    snprintf(inner, sizeof inner, "%s/precious", path);
    CHECK(mkdir(path, 0700) == 0);
    write_file(inner, "x", 1);
    kw_instance *instance = open_instance(folder, "");
    CHECK(wipe(instance, "folder") == KW_FAILED_PRECONDITION && strstr(last_message, "folder.vectors") != NULL);
    CHECK(access(inner, F_OK) == 0 && unlink(inner) == 0);
    CHECK(wipe(instance, "folder") == KW_OK && access(path, F_OK) != 0);
    close_instance(instance);
}

/* Changing the file is what the lock is for, also when it is not read first. */
static void wiping_waits_for_the_lock(void)
{
    char path[600];
    kw_instance *instance = open_instance(folder, "{\"lockWaitMs\":20}");
    CHECK(put_numbered(instance, "locked", 1, 1) == KW_OK);
    snprintf(path, sizeof path, "%s/.lock", folder);
    int other = open(path, O_RDWR);
    CHECK(flock(other, LOCK_SH) == 0);
    CHECK(wipe(instance, "locked") == KW_UNAVAILABLE && access(path_of("locked"), F_OK) == 0);
    close(other);
    CHECK(wipe(instance, "locked") == KW_OK && access(path_of("locked"), F_OK) != 0);
    close_instance(instance);
}

static void superseded_rows_are_given_back(void)
{
    kw_instance *instance = open_instance(folder, "");
    struct stat status;
    float rows[64][256] = { { 0 } };
    kw_str ids[64];
    char names[64][16];
    for (uint32_t i = 0; i < 64; i++) {
        snprintf(names[i], sizeof names[i], "%u", i);
        ids[i] = kw_string(names[i]);
    }
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 64; i++)
            rows[i][i] = (float)(round + 1);
        CHECK(upsert(instance, "compact", 64, ids, rows[0], 256, NULL, NULL) == KW_OK);
    }
    CHECK(stat(path_of("compact"), &status) == 0 && status.st_size < 64 * 1024 * 4);
    close_instance(instance);
    instance = open_instance(folder, "");
    CHECK(items_of(instance, "compact") == 64);
    kw_query q = query_of(rows[5], 256, 1);
    q.include = KW_INCLUDE_VECTOR;
    test_call call;
    kw_status result;
    const kw_query_result *r = search(instance, "compact", &q, &call, &result);
    CHECK(result == KW_OK && memcmp(((const kw_hit *)r->hits.ptr)->vector, rows[5], sizeof rows[5]) == 0);
    test_call_end(&call);
    close_instance(instance);
}

/* A limit on the file's size stands for a full disk: the write stops in the middle of a record. */
static void a_write_that_fails_changes_nothing(void)
{
    kw_instance *instance = open_instance(folder, "");
    struct stat before, after;
    struct rlimit usual, tight;
    CHECK(put_numbered(instance, "full", 1, 1) == KW_OK && put_numbered(instance, "full", 2, 2) == KW_OK);
    CHECK(stat(path_of("full"), &before) == 0 && getrlimit(RLIMIT_FSIZE, &usual) == 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t more = 0; more < 60; more += 7) {
        tight = (struct rlimit) { (rlim_t)before.st_size + more, usual.rlim_max };
        CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
        CHECK(put_numbered(instance, "full", 1, 9) == KW_RESOURCE_EXHAUSTED);
        CHECK(put_numbered(instance, "full", 3, 3) == KW_RESOURCE_EXHAUSTED);
        CHECK(setrlimit(RLIMIT_FSIZE, &usual) == 0);
        CHECK(stat(path_of("full"), &after) == 0 && after.st_size == before.st_size);
        CHECK(holds(instance, "full", 1, 1) && holds(instance, "full", 2, 2) && items_of(instance, "full") == 2);
    }
    signal(SIGXFSZ, SIG_DFL);
    CHECK(put_numbered(instance, "full", 3, 3) == KW_OK);
    close_instance(instance);
    instance = open_instance(folder, "");
    CHECK(holds(instance, "full", 1, 1) && holds(instance, "full", 3, 3) && items_of(instance, "full") == 3);
    close_instance(instance);
}

/* Two instances have descriptors of their own, so they stand to each other as two processes do. */
static void two_holders_of_a_folder_see_each_others_writes(void)
{
    kw_instance *a = open_instance(folder, ""), *b = open_instance(folder, "{\"lockWaitMs\":20}");
    CHECK(put_numbered(a, "both", 1, 1) == KW_OK && holds(b, "both", 1, 1));
    CHECK(put_numbered(b, "both", 2, 2) == KW_OK && holds(a, "both", 2, 2));
    CHECK(put_numbered(a, "both", 1, 3) == KW_OK && holds(b, "both", 1, 3) && items_of(b, "both") == 2);
    float row[4000] = { 1 };
    CHECK(wipe(a, "both") == KW_OK && items_of(b, "both") == UINT64_MAX);
    for (int i = 0; i < 30; i++) /* until it is compacted under the other's eyes */
        CHECK(put(a, "big", "x", row, 4000, "") == KW_OK && items_of(b, "big") == 1);
    CHECK(wipe(b, "big") == KW_OK && put_numbered(a, "big", 1, 1) == KW_OK && holds(b, "big", 1, 1));

    char path[600];
    snprintf(path, sizeof path, "%s/.lock", folder);
    int other = open(path, O_RDWR);
    CHECK(flock(other, LOCK_EX) == 0);
    CHECK(items_of(b, "big") == UINT64_MAX && strstr(last_message, "lockWaitMs") != NULL);
    CHECK(put_numbered(b, "big", 1, 1) == KW_UNAVAILABLE);
    test_call call;
    kw_repo_in in = { .h = KW_HDR(kw_repo_in), .repo = kw_string("big") };
    test_call_begin(&call);
    call.call.deadline_ns = test_now_ns() + 1000000;
    CHECK(done(&call, backend->wipe(a, &call.call, &in)) == KW_DEADLINE_EXCEEDED);
    close(other);
    CHECK(items_of(b, "big") == 1);
    close_instance(a);
    close_instance(b);
}

static void *write_many(void *argument)
{
    for (uint32_t n = 0; n < 100; n++)
        CHECK(put_numbered(argument, "threads", n, n) == KW_OK);
    return NULL;
}

static void *read_many(void *argument)
{
    for (uint32_t n = 0; n < 300; n++)
        (void)holds(argument, "threads", n % 100, n % 100);
    return NULL;
}

static void threads_and_holders_may_work_at_once(void)
{
    kw_instance *a = open_instance(folder, ""), *b = open_instance(folder, "");
    pthread_t threads[4];
    CHECK(ensure(a, "threads", 4, KW_METRIC_COSINE, "") == KW_OK);
    CHECK(pthread_create(&threads[0], NULL, write_many, a) == 0);
    CHECK(pthread_create(&threads[1], NULL, read_many, a) == 0);
    CHECK(pthread_create(&threads[2], NULL, write_many, b) == 0);
    CHECK(pthread_create(&threads[3], NULL, read_many, b) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (uint32_t n = 0; n < 100; n++)
        CHECK(holds(a, "threads", n, n) && holds(b, "threads", n, n));
    CHECK(items_of(a, "threads") == 100);
    close_instance(a);
    close_instance(b);
}

/* A process writes and says after each upsert how far it is; it is killed while it writes. */
static void a_killed_process_loses_nothing_it_was_told_of(void)
{
    for (uint32_t round = 0; round < 10; round++) {
        int told[2];
        uint32_t last = 0, n;
        CHECK(pipe(told) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            kw_instance *instance = open_instance(folder, "");
            for (n = 1; put_numbered(instance, "killed", n, n + round) == KW_OK; n++)
                if (write(told[1], &n, sizeof n) != (ssize_t)sizeof n)
                    break;
            _exit(1);
        }
        close(told[1]);
        while (last < 20 + round * 3 && read(told[0], &n, sizeof n) == (ssize_t)sizeof n)
            last = n;
        kill(pid, SIGKILL);
        while (read(told[0], &n, sizeof n) == (ssize_t)sizeof n)
            last = n;
        waitpid(pid, NULL, 0);
        close(told[0]);
        kw_instance *instance = open_instance(folder, "");
        CHECK(last >= 20 && items_of(instance, "killed") >= last);
        for (n = 1; n <= last; n++)
            CHECK(holds(instance, "killed", n, n + round));
        close_instance(instance);
    }
}

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    checksums_are_crc32c_both_ways();
    what_was_written_is_there_after_reopening();
    an_unfinished_record_is_cut_off_wherever_it_ends();
    every_damaged_byte_is_noticed_or_does_not_count("");
    every_damaged_byte_is_noticed_or_does_not_count("{\"verifyUpToBytes\":0}");
    a_file_cut_short_anywhere_is_refused();
    damage_of_one_item_leaves_the_others_alone();
    a_file_of_another_format_is_refused_by_its_number();
    what_is_damaged_is_refused_and_can_be_wiped();
    a_folder_with_something_in_it_is_not_wiped();
    wiping_waits_for_the_lock();
    superseded_rows_are_given_back();
    a_write_that_fails_changes_nothing();
    two_holders_of_a_folder_see_each_others_writes();
    threads_and_holders_may_work_at_once();
    a_killed_process_loses_nothing_it_was_told_of();
    test_folder_remove(folder);
    return test_finish();
}
