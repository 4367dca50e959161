/* What unruly.c has of another file, in one of several languages, where EXHAUST is defined. */
#ifndef EXHAUST_H
#define EXHAUST_H

#ifdef __cplusplus
extern "C"
#endif
/* 1: it found no memory, and bore it. Otherwise it does not return, or 0. */
int exhaust(const char *way);

#endif
