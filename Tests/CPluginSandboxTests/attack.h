/* Attacks on the sandbox. Each is a function that tries one thing and says what came of it. */
#ifndef ATTACK_H
#define ATTACK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What there is to be attacked. Made before the attacker is forked, and the same for all attackers of one identity. */
typedef struct target {
    char folder[64];        /* holds all the rest */
    char granted[80];       /* READ and WRITE */
    char readable[80];      /* READ */
    char outside[80];       /* not given, though the attacker's user may do anything in it */
    char temporary[80];     /* a file in /tmp, not there yet */
    pid_t victim;           /* a process of the attacker's user that may be dumped, traced, read */
    int victim_pidfd;
    char *victim_secret;    /* in its memory */
    uint16_t port, other_port;  /* on which somebody listens at the loopback interface */
    char socket_path[80];
    char abstract_name[40];
    int sealed, shared;     /* memory files as a host's and a worker's: H and W */
    char *sealed_memory, *shared_memory;
    pid_t parent;
    int passed;             /* a descriptor that the worker gets, too, or -1 */
} target;

extern target target_;

/* What an attack returns: not negative = it went through; -errno; KILLED_BY(signal), which is seen from outside. */
#define KILLED_BY(signal) (-1000 - (signal))
#define NOTHING (-2000) /* it ended without an answer */

/* How it is shown that the attack works where there is no sandbox, as the same user. */
typedef enum control {
    SUCCEEDS,     /* it goes through */
    AS_ROOT,      /* it goes through for root; nobody else may try */
    REACHED,      /* it fails otherwise: the kernel came to look at its arguments */
    REACHED_ROOT, /* the same, for root */
    ALONE,        /* it goes through in namespaces of its own, where it harms nobody */
    UNSEALED,     /* it goes through where the memory that is shared has no seals */
} control;

#define ONLY_SEALED 1u    /* refused by the second stage */
#define NEEDS_MEMORY 2u   /* a limit of memory, which programs with a sanitizer cannot have */
#define NEEDS_NAMESPACE 4u /* the control needs a user that may make namespaces */
#define DIFFERS 8u        /* root, or a kernel, may have other words for it: any of the errors will do */
#define CHANGES_USER 16u /* nothing to refuse where the user stays who he is */

typedef struct attack {
    int row;            /* of the list of promises that are attacked */
    const char *name;
    int (*run)(void);
    int expected, or_else; /* inside; or_else 0 = nothing else */
    control control;
    unsigned int flags;
} attack;

/* The attacks, by what is attacked; each group has a file of its name. */
typedef struct attack_group {
    const attack *attacks;
    size_t count;
} attack_group;
extern const attack_group attacks_files, attacks_processes, attacks_network, attacks_programs, attacks_kernel;
extern const attack_group attacks_privileges, attacks_code, attacks_memory, attacks_host;

/* Of all groups, one after the other; the index is less than the count. */
size_t attack_count(void);
const attack *attack_at(size_t index);

#endif
