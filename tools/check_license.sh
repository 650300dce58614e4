#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks, or mends, that every source file names the licence in its first line.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_license.sh [--fix] [--root DIR]

Prints every source file (C++, shell, Python, CMake, Dockerfile) that does not have the line
"SPDX-License-Identifier: Apache-2.0" as a comment at its head: the first line, or the second where
the first is one that has to be, such as #!/usr/bin/env bash.

  --fix        put the line there instead
  --root DIR   check another git work tree than the one that this script is in
  --help       this text

Exit status: 0 all is well, 1 files without the line, 2 wrong usage or nothing to check.
USAGE
}

fix=
root=$(dirname "${BASH_SOURCE[0]}")/..
while [ $# -gt 0 ]; do
  case $1 in
    --fix) fix=yes && shift ;;
    --root)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      root=$2 && shift 2
      ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done
cd "$root"

tag='SPDX-License-Identifier: Apache-2.0'
checked=0
status=0

look_at() { # FILE COMMENT
  local file=$1 line="$2 $tag" first='' second='' at=1 new
  checked=$((checked + 1))
  { read -r first && read -r second; } <"$file" || :
  case $first in
    '#!'* | '# syntax='*) at=2 ;;
  esac
  if [ "$at" -eq 1 ]; then [ "$first" != "$line" ] || return 0; else [ "$second" != "$line" ] || return 0; fi
  if [ -z "$fix" ]; then
    printf '%s:%d: no "%s" here\n' "$file" "$at" "$line"
    status=1
    return
  fi
  new=$(mktemp "$file.XXXXXX")
  # From a copy, so that the file keeps its permissions.
  { head -n "$((at - 1))" "$file" && printf '%s\n' "$line" && tail -n "+$at" "$file"; } >"$new"
  cat "$new" >"$file"
  rm "$new"
  printf '%s: put in\n' "$file"
}

while IFS= read -r -d '' file; do
  [ -f "$file" ] || continue # git also lists what was deleted but is not committed
  case $file in
    *.cc | *.h | *.hpp | *.cpp) look_at "$file" '//' ;;
    *.sh | *.py | *.cmake | *.cmake.in | *.pc.in | CMakeLists.txt | */CMakeLists.txt | .ci/* | \
      Dockerfile | */Dockerfile) look_at "$file" '#' ;;
  esac
done < <(git ls-files -z --cached --others --exclude-standard)
[ "$checked" -gt 0 ] || { echo "check_license: no sources in $root" >&2 && exit 2; }
echo "check_license: $checked files"
exit "$status"
