#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A check that cannot fail checks nothing: what tools/check_paths.sh must find, and what it must not.
set -euo pipefail

check=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/check_paths.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree="$scratch/a tree" # the blank is part of the test
failed=0

mkdir -p "$tree/engine/model" "$tree/engine/include/colonnade" "$tree/tests/engine"
touch "$tree/engine/model/forward.cc" "$tree/engine/include/colonnade/model.h" \
  "$tree/tests/engine/a_test.cc" "$tree/engine/one.cc" "$tree/engine/one.h"

expect() { # STATUS OUTPUT TEXT-OF-engine/README.md
  local status=0 output
  printf '%s\n' "$3" >"$tree/engine/README.md"
  output=$("$check" --root "$tree" 2>&1) || status=$?
  if [ "$status" -ne "$1" ] || { [ "$status" -eq 1 ] && [ "${output%%$'\n'*}" != "$2" ]; }; then
    printf 'FAILED: %s: got status %d and\n%s\n' "$3" "$status" "$output"
    failed=$((failed + 1))
  fi
}

dead() { expect 1 "engine/README.md:1: there is no $1" "$2"; }
alive() { expect 0 '' "$1"; }

alive '`model/forward.cc`, `engine/model/forward.cc`, `forward.cc`, `colonnade/model.h`, `model/`'
alive '`one.{cc,h}` and `tests/engine/*_test.cc`, [link](model/forward.cc#x), [web](https://x.org/a.cc)'
alive '`model/` and `X_test.cc`, `data/x.csv`, `build/y.h`, `/etc/z.md`, `a b/c.cc`, `f()`, `hwy/highway.h`'
alive $'`model/`\n    `model/none.cc` in code\n```\n`model/none.cc`\n```'
dead model/backward.cc '`model/forward.cc`, `model/backward.cc`'
dead backward.cc 'see `backward.cc`'
dead one.sh '`one.{cc,sh}`'
dead 'tests/kernels/*_test.cc' '`tests/kernels/*_test.cc`'
dead other/ '`other/`'
dead model/none.md '[here](model/none.md)'
dead model/none.md '[here](model/none.md#part), twice in a line [there](model/forward.cc)'
expect 2 '' 'no path at all'

[ "$failed" -eq 0 ] && echo 'check_paths: the test passed'
