# Installing, packing, setting up.

BINDIR   ?= $(PREFIX)/bin
SBINDIR  ?= $(PREFIX)/sbin
LIBDIR   ?= $(PREFIX)/lib
INCDIR   ?= $(PREFIX)/include
MANDIR   ?= $(PREFIX)/share/man
COMPDIR  ?= $(PREFIX)/share/bash-completion/completions
UNITDIR  ?= $(LIBDIR)/systemd/system
EXAMPLES ?= $(PREFIX)/share/doc/sluice/examples
INSTALL  ?= install

DAEMONS := sluiced
USER_PROGRAMS := $(filter-out $(addprefix $(BIN)/,$(DAEMONS)),$(PROGRAMS_HERE))
DAEMON_PROGRAMS := $(filter $(addprefix $(BIN)/,$(DAEMONS)),$(PROGRAMS_HERE))
MAN_PAGES := $(wildcard packaging/man/*.[1-8])
UNITS := $(wildcard packaging/systemd/*.service packaging/systemd/*.socket packaging/systemd/*.timer)
EXAMPLE_FILES := $(wildcard packaging/*.conf packaging/nginx/*.conf)
COMPLETIONS := $(patsubst $(BIN)/%,$(B)/completion/%,$(PROGRAMS_HERE))
PKGCONFIG := $(B)/libsluice.pc

.PHONY: deps install uninstall dist demo

deps:
	@packaging/deps build test

$(B)/completion/%: $(BIN)/% packaging/completion/generate
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)packaging/completion/generate $< >$@.new && mv $@.new $@

# it holds PREFIX, which may be another one than last time
.PHONY: $(PKGCONFIG)
$(PKGCONFIG): packaging/libsluice.pc.in
	@mkdir -p $(@D)
	@sed -e 's,@PREFIX@,$(PREFIX),;s,@LIBDIR@,$(LIBDIR),;s,@INCDIR@,$(INCDIR),;s,@VERSION@,$(VERSION),' $< >$@

# what is installed: SOURCE:TARGET pairs, which uninstall reads, too
section = $(patsubst .%,%,$(suffix $(1)))
INSTALLED = $(foreach p,$(USER_PROGRAMS),$(p):$(BINDIR)/$(notdir $(p)):755) \
	$(foreach p,$(DAEMON_PROGRAMS),$(p):$(SBINDIR)/$(notdir $(p)):755) \
	$(SHARED_LIB):$(LIBDIR)/$(notdir $(SHARED_LIB)):755 \
	$(PKGCONFIG):$(LIBDIR)/pkgconfig/libsluice.pc:644 \
	client/libsluice.h:$(INCDIR)/libsluice.h:644 \
	$(foreach m,$(MAN_PAGES),$(m):$(MANDIR)/man$(call section,$(m))/$(notdir $(m)):644) \
	$(foreach c,$(COMPLETIONS),$(c):$(COMPDIR)/$(notdir $(c)):644) \
	$(foreach u,$(UNITS),$(u):$(UNITDIR)/$(notdir $(u)):644) \
	$(foreach f,$(EXAMPLE_FILES),$(f):$(EXAMPLES)/$(notdir $(f)):644)

install: all $(COMPLETIONS) $(PKGCONFIG)
	@set -e; for f in $(INSTALLED); do \
		from=$${f%%:*}; mode=$${f##*:}; to=$${f#*:}; to=$${to%:*}; \
		$(INSTALL) -D -m $$mode $$from '$(DESTDIR)'$$to; \
	done
	@ln -sf $(notdir $(SHARED_LIB)) '$(DESTDIR)$(LIBDIR)/libsluice.so'
	@echo "installed $(words $(INSTALLED)) files below $(DESTDIR)$(PREFIX)"

uninstall:
	@for f in $(INSTALLED); do \
		to=$${f#*:}; rm -f '$(DESTDIR)'$${to%:*}; \
	done
	@rm -f '$(DESTDIR)$(LIBDIR)/libsluice.so'

# the same commit gives the same bytes: names, order, owners and times come
# from git, gzip adds none of its own
DIST := build/dist/sluice-$(VERSION).tar.gz
dist:
	@mkdir -p $(dir $(DIST))
	@git archive --format=tar --prefix=sluice-$(VERSION)/ HEAD | gzip -9n >$(DIST).new
	@mv $(DIST).new $(DIST)
	@sha256sum $(DIST)

demo:
	@$(DEPS) build demo
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@SLUICE_BIN=$(abspath $(BIN)) packaging/demo
