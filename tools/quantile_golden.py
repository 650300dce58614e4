#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/quantiles.safetensors: what scikit-learn's QuantileTransformer makes of
columns with ties, gaps, heavy tails and offsets, of few examples and of more than 1000."""

import argparse
import json
import pathlib

try:
    import numpy as np
    from safetensors.numpy import save
    from sklearn.preprocessing import QuantileTransformer
except ImportError as error:
    raise SystemExit(f"{error}; needed are: pip install scikit-learn safetensors numpy")

COLUMNS = ("normal", "lognormal", "counts", "shared ends", "two values", "offset", "cauchy")


def examples(rng, count):
    """f32, as the library has them."""
    columns = (rng.normal(size=count), np.exp(2 * rng.normal(size=count)),
               rng.poisson(3, count), np.clip(rng.normal(size=count), -0.5, 1),
               rng.integers(0, 2, count), 100 + rng.normal(size=count),
               rng.standard_cauchy(count))
    return np.stack(columns, axis=1).astype(np.float32)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "tests/data/quantiles.safetensors"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=default)
    file = parser.parse_args().file
    rng = np.random.default_rng(1)
    tensors = {}
    for name, count in (("few", 57), ("many", 1503)):
        fitted = examples(rng, count)
        transformer = QuantileTransformer(n_quantiles=min(count, 1000), subsample=None,
                                          output_distribution="normal").fit(fitted.astype(float))
        # As f32, in which those that should be the same are: in f64 some are off by 1e-16, and
        # values that many share get the middle of fewer ranks.
        transformer.quantiles_ = transformer.quantiles_.astype(np.float32).astype(float)
        # Of the data themselves and of others, which may lie beyond and between them. scikit-learn
        # counts what is within 1e-7 of the ends as the ends; here nothing is.
        asked = np.concatenate([fitted[:40], examples(rng, 40), 1.5 * examples(rng, 40)])
        tensors[f"{name}.fitted"] = fitted
        tensors[f"{name}.asked"] = asked
        tensors[f"{name}.scores"] = transformer.transform(asked.astype(float))
    file.write_bytes(save(tensors, metadata={"case": json.dumps({"columns": COLUMNS})}))
    print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
