#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the benchmarks.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/bench.sh [--out FILE.json] [--compare BASE.json [--threshold PERCENT]]
                      [BENCHMARK ARGUMENT...]
       tools/bench.sh --gemm-table[=REGEX] [--gemm_rounds=N]

Builds the release preset and runs build/release/bin/colonnade_bench: three repetitions in random
order (so that a drift of the machine hits all alike), of which the aggregates are shown. Other
arguments go to the program and override these: tools/bench.sh --benchmark_filter=gemm runs those
that match "gemm".

  --out FILE.json        write the results there as JSON, too
  --compare BASE.json    then compare with a run stored by --out (tools/bench_compare.py)
  --threshold PERCENT    how much slower a benchmark may become (10)
  --gemm-table[=REGEX]   instead, compare the matrix products with those of OpenBLAS and oneDNN, in
                         turns, N rounds (15), and print a table; REGEX chooses products by names
                         like weight_gradient/128x128x784/threads:1
  --help                 this text

Exit status: 0 done, 1 a benchmark became slower or something failed, 2 wrong usage.
USAGE
}

base=
out=
table=()
threshold=10
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --out | --compare | --threshold)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      case $1 in
        --out) out=$2 ;;
        --compare) base=$2 ;;
        --threshold) threshold=$2 ;;
      esac
      shift 2
      ;;
    --gemm-table | --gemm-table=*) table=("${1/--gemm-table/--gemm_table}") && shift ;;
    -h | --help) usage && exit ;;
    *) arguments+=("$1") && shift ;;
  esac
done
if [[ ! $threshold =~ ^[0-9]+([.][0-9]+)?$ ]] || { [ "${#table[@]}" -gt 0 ] && [ -n "$base$out" ]; }; then
  usage >&2 && exit 2
fi
if [ -n "$base" ]; then
  [ -r "$base" ] || { echo "bench: cannot read $base" >&2 && exit 2; }
  command -v python3 >/dev/null || { echo "bench: --compare needs python3" >&2 && exit 2; }
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$root/build/release/bin/colonnade_bench
"$root/tools/build.sh" >&2 # standard output is the benchmarks' alone
if [ "${#table[@]}" -gt 0 ]; then
  exec "$program" "${table[@]}" ${arguments[@]+"${arguments[@]}"}
fi

if [ -n "$base" ] && [ -z "$out" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  out=$scratch/now.json
fi
[ -z "$out" ] || arguments=("--benchmark_out=$out" --benchmark_out_format=json
  ${arguments[@]+"${arguments[@]}"})
"$program" --benchmark_repetitions=3 --benchmark_display_aggregates_only=true \
  --benchmark_enable_random_interleaving=true ${arguments[@]+"${arguments[@]}"}
if [ -n "$base" ]; then
  echo
  python3 "$root/tools/bench_compare.py" --threshold "$threshold" "$base" "$out"
fi
