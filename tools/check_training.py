#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that training gives what PyTorch gives: same start, same batches, 50 steps."""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torch_names
    from optimizer_golden import coslog, flat_cosine
    from safetensors.torch import load_file, save
except ImportError as error:
    raise SystemExit(f"{error}; needed are: pip install torch schedulefree lion-pytorch safetensors numpy")

TOLERANCE = 1e-4
ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bin/colonnade"
FEATURES, HIDDEN, CLASSES = 20, [24, 16], 5
EXAMPLES, BATCH, EPOCHS, SEED = 320, 32, 5, 7
OUTPUTS = 32  # examples of which the golden file has what the trained network gives

# The flags of `colonnade train`; those not given have its defaults. Every schedule occurs.
CASES = {
    "sgd": dict(optimizer="sgd", lr=0.2),
    "momentum": dict(optimizer="momentum", lr=0.05),
    "nesterov": dict(optimizer="nesterov", lr=0.05, schedule="exponential"),
    "adam": dict(optimizer="adam", lr=0.004, schedule="onecycle"),
    "adamw": dict(optimizer="adamw", lr=0.004, warmup=5),
    "rmsprop": dict(optimizer="rmsprop", lr=0.002, schedule="constant"),
    "momentum_decay": dict(optimizer="momentum", lr=0.05, weight_decay=0.01, schedule="step"),
    "adam_decay": dict(optimizer="adam", lr=0.004, weight_decay=0.01),
    "rmsprop_decay": dict(optimizer="rmsprop", lr=0.002, weight_decay=0.01),
    "clipped": dict(optimizer="momentum", lr=0.1, clip_norm=0.3),
    "accumulated": dict(optimizer="adam", lr=0.004, batch_size=16, accumulate=2),
}
# Every loss and activation.
CASES |= {
    "smoothed": dict(optimizer="momentum", lr=0.05, label_smoothing=0.1),
    "class_weights": dict(optimizer="momentum", lr=0.05, class_weight=[1, 0.5, 2, 0, 3]),
    "weights": dict(optimizer="momentum", lr=0.05, weights=True),
    "bce": dict(optimizer="momentum", lr=0.05, loss="bce"),
    "bce_weights": dict(optimizer="momentum", lr=0.05, loss="bce", weights=True),
    "squared": dict(optimizer="momentum", lr=0.01, loss="squared"),
    "huber": dict(optimizer="momentum", lr=0.02, loss="huber", huber_delta=0.5, weights=True),
    "quantile": dict(optimizer="momentum", lr=0.05, loss="quantile", quantiles=[0.1, 0.5, 0.9],
                     weights=True),
}
CASES |= {name.replace("-", "_"): dict(optimizer="momentum", lr=0.01, loss=name)
          for name in torch_names.losses_for_numbers() if name not in CASES}
CASES |= {name.replace("-", "_"): dict(optimizer="momentum", lr=0.5 if name == "sigmoid" else 0.05,
                                           activation=name)
          for name in torch_names.activations() if name != "relu"}
# Every other schedule, and what averages.
CASES |= {
    "coslog": dict(optimizer="momentum", lr=0.05, schedule="coslog"),
    "flat_cosine": dict(optimizer="momentum", lr=0.05, schedule="flat-cosine"),
    "schedule_free": dict(optimizer="schedule-free", lr=0.01, warmup=5, weight_decay=0.01),
    "ema": dict(optimizer="adam", lr=0.004, ema=0.9),
    "ema_batch_norm": dict(optimizer="momentum", lr=0.05, ema=0.9, batch_norm="on,off"),
}
# Batch normalisation of both hidden layers, or of one.
CASES |= {
    "batch_norm": dict(optimizer="momentum", lr=0.05, batch_norm="on"),
    "batch_norm_adamw": dict(optimizer="adamw", lr=0.004, batch_norm="on,off", clip_norm=0.5),
    "batch_norm_accumulated": dict(optimizer="rmsprop", lr=0.002, batch_norm="off,on",
                                   batch_size=16, accumulate=2, weight_decay=0.01),
}


