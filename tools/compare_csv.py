#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times reading CSV files to a numeric matrix: Colonnade beside pandas, Polars, PyArrow and DuckDB.

  python3 tools/compare_csv.py [--rounds N] [FILE ...]

Files (default: both): mnist, data/mnist_train.csv; floats, 60,000 rows of a label and 100 columns of
6 significant digits, which it makes. All contestants get all cores, files in the page cache, and the
type of the columns (uint8; float32 for the numbers), and yield a matrix of that type in memory:

  pandas   read_csv, C engine, without looking for missing values; to_numpy
  Polars   read_csv with the schema; to_numpy
  PyArrow  csv.read_csv with the column types; the columns copied into a matrix
  DuckDB   read_csv with the columns' types, no detection, rows in any order kept; fetchnumpy, likewise

Before anything is timed, their matrices are compared with Colonnade's. In each round all take their
turn, so that a machine whose speed drifts treats them alike; the first round warms up. Medians and
best rounds over the others are printed, and their ratios to Colonnade's.

The peers come by pip, in fixed versions, into build/compare_csv, when it first runs. Expects MNIST in
data/ (tools/mnist.sh) and a release build. Exit status: 0 done, 1 something is missing or differs.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bin/colonnade_csv_load"
VENV = ROOT / "build/compare_csv"
PEERS = ("numpy==2.4.6", "pandas==3.1.1", "polars==2.1.0", "pyarrow==26.0.1", "duckdb==2.0.0")
THREADS = len(os.sched_getaffinity(0))


def enter_venv():
    """Goes on in the venv, which it makes where there is none."""
    python = VENV / "bin/python3"
    if not python.exists():
        print(f"making {VENV}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    if pathlib.Path(sys.prefix) != VENV:
        subprocess.run([python, "-m", "pip", "install", "-q", *PEERS], check=True)
        os.execv(python, [str(python), *sys.argv])


class Colonnade:
    name = "Colonnade"

    def __init__(self, file, _names, dtype):
        with tempfile.TemporaryDirectory() as folder:
            values = pathlib.Path(folder) / "values"
            self.process = subprocess.Popen([PROGRAM, file, str(THREADS), values], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.seconds()  # the values are there when it answers
            import numpy as np
            self.columns = len(_names)
            self.matrix = np.fromfile(values, np.float32).reshape(-1, self.columns).astype(dtype)

    def seconds(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Peer:
    def __init__(self, file, names, dtype):
        self.file, self.names, self.dtype = str(file), names, dtype

    def seconds(self):
        begin = time.perf_counter()
        matrix = self.read()
        elapsed = time.perf_counter() - begin
        del matrix
        return elapsed

    def from_columns(self, columns):
        import numpy as np
        matrix = None
        for i, column in enumerate(columns):
            if matrix is None:
                matrix = np.empty((len(self.names), len(column)), self.dtype)
            matrix[i] = column
        return matrix.T


class Pandas(Peer):
    name = "pandas"

    def read(self):
        import pandas
        return pandas.read_csv(self.file, engine="c", dtype=self.dtype, na_filter=False).to_numpy()


class Polars(Peer):
    name = "Polars"

    def read(self):
        import numpy as np
        import polars
        kind = polars.UInt8 if self.dtype == np.uint8 else polars.Float32
        return polars.read_csv(self.file, schema=dict.fromkeys(self.names, kind)).to_numpy()


class PyArrow(Peer):
    name = "PyArrow"

    def read(self):
        import pyarrow
        import pyarrow.csv
        kind = pyarrow.from_numpy_dtype(self.dtype)
        options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(self.names, kind),
                                             strings_can_be_null=False)
        table = pyarrow.csv.read_csv(self.file, convert_options=options)
        return self.from_columns(column.to_numpy() for column in table.columns)


class DuckDB(Peer):
    name = "DuckDB"

    def read(self):
        import duckdb
        import numpy as np
        kind = "UTINYINT" if self.dtype == np.uint8 else "FLOAT"
        columns = ", ".join(f"'{name}': '{kind}'" for name in self.names)
        with duckdb.connect() as connection:
            table = connection.sql(
                f"SELECT * FROM read_csv('{self.file}', header=true, delim=',', quote='', "
                f"escape='', auto_detect=false, columns={{{columns}}})").fetchnumpy()
        return self.from_columns(table[name] for name in self.names)


def make_floats(file):
    import numpy as np
    random = np.random.default_rng(1)
    with open(file, "w") as out:
        out.write("label," + ",".join(f"f{i}" for i in range(100)) + "\n")
        for row in range(60000):
            values = random.uniform(-1, 1, 100)
            out.write(f"{row % 3}," + ",".join(map("{:.6g}".format, values)) + "\n")


def compare(title, file, dtype, rounds):
    import numpy as np
    with open(file) as opened:
        names = opened.readline().strip().split(",")
    contestants = [kind(file, names, dtype) for kind in (Colonnade, Pandas, Polars, PyArrow, DuckDB)]
    expected = contestants[0].matrix
    for peer in contestants[1:]:
        found = peer.read()
        if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-6, atol=0):
            sys.exit(f"{peer.name} reads other values from {file}")
        del found
    contestants[0].matrix = expected = None
    times = {peer.name: [] for peer in contestants}
    for turn in range(rounds + 1):
        for peer in contestants:
            seconds = peer.seconds()
            if turn > 0:
                times[peer.name].append(seconds)
    size = os.path.getsize(file)
    print(f"\n{title}: {size / 1e6:.0f} MB, {THREADS} threads, {rounds} rounds")
    print(f"{'':12}{'median ms':>12}{'GB/s':>8}{'ratio':>8}{'best ms':>12}{'ratio':>8}")
    base = times[Colonnade.name]
    for name, seconds in times.items():
        median, best = statistics.median(seconds), min(seconds)
        print(f"{name:12}{1e3 * median:12.1f}{size / median / 1e9:8.2f}"
              f"{median / statistics.median(base):8.1f}{1e3 * best:12.1f}{best / min(base):8.1f}")
    contestants[0].process.stdin.close()
    contestants[0].process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE", help="mnist or floats (default: both)")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for file in options.files:
        if file not in ("mnist", "floats"):
            parser.error(f"unknown file {file}; known: mnist, floats")
    mnist = ROOT / "data/mnist_train.csv"
    for needed in (PROGRAM, mnist):
        if not needed.exists():
            sys.exit(f"{needed} is missing: run tools/quickstart.sh first")
    enter_venv()
    import numpy as np
    from importlib.metadata import version
    print(", ".join(f"{name} {version(name)}" for name in ("pandas", "polars", "pyarrow", "duckdb")))
    if "mnist" in (options.files or ["mnist"]):
        compare("mnist_train.csv", mnist, np.uint8, options.rounds)
    if "floats" in (options.files or ["floats"]):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "floats.csv"
            make_floats(file)
            compare("100 columns of floats", file, np.float32, options.rounds)


if __name__ == "__main__":
    main()
