#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks, or mends, the format of every C++ file (.clang-format).
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_format.sh [--fix]

Prints every place where a C++ file is not as clang-format would have it.

  --fix    format the files instead
  --help   this text

Exit status: 0 all is well, 2 wrong usage, 1 anything else.
USAGE
}

mode=(--dry-run -Werror)
for argument in "$@"; do
  case $argument in
    --fix) mode=(-i) ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Versions of clang-format disagree, so the one that .ci/run takes comes first.
format=$(command -v clang-format-19 || command -v clang-format) || {
  echo "check_format: no clang-format; tools/setup.sh --checks installs it" >&2
  exit 1
}
files=()
while IFS= read -r -d '' file; do
  [ ! -f "$file" ] || files+=("$file") # git also lists what was deleted but is not committed
done < <(git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc')
[ "${#files[@]}" -gt 0 ] || { echo "check_format: no C++ files found" >&2 && exit 1; }
"$format" "${mode[@]}" "${files[@]}"
echo "check_format: ${#files[@]} files"
