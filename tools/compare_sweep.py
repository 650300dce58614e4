#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times a sweep over small networks on MNIST: side by side, one after the other, and scikit-learn.

  tools/compare_sweep.py [--rounds N] [--epochs N]

Eight configurations, 784-H-10 with H of 32 and 64 and four learning rates, batch 128, SGD with
momentum 0.9, trained on 90 % of the examples and validated on the others once:

  side by side         colonnade sweep, one model per core
  one after the other  colonnade sweep --at-once 1, each model on all cores
  scikit-learn         GridSearchCV(n_jobs=cores) over MLPClassifier, on float32 values in memory; it
                       has no cosine schedule, and its rate is constant

Colonnade is timed as a whole process, reading the CSV file included, scikit-learn's fit() alone. In
each round all take their turn; the first round warms up, then medians and best rounds are compared.
Needs numpy and scikit-learn, MNIST in data/ (tools/mnist.sh) and a release build.
"""
import argparse
import json
import statistics
import subprocess
import time
import warnings

from compare_peers import DATA, PROGRAM, THREADS, load_data

RATES = [0.02, 0.05, 0.1, 0.15]
WIDTHS = [32, 64]


def colonnade(epochs, *flags):
    command = [PROGRAM, "sweep", DATA, "-q", "--json", "--epochs", str(epochs), "--batch-size",
               "128", "--validation", "0.1", "--threads", str(THREADS),
               "--grid", "lr=" + ",".join(map(str, RATES)),
               "--grid", "hidden=" + ",".join(map(str, WIDTHS)), *flags]
    begin = time.perf_counter()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - begin
    return seconds, json.loads(out)["configurations"][0]["accuracy"]["mean"]


def scikit_learn(x, y, epochs):
    from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit
    from sklearn.neural_network import MLPClassifier
    network = MLPClassifier(solver="sgd", momentum=0.9, nesterovs_momentum=False, batch_size=128,
                            alpha=0, max_iter=epochs, tol=0, random_state=0)
    search = GridSearchCV(network, {"hidden_layer_sizes": WIDTHS, "learning_rate_init": RATES},
                          cv=StratifiedShuffleSplit(1, test_size=0.1, random_state=0),
                          n_jobs=THREADS, refit=False)
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of not converging in so few epochs
        search.fit(x, y)
    return time.perf_counter() - begin, max(search.cv_results_["mean_test_score"])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    import numpy as np
    import os
    os.environ["PYTHONWARNINGS"] = "ignore"  # of scikit-learn's own processes
    x, y = load_data(np)
    contestants = {
        "side by side": lambda: colonnade(arguments.epochs),
        "one after the other": lambda: colonnade(arguments.epochs, "--at-once", "1"),
        "scikit-learn": lambda: scikit_learn(x, y, arguments.epochs),
    }
    seconds = {name: [] for name in contestants}
    accuracy = {}
    for i in range(arguments.rounds + 1):
        for name, run in contestants.items():
            elapsed, accuracy[name] = run()
            if i > 0:
                seconds[name].append(elapsed)
    first = seconds["side by side"]
    print(f"{len(RATES) * len(WIDTHS)} models, {arguments.epochs} epochs, {THREADS} cores, "
          f"{arguments.rounds} rounds")
    for name, values in seconds.items():
        ratio = statistics.median(values) / statistics.median(first)
        print(f"{name:<20} median {statistics.median(values):7.2f} s  best {min(values):7.2f} s  "
              f"{ratio:6.2f} x  best accuracy {accuracy[name]:.4f}")


if __name__ == "__main__":
    main()
