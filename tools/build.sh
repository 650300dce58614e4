#!/usr/bin/env bash
# Configures and builds one preset. The binaries land in build/NAME/bin.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/build.sh [--preset NAME]

Installs what is missing (tools/setup.sh), configures and builds.

  --preset NAME   release (default), debug, asan or clang
  --help          this text

Exit status: 0 built, 2 wrong usage, anything else failed.
USAGE
}

preset=release
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      preset=$2 && shift 2
      ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
setup=()
[ "$preset" != clang ] || setup=(--checks) # that is where the compiler comes from
"$root/tools/setup.sh" ${setup[@]+"${setup[@]}"}
cd "$root" # cmake --build --preset looks for the presets in the current directory
cmake --preset "$preset" --log-level=WARNING
cmake --build --preset "$preset"
