#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks that every room of the house includes only what it may, and that the top level is as agreed.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_layers.sh [--root DIR]

Checks the one-way dependencies cli -> engine -> kernels -> Highway and engine -> oneTBB, inside the
engine train -> model -> data -> runtime, what the public headers show, and the top level's entries.
Prints each violation as FILE:LINE: rule. The rules stand in this script, room by room.

  --root DIR   check another tree than the one that this script is in
  --help       this text

Exit status: 0 clean, 1 violations, 2 wrong usage or nothing to check.
USAGE
}

root=$(dirname "${BASH_SOURCE[0]}")/..
while [ $# -gt 0 ]; do
  case $1 in
    --root)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      root=$2 && shift 2
      ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done
cd "$root"

check_top_level() {
  local entries entry status=0
  # What git tracks or would add; in a tree without git, what lies there.
  if [ -e .git ] && entries=$(git ls-files --cached --others --exclude-standard 2>/dev/null); then
    entries=$(printf '%s\n' "$entries" | sed 's|/.*||' | sort -u)
  else
    entries=$(ls)
    entries=$(printf '%s\n' "$entries" | grep -vxE 'build|data' || :)
  fi
  while IFS= read -r entry; do
    case $entry in
      '' | .*) ;;
      CMakeLists.txt | CMakePresets.json | README.md | LICENSE) ;;
      bench | cli | engine | kernels | tests | tools) ;;
      *)
        printf '%s:1: the top level has no place for this\n' "$entry"
        status=1
        ;;
    esac
  done <<<"$entries"
  return "$status"
}

