#ifndef COMMAND_RUNNER_CLASSIFICATION_H
#define COMMAND_RUNNER_CLASSIFICATION_H

#include "command.h"

/* KW_CLASS_DESTRUCTIVE, KW_CLASS_NETWORK or KW_CLASS_UNKNOWN: what well-known command lines do, by their words. The worst
 * of several commands. A guess that errs towards destruction, and knows few programs: README.md has the table. */
uint32_t classification_of(const command_list *commands);

#endif
