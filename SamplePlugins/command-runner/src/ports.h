/* The ports that the rules of a run name. */
#ifndef COMMAND_RUNNER_PORTS_H
#define COMMAND_RUNNER_PORTS_H

#include <stdbool.h>

#include "request.h"

#define PORTS_ALL 65536u
/* As many rules as a kernel is given for one run. */
#define PORTS_MOST 1024u

typedef struct ports {
    uint8_t bits[PORTS_ALL / 8];
    uint32_t count;
} ports;

/* Those of this kind (KW_NET_PORTS, KW_NET_BIND) that are admitted and not denied, as far as Landlock can tell them apart:
 * if it cannot, none. False: it cannot. */
bool ports_read(const request *r, uint32_t kind, ports *out);
bool ports_has(const ports *p, uint32_t port);

/* Are all rules kept, those that deny included? */
bool ports_are_all_rules(const request *r);

#endif
