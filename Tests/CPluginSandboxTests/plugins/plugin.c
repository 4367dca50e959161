/* What a plugin in C does: threads, time, memory, files, and a crash or too much memory when it is told to. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void *sum(void *argument)
{
    long *total = argument;
    for (long i = 1; i <= 1000; i++)
        *total += i;
    return NULL;
}

int plugin_work(const char *folder);
int plugin_work(const char *folder)
{
    pthread_t threads[4];
    long totals[4] = { 0 };
    char path[256], text[16] = { 0 };
    struct timespec moment = { 0, 1000 };
    for (int i = 0; i < 4; i++) {
        if (pthread_create(&threads[i], NULL, sum, &totals[i]) != 0)
            return -1;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    nanosleep(&moment, NULL);
    snprintf(path, sizeof path, "%s/of-c", folder);
    FILE *file = fopen(path, "w+");
    if (file == NULL || fputs("text", file) < 0 || fseek(file, 0, SEEK_SET) != 0 || fgets(text, 16, file) == NULL)
        return -2;
    fclose(file);
    char *memory = malloc(16 << 20);
    if (memory == NULL || strcmp(text, "text") != 0)
        return -3;
    memset(memory, 1, 16 << 20);
    free(memory);
    return totals[0] == 500500 && totals[3] == 500500 ? 0 : -4;
}

int plugin_exhaust(void);
int plugin_exhaust(void)
{
    for (;;) {
        char *volatile memory = malloc(1 << 20);
        memory[0] = 1; /* unchecked, as many are */
        memset(memory, 1, 1 << 20);
    }
}
