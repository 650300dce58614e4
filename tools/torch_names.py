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


def orthogonalized(matrix):
    """Five steps of Newton and Schulz as torch.optim.Muon takes them, but in float64."""
    x = matrix.double() if matrix.shape[0] <= matrix.shape[1] else matrix.double().T
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T


class Muon(torch.optim.AdamW):
    """torch.optim.Muon with adjust_lr_fn="match_rms_adamw", but in float64 what that has in
    bfloat16, for the weights between hidden layers; AdamW for all else."""

    def __init__(self, parameters, rate, **options):
        super().__init__(parameters, rate, **options)
        self.hidden = [p for p in parameters if p.ndim == 2][1:-1]

    @torch.no_grad()
    def step(self, closure=None):
        group = self.param_groups[0]
        gradients = [p.grad for p in self.hidden]
        for p in self.hidden:
            p.grad = None
        super().step(closure)
        for p, gradient in zip(self.hidden, gradients):
            mean = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
            mean.lerp_(gradient, 0.05)
            way = orthogonalized(gradient.lerp(mean, 0.95))
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.sub_(group["lr"] * 0.2 * max(p.shape) ** 0.5 * way)
            p.grad = gradient


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
              "schedule-free": schedulefree.AdamWScheduleFree, "muon": Muon}
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
