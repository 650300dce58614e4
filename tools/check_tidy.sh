#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) over the project's own sources.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_tidy.sh [--preset NAME] [FILE.cc...]

Checks the files, or every .cc file of engine/, kernels/ and cli/. The preset must be configured.

  --preset NAME   whose compile commands to take (default clang)
  --help          this text

Exit status: 0 all is well, 2 wrong usage, 1 anything else.
USAGE
}

preset=clang
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
files=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      preset=$2 && shift 2
      ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && exit 2 ;;
    *)
      files+=("$(cd "$(dirname "$1")" && pwd)/$(basename "$1")")
      shift
      ;;
  esac
done

fail() {
  echo "check_tidy: $*" >&2
  exit 1
}

tidy=$(command -v clang-tidy-19 || command -v clang-tidy) ||
  fail "no clang-tidy; tools/setup.sh --checks installs it"
database=$root/build/$preset
[ -f "$database/compile_commands.json" ] ||
  fail "build/$preset is not configured: tools/build.sh --preset $preset"
[ "${#files[@]}" -gt 0 ] || while IFS= read -r -d '' file; do
  files+=("$file")
done < <(find "$root/kernels" "$root/engine" "$root/cli" -name '*.cc' -print0)
[ "${#files[@]}" -gt 0 ] || fail "no sources found"

# Kernels are compiled once for each SIMD target from the same text: reading it once is enough, and
# some eight times as fast.
printf '%s\0' "${files[@]}" |
  xargs -0 -n 1 -P "$(getconf _NPROCESSORS_ONLN)" \
    "$tidy" -p "$database" --quiet --extra-arg=-DHWY_COMPILE_ONLY_STATIC \
    --extra-arg=-Wno-unused-command-line-argument 2> >(grep -v 'warnings generated' >&2) ||
  fail "the places above are not as .clang-tidy wants them"
echo "check_tidy: ${#files[@]} files"
