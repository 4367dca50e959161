/* Checks of what a host wrote. Each answers KW_OK, or fails the call naming the field: with
 * KW_UNIMPLEMENTED for a number or bit without a name, else with KW_INVALID_ARGUMENT. */
#ifndef COMMAND_RUNNER_CHECK_H
#define COMMAND_RUNNER_CHECK_H

#include <stddef.h>

#include <keyway/plugin.h>

#define CHECK_MAX_WORDS 65536u
#define CHECK_MAX_RULES 4096u
#define CHECK_MAX_RULE_WORDS 64u
#define CHECK_MAX_VARIABLES 65536u
#define CHECK_MAX_PATH 4096u
#define CHECK_MAX_TEXT (1u << 20) /* bytes of one word, name or value */

/* Memory for its count of elements, and no more of them than `most`. */
kw_status check_span(kw_call *call, kw_span span, size_t least, uint32_t most, const char *field);
/* At most `most` bytes, none of them zero: the kernel would cut the string short after it was compared whole. */
kw_status check_text(kw_call *call, kw_str text, uint64_t most, const char *field);
kw_status check_texts(kw_call *call, kw_span texts, uint32_t most, const char *field);
/* Names without '=', names and values without zero bytes. */
kw_status check_variables(kw_call *call, kw_span pairs, const char *field);
/* Absolute paths with a known access. */
kw_status check_path_rules(kw_call *call, kw_span rules, const char *field);
/* Known kinds, ranges of ports, names where there must be one. */
kw_status check_net(kw_call *call, kw_span rules, const char *field);
/* Every field of a policy by itself, and its limits. */
kw_status check_policy(kw_call *call, const kw_policy *policy);

#endif
