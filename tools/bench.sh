#!/usr/bin/env bash
# Builds and runs the benchmarks.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/bench.sh [--out FILE.json] [BENCHMARK ARGUMENT...]
       tools/bench.sh --gemm-table[=REGEX] [--gemm_rounds=N]

Builds the release preset and runs build/release/bin/colonnade_bench: three repetitions in random
order (so that a drift of the machine hits all alike), aggregates only. Other arguments go to the
program and override these: tools/bench.sh --benchmark_filter=gemm runs those that match "gemm".

  --out FILE.json        write the results there as JSON, too
  --gemm-table[=REGEX]   instead, compare the matrix products with those of OpenBLAS and oneDNN, in
                         turns, N rounds (15), and print a table; REGEX chooses products by names
                         like weight_gradient/128x128x784/threads:1
  --help                 this text

Exit status: 0 done, 2 wrong usage, anything else failed.
USAGE
}

arguments=(--benchmark_repetitions=3 --benchmark_report_aggregates_only=true
  --benchmark_enable_random_interleaving=true)
table=()
extra=()
while [ $# -gt 0 ]; do
  case $1 in
    --out)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      arguments+=("--benchmark_out=$2" --benchmark_out_format=json)
      shift 2
      ;;
    --gemm-table*)
      table=("${1/--gemm-table/--gemm_table}")
      shift
      ;;
    -h | --help) usage && exit ;;
    *) extra+=("$1") && shift ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/tools/build.sh" >&2 # standard output is the benchmarks' alone
[ "${#table[@]}" -eq 0 ] || arguments=("${table[@]}")
"$root/build/release/bin/colonnade_bench" "${arguments[@]}" ${extra[@]+"${extra[@]}"}
