/* Snapshots: what is in them, damage, and where they may lie. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batches.h"
#include "contents.h"

static char folder[512];

static void a_snapshot_is_what_was_there(const char *where)
{
    char path[600];
    kw_instance *instance = open_instance(where, ""), *other = open_instance(NULL, "");
    uint64_t count;
    kw_finst step;
    kw_value yes;
    snprintf(path, sizeof path, "%s/taken", folder);
    CHECK(ensure(instance, "s", 3, KW_METRIC_DOT, "space/1") == KW_OK);
    CHECK(snapshot(instance, "s", path) == KW_OK && restore(other, "empty", path, 0) == KW_OK); /* of nothing, too */
    CHECK(items_of(other, "empty") == 0 && ensure(other, "empty", 3, KW_METRIC_DOT, "space/1") == KW_OK);
    put_many(instance, "s", 0, 300);
    CHECK(removed(instance, "s", even(&step, &yes), &count) == KW_OK);
    CHECK(updated(instance, "s", (kw_span) { NULL, 0, 0 }, "{\"odd\":true}", &count) == KW_OK && count == 150);
    contents taken = contents_of(instance, "s");
    CHECK(snapshot(instance, "s", path) == KW_OK); /* over the old one */
    put_many(instance, "s", 0, 20);
    CHECK(restore(other, "copy", path, 0) == KW_OK && contents_of(other, "copy").hash == taken.hash);
    CHECK(ensure(other, "copy", 3, KW_METRIC_DOT, "space/1") == KW_OK);
    CHECK(ensure(other, "copy", 3, KW_METRIC_DOT, "space/2") == KW_FAILED_PRECONDITION);
    CHECK(restore(instance, "s", path, 0) == KW_ALREADY_EXISTS && items_of(instance, "s") == 160);
    CHECK(restore(instance, "s", path, KW_RESTORE_REPLACE) == KW_OK && contents_of(instance, "s").hash == taken.hash);
    CHECK(restore(instance, "t/2", path, 0) == KW_OK && contents_of(instance, "t/2").hash == taken.hash);
    put_many(instance, "t/2", 0, 2); /* and it lives on by itself */
    CHECK(items_of(instance, "t/2") == 151 && contents_of(instance, "s").hash == taken.hash);
    if (where != NULL) {
        close_instance(instance);
        instance = open_instance(where, "");
        CHECK(contents_of(instance, "s").hash == taken.hash && items_of(instance, "t/2") == 151);
    }
    CHECK(wipe(instance, "s") == KW_OK && wipe(instance, "t/2") == KW_OK && unlink(path) == 0);
    close_instance(instance);
    close_instance(other);
}

/* Most of it with repositories in memory, so that it takes little time; files are made at every hundredth. */
static void a_damaged_snapshot_changes_nothing(void)
{
    static char bytes[65536];
    char path[600];
    kw_instance *disk = open_instance(folder, ""), *memory = open_instance(NULL, "");
    snprintf(path, sizeof path, "%s/spoilt", folder);
    put_many(disk, "d", 0, 4);
    CHECK(snapshot(disk, "d", path) == KW_OK);
    contents saved = contents_of(disk, "d");
    put_many(disk, "d", 50, 3);
    put_many(memory, "d", 60, 3);
    contents before = contents_of(disk, "d"), in_memory = contents_of(memory, "d");
    size_t size = read_file(path, bytes, sizeof bytes);
    CHECK(size > 4416 && size < sizeof bytes);
    bytes[size] = 0;
    write_file(path, bytes, size + 1); /* something behind it, then all there is, then ever less */
    for (size_t end = size + 1; end > 0; end--) {
        kw_instance *instance = end % 100 == 0 || end >= size ? disk : memory;
        CHECK(truncate(path, (off_t)end) == 0);
        kw_status status = restore(instance, "new", path, 0);
        if (end == size) {
            CHECK(status == KW_OK && contents_of(instance, "new").hash == saved.hash && wipe(instance, "new") == KW_OK);
            continue;
        }
        CHECK(status == KW_DATA_LOSS && strstr(last_message, path) != NULL);
        CHECK(restore(instance, "d", path, KW_RESTORE_REPLACE) == KW_DATA_LOSS);
        CHECK(items_of(instance, "new") == UINT64_MAX);
    }
    write_file(path, bytes, size);
    int file = open(path, O_WRONLY);
    for (size_t at = 0; at < size; at++) {
        kw_instance *instance = at % 100 == 0 ? disk : memory;
        char spoilt = (char)(bytes[at] ^ (1 << random_below(8)));
        CHECK(pwrite(file, &spoilt, 1, (off_t)at) == 1);
        kw_status status = restore(instance, "new", path, 0);
        int is_mark = at >= 64 && at < 96; /* there are two of them */
        CHECK(status == KW_DATA_LOSS || (status == KW_FAILED_PRECONDITION && at / 4 == 2) || (is_mark && status == KW_OK));
        if (status == KW_OK)
            CHECK(contents_of(instance, "new").hash == saved.hash && wipe(instance, "new") == KW_OK);
        else
            CHECK(strstr(last_message, path) != NULL && items_of(instance, "new") == UINT64_MAX);
        CHECK(pwrite(file, &bytes[at], 1, (off_t)at) == 1);
    }
    close(file);
    CHECK(contents_of(disk, "d").hash == before.hash && contents_of(memory, "d").hash == in_memory.hash);
    CHECK(restore(disk, "d", path, KW_RESTORE_REPLACE) == KW_OK && contents_of(disk, "d").hash == saved.hash);
    CHECK(wipe(disk, "d") == KW_OK && unlink(path) == 0);
    close_instance(disk);
    close_instance(memory);
}

