#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the models of the defaults with those of other tools on tables.

  tools/compare_models.py [--splits N] [TABLE:LABEL[:IGNORED,…] …]

Of each table the label is named and nothing else is said: without arguments, of those in
tests/data/tables. In each of N splits (default 5; four fifths to train on, a fifth to test on, each
class or the numbers at random by the split's number) all contestants take their turn:

  colonnade    colonnade train, flags given: none
  lightgbm     LGBMClassifier and LGBMRegressor, text as categories
  early MLP    MLPClassifier and MLPRegressor, early_stopping=True, behind means for missing values,
               StandardScaler and OneHotEncoder, targets standardised
  linear       LogisticRegression and Ridge behind the same

all on one thread. It prints, for every table, accuracy and log loss, or R² and RMSE over the
standard deviation, then mean ranks and the calibration error (15 bins), and the median seconds of
training: of colonnade those of the whole process, reading and writing included; of the others those
of fit(). Needs numpy, pandas, scikit-learn and lightgbm, and a release build.
"""
import argparse
import collections
import pathlib
import statistics
import subprocess
import tempfile
import time
import warnings

import lightgbm
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bin/colonnade"
TABLES = ["penguins:species", "glass:type", "pima:cls", "titanic:survived:name", "diabetes:target",
          "hitters:Salary"]


class Table:
    def __init__(self, text):
        name, self.label, *rest = text.split(":")
        path = pathlib.Path(name)
        if not path.exists():
            path = ROOT / f"tests/data/tables/{name}.csv"
        self.name = path.stem
        self.ignored = rest[0].split(",") if rest else []
        self.frame = pd.read_csv(path, low_memory=False)
        label = self.frame[self.label]
        self.numbers = pd.api.types.is_numeric_dtype(label) and label.nunique() > 20
        if not self.numbers:
            self.frame[self.label] = label.astype(str)

    def split(self, number):
        stratify = None if self.numbers else self.frame[self.label]
        return train_test_split(self.frame, test_size=0.2, random_state=number, stratify=stratify)

    # Features as the other tools take them, and which of them are text.
    def features(self, frame):
        x = frame.drop(columns=[self.label, *self.ignored]).copy()
        text = [c for c in x if not pd.api.types.is_numeric_dtype(x[c])]
        for c in x:
            x[c] = x[c].fillna("missing").astype(str) if c in text else x[c].astype(float)
        return x, text


def run_colonnade(table, train, test):
    with tempfile.TemporaryDirectory() as folder:
        train.to_csv(f"{folder}/train.csv", index=False)
        test.to_csv(f"{folder}/test.csv", index=False)
        flags = ["--label-column", table.label, "--threads", "1", "-q",
                 "--task", "regress" if table.numbers else "classify"]
        if table.ignored:
            flags += ["--ignore-columns", ",".join(table.ignored)]
        begin = time.perf_counter()
        subprocess.run([PROGRAM, "train", f"{folder}/train.csv", "-o", f"{folder}/model", *flags],
                       check=True)
        seconds = time.perf_counter() - begin
        subprocess.run([PROGRAM, "predict", f"{folder}/model", f"{folder}/test.csv", "-q", "-o",
                        f"{folder}/out.csv"] + ([] if table.numbers else ["--proba"]), check=True)
        out = pd.read_csv(f"{folder}/out.csv")
    if table.numbers:
        return out.iloc[:, -1].to_numpy(), None, seconds
    return out.to_numpy(), [c.removeprefix("probability_") for c in out.columns], seconds


def run_lightgbm(table, train, test):
    (x, text), (z, _) = table.features(train), table.features(test)
    for c in text:
        x[c] = x[c].astype("category")
        z[c] = pd.Categorical(z[c], categories=x[c].cat.categories)
    x.columns = z.columns = [f"c{i}" for i in range(x.shape[1])]
    kind = lightgbm.LGBMRegressor if table.numbers else lightgbm.LGBMClassifier
    return fit(table, kind(n_jobs=1, verbose=-1, random_state=0), x, train[table.label], z)


def run_scikit(classifier, regressor):
    def run(table, train, test):
        (x, text), (z, _) = table.features(train), table.features(test)
        numbers = [c for c in x if c not in text]
        ready = ColumnTransformer([
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("text", OneHotEncoder(handle_unknown="ignore"), text)], sparse_threshold=0)
        model = (TransformedTargetRegressor(regressor(), transformer=StandardScaler())
                 if table.numbers else classifier())
        return fit(table, make_pipeline(ready, model), x, train[table.label], z)
    return run


def fit(table, model, x, y, z):
    begin = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - begin
    if table.numbers:
        return model.predict(z), None, seconds
    return model.predict_proba(z), [str(c) for c in model.classes_], seconds


CONTESTANTS = {
    "colonnade": run_colonnade,
    "lightgbm": run_lightgbm,
    "early MLP": run_scikit(lambda: MLPClassifier(early_stopping=True, random_state=0),
                            lambda: MLPRegressor(early_stopping=True, random_state=0)),
    "linear": run_scikit(lambda: LogisticRegression(max_iter=1000), Ridge),
}


# What is reported of predictions: two figures, the first the higher the better, the second the
# lower, and of classes the calibration error.
def measure(table, truth, predictions, classes):
    if table.numbers:
        error = np.sqrt(np.mean((predictions - truth) ** 2))
        return r2_score(truth, predictions), error / np.std(truth), None
    p = np.clip(predictions, 1e-7, 1)
    p /= p.sum(axis=1, keepdims=True)
    order = np.argsort(classes)  # as log_loss has them
    p, classes = p[:, order], np.array(classes)[order]
    hit, sure = classes[p.argmax(axis=1)] == truth, p.max(axis=1)
    bins = np.minimum((sure * 15).astype(int), 14)
    calibration = sum(abs(hit[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
                      for b in set(bins))
    return hit.mean(), log_loss(truth, p, labels=classes), calibration


def ranks(values):
    return pd.Series(values).rank().to_dict()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("tables", nargs="*", default=TABLES)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    by_first, by_second = collections.defaultdict(list), collections.defaultdict(list)
    calibration, seconds = collections.defaultdict(list), collections.defaultdict(list)
    for table in map(Table, arguments.tables):
        figures = collections.defaultdict(list)
        times = collections.defaultdict(list)
        for number in range(arguments.splits):
            train, test = table.split(number)
            for name, run in CONTESTANTS.items():
                predictions, classes, took = run(table, train, test)
                first, second, error = measure(table, test[table.label].to_numpy(), predictions,
                                               classes)
                figures[name].append((first, second))
                times[name].append(took)
                if error is not None:
                    calibration[name].append(error)
        means = {name: np.mean(f, axis=0) for name, f in figures.items()}
        print(f"{table.name:12}", "   ".join(f"{name} {first:.4f} {second:.4f}"
                                             for name, (first, second) in means.items()), flush=True)
        for name, rank in ranks({n: -m[0] for n, m in means.items()}).items():
            by_first[name].append(rank)
        for name, rank in ranks({n: m[1] for n, m in means.items()}).items():
            by_second[name].append(rank)
        for name, took in times.items():
            seconds[name].append(statistics.median(took))
    print(f"\n{'':12} rank by accuracy, R2   by loss   calibration error   seconds (geometric mean)")
    for name in CONTESTANTS:
        print(f"{name:12} {np.mean(by_first[name]):20.2f} {np.mean(by_second[name]):9.2f}"
              f" {np.mean(calibration[name] or [np.nan]):19.3f}"
              f" {statistics.geometric_mean(seconds[name]):26.3f}")


if __name__ == "__main__":
    main()
