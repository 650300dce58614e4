#!/usr/bin/env python3
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
    from safetensors.torch import load_file, save
except ImportError as error:
    raise SystemExit(f"{error}; needed are: pip install torch safetensors numpy")

TOLERANCE = 1e-4
ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/bin/colonnade"
FEATURES, HIDDEN, CLASSES = 20, [24, 16], 5
EXAMPLES, BATCH, EPOCHS, SEED = 320, 32, 5, 7

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
    rng = np.random.default_rng(1)
    x = rng.standard_normal((EXAMPLES, FEATURES)).astype(np.float32)
    scores = np.tanh(x @ rng.standard_normal((FEATURES, CLASSES)))
    return x, (scores + 0.5 * rng.standard_normal(scores.shape)).argmax(axis=1)


def make_start():
    rng = np.random.default_rng(2)
    widths = [FEATURES, *HIDDEN, CLASSES]
    start = {}
    for l, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        bound = 1 / math.sqrt(inputs)
        for name, shape in (("weight", (outputs, inputs)), ("bias", (outputs,))):
            values = rng.uniform(-bound, bound, shape).astype(np.float32)
            start[f"{2 * l}.{name}"] = torch.from_numpy(values)
    return start


def make_optimizer(parameters, case):
    lr, decay = case["lr"], case.get("weight_decay", 0)
    kinds = {
        "sgd": lambda: torch.optim.SGD(parameters, lr, weight_decay=decay),
        "momentum": lambda: torch.optim.SGD(parameters, lr, 0.9, weight_decay=decay),
        "nesterov": lambda: torch.optim.SGD(parameters, lr, 0.9, weight_decay=decay,
                                            nesterov=True),
        "adam": lambda: torch.optim.Adam(parameters, lr, weight_decay=decay),
        "adamw": lambda: torch.optim.AdamW(parameters, lr),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, lr, weight_decay=decay),
    }
    return kinds[case["optimizer"]]()


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
    }
    after = kinds[case.get("schedule", "cosine")](steps - warmup)
    if warmup == 0:
        return after
    before = schedulers.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
    return schedulers.SequentialLR(optimizer, [before, after], [warmup])


def train_in_pytorch(x, y, start, case):
    widths = [FEATURES, *HIDDEN, CLASSES]
    modules = []
    for inputs, outputs in zip(widths, widths[1:]):
        modules += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    network = torch.nn.Sequential(*modules[:-1])
    network.load_state_dict(start)
    optimizer = make_optimizer(list(network.parameters()), case)
    batch, accumulate = case.get("batch_size", BATCH), case.get("accumulate", 1)
    steps = EPOCHS * EXAMPLES // (batch * accumulate)
    scheduler = make_scheduler(optimizer, case, steps)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    done = 0
    for epoch in range(EPOCHS):
        order = shuffled(EXAMPLES, SEED, epoch)
        for begin in range(0, EXAMPLES, batch * accumulate):
            optimizer.zero_grad()
            for first in range(begin, begin + batch * accumulate, batch):
                rows = order[first:first + batch]
                loss = torch.nn.functional.cross_entropy(network(x[rows]), y[rows])
                (loss / accumulate).backward()
            if "clip_norm" in case:
                torch.nn.utils.clip_grad_norm_(network.parameters(), case["clip_norm"])
            optimizer.step()
            done += 1
            if done < steps:
                scheduler.step()
    assert done == 50
    return {name: p.detach().contiguous() for name, p in network.state_dict().items()}


def train_in_colonnade(program, folder, case, epochs=EPOCHS):
    model = folder / "model.safetensors"
    flags = {"batch_size": BATCH, **case}
    command = [program, "train", str(folder / "data.csv"), "-q", "-o", str(model),
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


def compare(program, x, y):
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with open(folder / "data.csv", "w", encoding="ascii") as file:
            for label, row in zip(y, x):
                file.write(",".join([str(label), *(f"{float(v):.9g}" for v in row)]) + "\n")
        # So small a rate moves no float: the parameters that training starts from.
        start = train_in_colonnade(program, folder, dict(optimizer="sgd", lr=1e-30), epochs=1)
        for case_name, case in CASES.items():
            found = train_in_colonnade(program, folder, case)
            expected = train_in_pytorch(x, y, start, case)
            apart = difference(found, expected)
            print(f"{case_name:15} after 50 steps: {apart:.2g} apart, "
                  f"{difference(start, expected):.2g} from the start")
            good = good and apart <= TOLERANCE
    return good


def write_golden(folder, x, y):
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"x": torch.from_numpy(x), "y": torch.from_numpy(y.astype(np.uint8))}
    start = make_start()
    tensors |= {f"start.{name}": values for name, values in start.items()}
    for case_name, case in CASES.items():
        end = train_in_pytorch(x, y, start, case)
        tensors |= {f"{case_name}.{name}": values for name, values in end.items()}
    meta = {"made_by": "tools/check_training.py", "torch": torch.__version__, "hidden": HIDDEN,
            "batch_size": BATCH, "epochs": EPOCHS, "seed": SEED, "cases": CASES}
    file = folder / "training.safetensors"
    file.write_bytes(save(tensors, metadata={"case": json.dumps(meta)}))
    print(f"{file}: {file.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(
        description="Trains the same network with PyTorch and with `colonnade train`, from the same "
        "start, on the same batches, 50 steps with every optimizer, and compares the parameters.",
        epilog="Needs: pip install torch safetensors numpy. Exit status: 0 each tensor is within "
        f"{TOLERANCE:g} of PyTorch's, relative to it; 1 one is not, or something failed.",
    )
    parser.add_argument("program", metavar="COLONNADE", nargs="?", default=str(PROGRAM),
                        help="path of the colonnade program (default: the release build)")
    parser.add_argument("--golden", metavar="FOLDER", type=pathlib.Path,
                        help="write what PyTorch gives to FOLDER/training.safetensors instead "
                        "(tests/data has it)")
    arguments = parser.parse_args()
    x, y = make_data()
    if arguments.golden is not None:
        write_golden(arguments.golden, x, y)
        return
    try:
        sys.exit(0 if compare(arguments.program, x, y) else 1)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
