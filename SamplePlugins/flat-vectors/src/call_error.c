#include "call_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <keyway/author.h>

kw_status call_error(kw_call *call, kw_status status, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (call == NULL)
        return status;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return kw_fail(call, status, text);
}

kw_status call_errno_status(int number)
{
    switch (number) {
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return KW_RESOURCE_EXHAUSTED;
    case EACCES:
    case EPERM:
    case EROFS:
        return KW_PERMISSION_DENIED;
    default:
        return KW_INTERNAL;
    }
}
