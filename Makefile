# Sluice.  GNU make, not recursive; objects under build/, programs in build/bin.
#
#   make            build everything            make V=1     show the commands
#   make demo       the whole story, end to end make check   all tests
#   make SAN=1 ...  the same under ASan and UBSan (build/san)
#   make TSAN=1 ... the same under TSan (build/tsan)

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
WERROR  ?= -Werror

CC      ?= gcc
ifdef SAN
B       := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifdef TSAN
B       := build/tsan
SANFLAGS := -fsanitize=thread -fno-omit-frame-pointer
else
B       := build
HARDEN  := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
LDHARDEN := -Wl,-z,relro,-z,now,-z,noexecstack
endif
BIN := $(B)/bin

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 \
	-Wundef -Wvla -Wconversion -Wno-sign-conversion -Wswitch-enum -Wimplicit-fallthrough
ifneq ($(findstring clang,$(CC)),clang)
WARN += -Wlogical-op -Wduplicated-cond -Wjump-misses-init -ftrivial-auto-var-init=zero
endif
CFLAGS   ?= -O2 -g
CPPFLAGS += -I. -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"'
ALLFLAGS := -std=gnu11 $(WARN) $(WERROR) $(CPPFLAGS) $(HARDEN) $(CFLAGS) $(SANFLAGS) \
	-fno-strict-aliasing -fPIC -pthread
LDFLAGS  += $(SANFLAGS) $(LDHARDEN) -pie -pthread -Wl,--as-needed

LIBS_BASE   := -ljansson -lsodium -lcrypto -lcurl -larchive -lzstd
LIBS_DELTA  := -ldivsufsort -lbz2 -lzstd -llzma -lz
LIBS_SERVER := -lmicrohttpd -lsqlite3 -lseccomp

# --- what is built from what -------------------------------------------------
PROGRAMS := sluice-delta sluice-sign sluice sluiced sluicectl
MAINS := delta/sluice-delta.c signer/sluice-sign.c client/sluice.c server/sluiced.c server/sluicectl.c

srcs = $(filter-out $(MAINS),$(wildcard $(addsuffix /*.c,$(1))))
SRC_BASE     := $(call srcs,manifest/base)
SRC_MANIFEST := $(call srcs,manifest)
SRC_DELTA    := $(call srcs,delta delta/core)
SRC_SIGNER   := $(call srcs,signer)
SRC_CLIENT   := $(call srcs,client)
SRC_SERVER   := $(call srcs,server server/store)
SRC_LIB := $(SRC_BASE) $(SRC_MANIFEST) $(SRC_DELTA) $(SRC_SIGNER) $(SRC_CLIENT) $(SRC_SERVER)
SRC_ALL := $(SRC_LIB) $(wildcard $(MAINS))
TEST_SRC := $(wildcard tests/unit/*.c)
TEST_LIB := $(wildcard tests/*.c)
TEST_ALLOC := $(wildcard tests/alloc/*.c)
HEADERS := $(wildcard */*.h */*/*.h)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
A_BASE := $(B)/lib/libbase.a
A_MANIFEST := $(B)/lib/libmanifest.a
A_DELTA := $(B)/lib/libdelta.a
A_SIGNER := $(B)/lib/libsigner.a
A_CLIENT := $(B)/lib/libclient.a
A_SERVER := $(B)/lib/libserver.a
A_CORE := $(A_DELTA) $(A_MANIFEST) $(A_BASE)

ifeq ($(V),0)
Q = @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

PROGRAMS_HERE := $(foreach p,$(MAINS),$(if $(wildcard $(p)),$(BIN)/$(basename $(notdir $(p)))))
SHARED_LIB := $(B)/lib/libsluice.so.0

.PHONY: all
all: $(PROGRAMS_HERE) $(SHARED_LIB)

$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

define archive
$(1): $$(call obj,$(2))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(eval $(call archive,$(A_BASE),$(SRC_BASE)))
$(eval $(call archive,$(A_MANIFEST),$(SRC_MANIFEST)))
$(eval $(call archive,$(A_DELTA),$(SRC_DELTA)))
$(eval $(call archive,$(A_SIGNER),$(SRC_SIGNER)))
$(eval $(call archive,$(A_CLIENT),$(SRC_CLIENT)))
$(eval $(call archive,$(A_SERVER),$(SRC_SERVER)))

define program
$(BIN)/$(1): $(B)/obj/$(2).o $(3) $(A_CORE)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $(4) $(LIBS_DELTA) $(LIBS_BASE)
endef
$(eval $(call program,sluice-delta,delta/sluice-delta,,))
$(eval $(call program,sluice-sign,signer/sluice-sign,$(A_SIGNER),))
$(eval $(call program,sluice,client/sluice,$(A_CLIENT),))
$(eval $(call program,sluiced,server/sluiced,$(A_SERVER),$(LIBS_SERVER)))
$(eval $(call program,sluicectl,server/sluicectl,$(A_SERVER),$(LIBS_SERVER)))

# libsluice: only what client/libsluice.map names is visible
$(SHARED_LIB): $(call obj,$(SRC_CLIENT)) $(A_CORE) $(wildcard client/libsluice.map)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -pie,$(LDFLAGS)) -shared -Wl,-soname,libsluice.so.0 \
		$(addprefix -Wl$(,)--version-script=,$(filter %.map,$^)) -o $@ \
		$(filter %.o,$^) $(filter %.a,$^) $(LIBS_DELTA) $(LIBS_BASE)
, := ,

# --- tests -------------------------------------------------------------------
UNIT := $(patsubst tests/unit/%.c,$(B)/test/%,$(TEST_SRC))
$(B)/test/%: $(B)/obj/tests/unit/%.o $(call obj,$(TEST_LIB)) $(A_SIGNER) $(A_CLIENT) $(A_SERVER) $(A_CORE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SERVER) $(LIBS_DELTA) $(LIBS_BASE)
# where memory can be made to run out
$(filter $(B)/test/alloc_%,$(UNIT)): $(B)/obj/tests/alloc/failing.o
.SECONDARY:

.PHONY: unit
unit: $(UNIT)

-include $(patsubst %.o,%.d,$(call obj,$(SRC_ALL) $(TEST_SRC) $(TEST_LIB) $(TEST_ALLOC)))
-include tests/tests.mk packaging/packaging.mk

.PHONY: fmt
fmt:
	clang-format -i $(SRC_ALL) $(HEADERS) $(TEST_SRC) $(TEST_LIB) $(TEST_ALLOC)

.PHONY: clean
clean:
	rm -rf build
