#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times Colonnade beside its peers on the same data, and prints medians and ratios.

  python3 tools/compare_peers.py [--rounds N] [--epochs N] [TASK ...]

Tasks (default: all):
  small       an epoch of 784-128-10, batch 128
  large       an epoch of 784-1024-1024-10, batch 256
  classic     an iteration of the classic preset, against NumPy; of all 1000 iterations with what is
              prepared for them, where NumPy runs fewer and has its matrices ready
  csv         from the CSV files to 98.0 % on the test set, with 784-192-10
  latency     prediction of one example, 784-128-10, of MNIST and of inputs without zeros
  throughput  prediction of 10000 examples, 784-128-10

small, large, classic: every contestant gets all cores, float32 and its data preloaded, trains with
SGD, momentum 0.9, and reshuffles each epoch.

csv: Colonnade is timed as a whole process that also writes the model; PyTorch from the moment when
it is imported: pandas reads the files, told that all is uint8, and the network is trained with the
batch size, rate, momentum and cosine schedule of Colonnade's defaults, which suit both; the
accuracy is asked for from the third epoch on.

latency: one thread each, processor time of the thread, so that other programs disturb less; PyTorch
in inference mode, ONNX Runtime by its C++ interface where the build has found its header
(onnxruntime_cxx_api.h; cmake -DONNXRUNTIME_INCLUDE_DIR=DIR) and by Python with all memory bound
beforehand, scikit-learn's predict_proba. What ONNX Runtime takes for a graph that does next to
nothing is shown beside it. The peers get their inputs scaled, Colonnade raw ones.

throughput: the same on all cores, time by the clock.

In each round all take their turn, so that a machine whose speed drifts treats them alike; the first
round warms up, and the medians over the others are compared, and the best rounds, which a busy
machine distorts less. Who does not reach a sensible accuracy,
or predicts something else, does not count.

Needs numpy; scikit-learn, PyTorch, pandas, onnxruntime and onnx are used where they can be
imported. Expects MNIST in data/ (tools/mnist.sh) and a release build.
"""
import argparse
import itertools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import compare_prediction

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bin/colonnade"
DATA = ROOT / "data/mnist_train.csv"
TEST = ROOT / "data/mnist_test.csv"
THREADS = len(os.sched_getaffinity(0))
RATE, MOMENTUM = 0.05, 0.9


def load_data(np):
    cache = pathlib.Path(tempfile.gettempdir()) / "colonnade_compare_mnist.npy"
    if not cache.exists():
        with open(DATA) as file:
            file.readline()
            np.save(cache, np.loadtxt(file, delimiter=",", dtype=np.uint8))
    table = np.load(cache)
    return table[:, 1:].astype(np.float32) / np.float32(255), table[:, 0].astype(np.int64)


class Colonnade:
    """Runs the program; its own clock covers the training alone, as the peers' does."""

    name = "Colonnade"

    def __init__(self, *flags, epochs=None):
        self.flags = flags
        self.epochs = epochs  # or as many as are asked for

    def seconds(self, epochs):
        epochs = self.epochs or epochs
        with tempfile.TemporaryDirectory() as folder:
            command = [str(PROGRAM), "train", str(DATA), "--epochs", str(epochs), "--json", "-q",
                       "-o", f"{folder}/m.safetensors", *self.flags]
            result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        self.accuracy = result["train"]["accuracy"]
        return result["seconds"]["train"] / epochs


