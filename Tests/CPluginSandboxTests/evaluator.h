/* Runs a filter outside the kernel, so that what it says can be seen for any architecture and any call. */
#ifndef EVALUATOR_H
#define EVALUATOR_H

#include <CPluginSandbox.h>

#include <linux/seccomp.h>

/* SECCOMP_RET_*; BROKEN if the kernel would not have taken the program. */
#define BROKEN 0x12345678u
uint32_t evaluate(const kws_program *program, const struct seccomp_data *data);

#endif
