#include "call_error.h"

#include <stdarg.h>
#include <stdio.h>

#include <keyway/author.h>

kw_status call_error(kw_call *call, kw_status status, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return kw_fail(call, status, text);
}

kw_str call_text(kw_call *call, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return kw_copy(call, kw_string(text));
}
