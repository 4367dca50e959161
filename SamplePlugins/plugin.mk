# How a C sample is built and tested. A sample's Makefile sets NAME and SOURCES, then includes this file.
#
#   make                     build/NAME.so (or OUT=...)
#   make test                builds the test programs from tests/*.c together with SOURCES, and runs them
#   make test SANITIZE=address,undefined
#   make CC=clang ...        any C11 compiler that knows GNU inline attributes
#
# KEYWAY is the folder that holds PluginABI: this repository, or wherever its headers were installed from.

KEYWAY ?= ../..
OUT ?= build/$(NAME).so
CC ?= cc
# A host copies the file when it loads it, so debug information is not in it by default: make CFLAGS="-O2 -g".
CFLAGS ?= -O2
LIBS ?=
TESTING ?= $(KEYWAY)/SamplePlugins/testing
SANITIZE ?=
TEST_SOURCES ?= $(wildcard tests/*.c)

C_STANDARD = -std=c11 -Wall -Wextra -Wpedantic -Werror
INCLUDES = -I$(KEYWAY)/PluginABI/include
PLUGIN_FLAGS = $(C_STANDARD) $(CFLAGS) -fPIC -fvisibility=hidden
# Unresolved symbols are refused here and not at load time. --build-id lets a crash report name the exact build.
PLUGIN_LINK = -shared -Wl,--version-script=$(KEYWAY)/PluginABI/plugin.map \
	-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id -Wl,--no-undefined

ABI_HEADERS = $(wildcard $(KEYWAY)/PluginABI/include/keyway/*.h)
OWN_HEADERS = $(wildcard src/*.h)

# One folder of test programs a compiler and sanitizer set, so that switching never runs a stale one.
TEST_FLAVOUR = $(subst $(comma),-,$(notdir $(firstword $(CC)))$(if $(SANITIZE),-$(SANITIZE)))
comma := ,
TEST_OUT = build/tests/$(TEST_FLAVOUR)
TEST_PROGRAMS = $(patsubst tests/%.c,$(TEST_OUT)/%,$(TEST_SOURCES))
TEST_FLAGS = $(C_STANDARD) -O1 -g \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)

.PHONY: all test clean exports
.DEFAULT_GOAL := all

all: $(OUT)

$(OUT): $(SOURCES) $(OWN_HEADERS) $(ABI_HEADERS) $(MAKEFILE_LIST)
	@mkdir -p $(dir $(OUT))
	$(CC) $(PLUGIN_FLAGS) $(INCLUDES) $(PLUGIN_LINK) -o $@ $(SOURCES) $(LIBS)

$(TEST_OUT)/%: tests/%.c $(SOURCES) $(OWN_HEADERS) $(ABI_HEADERS) $(wildcard tests/*.h $(TESTING)/host.[ch])
	@mkdir -p $(TEST_OUT)
	$(CC) $(TEST_FLAGS) $(INCLUDES) -Isrc -I$(TESTING) -o $@ $< $(SOURCES) $(TESTING)/host.c $(LIBS) -lm -pthread

# The shared object must export its entry and nothing else.
exports: $(OUT)
	@test "$$(nm -D --defined-only $(OUT) | awk '{print $$3}')" = kw_plugin_entry_1 \
		|| { echo "$(OUT) must export kw_plugin_entry_1 and nothing else:"; nm -D --defined-only $(OUT); exit 1; }

test: exports $(TEST_PROGRAMS)
	@status=0; for program in $(TEST_PROGRAMS); do echo "== $$program"; $$program || status=1; done; exit $$status

clean:
	rm -rf build
