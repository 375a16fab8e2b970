# The checks.  `make check` sets up what is missing, builds, and runs everything
# that needs no network.

TESTS_CLI := $(wildcard tests/cli/*.t)
TESTS_E2E := $(wildcard tests/e2e/[0-9]*.sh)
CHECK_JOBS ?= 2
FUZZ_SECONDS ?= 60
DEPS ?= packaging/deps

FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ_LIB := tests/fuzz/mutate.c tests/fuzz/pieces.c
FUZZ_NAMES := $(filter-out replay,$(basename $(notdir $(filter-out $(FUZZ_LIB),$(FUZZ_SRC)))))
REPLAYS := $(patsubst %,$(B)/test/fuzz-%,$(FUZZ_NAMES))
BENCH_SRC := $(wildcard tests/bench/*.c)

RUN = SLUICE_BUILD=$(abspath $(B)) SLUICE_BIN=$(abspath $(BIN)) tests/run -j $(CHECK_JOBS)

# the unit tests and the kept inputs of the fuzz targets
.PHONY: check-unit
unit check-unit: all $(UNIT) $(REPLAYS)
	@$(RUN) $(UNIT) $(REPLAYS)

# what runs in threads, under TSan: make TSAN=1 check-threads
THREADED := $(patsubst %,$(B)/test/%_test,front front_relay publish match delta_native)
.PHONY: check-threads
check-threads: all $(THREADED)
	@$(RUN) $(THREADED) tests/cli/sign.t

.PHONY: check check-run
check:
	@$(DEPS) build test
	@$(MAKE) --no-print-directory check-run
check-run: all $(UNIT) $(REPLAYS)
	@$(RUN) $(UNIT) $(REPLAYS) $(TESTS_CLI) $(TESTS_E2E)

# every fuzz target over its kept inputs, by any compiler: fast, part of check
$(B)/test/fuzz-%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(call obj,$(FUZZ_LIB)) $(A_SIGNER) $(A_CLIENT) $(A_SERVER) $(A_CORE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_DELTA) $(LIBS_BASE)

# --- fuzzing: clang's libFuzzer, objects of its own in build/fuzz --------------
.PHONY: fuzz fuzz-build
fuzz:
	@$(DEPS) build fuzz
	@$(MAKE) --no-print-directory CC=clang B=build/fuzz HARDEN= LDHARDEN= \
		CFLAGS='-O1 -g' SANFLAGS='-fsanitize=fuzzer-no-link,address,undefined,local-bounds -fno-sanitize-recover=all' \
		fuzz-build
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run build/fuzz $(or $(TARGETS),$(FUZZ_NAMES))
fuzz-build: $(patsubst %,$(B)/fuzz-%,$(FUZZ_NAMES))
$(B)/fuzz-%: $(B)/obj/tests/fuzz/%.o $(call obj,$(FUZZ_LIB)) $(A_SIGNER) $(A_CLIENT) $(A_SERVER) $(A_CORE)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_SERVER) $(LIBS_DELTA) $(LIBS_BASE)

# what of delta/ the kept inputs reach: make coverage TARGETS="delta delta_native"
.PHONY: coverage
coverage:
	@$(DEPS) build fuzz
	@$(MAKE) --no-print-directory CC=clang B=build/coverage HARDEN= LDHARDEN= \
		CFLAGS='-O1 -g' SANFLAGS='-fprofile-instr-generate -fcoverage-mapping' \
		coverage-build
	@tests/fuzz/coverage build/coverage $(or $(TARGETS),$(FUZZ_NAMES))
coverage-build: $(patsubst %,$(B)/test/fuzz-%,$(or $(TARGETS),$(FUZZ_NAMES)))

# --- faults: every step of each flow fails once; short.so makes reads and writes
# short, for tests/e2e, too
SHORT := $(B)/test/short.so
check-run: $(SHORT)
$(SHORT): tests/fault/short.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) $(WERROR) -D_GNU_SOURCE -O2 -g -fPIC -shared -o $@ $< -ldl

.PHONY: faults
faults:
	@$(DEPS) build test
	@$(MAKE) --no-print-directory all $(SHORT)
	@SLUICE_BUILD=$(abspath $(B)) SLUICE_BIN=$(abspath $(BIN)) tests/fault/run $(FLOWS)

# --- lint, bench ---------------------------------------------------------------
.PHONY: lint bench bench-delta
lint:
	@$(DEPS) lint
	@tests/lint/run

bench:
	@$(DEPS) build test
	@$(MAKE) --no-print-directory all $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SRC))
	@SLUICE_BUILD=$(abspath $(B)) SLUICE_BIN=$(abspath $(BIN)) tests/bench/run

# all pairs, some 40 minutes: PAIRS="B1 H8" and ROUNDS=1 make it shorter
bench-delta:
	@$(DEPS) build test
	@$(MAKE) --no-print-directory all $(patsubst tests/bench/%.c,$(B)/bench/%,$(BENCH_SRC))
	@PAIRS="$${PAIRS:-all}" SLUICE_BUILD=$(abspath $(B)) SLUICE_BIN=$(abspath $(BIN)) \
		tests/bench/run 20-delta 25-publish
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(A_SIGNER) $(A_CLIENT) $(A_SERVER) $(A_CORE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_DELTA) $(LIBS_BASE)

-include $(patsubst %.c,$(B)/obj/%.d,$(FUZZ_SRC) $(BENCH_SRC))
