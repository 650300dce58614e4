# SPDX-License-Identifier: Apache-2.0
"""What PyTorch calls the activations, losses and optimizers whose names stand in the tables of
engine/include/colonnade. Most have the same name there; the exceptions are listed here."""

import pathlib
import re

import torch

HEADERS = pathlib.Path(__file__).resolve().parent.parent / "engine" / "include" / "colonnade"


def rows(header, enum):
    """The rows of an enum's table: name, and the text that follows it."""
    text = re.sub(r"//.*", "", (HEADERS / header).read_text(encoding="utf-8"))
    row = re.compile(r"\{%s::k\w+,\s*\"([^\"]+)\"((?:[^{}]|\{[^{}]*\})*)\}" % enum)
    return row.findall(text)


def activations():
    return [name for name, _ in rows("network.h", "Activation")]


def losses_for_numbers():
    return [name for name, rest in rows("loss.h", "Loss") if rest.split(",")[1].strip() == "true"]


def optimizers():
    """The names, and for each the options that belong to it."""
    return {name: re.findall(r'"([^"]+)"', re.findall(r"\{[^{}]*\}", rest)[1])
            for name, rest in rows("optimizer.h", "Optimizer")}


def of_name(module, name):
    """The member of a module of that name, whatever its capitals: leaky-relu is LeakyReLU."""
    wanted = re.sub(r"[-_]", "", name)
    found = [member for member in dir(module) if member.replace("_", "").lower() == wanted]
    if not found:
        raise SystemExit(f"{module.__name__} has no {name}: tools/torch_names.py can name another")
    return getattr(module, found[0])


def activation(name):
    return of_name(torch.nn, name)()


def loss(name):
    """A function of outputs and targets."""
    functional = torch.nn.functional
    others = {"bce": functional.binary_cross_entropy_with_logits, "squared": functional.mse_loss}
    return others.get(name) or of_name(functional, name + "-loss")


# Of TrainOptions, and what torch.optim calls them.
DEFAULTS = {"momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "alpha": 0.99, "epsilon": 1e-8}


def optimizer(name, parameters, rate, settings):
    """`settings`: options, with _ for -; those not given have our defaults."""
    options = {option: settings.get(option, DEFAULTS.get(option)) for option in
               (option.replace("-", "_") for option in optimizers()[name])}
    options = {option: value for option, value in options.items() if value is not None}
    if "beta1" in options:
        options["betas"] = options.pop("beta1"), options.pop("beta2")
    if "epsilon" in options:
        options["eps"] = options.pop("epsilon")
    if "weight_decay" in settings:
        options["weight_decay"] = settings["weight_decay"]
    if name == "nesterov":
        options["nesterov"] = True
    kind = torch.optim.SGD if name in ("momentum", "nesterov") else of_name(torch.optim, name)
    return kind(parameters, rate, foreach=False, **options)