# Reads the paths to check, one a line.
check_sources() {
  awk '
    function violation(rule) {
      printf "%s:%d: %s\n", file, line_number, rule
      found = 1
    }
    function starts(text, prefix) { return substr(text, 1, length(prefix)) == prefix }

    # The line without comments; an open /* goes on in the next line.
    function strip(text,    out, c, two, quote) {
      out = ""
      while (text != "") {
        two = substr(text, 1, 2)
        c = substr(text, 1, 1)
        if (in_comment) {
          if (two == "*/") { in_comment = 0; text = substr(text, 3) } else text = substr(text, 2)
        } else if (quote != "") {
          if (c == "\\") { text = substr(text, 3); out = out two; continue }
          if (c == quote) quote = ""
          out = out c
          text = substr(text, 2)
        } else if (two == "/*") {
          in_comment = 1; text = substr(text, 3)
        } else if (two == "//") {
          break
        } else {
          # An apostrophe after a digit or letter parts the digits of a number.
          if (c == "\"" || (c == "\047" && out !~ /[0-9A-Za-z]$/)) quote = c
          out = out c
          text = substr(text, 2)
        }
      }
      return out
    }

    function is_std(name) { return name !~ /[\/.]/ || name in c_header }
    function is_tbb(name) { return starts(name, "tbb/") || starts(name, "oneapi/") }

    function check_include(name, quoted) {
      if (name ~ /(^|\/)\.\.?\//)
        return violation("includes \"" name "\": write the path from the root of the repository")
      if (quoted && name !~ /\//)
        return violation("includes \"" name "\": write the path from the root of the repository")
      if (starts(name, "engine/include/"))
        return violation("includes " name ": public headers are \"colonnade/...\"")
      if (starts(name, "tests/") && room != "tests")
        return violation(room " includes " name ": only tests include tests")
      if (starts(name, "bench/") && room != "bench" && room != "tests")
        return violation(room " includes " name ": only bench and tests include bench")
      if (room == "kernels") check_kernels(name)
      else if (room == "public") check_public(name)
      else if (room == "engine") check_engine(name)
      else if (room == "cli") check_cli(name)
    }

    function check_kernels(name) {
      # targets.* computes nothing: it asks Highway for the names of the targets, once at the start.
      if (file ~ /^kernels\/targets\.(h|cc)$/ && name ~ /^(string|vector|strings\.h)$/) return
      if (starts(name, "hwy/")) {
        if (file ~ /\.h$/ && file !~ /-inl\.h$/)
          violation("a kernel interface includes " name ": Highway belongs into the .cc and -inl.h")
      } else if (name in forbidden_in_kernels)
        violation("kernels include <" name ">: no threads, files, streams, allocation, exceptions")
      else if (!starts(name, "kernels/") && !is_std(name))
        violation("kernels include " name ": only kernels/, hwy/ and the standard library")
    }

    function check_public(name) {
      if (name == "colonnade/colonnade.h")
        violation("a public header includes the umbrella " name)
      else if (!starts(name, "colonnade/") && !is_std(name))
        violation("a public header includes " name ": only colonnade/ and the standard library")
    }

    function check_engine(name,    theirs) {
      if (starts(name, "hwy/")) return violation("the engine includes " name ": SIMD is in kernels/")
      if (starts(name, "cli/") || starts(name, "tools/"))
        return violation("the engine includes " name ": it knows nothing of its users")
      if (is_tbb(name) && file !~ /^engine\/runtime\/execution[^\/]*$/)
        return violation(file " includes " name ": only engine/runtime/execution* may include oneTBB")
      if (name !~ /^engine\/[^\/]+\//) return
      theirs = name
      sub(/^engine\//, "", theirs)
      sub(/\/.*/, "", theirs)
      if (!(theirs in rank)) violation("includes " name ": the engine has no such room")
      else if (engine_room != "" && rank[theirs] > rank[engine_room])
        violation("engine/" engine_room " includes " name \
                  ": the direction is train -> model -> data -> runtime")
    }

    function check_cli(name) {
      if (starts(name, "kernels/") || starts(name, "engine/") || starts(name, "hwy/") ||
          starts(name, "tools/") || is_tbb(name))
        violation("the command line includes " name ": it sees the engine through colonnade/ alone")
    }

    function enter(path) {
      file = path
      line_number = 0
      in_comment = 0
      room = path
      sub(/\/.*/, "", room)
      engine_room = ""
      if (room != "engine") return
      if (starts(path, "engine/include/")) {
        # The umbrella includes all the others, but nothing else either.
        room = "public"
        return
      }
      if (path !~ /^engine\/[^\/]+\//) return
      engine_room = path
      sub(/^engine\//, "", engine_room)
      sub(/\/.*/, "", engine_room)
      if (!(engine_room in rank)) {
        line_number = 1
        violation("the engine has no room " engine_room)
        line_number = 0
        engine_room = ""
      }
    }

    BEGIN {
      n = split("runtime data model train", names, " ")
      for (i = 1; i <= n; i++) rank[names[i]] = i
      n = split("assert.h errno.h fenv.h float.h inttypes.h limits.h math.h stddef.h stdint.h" \
                " stdio.h stdlib.h string.h", names, " ")
      for (i = 1; i <= n; i++) c_header[names[i]] = 1
      n = split("thread mutex shared_mutex condition_variable future semaphore barrier latch" \
                " stop_token execution fstream iostream istream ostream sstream streambuf iomanip" \
                " syncstream cstdio stdio.h filesystem stdexcept exception system_error new memory" \
                " memory_resource vector string deque list forward_list map set unordered_map" \
                " unordered_set queue stack functional any regex", names, " ")
      for (i = 1; i <= n; i++) forbidden_in_kernels[names[i]] = 1
    }

    {
      enter($0)
      while ((status = (getline text < file)) > 0) {
        line_number++
        stripped = strip(text)
        if (stripped ~ /^[ \t]*#[ \t]*(include|include_next|import)[ \t]*[<"]/) {
          quoted = stripped ~ /^[^<]*"/
          name = stripped
          sub(/^[^<"]*[<"]/, "", name)
          sub(/[>"].*/, "", name)
          check_include(name, quoted)
          continue
        }
        if (room != "kernels" && room != "engine" && room != "public") continue
        gsub(/"([^"\\]|\\.)*"/, "\"\"", stripped)
        code = " " stripped " "
        if (room == "kernels") {
          if (code ~ /[^A-Za-z0-9_](throw|try|catch)[^A-Za-z0-9_]/)
            violation("kernels neither throw nor catch: they report by return values")
          if (code ~ /[^A-Za-z0-9_.>](new|malloc|calloc|realloc|aligned_alloc)[^A-Za-z0-9_]/)
            violation("kernels allocate nothing: they work on memory that they are handed")
        } else if (code ~ /[^A-Za-z0-9_]hwy::/) {
          violation("the engine names a Highway type: SIMD is in kernels/")
        } else if (code ~ /[^A-Za-z0-9_](tbb|oneapi)::/ &&
                   file !~ /^engine\/runtime\/execution[^\/]*$/) {
          violation("only engine/runtime/execution* may name oneTBB types")
        }
      }
      close(file)
      if (status < 0) {
        line_number = 1
        violation("cannot be read")
      }
    }

    END { exit found }
  '
}

status=0
check_top_level || status=1
# Found, not listed, so that no file can be forgotten.
rooms=()
for room in kernels engine cli tools tests bench; do [ ! -d "$room" ] || rooms+=("$room"); done
sources=
[ "${#rooms[@]}" -eq 0 ] || sources=$(find "${rooms[@]}" -type f \
  \( -name '*.h' -o -name '*.cc' -o -name '*.hpp' -o -name '*.cpp' -o -name '*.inc' \) | sort)
if [ -z "$sources" ]; then
  echo "check_layers: no C++ sources in $root" >&2
  exit 2
fi
printf '%s\n' "$sources" | check_sources || status=1
[ "$status" -ne 0 ] || echo "check_layers: $(printf '%s\n' "$sources" | wc -l | tr -d ' ') files, clean"
exit "$status"
