#include "check.h"

int check_passed, check_failed;

void *message_of(const kwm_struct *type, const void *value, uint64_t *length)
{
    kwm_fault fault;
    if (kwm_encode(type, value, NULL, 0, length, &fault) != KW_BUFFER_TOO_SMALL)
        abort();
    void *message = malloc(*length);
    if (message == NULL || kwm_encode(type, value, message, *length, length, &fault) != KW_OK)
        abort();
    return message;
}

/* One message of each type, for the fuzzers to begin with; their first byte says which type. */
static int write_seeds(const char *folder)
{
    for (uint32_t i = 0; i < root_count(); i++) {
        value_maker maker = { .seed = i + 1, .noise = 1 };
        uint64_t length;
        void *message = message_of(root_at(i), make_value(&maker, root_at(i)), &length);
        char path[4096];
        snprintf(path, sizeof path, "%s/%u", folder, (unsigned)i);
        FILE *file = fopen(path, "wb");
        if (file == NULL) {
            perror(path);
            return 1;
        }
        fputc((int)i, file);
        fwrite(message, 1, length, file);
        fclose(file);
        free(message);
        free_values(&maker);
    }
    return 0;
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
    test_matrix();
    test_hostile();
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed == 0 ? 0 : 1;
}
