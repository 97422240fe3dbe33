#!/bin/sh
# What needs clang: the house format and a small set of checks that find bugs rather than opinions. Speaks TAP.
# usage: tests/tidy/lint.sh CLANG-BUILD-DIR
set -u
build=${1:?usage: tests/tidy/lint.sh CLANG-BUILD-DIR}
cd "$(dirname "$0")/../.." || exit 2
count=0
failed=0

report() { # NAME OFFENCES
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

clang_is_silent() {
	ninja -C "$build" --quiet >"$build/lint.log" 2>&1 || cat "$build/lint.log"
}

format_holds() {
	git ls-files '*.c' '*.h' | xargs clang-format --dry-run 2>&1 | awk -F: '
		/clang-format-violations/ && !($1 in seen) { seen[$1] = 1; print $1 ":" $2 ": is not in the house format. Try: ./dev format" }'
}

# Only what is nearly always a bug. The list grows by checks that would have found one of ours.
checks='-*,bugprone-assert-side-effect,bugprone-bool-pointer-implicit-conversion,bugprone-infinite-loop'
checks=$checks,bugprone-macro-repeated-side-effects,bugprone-misplaced-operator-in-strlen-in-alloc
checks=$checks,bugprone-misplaced-pointer-arithmetic-in-alloc,bugprone-multiple-statement-macro
checks=$checks,bugprone-posix-return,bugprone-redundant-branch-condition
checks=$checks,bugprone-signal-handler,bugprone-suspicious-enum-usage
checks=$checks,bugprone-suspicious-include,bugprone-suspicious-memory-comparison,bugprone-suspicious-memset-usage
checks=$checks,bugprone-suspicious-realloc-usage,bugprone-suspicious-semicolon,bugprone-terminating-continue
checks=$checks,bugprone-undefined-memory-manipulation,bugprone-unused-return-value,misc-misplaced-const
checks=$checks,misc-redundant-expression
# Following every path takes minutes, so only the long tier does.
[ "${SK_TIER:-}" != full ] || checks=$checks,clang-analyzer-unix.*

analysis_is_silent() {
	git ls-files 'src/*.c' | xargs -P 2 -n 8 clang-tidy -p "$build" --quiet --checks="$checks" 2>/dev/null |
		grep -E '(warning|error):' | sed "s|$PWD/||"
}

report 'clang compiles without a warning' "$(clang_is_silent)"
report 'every file is in the house format' "$(format_holds)"
report 'static analysis finds nothing' "$(analysis_is_silent)"
echo "1..$count"
[ $failed -eq 0 ]
