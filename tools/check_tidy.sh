#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy (.clang-tidy) and the warnings of clang over the project's sources.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_tidy.sh [--preset NAME] [--brief] [--again] [FILE.cc...]

Checks the files, or every .cc file of the project, by clang: those of engine/, kernels/ and cli/ by
clang-tidy (.clang-tidy), whose checks include the warnings of the compiler, all others by the
compiler alone, for its warnings. Nothing is built. What was found clean is remembered, in
~/.cache/colonnade-checks, and not read again until a file, what it includes or a rule changes.

  --preset NAME   whose compile commands to take (default check), of which each file is compiled by
                  itself; it is configured where it is not
  --brief         leave out the compiler's look at what the preset asan, which is built by clang, too,
                  shows as well, all but a missing include in a file that is compiled with others
  --again         read everything, whatever was found before
  --help          this text

Exit status: 0 all is well, 2 wrong usage, 1 anything else.
USAGE
}

preset=check
again=
brief=
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
files=()
while [ $# -gt 0 ]; do
  case $1 in
    --preset)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      preset=$2 && shift 2
      ;;
    --again) again=yes && shift ;;
    --brief) brief=yes && shift ;;
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

tidy=$root/build/clang-tidy/bin/clang-tidy # setup.sh's, in the clone where it was made
"$tidy" --version >/dev/null 2>&1 || tidy=$(command -v clang-tidy-19 || command -v clang-tidy) ||
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

