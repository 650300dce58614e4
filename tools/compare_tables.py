#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times reading mixed tables to a float32 matrix: Colonnade beside pandas, Polars, PyArrow, DuckDB.

  python3 tools/compare_tables.py [--rounds N] [--rows N] [TABLE ...]

Tables (default: all), a million rows each, which it makes: quoted, categorical, filled (a twentieth
of the numbers is missing), weighted. All contestants get all cores and a file in the page cache;
all give texts numbers, put the mean in place of what is missing, and end with a float32 matrix and
the labels. Colonnade's has a column for each category, those of the others have one with its code:

  pandas   read_csv, engine pyarrow, texts as categories; codes, fillna
  Polars   read_csv with the schema; Categorical, to_physical, fill_null
  PyArrow  csv.read_csv with the column types, texts as dictionaries; fill_null
  DuckDB   read_csv with the columns' types, to Arrow; dictionary_encode, fill_null

Before anything is timed, their matrices are compared with Colonnade's. In each round all take their
turn; the first warms up. Prints medians and best rounds, and their ratios to Colonnade's. The peers
are those of compare_csv.py. Exit status: 0 done, 1 something is missing or differs.
"""
import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

import compare_csv
from compare_csv import PROGRAM, THREADS

TOWNS = ("Antwerp", "Bergen", "Cork", "Dresden", "Esbjerg", "Ghent", "Jena", "Lyon")
PLANS = ("basic", "family", "plus", "premium")


class Table:
    """texts: name -> sorted values; numbers: names; then `label`, of text, and perhaps a weight."""

    def __init__(self, name, texts, numbers, weight=None):
        self.name, self.texts, self.numbers, self.weight = name, texts, numbers, weight
        self.names = [*texts, *numbers, "label", *([weight] if weight else [])]
        self.features = [*texts, *numbers]

    def write(self, file, rows):
        choice = random.Random(1)
        numbers = [f"{choice.uniform(-1000, 1000):.6g}" for _ in range(1 << 16)]
        mark = '"' if self.name == "quoted" else ""
        with open(file, "w") as out:
            out.write(",".join(self.names) + "\n")
            for row in range(rows):
                fields = [mark + choice.choice(values) + mark for values in self.texts.values()]
                for i, _ in enumerate(self.numbers):
                    lacks = self.name == "filled" and choice.random() < 0.05
                    number = "" if lacks else choice.choice(numbers)
                    fields.append(mark + number + mark if i == 0 else number)
                fields.append(mark + ("no", "yes")[row % 3 == 0] + mark)
                if self.weight:
                    fields.append(str(row % 9 / 2 + 1))
                out.write(",".join(fields) + "\n")


TABLES = {table.name: table for table in (
    Table("quoted", {"town": TOWNS, "plan": PLANS}, ["a", "b", "c"]),
    Table("categorical", {"town": TOWNS, "plan": PLANS}, ["a", "b", "c"]),
    Table("filled", {}, ["a", "b", "c", "d", "e", "f"]),
    Table("weighted", {}, ["a", "b", "c", "d"], "weight"),
)}


class Colonnade:
    name = "Colonnade"

    def __init__(self, file, table):
        import numpy as np
        with tempfile.TemporaryDirectory() as folder:
            values = pathlib.Path(folder) / "values"
            self.process = subprocess.Popen(
                [PROGRAM, file, str(THREADS), values, *([table.weight] if table.weight else [])],
                text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.seconds()  # the values are there when it answers
            width = 1 + sum(map(len, table.texts.values())) + len(table.numbers)
            all_values = np.fromfile(values, np.float32).reshape(-1, width)
        columns, at = [], 1
        for kinds in table.texts.values():  # from a column for each to codes
            block = all_values[:, at:at + len(kinds)]
            if not (block.sum(axis=1) == 1).all():
                sys.exit("Colonnade reads a row without its category")
            columns.append(block.argmax(axis=1).astype(np.float32))
            at += len(kinds)
        columns += list(all_values[:, at:].T)
        self.matrix, self.labels = np.stack(columns, axis=1), all_values[:, 0]

    def seconds(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Peer:
    def __init__(self, file, table):
        self.file, self.table = str(file), table

    def seconds(self):
        begin = time.perf_counter()
        result = self.read()
        elapsed = time.perf_counter() - begin
        del result
        return elapsed

    def check(self, expected, labels):
        """Whether the matrix holds the same, whatever the order of the codes."""
        import numpy as np
        matrix, kinds, found = self.read()
        matrix = np.array(matrix)

        def ranks(codes, values):
            values = values() if callable(values) else values
            if not isinstance(values, dict):
                values = dict(enumerate(map(str, values)))
            ordered = sorted(values.values())
            order = np.full(1 + max(values), -1)
            for code, value in values.items():
                order[code] = ordered.index(value)
            return order[np.asarray(codes).astype(int)]

        for i, values in enumerate(kinds() if callable(kinds) else kinds):
            matrix[:, i] = ranks(matrix[:, i], values)
        return (np.allclose(matrix, expected, rtol=1e-5, atol=1e-6)
                and (ranks(*found) == labels).all())

    def from_arrow(self, table):
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc
        matrix = np.empty((len(self.table.features), table.num_rows), np.float32)
        kinds = []

        def codes(name):
            column = table[name]
            if not pa.types.is_dictionary(column.type):
                column = column.dictionary_encode()
            column = column.unify_dictionaries().combine_chunks()
            if isinstance(column, pa.ChunkedArray):
                column = column.chunk(0)
            return column.indices.to_numpy(), column.dictionary.to_pylist()

        for i, name in enumerate(self.table.features):
            if name in self.table.texts:
                matrix[i], values = codes(name)
                kinds.append(values)
            else:
                column = table[name]
                if column.null_count:
                    mean = pc.mean(column).as_py()
                    column = pc.fill_null(column, pa.scalar(mean, column.type))
                matrix[i] = column.to_numpy()
        return matrix.T, kinds, codes("label")


class Pandas(Peer):
    name = "pandas"

    def read(self):
        import numpy as np
        import pandas
        table = self.table
        kinds = dict.fromkeys([*table.texts, "label"], "category")
        frame = pandas.read_csv(self.file, engine="pyarrow",
                                dtype=kinds | dict.fromkeys(table.numbers, np.float32))
        matrix = np.empty((len(table.features), len(frame)), np.float32)
        for i, name in enumerate(table.features):
            column = frame[name]
            if name in table.texts:
                matrix[i] = column.cat.codes
            else:
                matrix[i] = column.fillna(column.mean())
        label = frame["label"].cat
        return (matrix.T, [list(frame[name].cat.categories) for name in table.texts],
                (label.codes.to_numpy(), list(label.categories)))


class Polars(Peer):
    name = "Polars"

    def read(self):
        import polars as pl
        table = self.table
        schema = {name: pl.Categorical if name in table.texts or name == "label" else pl.Float32
                  for name in table.names}
        frame = pl.read_csv(self.file, schema=schema)
        matrix = frame.select(
            [pl.col(name).to_physical().cast(pl.Float32) for name in table.texts]
            + [pl.col(name).fill_null(strategy="mean") for name in table.numbers]).to_numpy()

        def kinds(name):
            different = frame[name].unique()
            return dict(zip(different.to_physical(), different.cast(pl.String)))

        # What the codes mean is not asked for while time is taken.
        return (matrix, lambda: [kinds(name) for name in table.texts],
                (frame["label"].to_physical().to_numpy(), lambda: kinds("label")))


class PyArrow(Peer):
    name = "PyArrow"

    def read(self):
        import pyarrow as pa
        import pyarrow.csv
        table = self.table
        kinds = {name: pa.dictionary(pa.int32(), pa.string())
                 if name in table.texts or name == "label" else pa.float32()
                 for name in table.names}
        options = pa.csv.ConvertOptions(column_types=kinds)
        return self.from_arrow(pa.csv.read_csv(self.file, convert_options=options))


class DuckDB(Peer):
    name = "DuckDB"

    def read(self):
        import duckdb
        table = self.table
        columns = ", ".join(
            f"'{name}': '{'VARCHAR' if name in table.texts or name == 'label' else 'FLOAT'}'"
            for name in table.names)
        with duckdb.connect() as connection:
            return self.from_arrow(connection.sql(
                f"SELECT * FROM read_csv('{self.file}', header=true, delim=',', quote='\"', "
                f"auto_detect=false, columns={{{columns}}})").to_arrow_table())


def compare(table, file, rounds):
    contestants = [kind(file, table) for kind in (Colonnade, Pandas, Polars, PyArrow, DuckDB)]
    ours = contestants[0]
    for peer in contestants[1:]:
        if not peer.check(ours.matrix, ours.labels):
            sys.exit(f"{peer.name} reads other values from {table.name}")
    ours.matrix = ours.labels = None
    times = {peer.name: [] for peer in contestants}
    for turn in range(rounds + 1):
        for peer in contestants:
            seconds = peer.seconds()
            if turn > 0:
                times[peer.name].append(seconds)
    size = os.path.getsize(file)
    print(f"\n{table.name}: {size / 1e6:.0f} MB, {THREADS} threads, {rounds} rounds")
    print(f"{'':12}{'median ms':>12}{'GB/s':>8}{'ratio':>8}{'best ms':>12}{'ratio':>8}")
    base = times[Colonnade.name]
    for name, seconds in times.items():
        median, best = statistics.median(seconds), min(seconds)
        print(f"{name:12}{1e3 * median:12.1f}{size / median / 1e9:8.2f}"
              f"{median / statistics.median(base):8.1f}{1e3 * best:12.1f}{best / min(base):8.1f}")
    ours.process.stdin.close()
    ours.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE",
                        help=f"{', '.join(TABLES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    for name in options.tables:
        if name not in TABLES:
            parser.error(f"unknown table {name}; known: {', '.join(TABLES)}")
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is missing: run tools/build.sh first")
    compare_csv.enter_venv()
    for name in options.tables or TABLES:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / f"{name}.csv"
            TABLES[name].write(file, options.rows)
            compare(TABLES[name], file, options.rounds)


if __name__ == "__main__":
    main()
