# lm - a toolkit of small programs for the Lemonade Profile. `make help` lists the targets.

VERSION = 0.1.0

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
BASHCOMPDIR ?= $(DATADIR)/bash-completion/completions
ZSHCOMPDIR  ?= $(DATADIR)/zsh/site-functions
FISHCOMPDIR ?= $(DATADIR)/fish/vendor_completions.d

# All outputs go below BUILD, so that several builds (make CC=clang BUILD=build-clang) live side by side.
BUILD   ?= build
CFLAGS  ?= -O2 -g
PKG_CONFIG ?= pkg-config
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 10
JOBS    ?= $(shell nproc 2>/dev/null || echo 2)
INSTALL ?= install
ifeq ($(origin CC),default)
CC = gcc
endif

# Libraries. An absent one is reported by the rule `pkgs`, not by a compiler.
PKGS = openssl zlib libbsd libgsasl libidn2 sqlite3
ifneq ($(filter-out deps clean help uninstall,$(or $(MAKECMDGOALS),all)),)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)
endif

WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
       -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wimplicit-fallthrough -Wundef \
       -Wnull-dereference -Wdouble-promotion
DEFS = -D_GNU_SOURCE -DLM_VERSION='"$(VERSION)"'

# SANITIZE=address,undefined makes a build for testing; without it, a hardened one.
ifdef SANITIZE
HARDEN_CPP =
# Instrumented code gives some warnings that are not true, so these do not stop it.
HARDEN_C   = -Wno-error -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
HARDEN_LD  = -fsanitize=$(SANITIZE) -pie
else
HARDEN_CPP = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN_C   = -fPIE -fstack-protector-strong -fstack-clash-protection
HARDEN_LD  = -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack
endif

LM_CPPFLAGS = -Ilibcore $(DEFS) $(PKG_CFLAGS)
LM_CFLAGS   = -std=c17 $(WARN)
COMPILE = $(CC) $(LM_CPPFLAGS) $(HARDEN_CPP) $(CPPFLAGS) $(LM_CFLAGS) $(HARDEN_C) $(CFLAGS) -MMD -MP
LINK    = $(CC) $(HARDEN_LD) $(HARDEN_C) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed
LIBS    = $(PKG_LIBS) $(LDLIBS)
# A fuzzer's build has its own instrumented library; NDEBUG stays undefined, so assertions count.
FUZZ_SAN     = address,undefined
FUZZ_CFLAGS  = -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZ_COMPILE = $(FUZZ_CC) $(LM_CPPFLAGS) $(CPPFLAGS) $(LM_CFLAGS) $(FUZZ_CFLAGS) -MMD -MP

