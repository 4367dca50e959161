/* What the tests of the sandbox share: checks that count. */
#ifndef CHECK_H
#define CHECK_H

#include "checks.h"

void test_filter(void);
void test_attacks(void);
void test_mechanisms(void);
void test_permissions(void);
void test_plugins(void);

/* Where the plugins of the tests are. */
extern const char *plugin_folder;

#endif