class ScikitLearn:
    name = "scikit-learn"

    def __init__(self, x, y, hidden, batch):
        self.x, self.y, self.hidden, self.batch = x, y, hidden, batch

    def seconds(self, epochs):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
        model = MLPClassifier(hidden_layer_sizes=self.hidden, batch_size=self.batch, solver="sgd",
                              learning_rate_init=RATE, momentum=MOMENTUM, nesterovs_momentum=False,
                              alpha=0, max_iter=epochs, tol=0, n_iter_no_change=10**6,
                              random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            begin = time.perf_counter()
            model.fit(self.x, self.y)
            elapsed = time.perf_counter() - begin
        self.accuracy = model.score(self.x[:10000], self.y[:10000])
        return elapsed / epochs


class PyTorch:
    def __init__(self, x, y, hidden, batch, compiled=False):
        import torch
        torch.set_num_threads(THREADS)
        self.torch, self.batch, self.hidden = torch, batch, hidden
        self.name = f"PyTorch {torch.__version__}" + (", compiled" if compiled else "")
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.compiled = compiled
        self.step = None

    def start(self):
        torch = self.torch
        widths = [self.x.shape[1], *self.hidden, 10]
        layers = []
        for inputs, outputs in zip(widths, widths[1:]):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        self.model = torch.nn.Sequential(*layers[:-1])
        optimizer = torch.optim.SGD(self.model.parameters(), lr=RATE, momentum=MOMENTUM)
        loss_of = torch.nn.functional.cross_entropy

        def forward(x, y):
            return loss_of(self.model(x), y)

        if self.compiled:
            forward = torch.compile(forward)

        def step(x, y):
            optimizer.zero_grad(set_to_none=True)
            forward(x, y).backward()
            optimizer.step()

        self.step = step

    def seconds(self, epochs):
        torch = self.torch
        if self.step is None:
            self.start()  # once: compilation is not what is timed
        begin = time.perf_counter()
        for _ in range(epochs):
            order = torch.randperm(len(self.x))
            for indices in order.split(self.batch):
                self.step(self.x[indices], self.y[indices])
        elapsed = time.perf_counter() - begin
        with torch.no_grad():
            hits = self.model(self.x[:10000]).argmax(1) == self.y[:10000]
        self.accuracy = hits.float().mean().item()
        return elapsed / epochs


class ColonnadeFromCsv:
    """The whole process, from the files to a written model."""

    name = "Colonnade"

    def seconds(self, _):
        with tempfile.TemporaryDirectory() as folder:
            command = [PROGRAM, "train", DATA, "--test", TEST, "--json", "-q", "-o",
                       f"{folder}/m.safetensors"]
            begin = time.perf_counter()
            output = subprocess.run(command, check=True, capture_output=True).stdout
            elapsed = time.perf_counter() - begin
        self.accuracy = json.loads(output)["test"]["accuracy"]
        return elapsed


class PyTorchFromCsv:
    HIDDEN, BATCH, RATE, EPOCHS = 192, 96, 0.15, 4  # the defaults of Colonnade

    def __init__(self, np, threads):
        import pandas
        import torch
        self.name = f"pandas, PyTorch {torch.__version__}, threads: {threads}"
        self.np, self.pandas, self.torch, self.threads, self.seed = np, pandas, torch, threads, 0

    def read(self, file):
        table = self.pandas.read_csv(file, dtype=self.np.uint8).to_numpy()
        x = self.torch.from_numpy(table[:, 1:].astype(self.np.float32))
        return x.div_(255), self.torch.from_numpy(table[:, 0].astype(self.np.int64))

    def seconds(self, _):
        torch = self.torch
        torch.set_num_threads(self.threads)
        self.seed += 1
        torch.manual_seed(self.seed)
        begin = time.perf_counter()
        x, y = self.read(DATA)
        test_x, test_y = self.read(TEST)
        model = torch.nn.Sequential(torch.nn.Linear(x.shape[1], self.HIDDEN), torch.nn.ReLU(),
                                    torch.nn.Linear(self.HIDDEN, 10))
        optimizer = torch.optim.SGD(model.parameters(), lr=self.RATE, momentum=MOMENTUM)
        steps = self.EPOCHS * math.ceil(len(x) / self.BATCH)
        # Beyond the schedule, should that ever be needed, at the rate of its last quarter.
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda s: (1 + math.cos(math.pi * s / steps)) / 2 if s < steps else 0.05)
        for epoch in itertools.count(1):
            for indices in torch.randperm(len(x)).split(self.BATCH):
                optimizer.zero_grad(set_to_none=True)
                torch.nn.functional.cross_entropy(model(x[indices]), y[indices]).backward()
                optimizer.step()
                schedule.step()
            if epoch >= 3:
                with torch.inference_mode():
                    hits = model(test_x).argmax(1) == test_y
                self.accuracy = hits.float().mean().item()
                if self.accuracy >= 0.98 or epoch == 3 * self.EPOCHS:
                    return time.perf_counter() - begin


class NumPyClassic:
    """The formulas of the classic preset as NumPy does them best: in float32 (float64 takes 1.3
    times as long), one example per column, or per row, which takes the same time."""

    name = "NumPy"

    def __init__(self, np, x, y):
        self.np, self.x = np, np.ascontiguousarray(x.T)
        self.onehot = np.eye(10, dtype=np.float32)[:, y]
        rng = np.random.default_rng(0)
        self.parameters = [rng.random(shape, dtype=np.float32) - np.float32(0.5)
                           for shape in ((10, 784), (10, 1), (10, 10), (10, 1))]

    def seconds(self, iterations):
        np, x, onehot, m = self.np, self.x, self.onehot, np_float(self.x.shape[1])
        begin = time.perf_counter()
        for _ in range(iterations):
            w1, b1, w2, b2 = self.parameters
            z1 = w1 @ x + b1
            a1 = np.maximum(z1, 0)
            z2 = w2 @ a1 + b2
            a2 = np.exp(z2 - z2.max(0))
            a2 /= a2.sum(0)
            dz2 = (a2 - onehot) / m
            dz1 = (w2.T @ dz2) * (z1 > 0)
            gradients = (dz1 @ x.T, dz1.sum(1, keepdims=True), dz2 @ a1.T,
                         dz2.sum(1, keepdims=True))
            self.parameters = [p - np_float(0.05) * g for p, g in zip(self.parameters, gradients)]
        elapsed = time.perf_counter() - begin
        self.accuracy = float((a2.argmax(0) == onehot.argmax(0)).mean())
        return elapsed / iterations


