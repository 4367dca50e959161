/* What the tests of the sandbox share: checks that count. */
#ifndef CHECK_H
#define CHECK_H

#include "checks.h"

void test_filter(void);
void test_attacks(void);
void test_mechanisms(void);
void test_network(void);
void test_programs(void);
void test_group_places(void);
void test_groups(void);
void test_code(void);
void test_files(void);
void test_processes(void);
void test_refusals(void);
void test_named(void);
void test_plugins(void);

/* Where the plugins of the tests are. */
extern const char *plugin_folder;

#endif
