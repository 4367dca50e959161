/* Damage: ends in the middle of a write, wrong bytes, files cut short, another format. */
#define _GNU_SOURCE
#include <unistd.h>

#include "checksum.h"
#include "contents.h"
#include "stored_items.h"

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

int main(void)
{
    start();
    test_folder_make(folder, sizeof folder);
    checksums_are_crc32c_both_ways();
    an_unfinished_record_is_cut_off_wherever_it_ends();
    every_damaged_byte_is_noticed_or_does_not_count("");
    every_damaged_byte_is_noticed_or_does_not_count("{\"verifyUpToBytes\":0}");
    a_file_cut_short_anywhere_is_refused();
    damage_of_one_item_leaves_the_others_alone();
    a_file_of_another_format_is_refused_by_its_number();
    test_folder_remove(folder);
    return test_finish();
}
