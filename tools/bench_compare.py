#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares two runs of the benchmarks that tools/bench.sh --out has stored.

Prints the median time of each benchmark in both and their ratio. A benchmark has become slower if
its median grew by more than the threshold and every repetition of NOW took longer than every one of
BASE, so that the spread of the repetitions does not explain it; likewise faster.

Exit status: 0 nothing became slower, 1 something did or failed, 2 wrong usage or nothing to compare.
"""
import argparse
import json
import statistics
import sys

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def time_of(run):
    # Google Benchmark marks by these ends that processor time is not what counts.
    on_wall = run["name"].endswith(("/real_time", "/manual_time"))
    return run["real_time" if on_wall else "cpu_time"] * NANOSECONDS[run["time_unit"]]


def read(path):
    """Times in ns of every benchmark's repetitions, and the messages of those that failed."""
    try:
        with open(path, encoding="utf-8") as file:
            runs = json.load(file)["benchmarks"]
        times, failures = {}, {}
        for run in runs:
            if run.get("run_type") != "iteration":
                continue
            if run.get("error_occurred"):
                failures[run["name"]] = run.get("error_message", "failed")
            else:
                times.setdefault(run["name"], []).append(time_of(run))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(fail(f"bench_compare: {path}: not a stored run: {error!r}"))
    return times, failures


def fail(message):
    print(message, file=sys.stderr)
    return 2


def verdict(base, now, threshold):
    ratio = statistics.median(now) / statistics.median(base)
    if ratio > 1 + threshold and min(now) > max(base):
        return "slower"
    if ratio < 1 / (1 + threshold) and max(now) < min(base):
        return "faster"
    return ""


def readable(nanoseconds):
    for unit in ("ns", "us", "ms"):
        if nanoseconds < 1000:
            return f"{nanoseconds:.3g} {unit}"
        nanoseconds /= 1000
    return f"{nanoseconds:.3g} s"


def compare(base, now, failures, threshold):
    """Prints the table. Whether something became slower or failed."""
    width = max(map(len, [*base, *now]), default=0)
    print(f"{'benchmark':{width}}  {'base':>8}  {'now':>8}  ratio")
    slower = 0
    for name in base:
        if name not in now:
            continue
        change = verdict(base[name], now[name], threshold)
        slower += change == "slower"
        medians = [statistics.median(times[name]) for times in (base, now)]
        print(f"{name:{width}}  {readable(medians[0]):>8}  {readable(medians[1]):>8}  "
              f"{medians[1] / medians[0]:5.2f}  {change}".rstrip())
    for name in base:
        if name not in now and name not in failures:
            print(f"missing now: {name}")
    for name in now:
        if name not in base:
            print(f"not in the base: {name}")
    for name, message in failures.items():
        print(f"failed now: {name}: {message}")
    common = sum(name in now for name in base)
    print(f"{slower} of {common} slower by more than {threshold:.0%} and than the repetitions spread")
    return slower > 0 or bool(failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", metavar="BASE.json")
    parser.add_argument("now", metavar="NOW.json")
    parser.add_argument("--threshold", type=float, default=10, metavar="PERCENT",
                        help="smaller changes are not worth a word (default 10)")
    options = parser.parse_args()
    base, _ = read(options.base)
    now, failures = read(options.now)
    if not failures and not base.keys() & now.keys():
        return fail("bench_compare: the two runs have no benchmark in common")
    return int(compare(base, now, failures, options.threshold / 100))


if __name__ == "__main__":
    sys.exit(main())
