#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the lines of README.md that call `colonnade`, in their order, on small data; and looks that the
# scripts which others call are there.  usage: check_shell.sh ROOT BIN_DIR
set -euo pipefail
root=$1 bin=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PATH="$bin:$PATH"

# The files that the lines name.
digits() { synthetic_digits --examples "$1" --seed "$2" "$3" >/dev/null; }
digits 300 1 mnist_train.csv
digits 100 2 mnist_test.csv
digits 20 3 new.csv
digits 20 4 data.csv
{ # 20 images of 28 x 28, and their labels, in the format of MNIST's own files
  printf '\0\0\10\3\0\0\0\24\0\0\0\34\0\0\0\34'
  printf '%0.s0123456' $(seq 2240)
} >train-images-idx3-ubyte
{ printf '\0\0\10\1\0\0\0\24' && printf '\0\1\2\3\4\5\6\7\10\11\0\1\2\3\4\5\6\7\10\11'; } >train-labels-idx1-ubyte

run=0
status=0
while IFS=$'\t' read -r number line; do
  if [[ $line =~ --simd\ ([A-Z0-9_]+) ]]; then # not every machine has it, nor every build
    have=$(colonnade train none.csv --simd none 2>&1 || :)
    grep -qw "${BASH_REMATCH[1]}" <<<"$have" || continue
  fi
  case $line in
    cmake\ *) continue ;; # installs
    tools/*)
      [ -x "$root/${line%% *}" ] || { printf 'README.md:%d: there is no %s\n' "$number" "${line%% *}" && status=1; }
      continue
      ;;
  esac
  line=${line/--budget 60s/--budget 1s} # a search takes the time that it is given
  run=$((run + 1))
  if ! bash -o pipefail -c "$line" >out 2>&1 </dev/null; then
    printf 'README.md:%d: failed: %s\n' "$number" "$line"
    tail -n 5 out
    status=1
  fi
done < <(awk '
  /^```/ { fenced = !fenced; next }
  fenced { next }
  /^\| [a-z ]+ \| `/ { split($0, cells, "`"); print NR "\t" cells[2]; next }  # of a table
  continued { sub(/^ +/, " ") ; sub(/^/, line); continued = 0 }
  /^    / || line != "" {
    line = ""
    sub(/^ +/, "")
    if (/\\$/) { if (!number) number = NR; sub(/ *\\$/, ""); line = $0; continued = 1; next }
    if (!number) number = NR
    if (/^(colonnade |\(ulimit .*colonnade |tools\/)/) print number "\t" $0
    number = 0
  }' "$root/README.md")
[ "$run" -gt 0 ] || { echo 'README.md: no line calls colonnade' && exit 1; }
echo "$run lines run"
exit "$status"
