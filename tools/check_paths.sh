#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks that the files which the READMEs name are there.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/check_paths.sh [--root DIR]

Checks every README.md: what stands in `backquotes` and looks like a file or folder of the project
(it has a slash or ends in .cc, .h, .sh, .py or .md, and no blanks) must exist, and so must the target
of every link that is not one of the web. A path counts from the README's own folder, from the root,
or, in a README of a room, from the root's folder of that room; of a name without a slash, any file
in the folder of the README or below will do. `*` matches as in the shell, and `a{b,c}` stands for
both. Lines of code (indented, or within fences) are left out, as are paths to data, built things
and the system: data/, build/, hwy/, /..., ~/.... A name X, as in `X_test.cc`, stands for any.

  --root DIR   check another tree than the one that this script is in
  --help       this text

Exit status: 0 all is well, 1 dead paths, 2 wrong usage or nothing to check.
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

# Prints LINE<tab>KIND<tab>PATH for each candidate of the README.
candidates() {
  awk '
    /^ *```/ { fenced = !fenced; next }
    fenced || /^    / { next }
    {
      rest = $0
      while (match(rest, /\]\([^)]*\)/)) {
        target = substr(rest, RSTART + 2, RLENGTH - 3)
        rest = substr(rest, RSTART + RLENGTH)
        sub(/#.*/, "", target)
        if (target != "" && target !~ /^[a-z]+:/) print NR "\tlink\t" target
      }
      n = split($0, parts, "`")
      for (i = 2; i <= n; i += 2) {
        text = parts[i]
        sub(/\(\)$/, "", text)
        if (text !~ /^[A-Za-z0-9_.\/*{},-]+$/) continue
        if (text ~ /^(\/|~|-|data\/|build\/|hwy\/)/) continue
        if (text ~ /(^|\/)X[._-]/) continue # X stands for any name
        if (text ~ /\.(cc|h|sh|py|md)$/ || text ~ /\/$/ || text ~ /\}$/ || text ~ /\/[A-Za-z0-9_*-]+\.[a-z_]+$/ ||
            text ~ /^(\.ci|bench|cli|engine|kernels|tests|tools|data|model|train|runtime)\//)
          print NR "\tname\t" text
      }
    }' "$1"
}

# Whether there is such a path, or one that the pattern matches.
there() {
  case $1 in
    *'*'*) compgen -G "$1" >/dev/null ;;
    *) [ -e "$1" ] ;;
  esac
}

found() { # FOLDER PATH
  local folder=$1 path=$2 top
  top=${folder%%/*}
  there "$folder/$path" || there "$path" || there "$top/$path" || there "$top/include/$path" && return
  case $path in
    */*) return 1 ;;
    *) [ -n "$(find "$folder" -name "$path" -not -path '*/build/*' -print -quit)" ] ;;
  esac
}

# The path with a{b,c} written out. Only characters that `candidates` lets through get here.
written_out() {
  local path=$1 before middle after part
  case $path in
    *'{'*'}'*)
      before=${path%%'{'*} middle=${path#*'{'}
      after=${middle#*'}'} middle=${middle%%'}'*}
      while IFS= read -r -d , part; do written_out "$before$part$after"; done <<<"$middle,"
      ;;
    *) printf '%s\n' "$path" ;;
  esac
}

checked=0
status=0
while IFS= read -r readme; do
  readme=${readme#./}
  folder=$(dirname "$readme")
  while IFS=$'\t' read -r line kind text; do
    while IFS= read -r path; do
      checked=$((checked + 1))
      if [ "$kind" = link ]; then there "$folder/$path" && continue; else found "$folder" "$path" && continue; fi
      printf '%s:%d: there is no %s\n' "$readme" "$line" "$path"
      status=1
    done < <(written_out "$text")
  done < <(candidates "$readme")
done < <(find . -name README.md -not -path './build/*' -not -path './data/*' -not -path './.git/*' | sort)
[ "$checked" -gt 0 ] || { echo "check_paths: no README.md with paths in $root" >&2 && exit 2; }
echo "check_paths: $checked paths"
exit "$status"