static void paths_that_cannot_be_are_refused(void)
{
    char path[600], data[600], inside[700];
    kw_instance *instance = open_instance(folder, "");
    put_many(instance, "p", 0, 2);
    CHECK(snapshot(instance, "p", "relative") == KW_INVALID_ARGUMENT && snapshot(instance, "p", "") == KW_INVALID_ARGUMENT);
    CHECK(snapshot(instance, "p", "/") == KW_INVALID_ARGUMENT && snapshot(instance, "p", "/tmp/..") == KW_INVALID_ARGUMENT);
    snprintf(path, sizeof path, "%s/none/x", folder);
    CHECK(snapshot(instance, "p", path) == KW_NOT_FOUND && restore(instance, "q", path, 0) == KW_NOT_FOUND);
    snprintf(data, sizeof data, "%s/other.vectors", folder); /* would be a repository that nobody made */
    CHECK(snapshot(instance, "p", data) == KW_INVALID_ARGUMENT && access(data, F_OK) != 0);
    snprintf(data, sizeof data, "%s/.lock", folder);
    CHECK(snapshot(instance, "p", data) == KW_INVALID_ARGUMENT);
    snprintf(path, sizeof path, "%s/sub", folder);
    CHECK(mkdir(path, 0700) == 0);
    CHECK(snapshot(instance, "p", path) != KW_OK && restore(instance, "q", path, 0) == KW_INVALID_ARGUMENT);
    snprintf(inside, sizeof inside, "%s/p.vectors", path); /* elsewhere the name is nobody's */
    CHECK(snapshot(instance, "p", inside) == KW_OK && restore(instance, "q", inside, 0) == KW_OK);
    CHECK(snapshot(instance, "none", inside) == KW_NOT_FOUND);
    CHECK(unlink(inside) == 0 && rmdir(path) == 0); /* and no unfinished file was left */
    CHECK(wipe(instance, "p") == KW_OK && wipe(instance, "q") == KW_OK);
    test_call call;
    kw_flush_in flags = { .h = KW_HDR(kw_flush_in), .repo = KW_STR("p"), .flags = 6 };
    test_call_begin(&call);
    CHECK(done(&call, backend->flush(instance, &call.call, &flags)) == KW_UNIMPLEMENTED);
    CHECK(flush(instance, "p", 0) == KW_NOT_FOUND);
    CHECK(restore(instance, "p", "/x", 8) == KW_UNIMPLEMENTED);
    close_instance(instance);
}

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    a_snapshot_is_what_was_there(folder);
    a_snapshot_is_what_was_there(NULL);
    a_damaged_snapshot_changes_nothing();
    paths_that_cannot_be_are_refused();
    test_folder_remove(folder);
    return test_finish();
}
