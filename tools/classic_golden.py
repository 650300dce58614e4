#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the reference results that tests compare the trainer with.

An implementation of its own, in NumPy and float64, straight from the formulas; it shares nothing
with the library. Columns are examples, m of them:

    Z_1 = W_1 X + b_1    A_1 = relu(Z_1)    …    Z_L = W_L A_(L-1) + b_L    A_L = softmax(Z_L)
    dZ_L = A_L - Y       dZ_l = W_(l+1)^T dZ_(l+1) * relu'(Z_l)
    dW_l = dZ_l A_(l-1)^T / m               db_l = row sums of dZ_l / m

Plain descent: w -= rate * g. Momentum: v = momentum * v + g, w -= rate * v, v starting at 0.

Two files, each with the tensors "inputs" (u8, examples × features), "labels" (u8), and
"start.N.weight", "start.N.bias", "end.N.weight", "end.N.bias" (f32; N counts as in a PyTorch
Sequential with activations in between: 0, 2, 4). The metadata's only entry, "case", describes the
case as JSON: one entry, because the package writes several in random order. Start values are
rounded to f32 before they are used.
"""

import argparse
import json
import pathlib
import sys

try:
    import numpy as np
    from safetensors.numpy import save
except ImportError as error:
    sys.exit(f"{error}; needed are: pip install numpy safetensors")


def sparse_bytes(rng, examples, features, density):
    """Bytes of which most are 0 and many of the others 255, as in scanned digits."""
    values = rng.integers(1, 256, size=(examples, features))
    values[rng.random((examples, features)) < 0.3] = 255
    values[rng.random((examples, features)) >= density] = 0
    return values.astype(np.uint8)


def uniform_start(rng, widths):
    return [
        (
            rng.uniform(-0.5, 0.5, size=(outputs, inputs)).astype(np.float32),
            rng.uniform(-0.5, 0.5, size=outputs).astype(np.float32),
        )
        for inputs, outputs in zip(widths, widths[1:])
    ]


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def forward(parameters, x):
    """The values before (zs) and after (activations, from the inputs on) each activation."""
    activations, zs = [x], []
    for i, (w, b) in enumerate(parameters):
        zs.append(w @ activations[-1] + b[:, None])
        last = i == len(parameters) - 1
        activations.append(softmax(zs[-1]) if last else np.maximum(zs[-1], 0))
    return zs, activations


def gradients(parameters, zs, activations, y):
    m = y.shape[1]
    dz = activations[-1] - y
    result = []
    for i in reversed(range(len(parameters))):
        result.append((dz @ activations[i].T / m, dz.sum(axis=1) / m))
        if i > 0:
            dz = parameters[i][0].T @ dz * (zs[i - 1] > 0)
    return result[::-1]


def train(start, inputs, labels, rate, momentum, iterations):
    """Returns the parameters at the end, and loss and accuracy before each update."""
    parameters = [(w.astype(np.float64), b.astype(np.float64)) for w, b in start]
    velocity = [(np.zeros_like(w), np.zeros_like(b)) for w, b in parameters]
    x = inputs.T.astype(np.float64) / 255
    y = np.eye(start[-1][1].size)[:, labels]
    losses, accuracies = [], []
    for _ in range(iterations):
        zs, activations = forward(parameters, x)
        output = activations[-1]
        losses.append(float(-np.log((output * y).sum(axis=0)).mean()))
        accuracies.append(float((output.argmax(axis=0) == labels).mean()))
        for i, gradient in enumerate(gradients(parameters, zs, activations, y)):
            velocity[i] = tuple(momentum * v + g for v, g in zip(velocity[i], gradient))
            parameters[i] = tuple(p - rate * v for p, v in zip(parameters[i], velocity[i]))
    return parameters, losses, accuracies


def write_case(file, *, seed, widths, examples, density, rate, momentum, iterations):
    rng = np.random.default_rng(seed)
    inputs = sparse_bytes(rng, examples, widths[0], density)
    # Every class occurs, and the labels depend on the inputs in no simple way.
    labels = rng.permutation(np.arange(examples) % widths[-1]).astype(np.uint8)
    start = uniform_start(rng, widths)
    end, losses, accuracies = train(start, inputs, labels, rate, momentum, iterations)

    tensors = {"inputs": inputs, "labels": labels}
    for name, parameters in (("start", start), ("end", end)):
        for i, (w, b) in enumerate(parameters):
            tensors[f"{name}.{2 * i}.weight"] = np.ascontiguousarray(w, dtype=np.float32)
            tensors[f"{name}.{2 * i}.bias"] = np.ascontiguousarray(b, dtype=np.float32)
    case = {
        "made_by": "tools/classic_golden.py",
        "widths": widths,
        "activation": "relu",
        "input_scale": "1/255",
        "learning_rate": rate,
        "momentum": momentum,
        "iterations": iterations,
        "losses": losses,
        "accuracies": accuracies,
    }
    file.write_bytes(save(tensors, metadata={"case": json.dumps(case)}))
    print(f"{file}: {file.stat().st_size} bytes, accuracy {accuracies[0]:.2f} at iteration 0")


def main():
    parser = argparse.ArgumentParser(
        description="Writes classic.safetensors and momentum.safetensors, the reference results of "
        "the trainer's tests. Needs: pip install numpy safetensors"
    )
    parser.add_argument(
        "folder",
        type=pathlib.Path,
        nargs="?",
        default=pathlib.Path(__file__).resolve().parent.parent / "tests" / "data",
        help="where to write them (default: tests/data)",
    )
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    write_case(
        folder / "classic.safetensors",
        seed=1,
        widths=[784, 10, 10],
        examples=100,
        density=0.19,
        rate=0.05,
        momentum=0.0,
        iterations=10,
    )
    write_case(
        folder / "momentum.safetensors",
        seed=2,
        widths=[20, 16, 8, 5],
        examples=32,
        density=0.5,
        rate=0.1,
        momentum=0.9,
        iterations=10,
    )


if __name__ == "__main__":
    main()
