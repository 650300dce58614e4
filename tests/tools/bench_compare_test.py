#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tools/bench_compare.py, run as a program on small stored runs."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools/bench_compare.py"


def repetitions(name, cpu, real=None, unit="ns"):
    return [{"name": name, "run_type": "iteration", "cpu_time": c, "real_time": r, "time_unit": unit}
            for c, r in zip(cpu, real or cpu)]


def failure(name):
    return [{"name": name, "run_type": "iteration", "error_occurred": True,
             "error_message": "wrong result"}]


# As Google Benchmark writes it after the repetitions; must not count as one.
def mean(name, cpu):
    return [{"name": name + "_mean", "run_type": "aggregate", "cpu_time": cpu, "real_time": cpu,
             "time_unit": "ns"}]


class BenchCompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bench compare ")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *arguments):
        result = subprocess.run([sys.executable, PROGRAM, *map(str, arguments)],
                                capture_output=True, text=True, check=False)
        self.output = result.stdout + result.stderr
        return result.returncode

    def compare(self, base, now, *flags):
        paths = []
        for name, runs in (("base", base), ("now", now)):
            paths.append(self.folder / f"{name}.json")
            paths[-1].write_text(json.dumps({"context": {}, "benchmarks": runs}))
        return self.run_program(*paths, *flags)

    def row(self, name):
        return next(line.split() for line in self.output.splitlines() if line.startswith(name + " "))

    def test_equal_is_not_slower(self):
        runs = repetitions("a", [100, 101, 99]) + repetitions("b", [5, 5, 5])
        self.assertEqual(self.compare(runs, runs), 0)
        self.assertEqual(self.row("a"), ["a", "100", "ns", "100", "ns", "1.00"])
        self.assertIn("0 of 2 slower", self.output)

    def test_slower_is_found_among_others(self):
        base = repetitions("a", [100, 101, 99]) + repetitions("b", [100, 101, 99])
        now = repetitions("a", [100, 101, 99]) + repetitions("b", [120, 121, 119])
        self.assertEqual(self.compare(base, now), 1)
        self.assertEqual(self.row("a")[-1], "1.00")
        self.assertEqual(self.row("b")[-2:], ["1.20", "slower"])
        self.assertIn("1 of 2 slower", self.output)

    def test_faster_is_no_failure(self):
        self.assertEqual(self.compare(repetitions("a", [120, 121, 119]),
                                      repetitions("a", [100, 101, 99])), 0)
        self.assertEqual(self.row("a")[-1], "faster")

    def test_the_threshold_decides(self):
        base, now = repetitions("a", [100] * 3), repetitions("a", [108] * 3)
        self.assertEqual(self.compare(base, now), 0)
        self.assertEqual(self.compare(base, now, "--threshold", "5"), 1)
        self.assertEqual(self.compare(base, now, "--threshold", "9"), 0)

    def test_the_spread_of_the_repetitions_excuses(self):
        self.assertEqual(self.compare(repetitions("a", [100, 100, 140]),
                                      repetitions("a", [130, 130, 130])), 0)
        self.assertEqual(self.compare(repetitions("a", [100, 100, 120]),
                                      repetitions("a", [130, 130, 130])), 1)

    def test_units_may_differ(self):
        self.assertEqual(self.compare(repetitions("a", [1500] * 3, unit="us"),
                                      repetitions("a", [1.5] * 3, unit="ms")), 0)
        self.assertEqual(self.row("a")[1:3], ["1.5", "ms"])

    def test_names_say_which_time_counts(self):
        for name, status in (("a", 0), ("a/real_time", 1), ("a/manual_time", 1)):
            base = repetitions(name, [100] * 3, real=[100] * 3)
            now = repetitions(name, [100] * 3, real=[200] * 3)
            self.assertEqual(self.compare(base, now), status, name)

    def test_aggregates_do_not_count(self):
        base = repetitions("a", [100] * 3) + mean("a", 100)
        now = repetitions("a", [100] * 3) + mean("a", 900)
        self.assertEqual(self.compare(base, now), 0)
        self.assertIn("0 of 1 slower", self.output)

    def test_what_only_one_run_has_is_reported(self):
        base = repetitions("a", [100]) + repetitions("old", [100])
        now = repetitions("a", [100]) + repetitions("new", [100])
        self.assertEqual(self.compare(base, now), 0)
        self.assertIn("missing now: old\n", self.output)
        self.assertIn("not in the base: new\n", self.output)

    def test_a_benchmark_that_fails_now_is_a_failure(self):
        base = repetitions("a", [100]) + repetitions("b", [100])
        self.assertEqual(self.compare(base, repetitions("a", [100]) + failure("b")), 1)
        self.assertIn("failed now: b: wrong result\n", self.output)
        self.assertNotIn("missing", self.output)

    def test_nothing_to_compare(self):
        self.assertEqual(self.compare(repetitions("a", [1]), repetitions("b", [1])), 2)
        self.assertIn("no benchmark in common", self.output)

    def test_wrong_usage(self):
        good = self.folder / "good.json"
        good.write_text(json.dumps({"benchmarks": repetitions("a", [1])}))
        bad = self.folder / "bad.json"
        for text in ("", "[]", "{}", '{"benchmarks": [{"run_type": "iteration"}]}'):
            bad.write_text(text)
            self.assertEqual(self.run_program(good, bad), 2, text)
            self.assertIn("bad.json", self.output)
        self.assertEqual(self.run_program(good, self.folder / "none.json"), 2)
        self.assertEqual(self.run_program(good), 2)


if __name__ == "__main__":
    unittest.main()
