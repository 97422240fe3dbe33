#!/bin/sh
# Builds the small helpers and prints the table of figures. Absolute times say little on a shared machine; ratios of
# programs that ran in turns say a lot. usage: bench/run.sh BUILD-DIR [--quick] [--rounds N] [PART...]
set -eu
build=${1:?usage: bench/run.sh BUILD-DIR [--quick] [--rounds N] [PART...]}
here=$(dirname "$0")
mkdir -p "$build/bench"
cc -O2 -std=gnu17 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$build/bench/spawn_loop" "$here/spawn_loop.c"
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/bench.py" "$@"
