/* keyway-scanner - what its parts share. */
#ifndef SCANNER_H
#define SCANNER_H

#include <CPluginScanner.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Where a child is in the life of its plugin; what it was doing when it ended. */
enum phase { PHASE_SETUP, PHASE_LIBRARIES, PHASE_LOAD, PHASE_ENTRY, PHASE_TABLE, PHASE_END };

/* What a child says itself; NOTHING if it did not come to the end. */
enum verdict { VERDICT_NOTHING, VERDICT_PASSED, VERDICT_UNLOADABLE, VERDICT_REFUSED };

#define FRAME_LIMIT 32
#define INTERFACE_LIMIT 32

typedef struct stack_frame {
    char module[64];
    char symbol[128];       /* empty if nothing is known */
    uint64_t offset;        /* into the module */
    uint64_t symbol_offset; /* into the symbol */
} stack_frame;

/* Written by a child in memory that it shares with the scanner, so that no descriptor has to survive what a plugin does and
 * so that it can be written in a signal handler. The plugin can write it, too: the scanner believes no length in it. */
typedef struct report {
    _Atomic uint32_t phase, verdict;
    _Atomic uint32_t crashed; /* 1: what follows about a signal is there */
    int32_t signal, code;
    uint32_t has_address;
    uint64_t address;
    _Atomic uint32_t frames;
    uint32_t interfaces;
    uint32_t sdk_built, sdk_min, sdk_max, caps;
    char message[1024];
    char id[256], version[128];
    char interface[INTERFACE_LIMIT][128];
    stack_frame frame[FRAME_LIMIT];
} report;

/* One plugin to run. */
typedef struct job {
    kws_probe probe;
    uint32_t tag;
    int descriptors[KWS_LIBRARY_LIMIT + 1]; /* the private libraries, then the plugin */
    report *report;
} job;

/* Runs the plugin in the process it is called in, with its output in a pipe. Does not return. */
_Noreturn void run_plugin(const job *job, int output);

/* The child's descriptors: FIRST_FILE and after it those of the job. */
#define FIRST_FILE 3

/* From now on signals that end the process are described in the report first. names are those of the job's files. */
void watch_for_crashes(report *report, const char (*names)[64], uint32_t files);

/* The function that holds an address of a shared object, in its symbol table if it has one, else in its dynamic one.
 * file is the whole file; address is relative to where it is loaded. 1 if there is one. Believes nothing in the file. */
int find_symbol(const unsigned char *file, size_t size, uint64_t address, char *name, size_t room, uint64_t *offset);

/* How a child ended, as the scanner saw it. */
typedef struct ending {
    int status;       /* as waitpid gives it */
    int was_killed;   /* by the deadline */
    uint64_t output;  /* bytes that were printed */
    int64_t duration; /* nanoseconds */
} ending;

/* The result as JSON text in the buffer; its length. report is a copy that nobody else can write. */
size_t describe(report *report, const ending *ending, char *buffer, size_t room);
/* The result of a plugin that could not be run for a reason that is not its own. */
size_t describe_failure(const char *call, int number, char *buffer, size_t room);

#endif
