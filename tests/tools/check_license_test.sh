#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What tools/check_license.sh must find, and where it puts the line.
set -euo pipefail

check=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/check_license.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree="$scratch/a tree" # the blank is part of the test
tag='SPDX-License-Identifier: Apache-2.0'
fail() {
  printf 'FAILED: %s\n' "$*"
  exit 1
}

mkdir -p "$tree/kernels"
git -C "$tree" init -q
printf '*.o\n' >"$tree/.gitignore"
status=0
"$check" --root "$tree" >/dev/null 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "nothing to check: status $status"

printf '// %s\n// Adds.\nint x;\n' "$tag" >"$tree/kernels/good.cc"
printf '// Adds.\n// %s\n' "$tag" >"$tree/kernels/late.h"
printf '#!/bin/sh\necho' >"$tree/run.sh"
printf 'project(x)\n' >"$tree/CMakeLists.txt"
: >"$tree/kernels/empty.py"
printf 'text\n' >"$tree/README.md"
chmod 755 "$tree/run.sh"
output=$("$check" --root "$tree") && fail "found nothing: $output"
for place in kernels/late.h:1 run.sh:2 CMakeLists.txt:1 kernels/empty.py:1; do
  grep -q "^$place: no " <<<"$output" || fail "not found: $place in $output"
done
[ "$(grep -c ': no ' <<<"$output")" -eq 4 ] || fail "found too much: $output"

"$check" --root "$tree" --fix >/dev/null
"$check" --root "$tree" >/dev/null || fail 'not mended'
[ "$(head -n 2 "$tree/run.sh")" = $'#!/bin/sh\n# '"$tag" ] || fail 'not after the first line of a script'
[ "$(tail -n 1 "$tree/run.sh")" = echo ] || fail 'the rest of the script has changed'
[ -x "$tree/run.sh" ] || fail 'the script has lost its permission'
[ "$(wc -l <"$tree/kernels/good.cc")" -eq 3 ] || fail 'a good file has changed'
echo 'check_license: the test passed'
