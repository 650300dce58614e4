#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds a preset and runs every test of it.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/test.sh [--preset NAME] [CTEST ARGUMENT...]

Installs what is missing, builds, and runs the tests on all cores; prints the output of those that
fail. Other arguments go to ctest: tools/test.sh -R Csv runs the tests whose name contains "Csv".

  --preset NAME   release (default), native, debug, asan or clang
  --help          this text

Exit status: 0 every test passed, 2 wrong usage, anything else: a failure, or no test ran.
USAGE
}

preset=release
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      preset=$2 && shift 2
      ;;
    -h | --help) usage && exit ;;
    *) arguments+=("$1") && shift ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/tools/build.sh" --preset "$preset"
cd "$root"
ctest --preset "$preset" --parallel "$(getconf _NPROCESSORS_ONLN)" ${arguments[@]+"${arguments[@]}"}
