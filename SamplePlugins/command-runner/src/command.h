/* Commands as rules see them: lists of words, some of which only the shell will know. */
#ifndef COMMAND_RUNNER_COMMAND_H
#define COMMAND_RUNNER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A word as the program gets it. One that is not certain (an expansion, a pattern) may become any text, and any number
 * of words. */
typedef struct command_word {
    char *text;        /* NUL-terminated, quotes and escapes resolved; of an uncertain word, whatever was literal */
    bool is_certain;
} command_word;

typedef struct command {
    command_word *words;
    uint32_t count, room;
} command;

/* A file that the shell itself would open. */
typedef struct command_file {
    char *path;
    bool writes;
} command_file;

typedef struct command_list {
    command *list;
    uint32_t count, room;
    command_file *files;
    uint32_t file_count, file_room;
} command_list;

/* False: out of memory. command_add_word takes text over, also when it fails. */
bool command_list_add(command_list *list);
bool command_add_word(command *c, char *text, bool is_certain);
bool command_list_add_file(command_list *list, char *path, bool writes);
void command_list_free(command_list *list);

/* "name" of "/usr/bin/name". */
const char *command_base_name(const char *word);

#endif
