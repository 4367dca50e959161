/* The host's end of a filter whose refusals are told. */
#ifndef HEARING_H
#define HEARING_H

#include "CPluginSandbox.h"

/* In the worker: passes the listener and the memory of its report on, and closes them and the socket. */
void pass_listener(int socket, const kws_report *report);
/* In its parent: takes them, has every refusal be one, and returns how many there were when nobody is left. named: called for
 * each file that was named, or NULL. */
uint32_t hear(int socket, void (*named)(const kws_named_file *file));

#endif