LIB_SRC   := $(wildcard libcore/*/*.c)
CMD_SRC   := $(wildcard cmd/lm-*.c)
UNIT_SRC  := $(wildcard tests/unit/*.c)
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)

LIB      = $(BUILD)/liblm.a
LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
CMDS     = $(CMD_SRC:cmd/%.c=$(BUILD)/bin/%)
UNITS    = $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
BENCHES  = $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
FUZZ_LIB = $(BUILD)/fuzz-obj/liblm.a
FUZZ_OBJ = $(LIB_SRC:%.c=$(BUILD)/fuzz-obj/%.o)
FUZZERS  = $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
CRASH    = $(BUILD)/crash/crash.so

# make V=1 shows whole command lines.
ifdef V
Q =
else
Q = @echo '  $(1) $@';
endif

RUN = BUILD='$(BUILD)' JOBS='$(JOBS)' tests/run.sh

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo check check-unit check-bats check-asan units crash fuzzers fuzz fuzz-regress lint bench \
	install uninstall clean help pkgs FORCE

all: $(LIB) $(CMDS)

help:
	@echo 'all           build the programs into $(BUILD)/bin'
	@echo 'deps          install the Debian packages that building, demo and tests need'
	@echo 'demo          deps, build, and show the programs at work on a real server on this machine'
	@echo 'check         deps, build, and run every test (T="a.bats b" runs only these)'
	@echo 'check-unit    the unit tests only       check-bats   the bats tests only'
	@echo 'check-asan    the tests in a build with address, leak and undefined-behaviour checks'
	@echo 'fuzz          run each fuzzer for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'fuzz-regress  run each fuzzer once over its corpus (a part of check)'
	@echo 'lint          warnings, format, static analysis, layering, manual pages, scripts'
	@echo 'bench         measure round trips, octets, memory and time'
	@echo 'install       install below PREFIX=$(PREFIX) (DESTDIR honoured); uninstall removes it'
	@echo 'clean         remove $(BUILD)'
	@echo 'Variables: CC CFLAGS CPPFLAGS LDFLAGS BUILD PREFIX DESTDIR JOBS SANITIZE FUZZ_SECONDS T V'

# ---- building

# What the compiler is told is a dependency too, and so is the list of the library's files: other
# flags in the same BUILD build anew, and a file that has gone leaves the archive.
keep = mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(1))' >$@.$$$$ && \
	if cmp -s $@.$$$$ $@; then rm -f $@.$$$$; else mv -f $@.$$$$ $@; fi
$(BUILD)/flags: FORCE
	@$(call keep,$(COMPILE) $(LINK) $(LIBS) $(FUZZ_COMPILE))
$(BUILD)/sources: FORCE
	@$(call keep,$(LIB_SRC))

pkgs:
	@for m in $(PKGS); do \
		$(PKG_CONFIG) --exists $$m 2>/dev/null || \
		{ echo "make: the library $$m is not installed here (pkg-config does not find it); run: make deps" >&2; exit 1; }; \
	done

$(LIB_OBJ) $(FUZZ_OBJ): | pkgs

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(COMPILE) -c -o $@ $<

$(LIB): $(LIB_OBJ) $(BUILD)/sources
	@rm -f $@
	$(call Q,AR)$(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/bin/%: $(BUILD)/obj/cmd/%.o $(LIB)
	@mkdir -p $(@D)
	$(call Q,LD)$(LINK) -o $@ $< $(LIB) $(LIBS)

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(call Q,LD)$(LINK) -o $@ $< $(LIB) $(LIBS)

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call Q,LD)$(LINK) -o $@ $< $(LIB) $(LIBS)

# Preloaded into programs under test (tests/crash/README.md), sanitized or not: so it never is.
$(CRASH): tests/crash/crash.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,LD)$(CC) $(DEFS) $(CPPFLAGS) $(LM_CFLAGS) -O2 -g -fPIC -shared -o $@ $<

$(BUILD)/fuzz-obj/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(FUZZ_COMPILE) -fsanitize=fuzzer,$(FUZZ_SAN) -c -o $@ $<

$(BUILD)/fuzz-obj/libcore/%.o: libcore/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call Q,CC)$(FUZZ_COMPILE) -fsanitize=fuzzer-no-link,$(FUZZ_SAN) -c -o $@ $<

$(FUZZ_LIB): $(FUZZ_OBJ) $(BUILD)/sources
	@rm -f $@
	$(call Q,AR)$(AR) rcs $@ $(FUZZ_OBJ)

$(BUILD)/fuzz/%: $(BUILD)/fuzz-obj/tests/fuzz/%.o $(FUZZ_LIB)
	@mkdir -p $(@D)
	$(call Q,LD)$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer,$(FUZZ_SAN) -o $@ $< $(FUZZ_LIB) $(LIBS)

units: $(UNITS)
crash: $(CRASH)
fuzzers: $(FUZZERS)

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/fuzz-obj/*/*/*.d)

# ---- trying and testing

deps:
	@tests/deps.sh check

demo:
	@tests/deps.sh demo
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@BUILD='$(BUILD)' LM_BUILD='$(abspath $(BUILD))' LM_BIN='$(abspath $(BUILD)/bin)' LM_TOP='$(CURDIR)' tests/demo.sh

check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all units crash
	@if command -v $(FUZZ_CC) >/dev/null; then $(MAKE) --no-print-directory -j$(JOBS) fuzzers; fi
	@$(RUN) $(or $(T),unit fuzz bats)

check-unit:
	@$(MAKE) --no-print-directory -j$(JOBS) units
	@$(RUN) $(or $(T),unit)

check-bats:
	@$(MAKE) --no-print-directory -j$(JOBS) all crash
	@$(RUN) $(or $(T),bats)

# The fuzzers have these checks already, so their corpora are not run again.
check-asan: deps
	@$(MAKE) --no-print-directory -j$(JOBS) BUILD=build-asan SANITIZE=address,undefined CFLAGS='-O1 -g' all units crash
	@LM_ASAN=1 BUILD=build-asan JOBS='$(JOBS)' tests/run.sh $(or $(T),unit bats)

fuzz-regress:
	@$(MAKE) --no-print-directory -j$(JOBS) fuzzers
	@$(RUN) $(or $(T),fuzz)

fuzz:
	@$(MAKE) --no-print-directory -j$(JOBS) fuzzers
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' $(RUN) fuzzing

bench:
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BENCHES)
	@$(RUN) bench

include mk/lint.mk
include mk/install.mk

clean:
	rm -rf -- '$(BUILD)'
ifeq ($(BUILD),build)
	rm -rf build-asan build-clang build-ci
endif

FORCE:
