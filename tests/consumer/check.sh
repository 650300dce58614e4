#!/usr/bin/env bash
# Installs the build into a temporary folder and builds an outside project against it twice: by
# find_package and by pkg-config.  usage: check.sh BUILD_DIR CMAKE COMPILER
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

