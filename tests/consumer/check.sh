#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the build into a temporary folder and builds an outside project against it twice: by
# find_package and by pkg-config. Then configures one that takes in the sources.
# usage: check.sh BUILD_DIR CMAKE COMPILER
set -euo pipefail
build=$1 cmake=$2 compiler=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
for file in bin/colonnade include/colonnade/colonnade.h include/colonnade-kernels/kernels/gemm.h; do
  [ -e "$work/prefix/$file" ] || { echo "not installed: $file"; exit 1; }
done

"$cmake" -G Ninja -S "$here" -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
"$cmake" --build "$work/build" >/dev/null
"$work/build/consumer"

pc=$(dirname "$(find "$work/prefix" -name colonnade.pc)")
export PKG_CONFIG_PATH="$pc:${PKG_CONFIG_PATH:-}"
# shellcheck disable=SC2046  # flags are words
"$compiler" -std=c++20 -O2 "$here/main.cc" -o "$work/by_pkg_config" \
  $(pkg-config --define-variable=prefix="$work/prefix" --cflags --libs colonnade)
"$work/by_pkg_config"

# Without the packages of the command line, the tests and the benchmarks. The library is not built
# again: that takes minutes, and would show nothing that the compilation of two files does not, one of
# them joined, with few SIMD targets.
"$cmake" -G Ninja -S "$here/subdirectory" -B "$work/sources" -DCOLONNADE_SOURCE="$here/../.." \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release -DCOLONNADE_SIMD_TARGETS=AVX2 \
  -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON \
  -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON --no-warn-unused-cli >/dev/null
targets=$("$cmake" --build "$work/sources" -- -t targets all)
grep -q libcolonnade_engine.a <<<"$targets" || { echo "the sources do not build the library"; exit 1; }
if grep -E '^[^ ]*(colonnade_cli|colonnade_bench|synthetic_digits|(support|kernels|engine|cli)_test)' <<<"$targets"; then
  echo "the sources build more than the library"
  exit 1
fi
main=$(grep -o '^[^ ]*main.cc.o' <<<"$targets")
joined=$(grep -o '^[^ ]*colonnade_kernels_0.cc.o' <<<"$targets")
"$cmake" --build "$work/sources" --target "$main" "$joined" >/dev/null
"$cmake" --install "$work/sources" --prefix "$work/nothing" >/dev/null
[ -z "$(find "$work/nothing" -type f 2>/dev/null)" ] || { echo "the sources install by themselves"; exit 1; }