tidied=() joined=() compiled=()
for file in "${files[@]}"; do
  [ -f "$file" ] || continue # git also lists what was deleted but is not committed
  case ${file#"$root"/} in
    cli/* | engine/*) if [ -z "$all" ]; then tidied+=("$file"); else joined+=("$file"); fi ;;
    kernels/*) tidied+=("$file") ;;
    # Not of the build: an outside project, what only libFuzzer's preset has, and what CMake itself runs.
    tests/consumer/* | tests/fuzz/* | tools/best_target.cc) ;;
    bench/*) compiled+=("$file") ;;
    *) [ -n "$brief" ] || compiled+=("$file") ;;
  esac
done
[ "$((${#tidied[@]} + ${#joined[@]} + ${#compiled[@]}))" -gt 0 ] || fail "no sources found"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cores=$(getconf _NPROCESSORS_ONLN)
status=0

# The command of each file, `cd FOLDER && COMPILER FLAGS -fsyntax-only -c FILE`, one a line.
commands_of() {
  printf '%s\n' "$@" | awk -v database="$database/compile_commands.json" '
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
          sub(/^[^ ]*ccache /, "", command)
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
    }'
}

# Nearly all of the time goes into headers of others. So files of one folder are read up to eight at
# a time, but none with one that knows a name, by itself or from a header, that the other has in its
# unnamed namespace. Prints `GROUP FILE` line by line.
groups_of() {
  printf '%s\n' "$@" | awk -v root="$root/" '
    # Adds the words of a source to `known`, those that its unnamed namespace declares to `own`, and
    # the headers of the project that it includes to `headers`.
    function read_source(file,    line, inside, words, count, i) {
      while ((getline line < file) > 0) {
        if (line ~ /^namespace {$/) inside = 1
        if (line ~ /^}  \/\/ namespace$/) inside = 0
        if (split(line, words, "\"") > 1 && line ~ /^#include "/) headers[words[2]] = 1
        gsub(/"([^"\\]|\\.)*"|\/\/.*/, "", line)
        count = split(line, words, /[^A-Za-z_0-9]+/)
        for (i = 1; i <= count; i++) known[words[i]] = 1
        if (inside && line ~ /^[A-Za-z]/ && line !~ /^namespace/) {
          sub(/ *( : |[(={;\[]).*/, "", line)
          if (match(line, /[A-Za-z_0-9]+$/)) own[substr(line, RSTART, RLENGTH)] = 1
        }
      }
      close(file)
    }
    {
      folder = substr($0, length(root) + 1)
      sub(/\/[^\/]*$/, "", folder)
      gsub(/\//, "_", folder)
      split("", known)
      split("", own)
      split("", headers)
      read_source($0)
      for (header in headers) read_source(root (header ~ /^colonnade\// ? "engine/include/" : "") header)
      for (group = 1; ; group++) {
        id = folder "_" group
        together = size[id] < 8
        for (name in own) if ((id, name) in group_known) together = 0
        for (name in known) if ((id, name) in group_own) together = 0
        if (!together) continue
        for (name in own) group_own[id, name] = 1
        for (name in known) group_known[id, name] = 1
        size[id]++
        print id, $0
        break
      }
    }'
}

# Of what a run found clean there is an empty file, named by the hash of all that could change it.
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
cache=${cache:-$database}/colonnade-checks
mkdir -p "$cache"
find "$cache" -type f -mtime +30 -delete
rules=$("$tidy" --version && cat "$root/.clang-tidy" "$root/tools/check_tidy.sh")

# The preprocessed text, with comments, macros and what was included, for checks look at those, too.
hash_of() ( # KIND COMMAND
  set -o pipefail
  {
    printf '%s\n' "$rules" "$@"
    bash -c "${2/ -fsyntax-only / -E -CC -dD -dI }" 2>/dev/null
  } | sed "s|$root/\\{0,1\\}||g" | git hash-object --stdin
)

tidy_file() { # COMMAND
  local flags=-${1#* -}
  bash -c "${1%%&&*} && '$tidy' --quiet ${1##* -c } -- ${flags% -fsyntax-only -c *} \
    -Wno-unused-command-line-argument" 2> >(grep -vE '^[0-9]+ warnings?.* generated' >&2)
}

# A job is a file: what is done (tidy or compile), the command, and of several files read as one the
# command of each.
look() { # JOB: forgets it where the same was found clean before
  local job hash
  mapfile -t job <"$1"
  hash=$(hash_of "${job[0]}" "${job[1]}") || hash= # what cannot be read is for the check to tell
  if [ -n "$hash" ] && [ -z "$again" ] && [ -e "$cache/$hash" ]; then
    touch "$cache/$hash"
    rm "$1"
  else
    echo "$hash" >"$1.hash"
  fi
}

check() { # JOB
  local job part command header status=0
  mapfile -t job <"$1"
  command=${job[1]}
  if [ "${job[0]}" = compile ]; then
    header=${command##*"$root"/tests/} header=$scratch/${header%%/*}.pch
    [ ! -e "$header" ] || command=${command/ -fsyntax-only / -include-pch $header -fsyntax-only }
    bash -c "$command" || status=1
  elif [ "${#job[@]}" -eq 2 ]; then
    tidy_file "$command" || status=1
  elif ! tidy_file "$command" >/dev/null 2>&1; then
    # What each by itself is found to be is what counts.
    for part in "${job[@]:2}"; do tidy_file "$part" || status=1; done
    [ "$status" -ne 0 ] || echo "check_tidy: each is clean, but not read as one: ${command##* -c }"
  fi
  [ "$status" -ne 0 ] || [ ! -s "$1.hash" ] || : >"$cache/$(<"$1.hash")"
  return "$status"
}
export -f check hash_of look tidy_file
export again cache root rules scratch tidy

# Kernels are compiled once for each SIMD target from the same text: for clang-tidy, reading it once is
# enough, and some eight times as fast.
count=0
mkdir "$scratch/jobs"
add_job() { # KIND COMMAND...
  count=$((count + 1))
  printf '%s\n' "$@" | if [ "$1" = tidy ]; then sed 's/ -fsyntax-only / -DHWY_COMPILE_ONLY_STATIC&/'; else cat; fi \
    >"$scratch/jobs/$(printf '%05d' "$count")"
}
add_jobs() { # KIND FILE...
  local kind=$1 found command
  shift
  [ $# -gt 0 ] || return 0
  found=$(commands_of "$@") || status=1
  while IFS= read -r command; do add_job "$kind" "$command"; done <<<"$found"
}
if [ "${#joined[@]}" -gt 0 ]; then
  rm -rf "$database/joined" && mkdir "$database/joined"
  groups_of "${joined[@]}" | sort -k 1,1 -s >"$scratch/groups"
  while IFS= read -r group; do
    mapfile -t members < <(awk -v group="$group" '$1 == group { sub(/^[^ ]* /, ""); print }' "$scratch/groups")
    printf '#include "%s"  // NOLINT(bugprone-suspicious-include)\n' "${members[@]}" \
      >"$database/joined/$group.cc"
    mapfile -t commands < <(commands_of "${members[@]}")
    [ "${#commands[@]}" -eq "${#members[@]}" ] || { status=1 && continue; }
    add_job tidy "${commands[0]% -c *} -c '$database/joined/$group.cc'" "${commands[@]}"
  done < <(cut -d ' ' -f 1 "$scratch/groups" | uniq)
fi
add_jobs tidy ${tidied[@]+"${tidied[@]}"}
# For includes that are missing each file is compiled by itself, too.
[ -n "$brief" ] || add_jobs compile ${joined[@]+"${joined[@]}"}
add_jobs compile ${compiled[@]+"${compiled[@]}"}

each_job() { # FUNCTION: for every job, several at a time
  find "$scratch/jobs" -name '?????' -print0 | sort -z |
    xargs -0 -r -n 1 -P "$cores" bash -c "$1 \"\$1\"" _
}
each_job look
left=$(find "$scratch/jobs" -name '?????' | wc -l)
# What most tests of a room include is read once for all of them.
printf '#include <%s>\n' gmock/gmock.h gtest/gtest.h nlohmann/json.hpp >"$scratch/tests.h"
[ "$left" -eq 0 ] || for room in cli engine kernels; do
  command=$(awk 'FNR == 2' "$scratch"/jobs/????? | grep -F -m 1 -e "$root/tests/$room/") || continue
  bash -c "${command% -fsyntax-only*} -x c++-header -o $scratch/$room.pch $scratch/tests.h" ||
    rm -f "$scratch/$room.pch"
done
each_job check || status=1
echo "check_tidy: $((${#tidied[@]} + ${#joined[@]})) files by clang-tidy, ${#compiled[@]} by the compiler;" \
  "$((count - left)) of $count checks were known to be clean"
[ "$status" -eq 0 ] || fail "the places above are not as they should be"
