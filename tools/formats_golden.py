#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/formats/: small tables by the programs whose formats are read.

One table of six rows (table.csv has it as the CSV reader is to see it) as PyArrow and Polars write
it: files and streams, compressed or not, in one batch or several, with dictionaries that grow and
that are replaced. Arrays by NumPy, in every type and order. Zip files date from 1980, so that files
made anew are the same.
"""

import argparse
import datetime
import io
import pathlib
import sys
import zipfile

try:
    import numpy as np
    import polars as pl
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.ipc as ipc
except ImportError as error:
    sys.exit(f"{error}; needed are: pip install numpy polars pyarrow")

ROWS = {
    "count": [3, -7, 250, 0, 1, 12],
    "size": [0.1, 2.5, None, -1e-7, 1e10, 3.0],
    "flag": [True, False, True, True, False, True],
    "place": ["Rome, Italy", "a long name that is not inline", "Oslo", "Oslo", None, "Oslo"],
    "kind": ["b", "a", "b", "b", "a", "a"],
    "day": [datetime.date(2021, 3, d) for d in (1, 2, 3, 31, 5, 6)],
    "time": [datetime.datetime(2021, 3, 1, h, 30, 0, 250000 * (h % 2)) for h in (0, 1, 2, 3, 4, 5)],
    "label": ["yes", "no", "yes", "no", "yes", "no"],
}


def arrow_table():
    return pa.table(
        {
            "count": pa.array(ROWS["count"], pa.int16()),
            "size": pa.array(ROWS["size"], pa.float64()),
            "flag": pa.array(ROWS["flag"], pa.bool_()),
            "place": pa.array(ROWS["place"], pa.string()),
            "kind": pa.array(ROWS["kind"]).dictionary_encode(),
            "day": pa.array(ROWS["day"], pa.date32()),
            "time": pa.array(ROWS["time"], pa.timestamp("us")),
            "label": pa.array(ROWS["label"], pa.large_string()),
        }
    )


def types_table():
    """Numbers of every type; the last row lacks them all."""
    columns = {}
    for bits in (8, 16, 32, 64):
        columns[f"i{bits}"] = pa.array([-(2 ** (bits - 1)), 5, None], getattr(pa, f"int{bits}")())
        columns[f"u{bits}"] = pa.array([2**bits - 1, 5, None], getattr(pa, f"uint{bits}")())
    columns["f16"] = pa.array([np.float16(-0.333), np.float16(6e-8), None], pa.float16())
    columns["f32"] = pa.array([0.1, 3e38, None], pa.float32())
    columns["f64"] = pa.array([0.1, 1e-300, None], pa.float64())
    columns["decimal"] = pa.array(["-12.050", "0.001", None]).cast(pa.decimal128(20, 3))
    columns["date64"] = pa.array([ROWS["day"][0], datetime.date(1969, 12, 31), None], pa.date64())
    columns["seconds"] = pa.array([-1, 0, None], pa.timestamp("s"))
    columns["ns"] = pa.array([-1, 1, None], pa.timestamp("ns"))
    columns["time"] = pa.array([1500, 0, None], pa.time32("ms"))
    columns["null"] = pa.nulls(3)
    columns["view"] = pa.array(["short", "this is more than twelve bytes", None], pa.string_view())
    columns["one \"of\" them"] = pa.array(["x", "y", None]).dictionary_encode()
    return pa.table(columns)


def stream(schema, batches, options=None):
    sink = io.BytesIO()
    with ipc.new_stream(sink, schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


def file(table, options=None, rows=None):
    sink = io.BytesIO()
    with ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


def with_dictionary(values, indices, labels):
    kind = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), pa.array(values))
    return pa.record_batch({"kind": kind, "label": pa.array(labels)})


def arrow_files():
    table = arrow_table()
    yield "pyarrow.arrow", file(table)
    yield "pyarrow_batches.arrow", file(table, rows=2)
    yield "pyarrow.arrows", stream(table.schema, table.to_batches())
    for codec in ("lz4", "zstd"):
        yield f"pyarrow_{codec}.arrow", file(table, ipc.IpcWriteOptions(compression=codec))
        # Long enough that buffers become smaller.
        long = pa.table({"n": pa.array(range(2000), pa.int32()), "z": pa.nulls(2000).cast(pa.int64())})
        yield f"long_{codec}.arrow", file(long, ipc.IpcWriteOptions(compression=codec))
    sink = io.BytesIO()
    feather.write_feather(table, sink)
    yield "feather.arrow", sink.getvalue()
    yield "types.arrow", file(types_table())

    first = with_dictionary(["a", "b"], [0, 1, 0], [1, 2, 1])
    grown = with_dictionary(["a", "b", "c"], [2, 1], [3, 2])
    other = with_dictionary(["c", "a"], [0, 1], [3, 1])
    delta = ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    yield "delta.arrows", stream(first.schema, [first, grown], delta)
    yield "replaced.arrows", stream(first.schema, [first, other])

    frame = pl.DataFrame(ROWS).with_columns(pl.col("kind").cast(pl.Categorical))
    sink = io.BytesIO()
    frame.write_ipc(sink)
    yield "polars.arrow", sink.getvalue()
    sink = io.BytesIO()
    frame.write_ipc_stream(sink)
    yield "polars.arrows", sink.getvalue()

    nested = pa.table({"list": pa.array([[1], [2, 3]]), "label": pa.array([0, 1])})
    yield "nested.arrow", file(nested)


def npy(array, version=None):
    sink = io.BytesIO()
    np.lib.format.write_array(sink, array, version=version, allow_pickle=False)
    return sink.getvalue()


def npz(compression=zipfile.ZIP_STORED, **arrays):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(name + ".npy"), npy(array), compression)
    return sink.getvalue()


def numpy_files():
    numbers = np.array([[1, 2, 0], [3, 5, 1], [7, 11, 0], [13, 17, 1]])
    for kind in ("|b1", "|i1", "|u1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<i8", ">i8", "<u8",
                 "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"):
        name = kind.replace("|", "").replace("<", "le_").replace(">", "be_")
        yield f"{name}.npy", npy(numbers.astype(kind))
    yield "fortran.npy", npy(np.asfortranarray(numbers.astype("<f8")))
    for version in ((1, 0), (2, 0), (3, 0)):
        yield f"version_{version[0]}.npy", npy(numbers.astype("<f4"), version)
    yield "text.npy", npy(np.array([["1.5", "a,b"], ["2.5", "Zürich"], ["0", "a,b"]]))
    yield "one.npy", npy(np.arange(4.0))
    yield "records.npy", npy(np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))
    images = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    classes = np.array([5, 3, 5, 4])
    yield "images.npz", npz(x_train=images, y_train=classes.astype(np.uint8),
                            x_test=images[:1], y_test=classes[:1])
    yield "compressed.npz", npz(zipfile.ZIP_DEFLATED, X=images.astype("<f4"), y=classes)
    yield "text.npz", npz(data=numbers.astype("<f8"), labels=np.array(["no", "yes", "no", "no"]))
    yield "numbers.npz", npz(X=numbers.astype("<f8"), y=np.array([0.5, 1.5, 2.0, 4.0]))
    lacking = numbers.astype("<f8")
    lacking[1, 1] = np.nan
    yield "missing.npz", npz(X=lacking, y=classes)
    yield "unnamed.npz", npz(arr_0=classes, arr_1=np.asfortranarray(numbers.astype(">i4")))
    yield "three.npz", npz(a=numbers, b=classes, c=classes)
    yield "table.npz", npz(anything=numbers.astype("<f4"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = pathlib.Path(__file__).parent.parent / "tests/data/formats"
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=default)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in [*arrow_files(), *numpy_files()]:
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
