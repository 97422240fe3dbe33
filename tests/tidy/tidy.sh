#!/bin/sh
# The house style, enforced: one TAP case a rule, every offending place named. What a compiler cannot say is said here.
# usage: tests/tidy/tidy.sh BUILD-DIR
set -u
build=${1:?usage: tests/tidy/tidy.sh BUILD-DIR}
cd "$(dirname "$0")/../.." || exit 2
here=tests/tidy
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
count=0
failed=0

# Files of ours, tracked or about to be; what git ignores does not count.
files() { # PATTERN...
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

# Runs a rule, a function that prints one line for each offence and nothing when all is well.
rule() { # NAME FUNCTION
	count=$((count + 1))
	offences=$("$2" 2>&1)
	if [ -z "$offences" ]; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
		echo "$offences" | sed 's/^/# /'
	fi
}

floors_hold() {
	awk -f $here/floors.awk $here/floors.txt $(files 'src/*.c' 'src/*.h')
}

lengths_hold() {
	LC_ALL=C awk -f $here/lengths.awk $(files '*.c' '*.h')
}

nothing_banned() {
	grep -nwE '(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|system|popen|regcomp|alloca) ?\(' $(files '*.c' '*.h')
}

no_struct_typedefs() {
	grep -nE '^[ \t]*typedef (struct|enum|union)' $(files '*.c' '*.h')
}

nothing_left_open() {
	grep -nE '\b(TODO|FIXME|XXX|HACK)\b' $(files '*.c' '*.h' '*.py' '*.md' '*.yaml' '*.build' dev .ci/run) |
		grep -vE '^(HACKING.md|tests/tidy/)'
}

files_say_why() {
	for file in $(files 'src/*.c' 'tests/*.c' 'bench/*.c'); do
		head -c 2 "$file" | grep -q '^/\*' || echo "$file:1: does not open with a comment that says why it is this way"
	done
}

headers_stand_alone() {
	# A *_list.h is a list of rows: whoever includes it says what a row is.
	for header in $(files 'src/*.h' | grep -v '_list\.h$'; files src/core/event_list.h); do
		cc -fsyntax-only -x c -std=gnu17 -Wall -Wno-unused -D_GNU_SOURCE -Isrc "$header" 2>"$scratch/cc" ||
			sed -n 1,3p "$scratch/cc"
	done
}

# Lives change in one place. Decoding a snapshot builds lives that had changed before.
one_writer_of_state() {
	grep -nE -e '->state = ' $(files 'src/core/*.c' 'src/daemon/*.c' 'src/store/*.c' 'src/plan/*.c') |
		grep -vE '^src/core/(apply|state_codec|state_decode)[a-z_]*\.c:'
}

# What core may take from the C library: memory, text, sorting. Everything else would be a clock, a file or chance.
core_is_pure() {
	archive=$build/src/core/libcore.a
	[ -f "$archive" ] || { echo "$archive is not built"; return; }
	nm --defined-only "$build/src/base/libbase.a" "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$scratch/ours"
	nm --undefined-only "$archive" 2>/dev/null | awk 'NF == 2 { print $2 }' | sort -u |
		grep -vxF -f "$scratch/ours" |
		grep -vE '^(bcmp|mem(cmp|cpy|move|set|chr)|str(len|cmp|ncmp|chr)|qsort|bsearch|(__)?v?snprintf(_chk)?)$' |
		grep -vE '^(__asan_|__ubsan_|__tsan_|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__mem(cpy|move|set)_chk)' |
		sed "s|^|libcore.a calls what is not in core/ or base/: |"
}

# A simulation runs two worlds in one process, so nothing may be kept outside of a struct.
no_globals() {
	for archive in "$build"/src/*/lib*.a; do
		nm --format=sysv --defined-only "$archive" 2>/dev/null | awk -F'|' -v archive="${archive#"$build"/}" '
			{ gsub(/ /, "", $1); gsub(/[ \t]/, "", $7) }
			$4 ~ /OBJECT/ && $7 ~ /^\.(data|bss)(\.[^r].*)?$/ && $1 !~ /^__|asan|ubsan/ {
				print archive ": \"" $1 "\" can change and belongs to nobody"
			}'
	done
}

scripts_parse() {
	for script in dev .ci/run $(files '*.sh'); do
		[ -f "$script" ] || { echo "$script is missing"; continue; }
		case $(head -n 1 "$script") in
		*bash*) bash -n "$script" ;;
		*) sh -n "$script" ;;
		esac
		[ -x "$script" ] || echo "$script:1: cannot be executed"
	done
}

# A test outside of these suites would never be counted.
tests_belong_to_a_group() {
	meson introspect "$build" --tests | python3 -c '
import json, sys
for test in json.load(sys.stdin):
    suites = {suite.split(":")[-1] for suite in test["suite"]}
    if len(suites & {"unit", "crash", "sim"}) != 1:
        print("test", test["name"], "is in no suite, or in several, of unit, crash and sim")'
}

# Pages that are printed from tables say so, and are never older than the tables.
pages_are_fresh() {
	for page in commands states; do
		if ! "$build/sk" __docs $page >"$scratch/page" 2>"$scratch/said"; then
			echo "docs/$page.md: cannot be printed: $(head -n 1 "$scratch/said")"
		elif ! cmp -s "$scratch/page" docs/$page.md; then
			echo "docs/$page.md: is stale. Try: build/sk __docs $page >docs/$page.md"
		fi
	done
}

# Waiting for a time instead of a condition makes a test slow on good days and wrong on bad ones. What tests/perturb/ holds
# up is sk, not a test.
tests_do_not_sleep() {
	grep -nwE '(sleep|usleep|nanosleep) ?\(' $(files 'tests/*.c' ':!tests/perturb')
}

rule 'includes go down the floors only' floors_hold
rule 'files, functions and lines keep their limits' lengths_hold
rule 'no banned call' nothing_banned
rule 'structs have no second name' no_struct_typedefs
rule 'nothing is left open' nothing_left_open
rule 'every file says why it is this way' files_say_why
rule 'every header compiles alone' headers_stand_alone
rule 'one place writes states' one_writer_of_state
rule 'core is pure' core_is_pure
rule 'no globals' no_globals
rule 'scripts parse and run' scripts_parse
rule 'every test belongs to a group' tests_belong_to_a_group
rule 'printed pages are fresh' pages_are_fresh
rule 'C tests wait for conditions' tests_do_not_sleep
echo "1..$count"
[ $failed -eq 0 ]
