#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy (.clang-tidy) and the warnings of clang over the project's sources.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_tidy.sh [--preset NAME] [FILE.cc...]

Checks the files, or every .cc file of the project, by clang: those of engine/, kernels/ and cli/ by
clang-tidy (.clang-tidy), whose checks include the warnings of the compiler, all others by the
compiler alone, for its warnings. Nothing is built.

  --preset NAME   whose compile commands to take (default check); it is configured where it is not
  --help          this text

Exit status: 0 all is well, 2 wrong usage, 1 anything else.
USAGE
}

preset=check
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
cd "$root"
# Always, for files that have come since.
cmake --preset "$preset" --log-level=WARNING >/dev/null || fail "the preset $preset cannot be configured"
all=
[ "${#files[@]}" -gt 0 ] || all=yes
[ -z "$all" ] || while IFS= read -r -d '' file; do
  files+=("$root/$file")
done < <(git ls-files -z --cached --others --exclude-standard -- '*.cc')

# With files named, each by itself.
tidied=() joined=() compiled=()
for file in "${files[@]}"; do
  [ -f "$file" ] || continue # git also lists what was deleted but is not committed
  case ${file#"$root"/} in
    cli/*) if [ -z "$all" ]; then tidied+=("$file"); else joined+=("$file"); fi ;;
    engine/* | kernels/*) tidied+=("$file") ;;
    # Not of the build: an outside project's, and one that only libFuzzer's preset has.
    tests/consumer/* | tests/fuzz/*) ;;
    *) compiled+=("$file") ;;
  esac
done
[ "$((${#tidied[@]} + ${#joined[@]} + ${#compiled[@]}))" -gt 0 ] || fail "no sources found"

cores=$(getconf _NPROCESSORS_ONLN)
status=0
# The files of the command line are read a few at a time, as they are built: nearly all of the time
# goes into CLI11. For includes that are missing each of them is compiled by itself, too.
commands=$database/compile_commands.json
if [ "${#joined[@]}" -gt 0 ]; then
  compiled+=("${joined[@]}")
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  printf '#include "%s"\n' "${joined[@]}" | split -l 7 --additional-suffix=.cc - "$scratch/cli_"
  commands=$scratch/compile_commands.json
  {
    sed '$d' "$database/compile_commands.json" # without the last bracket
    for file in "$scratch"/cli_*.cc; do
      # The command of the first file, but for what it compiles.
      printf ',\n'
      grep -F -B 2 "\"file\": \"${joined[0]}\"" "$database/compile_commands.json" |
        sed "s|${joined[0]}|$file|g" | sed -n '/"directory"/,$p' | sed '1s/^/{\n/; $s/$/\n}/'
      tidied+=("$file")
    done
    printf ']\n'
  } >"$commands"
  sed 's/^ *-bugprone-branch-clone,/&\n  -bugprone-suspicious-include,\n  -performance-unnecessary-value-param,/' "$root/.clang-tidy" \
    >"$scratch/.clang-tidy"
fi
# Kernels are compiled once for each SIMD target from the same text: reading it once is enough, and
# some eight times as fast.
[ "${#tidied[@]}" -eq 0 ] || printf '%s\0' "${tidied[@]}" |
  xargs -0 -n 1 -P "$cores" \
    "$tidy" -p "$(dirname "$commands")" --quiet --extra-arg=-DHWY_COMPILE_ONLY_STATIC \
    --extra-arg=-Wno-unused-command-line-argument \
    2> >(grep -vE '^[0-9]+ warnings?.* generated' >&2) || status=1
echo "check_tidy: $((${#tidied[@]})) files by clang-tidy"

# One line for each file, `cd FOLDER && COMPILER FLAGS -c FILE`: its command, but for what it writes.
if [ "${#compiled[@]}" -gt 0 ]; then
  found=$(printf '%s\n' "${compiled[@]}" | awk -v database="$database/compile_commands.json" '
    { wanted[$0] = 1 }
    END {
      while ((getline line < database) > 0) {
        if (line ~ /^ *"directory": /) { directory = line; sub(/^[^:]*: "/, "", directory); sub(/",?$/, "", directory) }
        if (line ~ /^ *"command": /) {
          command = line
          sub(/^[^:]*: "/, "", command)
          sub(/",?$/, "", command)
          gsub(/\\"/, "\"", command)
          gsub(/\\\\/, "\\", command)
          sub(/ -o [^ ]+ -c /, " -fsyntax-only -c ", command)
        }
        if (line ~ /^ *"file": /) {
          file = line
          sub(/^[^:]*: "/, "", file)
          sub(/",?$/, "", file)
          if ((file in wanted) && !(file in seen)) { seen[file] = 1; print "cd \"" directory "\" && " command }
        }
      }
      for (file in wanted) if (!(file in seen)) { print "check_tidy: not in the build: " file > "/dev/stderr"; missing = 1 }
      exit missing
    }') || status=1
  # What most tests include is read once for all of them.
  header=$(mktemp -d)/tests.h
  printf '#include <%s>\n' gmock/gmock.h gtest/gtest.h nlohmann/json.hpp >"$header"
  precompile=$(printf '%s\n' "$found" | grep -m 1 /tests/engine/ |
    sed "s| -fsyntax-only -c .*| -x c++-header -o $header.pch $header|") || true
  if [ -n "$precompile" ] && bash -c "$precompile"; then
    found=$(printf '%s\n' "$found" |
      sed "/\/tests\/engine\//s| -fsyntax-only -c | -include-pch $header.pch&|")
  fi
  printf '%s\n' "$found" | tr '\n' '\0' | xargs -0 -n 1 -P "$cores" bash -c || status=1
  rm -r "$(dirname "$header")"
  echo "check_tidy: ${#compiled[@]} files by the compiler"
fi
[ "$status" -eq 0 ] || fail "the places above are not as they should be"
