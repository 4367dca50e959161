# Keyway: `make demo` shows what it does, `make test` proves it, `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
RELEASE := $(ROOT)/.build/release
PLUGINS := $(RELEASE)/plugins
# In C and in C++.
C_SAMPLES := hash-embedder flat-vectors command-runner text-statistics
# Those in Swift are built in the same folder as the command, so that what they share is compiled once.
SWIFT_SAMPLES := extractive-provider
SAMPLES := $(C_SAMPLES) $(SWIFT_SAMPLES)
SHARED_BUILD := $(ROOT)/.build
# One step after the other, however many make does itself.
SERIAL_MAKE = env -u MAKEFLAGS $(MAKE) --no-print-directory -s
QUESTION ?= How does Keyway decide whether a plugin may be loaded?

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: tools
tools: ## Check for Swift 6.3 and install missing Debian packages
	@$(ROOT)/.ci/require-tools

.PHONY: build
build: tools cli worker plugins ## Build the keyway command and the sample plugins, in release

.PHONY: cli
cli: tools
	@echo "Building keyway (release); the first time this takes some minutes"
	@swift build --package-path $(ROOT) -c release --product keyway --quiet

WORKER_SOURCES = $(wildcard $(ROOT)/Sources/keyway-worker/*.c $(ROOT)/Sources/CPluginCall/*.c) \
	$(ROOT)/Sources/CPluginWorker/wait.c $(wildcard $(ROOT)/Sources/CPluginSandbox/*.c) \
	$(filter-out %/stubs_interfaces.c,$(wildcard $(ROOT)/Sources/CPluginMarshal/*.c))
# By hand: SwiftPM links even C to the Swift runtime, by a path of the toolchain. A worker has to start without both.
.PHONY: worker
worker: cli
	@echo "Building keyway-worker"
	@$(CC) -std=c11 -O2 -pthread -Wall -Wextra -Wpedantic -Werror -I$(ROOT)/Sources/CPluginWorker/include \
		-I$(ROOT)/Sources/CPluginWorker -I$(ROOT)/Sources/CPluginCall/include -I$(ROOT)/Sources/CPluginMarshal/include \
		-I$(ROOT)/Sources/CPluginSandbox/include -I$(ROOT)/PluginABI/include -o $(RELEASE)/keyway-worker \
		$(WORKER_SOURCES) $$(pkg-config --libs libseccomp) -Wl,-z,relro,-z,now

.PHONY: plugins $(SAMPLES)
plugins: $(SAMPLES)

# The folder is made by cli.
$(SAMPLES): cli
	@mkdir -p $(PLUGINS)
	@echo "Building the plugin $@"
	@$(SERIAL_MAKE) -C $(ROOT)/SamplePlugins/$@ KEYWAY=$(ROOT) SCRATCH=$(SHARED_BUILD) OUT=$(PLUGINS)/$@.so

.PHONY: demo
demo: build ## Build, show the registry, then ask a question about this project's own documentation
	@echo
	@$(RELEASE)/keyway registry scan --path $(PLUGINS)
	@echo
	@$(RELEASE)/keyway ask --docs $(ROOT)/docs "$(QUESTION)"

# Tests in C wait for half of their time, and much of a build is one compiler's, so two steps go on at once. The tests in
# Swift have the machine alone.
.PHONY: test
test: tools ## Run every test
	@echo "Builds, and tests in C, of plugins and of what authors do, two at a time: what each prints comes when it has ended"
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-together
	@$(MAKE) --no-print-directory test-swift

.PHONY: test-together
test-together: cli test-c build test-c-plugins build-tests test-swift-plugins test-authors abi

# What the tests run.
TEST_PROGRAMS = KEYWAY_TEST_COMMAND=$(RELEASE)/keyway KEYWAY_TEST_PLUGINS=$(PLUGINS) KEYWAY_WORKER=$(RELEASE)/keyway-worker

# After build, because Swift's package manager builds one thing at a time in a folder.
.PHONY: build-tests
build-tests: build
	@echo "Building the tests in Swift (debug)"
	@swift build --package-path $(ROOT) --build-tests --quiet

.PHONY: test-swift
test-swift: build build-tests
	@$(ROOT)/.ci/require-tools strace openssl libcurl4-openssl-dev
	@echo "Swift tests"
	@# All tests of a part begin at once. Those that keep every thread busy (reading every library of the system) or open
	@# a thousand descriptors run apart from those that wait for events.
	@for part in '--filter PluginELFTests' '--filter ControlServerTests' '--filter CommandTests' \
			'--filter PluginHostTests --skip ControlServerTests' '--filter PluginLoaderTests' \
			'--skip PluginELFTests|CommandTests|PluginHostTests|PluginLoaderTests'; do \
		$(TEST_PROGRAMS) swift test --package-path $(ROOT) --skip-build $$part 2>&1 | grep -av ' started\.$$'; \
	done
	@echo "Swift tests of adapters, with the plugins in processes of their own"
	@$(TEST_PROGRAMS) KEYWAY_TEST_TIER=worker swift test --package-path $(ROOT) --skip-build \
		--filter 'PluginLoaderTests.Mirror|theSample' 2>&1 | grep -av ' started\.$$'

.PHONY: test-c
test-c: tools
	@echo "C engine tests"
	@$(SERIAL_MAKE) -C $(ROOT)/Tests/CPluginCallTests test
	@echo "Marshalling tests"
	@$(SERIAL_MAKE) -C $(ROOT)/Tests/CPluginMarshalTests test
	@echo "Tests of the sandbox"
	@$(SERIAL_MAKE) -C $(ROOT)/Tests/CPluginSandboxTests test
	@echo "Tests of workers"
	@$(SERIAL_MAKE) -C $(ROOT)/Tests/CPluginWorkerTests test

.PHONY: test-plugins test-c-plugins test-swift-plugins
test-plugins: test-c-plugins test-swift-plugins ## Run the tests of the sample plugins

define test_plugins
	@for sample in $(1); do \
		echo "Tests of the plugin $$sample"; \
		$(SERIAL_MAKE) -C $(ROOT)/SamplePlugins/$$sample KEYWAY=$(ROOT) SCRATCH=$(SHARED_BUILD) test; \
	done
endef
test-c-plugins: build
	$(call test_plugins,$(C_SAMPLES))
test-swift-plugins: build-tests
	$(call test_plugins,$(SWIFT_SAMPLES))

.PHONY: sanitize
sanitize: build ## Run the C code's tests under address, undefined-behaviour and thread sanitizers, the file reader's under address, those of calls and swaps under thread
	@echo "Hostile files under -sanitize=address"
	@# Without leaks: the toolchain's own libraries for tests have some.
	@ASAN_OPTIONS=detect_leaks=0 swift test --package-path $(ROOT) --scratch-path $(ROOT)/.build/sanitize --sanitize=address --filter 'Hostile(File|Table)Tests'
	@echo "Calls, instances, swaps and supervision under -sanitize=thread"
	@$(TEST_PROGRAMS) $(ROOT)/Tests/ThreadSanitizer/run $(ROOT) 'PluginLoaderTests|(Swap|Supervision|Running|Worker|WorkerPool|Control\w*|Folder\w*|Watch\w*)Tests'
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginCallTests sanitize
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginMarshalTests sanitize
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginSandboxTests sanitize
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginWorkerTests sanitize
	@for sample in $(C_SAMPLES); do for compiler in gcc clang; do \
		command -v $$compiler >/dev/null || { echo "SKIP $$sample under $$compiler: not installed"; continue; }; \
		echo "$$sample under $$compiler -fsanitize=address,undefined"; \
		$(MAKE) --no-print-directory -s -C $(ROOT)/SamplePlugins/$$sample KEYWAY=$(ROOT) \
			CC=$$compiler SANITIZE=address,undefined test; \
	done; done

FUZZ_COUNT ?= 100000
.PHONY: fuzz
fuzz: tools ## Read FUZZ_COUNT damaged files and documents (default 100000), and messages between processes (5000000)
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginMarshalTests fuzz
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginWorkerTests fuzz
	@KEYWAY_FUZZ_COUNT=$(FUZZ_COUNT) swift test --package-path $(ROOT) --filter 'survivesMutations|Fuzz'

SOAK_COUNT ?= 5000
.PHONY: soak
soak: tools ## Load, call and shut down a plugin SOAK_COUNT times (default 5000); kill workers at each step and at random
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginWorkerTests soak
	@KEYWAY_SOAK_COUNT=$(SOAK_COUNT) swift test --package-path $(ROOT) --filter SoakTests

.PHONY: abi
abi: tools ## Prove that the ABI headers are what they claim
	@$(ROOT)/Tests/ABITests/run

.PHONY: install-sdk
install-sdk: export PREFIX := $(or $(PREFIX),/usr/local)
install-sdk: ## Install what plugin authors need below PREFIX (default /usr/local); honours DESTDIR
	@$(ROOT)/PluginABI/install/install-sdk "$$PREFIX" "$${DESTDIR:-}"

.PHONY: test-authors
test-authors: build ## Write, build and load plugins in C, C++ and Rust against an installed SDK, as their guides say
	@$(ROOT)/.ci/require-tools cmake
	@echo "Tests of what plugin authors do"
	@KEYWAY_TEST_COMMAND=$(RELEASE)/keyway $(ROOT)/Tests/AuthorTests/run

.PHONY: format
format: tools ## Format all Swift code
	@swift format --in-place --recursive --parallel $(ROOT)/Package.swift $(ROOT)/Sources $(ROOT)/Tests $(ROOT)/SamplePlugins

.PHONY: lint
lint: tools ## Fail on Swift code that `make format` would change
	@swift format lint --strict --recursive --parallel $(ROOT)/Package.swift $(ROOT)/Sources $(ROOT)/Tests $(ROOT)/SamplePlugins

.PHONY: bench
bench: build ## Measure calls, streams, loading, sandboxes and retrieval, each against a baseline in the same run
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginMarshalTests bench
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginSandboxTests bench
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/CPluginWorkerTests bench
	@$(MAKE) --no-print-directory -s -C $(ROOT)/Tests/Benchmarks KEYWAY=$(ROOT) PLUGINS=$(PLUGINS) COMMAND=$(RELEASE)/keyway

.PHONY: clean
clean: ## Remove everything that was built
	@rm -rf $(ROOT)/.build
	@for sample in $(SAMPLES); do rm -rf $(ROOT)/SamplePlugins/$$sample/build $(ROOT)/SamplePlugins/$$sample/.build; done
