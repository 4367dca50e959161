#include "command.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more element; false: out of memory. */
static bool grow(void **list, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return true;
    if (*room > UINT32_MAX / 2 - 8)
        return false;
    uint32_t wanted = *room * 2 + 8;
    void *larger = realloc(*list, wanted * size);
    if (larger == NULL)
        return false;
    *list = larger;
    *room = wanted;
    return true;
}

bool command_list_add(command_list *list)
{
    void *commands = list->list;
    if (!grow(&commands, list->count, &list->room, sizeof *list->list))
        return false;
    list->list = commands;
    list->list[list->count++] = (command) { NULL, 0, 0 };
    return true;
}

bool command_add_word(command *c, char *text, bool is_certain)
{
    void *words = c->words;
    if (text == NULL || !grow(&words, c->count, &c->room, sizeof *c->words)) {
        free(text);
        return false;
    }
    c->words = words;
    c->words[c->count++] = (command_word) { text, is_certain };
    return true;
}

bool command_list_add_file(command_list *list, char *path, bool writes)
{
    void *files = list->files;
    if (path == NULL || !grow(&files, list->file_count, &list->file_room, sizeof *list->files)) {
        free(path);
        return false;
    }
    list->files = files;
    list->files[list->file_count++] = (command_file) { path, writes };
    return true;
}

void command_list_free(command_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        for (uint32_t w = 0; w < list->list[i].count; w++)
            free(list->list[i].words[w].text);
        free(list->list[i].words);
    }
    for (uint32_t i = 0; i < list->file_count; i++)
        free(list->files[i].path);
    free(list->list);
    free(list->files);
    *list = (command_list) { NULL, 0, 0, NULL, 0, 0 };
}

const char *command_base_name(const char *word)
{
    const char *slash = strrchr(word, '/');
    return slash != NULL ? slash + 1 : word;
}
