#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: join.sh OUT.cc FILE.cc...
# Writes one source of several, for CMakeLists.txt: each as it is, but with a name for its unnamed
# namespace, so that files may use the same names.
set -euo pipefail

out=$1
shift
number=0
for file; do
  number=$((number + 1))
  printf '#line 1 "%s"\n' "$file"
  sed "s|^namespace {\$|namespace { namespace file_$number {|; s|^}  // namespace\$|}}|" "$file"
done >"$out.new"
mv "$out.new" "$out"
