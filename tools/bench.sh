#!/usr/bin/env bash
# Builds and runs the benchmarks.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: tools/bench.sh [--out FILE.json] [BENCHMARK ARGUMENT...]

Builds the release preset and runs build/release/bin/colonnade_bench: three repetitions in random
order (so that a drift of the machine hits all alike), aggregates only. Other arguments go to the
program and override these: tools/bench.sh --benchmark_filter=Gemm runs those that match "Gemm".

  --out FILE.json   write the results there as JSON, too
  --help            this text

Exit status: 0 done, 2 wrong usage, anything else failed.
USAGE
}

arguments=(--benchmark_repetitions=3 --benchmark_report_aggregates_only=true
  --benchmark_enable_random_interleaving=true)
while [ $# -gt 0 ]; do
  case $1 in
    --out)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      arguments+=("--benchmark_out=$2" --benchmark_out_format=json)
      shift 2
      ;;
    -h | --help) usage && exit ;;
    *) arguments+=("$1") && shift ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/tools/build.sh" >&2 # standard output is the benchmarks' alone
"$root/build/release/bin/colonnade_bench" "${arguments[@]}"
