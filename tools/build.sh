#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset. The binaries land in build/NAME/bin.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/build.sh [--preset NAME] [--target NAME]...

Installs what is missing (tools/setup.sh), configures and builds, through ccache where that is
installed.

  --preset NAME   release (default), native (fast on machines like this one, in less time), debug, asan,
                  clang, or check (clang, for tools/check_tidy.sh)
  --target NAME   build this, not everything: colonnade_cli is the program; may be repeated
  --help          this text

Exit status: 0 built, 2 wrong usage, anything else failed.
USAGE
}

preset=release
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      preset=$2 && shift 2
      ;;
    --target)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      targets+=(--target "$2") && shift 2
      ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
setup=()
[[ $preset =~ ^(release|native|debug|tsan)$ ]] || setup=(--checks) # that is where the compiler comes from
"$root/tools/setup.sh" ${setup[@]+"${setup[@]}"}
cd "$root" # cmake --build --preset looks for the presets in the current directory
cache=()
if command -v ccache >/dev/null; then # what another clone has compiled need not be compiled again
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  export CCACHE_SLOPPINESS=pch_defines,time_macros # without these it leaves precompiled headers out
  cache=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
cmake --preset "$preset" --log-level=WARNING ${cache[@]+"${cache[@]}"}
cmake --build --preset "$preset" ${targets[@]+"${targets[@]}"}
