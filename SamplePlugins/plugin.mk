# How a plugin in C or C++ is built and tested. Its Makefile sets NAME and SOURCES, then includes this file.
#
#   make                     build/NAME.so (or OUT=...)
#   make test                builds the test programs from tests/*.c or *.cc together with SOURCES, and runs them
#   make test SANITIZE=address,undefined
#   make CC=clang ...        any C11 or C++17 compiler that knows GNU inline attributes
#
# SOURCES ending in .cc, .cpp or .cxx make it a C++17 plugin; then its tests are C++ too.
# This file stands in SamplePlugins of Keyway's sources, or in share/keyway of an installed SDK. In the first case KEYWAY
# may name another copy of the sources.

PLUGIN_MK := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ifneq ($(wildcard $(PLUGIN_MK)/plugin.map),)
ABI_INCLUDE := $(PLUGIN_MK)/../../include
ABI_MAP := $(PLUGIN_MK)/plugin.map
TESTING ?= $(PLUGIN_MK)/testing
else
KEYWAY ?= $(PLUGIN_MK)/..
ABI_INCLUDE = $(KEYWAY)/PluginABI/include
ABI_MAP = $(KEYWAY)/PluginABI/plugin.map
TESTING ?= $(KEYWAY)/SamplePlugins/testing
endif

OUT ?= build/$(NAME).so
CC ?= cc
# make CC=clang means clang++ where the plugin is C++.
ifeq ($(origin CXX),default)
CXX := $(patsubst cc,c++,$(patsubst %clang,%clang++,$(patsubst %gcc,%g++,$(CC))))
endif
# A host copies the file when it loads it, so debug information is not in it by default: make CFLAGS="-O2 -g".
CFLAGS ?= -O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CXXFLAGS ?= $(CFLAGS)
LIBS ?=
SANITIZE ?=
TEST_SOURCES ?= $(wildcard tests/*.c tests/*.cc)

WARNINGS = -Wall -Wextra -Wpedantic -Werror
C_STANDARD = -std=c11 $(WARNINGS)
INCLUDES = -I$(ABI_INCLUDE)
ifneq ($(filter %.cc %.cpp %.cxx,$(SOURCES)),)
COMPILE = $(CXX) -std=c++17 $(WARNINGS)
OPTIMIZE = $(CXXFLAGS)
else
COMPILE = $(CC) $(C_STANDARD)
OPTIMIZE = $(CFLAGS)
endif
# Unresolved symbols are refused here and not at load time. --build-id lets a crash report name the exact build.
PLUGIN_LINK = -shared -fPIC -fvisibility=hidden -Wl,--version-script=$(ABI_MAP) \
	-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id -Wl,--no-undefined

ABI_HEADERS = $(wildcard $(ABI_INCLUDE)/keyway/*.h)
OWN_HEADERS = $(wildcard src/*.h)

# One folder of test programs a compiler and sanitizer set, so that switching never runs a stale one.
comma := ,
TEST_FLAVOUR = $(subst $(comma),-,$(notdir $(firstword $(CC)))$(if $(SANITIZE),-$(SANITIZE)))
TEST_OUT = build/tests/$(TEST_FLAVOUR)
TEST_PROGRAMS = $(patsubst tests/%,$(TEST_OUT)/%,$(basename $(TEST_SOURCES)))
TEST_FLAGS = -O1 -g $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
TEST_NEEDS = $(SOURCES) $(OWN_HEADERS) $(ABI_HEADERS) $(TEST_OUT)/host.o $(wildcard tests/*.h)
TEST_COMMAND = $(COMPILE) $(TEST_FLAGS) $(INCLUDES) -Isrc -I$(TESTING) -o $@ $< $(SOURCES) $(TEST_OUT)/host.o \
	$(LIBS) -lm -pthread

.PHONY: all test clean exports
.DEFAULT_GOAL := all

all: $(OUT)

$(OUT): $(SOURCES) $(OWN_HEADERS) $(ABI_HEADERS) $(ABI_MAP) $(MAKEFILE_LIST)
	@mkdir -p $(dir $(OUT))
	$(COMPILE) $(OPTIMIZE) $(INCLUDES) $(PLUGIN_LINK) -o $@ $(SOURCES) $(LIBS)

$(TEST_OUT)/host.o: $(TESTING)/host.c $(TESTING)/host.h $(ABI_HEADERS)
	@mkdir -p $(TEST_OUT)
	$(CC) $(C_STANDARD) $(TEST_FLAGS) $(INCLUDES) -c -o $@ $<

$(TEST_OUT)/%: tests/%.c $(TEST_NEEDS)
	$(TEST_COMMAND)

$(TEST_OUT)/%: tests/%.cc $(TEST_NEEDS)
	$(TEST_COMMAND)

# The shared object must export its entry and nothing else.
exports: $(OUT)
	@test "$$(nm -D --defined-only $(OUT) | awk '{print $$3}')" = kw_plugin_entry_1 \
		|| { echo "$(OUT) must export kw_plugin_entry_1 and nothing else:"; nm -D --defined-only $(OUT); exit 1; }

test: exports $(TEST_PROGRAMS)
	@status=0; for program in $(TEST_PROGRAMS); do echo "== $$program"; $$program || status=1; done; exit $$status

clean:
	rm -rf build
