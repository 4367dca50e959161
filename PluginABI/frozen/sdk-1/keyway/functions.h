/* keyway/functions.h - "keyway.functions/1": C functions that are called with a signature read at run time. */
#ifndef KEYWAY_FUNCTIONS_H
#define KEYWAY_FUNCTIONS_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_FUNCTIONS_ID "keyway.functions/1"

#define KW_FUNCTION_THREAD_SAFE 1u  /* [any]; else one call at a time in the process, whatever the instances */
#define KW_FUNCTION_PURE 2u         /* the result depends on the arguments only, and nothing else changes */
#define KW_FUNCTION_BLOCKING 4u     /* may wait */

/* signature is "result(argument,argument,...)" of
 *   v                    void, as a result
 *   i8 i16 i32 i64       signed integers of that many bits
 *   u8 u16 u32 u64       unsigned ones
 *   f32 f64              floating point
 *   p                    a pointer that only the plugin understands; a caller passes on what a function returned
 *   s                    kw_str by value: UTF-8, borrowed until the function returns; as a result it points to
 *                        static memory
 *   b                    kw_bytes by value, likewise
 * without spaces: "f64(f64,f64)", "u64(s)", "v(p)". At most 16 arguments. */
typedef struct kw_function_1 {
    kw_hdr h;
    kw_str name;              /* 1-128 bytes, [A-Za-z0-9_.] */
    kw_str description;
    kw_str signature;
    /* Not NULL; code of the plugin's own file, of the type that `signature` says. [op], but one at a time in
     * the process; with KW_FUNCTION_THREAD_SAFE [any] */
    void (*address)(void) KW_NOEXCEPT KW_LOCAL;
    uint64_t flags;           /* KW_FUNCTION_* */
    kw_span parameter_names KW_OF(kw_str); /* one an argument, or empty */
} kw_function;

typedef struct kw_functions_out_1 {
    kw_hdr h;
    kw_span functions KW_OF(kw_function);
} kw_functions_out;

typedef struct kw_functions_1 {
    kw_hdr h;
    /* What may be called; constant over an instance's life. [op] */
    KW_OP(list, kw_none, kw_functions_out) KW_IDEMPOTENT;
} kw_functions;

#if defined(__cplusplus)
}
#endif
#endif
