# lint: every piece stands alone (make lint-format), and `make lint` runs them all even after a failure.

LINT_CC  := $(wildcard libcore/*/*.c cmd/*.c tests/unit/*.c tests/fuzz/*.c tests/bench/*.c tests/crash/*.c)
LINT_H   := $(wildcard libcore/*/*.h cmd/*.h tests/unit/*.h tests/fuzz/*.h)
# Scripts by their first line, wherever they are; bats files by their name.
SCRIPTS   = $(shell grep -rlIE --exclude-dir=.git --exclude-dir='build*' --exclude-dir=rfc --exclude-dir=corpus \
		-m1 '^\#!.*[/ ](sh|bash|dash)( |$$)' . | while read -r f; do head -n 1 "$$f" | grep -qE '^\#!.*[/ ](sh|bash|dash)( |$$)' && echo "$$f"; done)
BATS_SRC := $(wildcard tests/*.bats)
BATS_INC := $(wildcard tests/*.bash tests/*/*.bash)
PYTHONS   = $(shell grep -rlI --exclude-dir=.git --exclude-dir='build*' --exclude-dir=rfc --exclude-dir=corpus \
		-m1 '^\#!.*python3' . ; find tests -name '*.py')
MAN_ALL  := $(wildcard man/*.[1-9])

LINTS = lint-layering lint-format lint-scripts lint-python lint-man lint-warnings lint-cppcheck lint-tidy
TIDY_STAMPS = $(LINT_CC:%.c=$(BUILD)/lint/%.tidy)
WARN_STAMPS = $(LINT_CC:%.c=$(BUILD)/lint/%.warn)
.PHONY: $(LINTS)

lint:
	@failed=; for l in $(LINTS); do \
		if $(MAKE) --no-print-directory -k -j$(JOBS) $$l; then echo "ok   $$l"; \
		else echo "FAIL $$l"; failed="$$failed $$l"; fi; \
	done; [ -z "$$failed" ] || { echo "lint: failed:$$failed" >&2; exit 1; }

lint-layering:
	@tests/layering.sh

lint-format:
	@:$(if $(LINT_CC)$(LINT_H),;clang-format --dry-run -Werror $(LINT_CC) $(LINT_H))

# SC1091: a file that is read in is checked by itself.
# SC2016 SC2030 SC2031 SC2034 SC2154 SC2314: bats runs each test in a subshell, with its own variables
# ($$output, $$status), and passes scripts to sh -c.
lint-scripts:
	@shellcheck -e SC1091 $(SCRIPTS)
	@:$(if $(BATS_INC),;shellcheck -s bash -e SC1091$(comma)SC2034$(comma)SC2154 $(BATS_INC))
	@:$(if $(BATS_SRC),;shellcheck -s bats -e SC1091$(comma)SC2016$(comma)SC2030$(comma)SC2031$(comma)SC2034$(comma)SC2154 $(BATS_SRC))
comma = ,

lint-python:
	@mkdir -p $(BUILD)/lint
	@:$(if $(PYTHONS),;PYTHONPYCACHEPREFIX='$(abspath $(BUILD))/lint/py' python3 -W error -m py_compile $(sort $(patsubst ./%,%,$(PYTHONS))))

lint-man:
	@:$(if $(MAN_ALL),;mandoc -Tlint -Wwarning $(MAN_ALL))

# The flags of the build, by both compilers. Optimised, because some warnings come from data flow.
lint-warnings: $(WARN_STAMPS)
	@:
$(BUILD)/lint/%.warn: %.c $(LINT_H) $(BUILD)/flags | pkgs
	@mkdir -p $(@D)
	@gcc $(LM_CPPFLAGS) $(LM_CFLAGS) -Wlogical-op -Wduplicated-cond -O2 -c -o /dev/null $<
	@clang $(LM_CPPFLAGS) $(LM_CFLAGS) -Wunreachable-code -Wcomma -fsyntax-only $<
	@touch $@

# ctuuninitvar takes the buffer that vsnprintf() is to fill for one that it reads.
lint-cppcheck:
	@mkdir -p $(BUILD)/lint/cppcheck
	@:$(if $(LINT_CC),;cppcheck -q --error-exitcode=1 --std=c11 --language=c -j$(JOBS) \
		--enable=warning$(comma)performance$(comma)portability --inline-suppr \
		--suppress=missingIncludeSystem --suppress=ctuuninitvar --suppress=normalCheckLevelMaxBranches --suppress=unknownMacro \
		--cppcheck-build-dir=$(BUILD)/lint/cppcheck -Ilibcore $(DEFS) $(LINT_CC))

# A file that passed is not looked at again until it or a header changes.
lint-tidy: $(TIDY_STAMPS)
	@:
$(BUILD)/lint/%.tidy: %.c $(LINT_H) .clang-tidy | pkgs
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(LM_CPPFLAGS) -std=c17 2>$@.err || { cat $@.err >&2; exit 1; }
	@touch $@
