#!/bin/sh
# Runs every fuzzer of BUILD-DIR for its share of SECONDS. New inputs are kept in the build, a crashing one is shown.
# usage: tests/fuzz/fuzz.sh BUILD-DIR SECONDS
set -u
build=${1:?usage: tests/fuzz/fuzz.sh BUILD-DIR SECONDS}
seconds=${2:?usage: tests/fuzz/fuzz.sh BUILD-DIR SECONDS}
here=$(dirname "$0")
passed=0
failed=0

fuzzers=$(find "$build/tests/fuzz" -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x | sort)
share=$((seconds / $(echo "$fuzzers" | wc -w | sed 's/^0$/1/')))
[ $share -gt 0 ] || share=1
for fuzzer in $fuzzers; do
	name=${fuzzer##*/fuzz_}
	kept=$build/corpus/$name
	mkdir -p "$kept" "$build/crashes"
	if "$fuzzer" -max_total_time=$share -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix="$build/crashes/$name-" "$kept" "$here/corpus/$name" >"$build/fuzz-$name.log" 2>&1; then
		passed=$((passed + 1))
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz-$name.log")
		echo "fuzz_$name: $runs inputs in $share s, nothing found"
	else
		failed=$((failed + 1))
		tail -n 40 "$build/fuzz-$name.log"
		echo "FAILED: fuzz_$name: the input is in $build/crashes; put it into $here/corpus/$name when it is mended"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
