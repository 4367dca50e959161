#include "described.h"

_Atomic int check_passed, check_failed;

static int write_seed(const char *folder, const char *name, uint32_t root, const void *message, uint64_t length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return 0;
    }
    fputc((int)root, file);
    fwrite(message, 1, length, file);
    fclose(file);
    return 1;
}

/* One message of each type, for the fuzzers to begin with; their first byte says which type. And a description that is one. */
static int write_seeds(const char *folder)
{
    int is_written = 1;
    for (uint32_t i = 0; i < root_count(); i++) {
        value_maker maker = { .seed = i + 1, .noise = 1 };
        uint64_t length;
        void *message = message_of(root_at(i), make_value(&maker, root_at(i)), &length);
        char name[16];
        snprintf(name, sizeof name, "%u", (unsigned)i);
        is_written &= write_seed(folder, name, i, message, length);
        free(message);
        free_values(&maker);
    }
    made_up made;
    uint64_t length;
    make_up(&made);
    void *description = bytes_of(&made, &length);
    is_written &= write_seed(folder, "description", DESCRIPTION_ROOT, description, length);
    free(description);
    return is_written ? 0 : 1;
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "--seeds") == 0)
        return write_seeds(arguments[2]);
    test_tables();
    test_stubs();
    test_round_trip();
    test_growth();
    test_refusals();
    test_nesting();
    test_described();
    test_description();
    test_matrix();
    test_hostile();
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed == 0 ? 0 : 1;
}
