#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: join.sh OUT.cc FILE.cc...
# Writes one source of several, for join.cmake: each as it is, but with a namespace of its own within
# its unnamed one or, where all are kernels, within that of the SIMD target, so that files may use the
# same names. Kernels are read once for each target: all of the new source is, then.
set -euo pipefail

out=$1
shift
target='^\(#undef HWY_TARGET_INCLUDE\|#define HWY_TARGET_INCLUDE .*\)$'
kernels=
[ -n "$(grep -L "$target" "$@")" ] || kernels=yes
{
  [ -z "$kernels" ] || printf '%s\n' '#undef HWY_TARGET_INCLUDE' \
    "#define HWY_TARGET_INCLUDE \"$(basename "$out")\"" '#include "hwy/foreach_target.h"'
  number=0
  for file; do
    number=$((number + 1))
    printf '#line 1 "%s"\n' "$file"
    if [ -n "$kernels" ]; then
      sed "s,$target,,
        s,^namespace .*::HWY_NAMESPACE {\$,& inline namespace file_$number {,
        s,^}  // namespace .*::HWY_NAMESPACE\$,}}," "$file"
    else
      sed "s,^namespace {\$,& namespace file_$number {,; s,^}  // namespace\$,}}," "$file"
    fi
  done
} >"$out.new"
mv "$out.new" "$out"
