#ifndef COMMAND_RUNNER_RULES_H
#define COMMAND_RUNNER_RULES_H

#include "command.h"
#include "request.h"

#define RULES_SPELLED 512u

/* Does the rule's prefix admit this command? Words are compared as written, so a rule without a slash never admits a
 * path; a word that only the shell will know is admitted behind the prefix, never in it. An empty rule admits nothing. */
bool rules_admit(kw_span prefix, const command *c);

/* Might the rule forbid it? In doubt, yes: a word that only the shell will know may be any; a first word without a slash
 * also means every path that ends in it; and behind a program that runs another (sudo, env, xargs, find -exec) the
 * forbidden words may begin anywhere. */
bool rules_forbid(kw_span prefix, const command *c);

/* Might the pattern's words come in a row, anywhere in it? In doubt, yes, as for a rule that forbids. */
bool rules_find_anywhere(kw_span pattern, const command *c);

/* The first rule of `rules` that admits, or forbids, the command: spelled into text. False: none. */
bool rules_find(kw_span rules, bool (*matches)(kw_span prefix, const command *c), const command *c,
                char text[RULES_SPELLED]);

/* The policy's limits, and what the longest prefix of tool_limits that fits replaces; of several commands, the lowest
 * value of each limit. */
void rules_limits(const kw_policy *policy, const command_list *commands, kw_limits *out);

/* May the shell open this file, by the policy's path rules and the request's? The most specific rule decides, by the
 * path as written: links are not followed. */
bool rules_open(const request *r, const command_file *file);

#endif