def np_float(value):
    import numpy
    return numpy.float32(value)


def csv_contestants(np):
    entries = [ColonnadeFromCsv()]
    begin = time.perf_counter()
    try:
        # Steps as small as these may run faster without a second thread.
        entries += [PyTorchFromCsv(np, threads) for threads in sorted({1, THREADS})]
        print(f"(importing pandas and PyTorch took {time.perf_counter() - begin:.1f} s, which does "
              "not count)", file=sys.stderr)
    except ImportError as error:
        print(f"(PyTorch left out: {error})", file=sys.stderr)
    return entries


def contestants(task, np, x, y):
    if task == "csv":
        return csv_contestants(np), 0.98
    if task == "classic":
        return [Colonnade("--preset", "classic", epochs=1000), NumPyClassic(np, x, y)], 0.0
    hidden, batch = {"small": ((128,), 128), "large": ((1024, 1024), 256)}[task]
    entries = [
        Colonnade("--hidden", ",".join(map(str, hidden)), "--batch-size", str(batch), "--optimizer",
                  "momentum", "--lr", str(RATE), "--momentum", str(MOMENTUM), "--schedule",
                  "constant"),
        ScikitLearn(x, y, hidden, batch)
    ]
    try:
        entries.append(PyTorch(x, y, hidden, batch))
        entries.append(PyTorch(x, y, hidden, batch, compiled=True))
    except ImportError:
        print("(PyTorch cannot be imported: left out)", file=sys.stderr)
    return entries, 0.9


def compare(task, entries, least_accuracy, rounds, epochs):
    times = {entry.name: [] for entry in entries}
    for turn in range(rounds + 1):
        for entry in list(entries):
            try:
                seconds = entry.seconds(epochs)
            except Exception as error:  # a peer that does not work here is left out, and said so
                print(f"({entry.name} left out: {str(error).splitlines()[0]})", file=sys.stderr)
                entries.remove(entry)
                continue
            if entry.accuracy < least_accuracy:
                sys.exit(f"{entry.name} reached an accuracy of {entry.accuracy}: not comparable")
            if turn > 0:  # the first turn warms up
                times[entry.name].append(seconds)
    print_table(f"{task}: {rounds} rounds of {epochs}, {THREADS} threads",
                {entry.name: times[entry.name] for entry in entries})


def print_table(title, times, unit="s", factor=1):
    ours = times["Colonnade"]
    print(f"\n{title}")
    print(f"{'':38} {'median ' + unit:>9} {'min':>9} {'max':>9}  times Colonnade (min)")
    for name, t in times.items():
        median = statistics.median(t)
        print(f"{name:38} {median * factor:9.4g} {min(t) * factor:9.4g} {max(t) * factor:9.4g}  "
              f"{median / statistics.median(ours):.2f} ({min(t) / min(ours):.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", metavar="TASK",
                        help="small, large, classic, csv, latency or throughput (default: all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=2,
                        help="epochs (or ten times as many iterations) per turn")
    options = parser.parse_args()
    known = ("small", "large", "classic", "csv", "latency", "throughput")
    for task in options.tasks:
        if task not in known:
            parser.error(f"unknown task {task}; known: {', '.join(known)}")
    for file in (PROGRAM, DATA, TEST):
        if not file.exists():
            sys.exit(f"{file} is missing: run tools/quickstart.sh first")
    import numpy as np
    x, y = load_data(np)
    raw = np.rint(x[:compare_prediction.BATCH] * np.float32(255))
    for task in options.tasks or known:
        if task == "latency":
            for title, times in compare_prediction.latency(np, raw, options.rounds):
                print_table(title, times, "µs", 1e6)
        elif task == "throughput":
            for title, times in compare_prediction.throughput(np, raw, options.rounds, THREADS):
                print_table(title, times, "ms", 1e3)
        else:
            entries, least = contestants(task, np, x, y)
            repeats = {"classic": 10 * options.epochs, "csv": 1}.get(task, options.epochs)
            compare(task, entries, least, options.rounds, repeats)


if __name__ == "__main__":
    main()
