# SPDX-License-Identifier: Apache-2.0
"""What PyTorch calls the activations, losses and optimizers whose names stand in the tables of
engine/include/colonnade. Most have the same name there; the exceptions, and the packages that have
what PyTorch has not, are listed here."""

import pathlib
import re

import lion_pytorch
import schedulefree
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
    others = {"bce": functional.binary_cross_entropy_with_logits, "squared": functional.mse_loss,
              "poisson": functional.poisson_nll_loss}
    return others.get(name) or of_name(functional, name + "-loss")


def row_defaults(name):
    """The rate, the one for numbers, the weight decay, and what else an optimizer's row has."""
    rest = dict(rows("optimizer.h", "Optimizer"))[name]
    numbers = re.sub(r"\{[^{}]*\}", "", rest).split(",")
    return [float(text) for text in numbers if re.fullmatch(r"\s*[\d.e-]+\s*", text)]


# Of TrainOptions, and what torch.optim calls them.
DEFAULTS = {"momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "alpha": 0.99, "epsilon": 1e-8}


def optimizer(name, parameters, rate, settings):
    """`settings`: options, with _ for -; those not given have our defaults."""
    options = {option: settings.get(option, DEFAULTS.get(option)) for option in
               (option.replace("-", "_") for option in optimizers()[name])}
    options = {option: value for option, value in options.items() if value is not None}
    in_row = row_defaults(name)
    if "beta2" in options and "beta2" not in settings and len(in_row) > 3:
        options["beta2"] = in_row[3]
    if "beta1" in options:
        options["betas"] = options.pop("beta1"), options.pop("beta2")
    if "epsilon" in options:
        options["eps"] = options.pop("epsilon")
    options["weight_decay"] = settings.get("weight_decay", in_row[2])
    if name == "nesterov":
        options["nesterov"] = True
    if name == "lion":
        return lion_pytorch.Lion(parameters, rate, **options)
    others = {"momentum": torch.optim.SGD, "nesterov": torch.optim.SGD,
              "schedule-free": schedulefree.AdamWScheduleFree}
    made = (others.get(name) or of_name(torch.optim, name))(parameters, rate, foreach=False,
                                                            **options)
    if name == "schedule-free":
        made.train()
    return made


def averaged(history, decay):
    """Of the values after each step, the mean with weights in proportion to decay^(steps ago)."""
    weights = decay ** torch.arange(len(history) - 1, -1, -1, dtype=torch.float64)
    values = torch.stack([values.double() for values in history])
    return (torch.tensordot(weights / weights.sum(), values, 1)).float()
