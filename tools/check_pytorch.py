#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that PyTorch reads a model file as its own and computes the same outputs from it."""

import argparse
import csv
import json
import pathlib
import subprocess
import sys

NEEDED = "pip install torch safetensors numpy"
TOLERANCE = 1e-4
PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build/release/bin/colonnade"

try:
    import numpy as np
    import torch
    import torch_names
    from safetensors import safe_open
    from safetensors.torch import load_file
except ImportError as error:
    np, missing = None, error


def read_metadata(model):
    with safe_open(model, "pt") as file:
        metadata = file.metadata()
    return tuple(json.loads(metadata["colonnade." + key]) for key in ("network", "scaling", "schema"))


def load_network(model, network):
    modules = []
    for layer in network["layers"]:
        norm = layer.get("batch_norm", False)
        modules.append(torch.nn.Linear(layer["inputs"], layer["outputs"], bias=not norm))
        if norm:
            modules.append(torch.nn.BatchNorm1d(layer["outputs"]))
        modules.append(torch_names.activation(layer["activation"]))
    sequential = torch.nn.Sequential(*modules)
    sequential.load_state_dict(load_file(model))
    return sequential.eval()


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_features(data, schema):
    """The features as f32, examples × features. A header is a first line that is not all numbers."""
    with open(data, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = [row for row in csv.reader(file) if row]
    header = None if all(is_number(field) for field in rows[0]) else rows.pop(0)
    if len(rows[0]) == schema["features"] + 1:
        label = schema["label_index"]
        if header is not None and schema["label_name"] in header:
            label = header.index(schema["label_name"])
        for row in rows:
            del row[label]
    return np.array(rows, dtype=np.float32)


def pytorch_logits(model, data):
    network, scaling, schema = read_metadata(model)
    x = read_features(data, schema)
    x = (x - np.array(scaling["offset"], np.float32)) * np.array(scaling["scale"], np.float32)
    with torch.no_grad():
        return load_network(model, network)(torch.from_numpy(x)).numpy()


def colonnade_logits(program, model, data):
    command = [program, "predict", model, data, "--logits"]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    rows = list(csv.reader(result.stdout.splitlines()))
    return np.array(rows[1:], dtype=np.float32)  # the first line names the classes


def main():
    parser = argparse.ArgumentParser(
        description="Loads MODEL into a torch.nn.Sequential, computes its outputs for DATA with "
        "PyTorch and with `colonnade predict --logits`, and compares them.",
        epilog=f"Needs: {NEEDED}. Exit status: 0 the largest difference is at most {TOLERANCE:g}, "
        "1 it is not, or something failed.",
    )
    parser.add_argument("model", metavar="MODEL", help="model file")
    parser.add_argument("data", metavar="DATA.csv", help="examples, with or without labels")
    parser.add_argument("program", metavar="COLONNADE", nargs="?", default=str(PROGRAM),
                        help="path of the colonnade program (default: the release build)")
    arguments = parser.parse_args()
    if np is None:
        sys.exit(f"{missing}; needed are: {NEEDED}")

    expected = pytorch_logits(arguments.model, arguments.data)
    try:
        found = colonnade_logits(arguments.program, arguments.model, arguments.data)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
    if found.shape != expected.shape:
        sys.exit(f"shape of the outputs: found {found.shape}, expected {expected.shape}")
    difference = float(np.abs(found - expected).max())
    print(f"{found.shape[0]} examples × {found.shape[1]} classes: max |difference| {difference:.3g}")
    sys.exit(0 if difference <= TOLERANCE else 1)  # not a number: 1


if __name__ == "__main__":
    main()
