/* The host's end of a filter whose refusals are told. */
#ifndef HEARING_H
#define HEARING_H

#include <stdint.h>

/* In the worker: passes the listener on, and closes it and the socket. */
void pass_listener(int socket, int listener);
/* In its parent: takes the listener, has every refusal be one, and returns how many there were when nobody is left. */
uint32_t hear(int socket);

#endif
