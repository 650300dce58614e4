#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: join.sh [--kernels] OUT.cc FILE.cc...
# Writes one source of several, for join.cmake: each as it is, but for a namespace of its own, so that
# files may use the same names: within its unnamed one or, of a kernel, within that of the SIMD target.
# Kernels are read once for each target: all of the new source is, then.
set -eu

kernels=
[ "${1-}" != --kernels ] || { kernels=yes && shift; }
[ $# -ge 2 ] || { echo "join.sh: expected a file to write and files to join" >&2 && exit 2; }
out=$1
shift
target='^(#undef HWY_TARGET_INCLUDE|#define HWY_TARGET_INCLUDE .*)$'
{
  [ -z "$kernels" ] || printf '%s\n' '#undef HWY_TARGET_INCLUDE' \
    "#define HWY_TARGET_INCLUDE \"$(basename "$out")\"" '#include "hwy/foreach_target.h"'
  number=0
  for file; do
    number=$((number + 1))
    printf '#line 1 "%s"\n' "$file"
    if [ -n "$kernels" ]; then
      sed -E "s,$target,,
        s,^namespace .*::HWY_NAMESPACE \\{\$,& inline namespace file_$number {,
        s,^\\}  // namespace .*::HWY_NAMESPACE\$,}}," "$file"
    else
      sed -E "s,^namespace \\{\$,& namespace file_$number {,; s,^\\}  // namespace\$,}}," "$file"
    fi
  done
} >"$out.new"
mv "$out.new" "$out"