def philox(counter, key):
    """Philox 4x32-10: Salmon et al., SC 2011."""
    c, k, mask = list(counter), list(key), 0xFFFFFFFF
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & mask, (a >> 32) ^ c[3] ^ k[1], a & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def shuffled(size, seed, epoch):
    """The order of the examples in an epoch: engine/runtime/random.cc, stream 3."""
    order = list(range(size))
    for draw, i in enumerate(range(size, 1, -1)):
        block = philox((draw // 2, 0, 3, epoch), (seed, 0))
        bits = block[draw % 2 * 2] << 32 | block[draw % 2 * 2 + 1]
        other = bits * i >> 64
        order[i - 1], order[other] = order[other], order[i - 1]
    return order


def make_data():
    """Inputs, class labels, numbers to predict, and weights of the examples."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((EXAMPLES, FEATURES)).astype(np.float32)
    scores = np.tanh(x @ rng.standard_normal((FEATURES, CLASSES)))
    y = (scores + 0.5 * rng.standard_normal(scores.shape)).argmax(axis=1)
    t = (scores.sum(axis=1) + 0.5 * rng.standard_normal(EXAMPLES)).astype(np.float32)
    return x, y, t, rng.integers(0, 5, EXAMPLES).astype(np.float32) / 2


def labels_of(case, data):
    """With bce, whether the class is 2 or above."""
    _, y, t, _ = data
    loss = case.get("loss", "cross-entropy")
    return {"cross-entropy": y, "bce": (y >= 2).astype(y.dtype), "poisson": counts_of(t)}.get(loss, t)


def counts_of(t):
    return np.abs(np.round(t))


def outputs_of(case):
    return len(case.get("quantiles", [0])) if "loss" in case else CLASSES


def make_start(outputs):
    rng = np.random.default_rng(2)
    widths = [FEATURES, *HIDDEN, outputs]
    start = {}
    for l, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        bound = 1 / math.sqrt(inputs)
        for name, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            values = rng.uniform(-bound, bound, shape).astype(np.float32)
            start[f"{2 * l}.{name}"] = torch.from_numpy(values)
    return start


def batch_norms(case):
    """Whether each layer has batch normalisation."""
    flags = case.get("batch_norm", "off").split(",")
    return [flag == "on" for flag in (flags if len(flags) > 1 else flags * len(HIDDEN))] + [False]


def with_batch_norms(start, case):
    """The start of a network without, for one whose layers' biases are those of BatchNorm1d."""
    result = {}
    module = 0
    for l, norm in enumerate(batch_norms(case)):
        bias = start[f"{2 * l}.bias"]
        result[f"{module}.weight"] = start[f"{2 * l}.weight"]
        if norm:
            module += 1
            result |= {f"{module}.weight": torch.ones_like(bias),
                       f"{module}.running_mean": torch.zeros_like(bias),
                       f"{module}.running_var": torch.ones_like(bias)}
        result[f"{module}.bias"] = bias
        module += 2
    return result


def make_scheduler(optimizer, case, steps):
    schedulers = torch.optim.lr_scheduler
    decay_steps = steps // EPOCHS * ((EPOCHS + 2) // 3)
    warmup = case.get("warmup", 0)
    kinds = {
        "constant": lambda n: schedulers.ConstantLR(optimizer, 1),
        "step": lambda n: schedulers.StepLR(optimizer, decay_steps, 0.1),
        "exponential": lambda n: schedulers.ExponentialLR(optimizer, 0.1 ** (1 / decay_steps)),
        "cosine": lambda n: schedulers.CosineAnnealingLR(optimizer, n),
        "onecycle": lambda n: schedulers.OneCycleLR(optimizer, case["lr"], n,
                                                    cycle_momentum=False),
        "coslog": lambda n: schedulers.LambdaLR(optimizer, lambda s: coslog(s / n)),
        "flat-cosine": lambda n: schedulers.LambdaLR(optimizer, lambda s: flat_cosine(s / n)),
    }
    usual = "constant" if case["optimizer"] == "schedule-free" else "cosine"
    after = kinds[case.get("schedule", usual)](steps - warmup)
    if warmup == 0:
        return after
    before = schedulers.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
    return schedulers.SequentialLR(optimizer, [before, after], [warmup])


def loss_of(case, outputs, labels, weights):
    """The mean over the examples, as they are weighted."""
    functional = torch.nn.functional
    if "loss" not in case:
        class_weight = torch.tensor(case["class_weight"]).float() if "class_weight" in case else None
        each = functional.cross_entropy(outputs, labels, weight=class_weight, reduction="none",
                                        label_smoothing=case.get("label_smoothing", 0.0))
        counts = weights if class_weight is None else weights * class_weight[labels]
    elif "quantiles" in case:
        levels = torch.tensor(case["quantiles"])
        residuals = labels.float()[:, None] - outputs
        each = torch.where(residuals < 0, (levels - 1) * residuals, levels * residuals).mean(1)
        counts = weights
    else:
        options = {"delta": case["huber_delta"]} if "huber_delta" in case else {}
        each = torch_names.loss(case["loss"])(outputs[:, 0], labels.float(), reduction="none",
                                              **options)
        counts = weights
    return (each * weights).sum() / counts.sum()


def train_in_pytorch(data, start, case):
    widths = [FEATURES, *HIDDEN, outputs_of(case)]
    modules = []
    for inputs, outputs, norm in zip(widths, widths[1:], batch_norms(case)):
        modules.append(torch.nn.Linear(inputs, outputs, bias=not norm))
        if norm:
            modules.append(torch.nn.BatchNorm1d(outputs))
        modules.append(torch_names.activation(case.get("activation", "relu")))
    network = torch.nn.Sequential(*modules[:-1])
    network.load_state_dict(start)
    optimizer = torch_names.optimizer(case["optimizer"], list(network.parameters()), case["lr"],
                                      case)
    batch, accumulate = case.get("batch_size", BATCH), case.get("accumulate", 1)
    steps = EPOCHS * EXAMPLES // (batch * accumulate)
    scheduler = make_scheduler(optimizer, case, steps)
    x, y = torch.from_numpy(data[0]), torch.from_numpy(labels_of(case, data))
    weights = torch.from_numpy(data[3]) if "weights" in case else torch.ones(EXAMPLES)
    done = 0
    history = []
    for epoch in range(EPOCHS):
        order = shuffled(EXAMPLES, SEED, epoch)
        for begin in range(0, EXAMPLES, batch * accumulate):
            optimizer.zero_grad()
            for first in range(begin, begin + batch * accumulate, batch):
                rows = order[first:first + batch]
                loss = loss_of(case, network(x[rows]), y[rows], weights[rows])
                (loss / accumulate).backward()
            if "clip_norm" in case:
                torch.nn.utils.clip_grad_norm_(network.parameters(), case["clip_norm"])
            optimizer.step()
            history.append({name: p.clone() for name, p in network.state_dict().items()})
            done += 1
            if done < steps:
                scheduler.step()
    assert done == 50
    if "ema" in case:
        network.load_state_dict({name: torch_names.averaged([state[name] for state in history],
                                                            case["ema"]) for name in history[0]})
    if hasattr(optimizer, "eval"):
        optimizer.eval()
    end = {name: p.detach().contiguous() for name, p in network.state_dict().items()
           if not name.endswith("num_batches_tracked")}
    with torch.no_grad():
        return end, network.eval()(x)


def train_in_colonnade(program, folder, data, case, epochs=EPOCHS):
    model = folder / "model.safetensors"
    with open(folder / "data.csv", "w", encoding="ascii") as file:
        for label, weight, row in zip(labels_of(case, data), data[3], data[0]):
            file.write(",".join(f"{v:.9g}" for v in (label, weight, *row)) + "\n")
    # What would follow the data, as it is in PyTorch.
    flags = {"batch_size": BATCH, "dropout": 0, "embed": "none", "validation": 0, **case}
    flags["weight_column" if flags.pop("weights", False) else "ignore_columns"] = 1
    if flags.get("loss") in torch_names.losses_for_numbers():
        flags |= {"task": "regress", "target_scale": "none"}
    if "class_weight" in flags:
        file = folder / "class_weights.csv"
        file.write_text("".join(f"{k},{w}\n" for k, w in enumerate(flags["class_weight"])))
        flags["class_weight"] = file
    if "quantiles" in flags:
        flags["quantiles"] = ",".join(map(str, flags["quantiles"]))
    command = [program, "train", str(folder / "data.csv"), "-q", "-o", str(model),
               "--label-column", "0",
               "--hidden", ",".join(map(str, HIDDEN)), "--scale", "none", "--init", "uniform",
               "--epochs", str(epochs), "--seed", str(SEED)]
    for flag, value in flags.items():
        command += ["--" + flag.replace("_", "-"), str(value)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return load_file(model)


def difference(found, expected):
    """The largest over the tensors of |found − expected| over |expected|, Euclidean and largest."""
    worst = 0.0
    for name, values in expected.items():
        apart = found[name].double() - values.double()
        for norm in (2, math.inf):
            worst = max(worst, float(torch.linalg.vector_norm(apart, norm) /
                                     torch.linalg.vector_norm(values.double(), norm)))
    return worst


def compare(program, data):
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        # So small a rate moves no float: the parameters that training starts from.
        still = dict(optimizer="sgd", lr=1e-30)
        starts = {outputs_of(case): train_in_colonnade(program, folder, data, case | still, epochs=1)
                  for case in ({}, dict(loss="bce"), CASES["quantile"])}
        others = {name: dict(optimizer=name, lr=0.004) for name in torch_names.optimizers()}
        for case_name, case in (others | CASES).items():
            start = with_batch_norms(starts[outputs_of(case)], case)
            found = train_in_colonnade(program, folder, data, case)
            expected, _ = train_in_pytorch(data, start, case)
            apart = difference(found, expected)
            print(f"{case_name:22} after 50 steps: {apart:.2g} apart, "
                  f"{difference(start, expected):.2g} from the start")
            good = good and apart <= TOLERANCE
    return good


def write_golden(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    x, y, t, weights = map(torch.from_numpy, data)
    tensors = {"x": x, "y": y.to(torch.uint8), "t": t, "counts": torch.from_numpy(counts_of(data[2])),
               "weights": weights}
    starts = {outputs: make_start(outputs) for outputs in map(outputs_of, CASES.values())}
    for outputs, start in starts.items():
        tensors |= {f"start{outputs}.{name}": values for name, values in start.items()}
    for case_name, case in CASES.items():
        start = with_batch_norms(starts[outputs_of(case)], case)
        end, outputs = train_in_pytorch(data, start, case)
        tensors |= {f"{case_name}.{name}": values for name, values in end.items()}
        if any(batch_norms(case)):
            tensors[f"{case_name}.outputs"] = outputs[:OUTPUTS].contiguous()
    meta = {"made_by": "tools/check_training.py", "torch": torch.__version__, "hidden": HIDDEN,
            "batch_size": BATCH, "epochs": EPOCHS, "seed": SEED, "cases": CASES}
    file = folder / "training.safetensors"
    file.write_bytes(save(tensors, metadata={"case": json.dumps(meta)}))
    print(f"{file}: {file.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(
        description="Trains the same network with PyTorch and with `colonnade train`, from the same "
        "start, on the same batches, 50 steps with every optimizer, schedule, loss "
        "and activation, and compares the parameters.",
        epilog="Needs: pip install torch schedulefree lion-pytorch safetensors numpy. Exit status: 0 each tensor is within "
        f"{TOLERANCE:g} of PyTorch's, relative to it; 1 one is not, or something failed.",
    )
    parser.add_argument("program", metavar="COLONNADE", nargs="?", default=str(PROGRAM),
                        help="path of the colonnade program (default: the release build)")
    parser.add_argument("--golden", metavar="FOLDER", type=pathlib.Path,
                        help="write what PyTorch gives to FOLDER/training.safetensors instead "
                        "(tests/data has it)")
    arguments = parser.parse_args()
    data = make_data()
    if arguments.golden is not None:
        write_golden(arguments.golden, data)
        return
    try:
        sys.exit(0 if compare(arguments.program, data) else 1)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
