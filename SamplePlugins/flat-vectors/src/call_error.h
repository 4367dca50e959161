#ifndef FLAT_VECTORS_CALL_ERROR_H
#define FLAT_VECTORS_CALL_ERROR_H

#include <keyway/plugin.h>

/* Ends an operation with a formatted message: what went wrong, where, what to do next. Returns status.
 * Without a call nobody is told; the status is returned all the same. */
kw_status call_error(kw_call *call, kw_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The status of a failed system call: a full disk is not the same news as a missing permission. */
kw_status call_errno_status(int number);

/* printf("%.*s") arguments of a kw_str, cut so that a message stays readable. */
#define CALL_TEXT(text) (int)((text).len > 200 ? 200 : (text).len), ((text).len > 0 ? (text).ptr : "")

#endif
