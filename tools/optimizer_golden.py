#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the reference results of the tests of optimizers and schedules with torch.optim."""

import argparse
import json
import math
import pathlib

try:
    import torch
    import torch_names
    from safetensors.torch import save
except ImportError as error:
    raise SystemExit(f"{error}; needed are: pip install torch schedulefree lion-pytorch safetensors numpy")

OUTPUTS, INPUTS, STEPS = 17, 5, 100

# What differs from the defaults of TrainOptions; `rate` is the highest of the run.
CASES = {
    "sgd": dict(optimizer="sgd", rate=0.02),
    "sgd_decay": dict(optimizer="sgd", rate=0.02, weight_decay=0.05),
    "momentum": dict(optimizer="momentum", rate=0.01),
    "momentum_decay": dict(optimizer="momentum", rate=0.01, momentum=0.8, weight_decay=0.05),
    "nesterov": dict(optimizer="nesterov", rate=0.01),
    "nesterov_decay": dict(optimizer="nesterov", rate=0.01, momentum=0.8, weight_decay=0.05),
    "adam": dict(optimizer="adam", rate=0.01),
    "adam_decay": dict(optimizer="adam", rate=0.01, weight_decay=0.05),
    "adam_betas": dict(optimizer="adam", rate=0.01, beta1=0.6, beta2=0.95, epsilon=1e-3),
    "adamw": dict(optimizer="adamw", rate=0.01),
    "adamw_decay": dict(optimizer="adamw", rate=0.01, weight_decay=0.2),
    "adamw_betas": dict(optimizer="adamw", rate=0.01, beta1=0.6, beta2=0.95, epsilon=1e-3),
    "rmsprop": dict(optimizer="rmsprop", rate=0.005),
    "rmsprop_decay": dict(optimizer="rmsprop", rate=0.005, alpha=0.9, epsilon=1e-4,
                          weight_decay=0.05),
}
CASES["momentum_ema"] = dict(optimizer="momentum", rate=0.01, ema=0.95)
CASES["schedule_free_beta"] = dict(optimizer="schedule-free", rate=0.01, beta1=0.6)
# What other optimizers of the library get: the defaults, and other values of all their options.
OTHERS = {"momentum": 0.8, "beta1": 0.6, "beta2": 0.95, "alpha": 0.9, "epsilon": 1e-3}
for name, options in torch_names.optimizers().items():
    if name in CASES:
        continue
    case = name.replace("-", "_")
    CASES[case] = dict(optimizer=name, rate=0.01)
    CASES[f"{case}_decay"] = dict(optimizer=name, rate=0.01, weight_decay=0.05,
                                  **{option: OTHERS[option] for option in options})


def run(case, weight, bias, gradients, rate_factors):
    """The parameters after the steps, what the optimizer keeps of them, and averages."""
    parameters = [torch.nn.Parameter(p.clone()) for p in (weight, bias)]
    optimizer = torch_names.optimizer(case["optimizer"], parameters, case["rate"], case)
    history = []
    for gradient, factor in zip(gradients, rate_factors):
        for group in optimizer.param_groups:
            group["lr"] = case["rate"] * float(factor)
        for parameter, g in zip(parameters, (gradient[:, :INPUTS], gradient[:, INPUTS])):
            parameter.grad = g.clone()
        optimizer.step()
        history.append([parameter.detach().clone() for parameter in parameters])
    tensors = {}
    for name, parameter in zip(("weight", "bias"), parameters):
        tensors[name] = parameter.detach().clone()
        for key, value in optimizer.state[parameter].items():
            if key != "step" and value is not None:
                tensors[f"{key}.0.{name}"] = value.contiguous()
    for name, values in zip(("weight", "bias"), zip(*history)):
        if "ema" in case:
            tensors[f"ema.0.{name}"] = torch_names.averaged(values, case["ema"])
            tensors[f"average.{name}"] = tensors[f"ema.0.{name}"].clone()
    if hasattr(optimizer, "eval"):
        optimizer.eval()
        for name, parameter in zip(("weight", "bias"), parameters):
            tensors[f"average.{name}"] = parameter.detach().clone()
    return tensors


def muon():
    """A network whose weights between hidden layers are higher than wide, and wider than high, in
    float64: start, gradients, and what they are after 60 steps."""
    generator = torch.Generator().manual_seed(2)
    widths, steps, case = [2, 6, 20, 5, 2], 60, dict(optimizer="muon", rate=0.01, weight_decay=0.1)
    shapes = {}
    for l, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        shapes |= {f"{l}.weight": (outputs, inputs), f"{l}.bias": (outputs,)}
    draw = {name: torch.randn(steps + 1, *shape, generator=generator)
            for name, shape in shapes.items()}
    parameters = [torch.nn.Parameter(values[0].double()) for values in draw.values()]
    optimizer = torch_names.optimizer("muon", parameters, case["rate"], case)
    tensors = {f"start.{name}": values[0].contiguous() for name, values in draw.items()}
    for step in range(1, steps + 1):
        for parameter, values in zip(parameters, draw.values()):
            # Of a mean that steps have in common, so that momentum has something to keep.
            parameter.grad = (values[step] + 0.3 * values[1]).double()
        optimizer.step()
    for (name, values), parameter in zip(draw.items(), parameters):
        tensors[f"gradients.{name}"] = values[1:] + 0.3 * values[1]
        tensors[f"end.{name}"] = parameter.detach().float()
        tensors[f"exp_avg.{name}"] = optimizer.state[parameter]["exp_avg"].float()
    return tensors, {"widths": widths, "steps": steps, "options": case}


def rates(kind, steps, first=1.0, **options):
    """What a scheduler of PyTorch gives for so many steps, its optimizer having that rate."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], first)
    scheduler = kind(optimizer, **options)
    result = []
    for step in range(steps):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step + 1 < steps:  # OneCycleLR refuses one step too many
            scheduler.step()
    return result


def one_cycle(steps):
    return rates(torch.optim.lr_scheduler.OneCycleLR, steps, max_lr=1.0, total_steps=steps,
                 cycle_momentum=False)


def by_formula(steps, factor):
    """What `factor` makes of the part of the steps that is done."""
    return rates(torch.optim.lr_scheduler.LambdaLR, steps, lr_lambda=lambda s: factor(s / steps))


def coslog(t):
    """Of Holzmüller et al., "Better by default", NeurIPS 2024, with 4 waves."""
    return 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t)))


def flat_cosine(t):
    """Likewise."""
    return 0.5 * (1 + math.cos(math.pi * (max(1, 2 * t) - 1)))


def after_warmup(warmup, following):
    if warmup == 0:
        return following
    scheduler = torch.optim.lr_scheduler.LinearLR
    return rates(scheduler, warmup, following[0], start_factor=1 / (warmup + 1),
                 total_iters=warmup) + following


def schedules():
    """20 epochs of 3 steps each; the factor 0.3 every 5 epochs."""
    s = torch.optim.lr_scheduler
    result = {}
    for warmup in (0, 7):
        n = 60 - warmup
        after = {
            "constant": rates(s.ConstantLR, n, factor=1),
            "step": rates(s.StepLR, n, step_size=15, gamma=0.3),
            "exponential": rates(s.ExponentialLR, n, gamma=0.3 ** (1 / 15)),
            "cosine": rates(s.CosineAnnealingLR, n, T_max=n),
            "onecycle": one_cycle(n),
            "coslog": by_formula(n, coslog),
            "flat-cosine": by_formula(n, flat_cosine),
        }
        for name, following in after.items():
            result[f"{name}/{warmup}"] = after_warmup(warmup, following)
    for n in (1, 2, 3, 4, 5, 11):
        result[f"onecycle_of_{n}/0"] = one_cycle(n)
    return {name: torch.tensor(values, dtype=torch.float64) for name, values in result.items()}


def write(file, tensors, case):
    file.write_bytes(save(tensors, metadata={"case": json.dumps(case)}))
    print(f"{file}: {file.stat().st_size} bytes")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        description="Writes optimizers.safetensors, what torch.optim makes of 100 steps on the same "
        "gradients, for every optimizer, muon.safetensors, and schedules.safetensors, the learning rates of "
        "torch.optim.lr_scheduler. Needs: pip install torch schedulefree lion-pytorch "
        "safetensors numpy"
    )
    parser.add_argument("folder", type=pathlib.Path, nargs="?", default=root / "tests" / "data",
                        help="where to write them (default: tests/data)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(1)
    # Parameters stay away from zero, so that an error relative to them means something. Gradients
    # of some elements are always small, of some mostly zero; the last column is the bias's.
    sign = torch.where(torch.rand(OUTPUTS, INPUTS + 1) < 0.5, -1.0, 1.0)
    start = sign * (2 + 2 * torch.rand(OUTPUTS, INPUTS + 1))
    size = 10 ** (-6 * torch.rand(OUTPUTS, INPUTS + 1) ** 3)
    gradients = torch.randn(STEPS, OUTPUTS, INPUTS + 1) * size + 0.3 * size
    gradients[:, 3] *= (torch.rand(STEPS, INPUTS + 1) < 0.1).float()
    gradients[:, 4] = 0
    rate_factors = torch.linspace(1, 0.2, STEPS)

    tensors = {"start.weight": start[:, :INPUTS].contiguous(),
               "start.bias": start[:, INPUTS].contiguous(),
               "gradients": gradients, "rate_factors": rate_factors}
    for name, case in CASES.items():
        weight, bias = start[:, :INPUTS], start[:, INPUTS]
        for key, value in run(case, weight, bias, gradients, rate_factors).items():
            tensors[f"{name}/{key}"] = value
    made_by = {"made_by": "tools/optimizer_golden.py", "torch": torch.__version__}
    shape = {"outputs": OUTPUTS, "inputs": INPUTS, "steps": STEPS}
    write(folder / "optimizers.safetensors", tensors, {**made_by, **shape, "cases": CASES})
    tensors, case = muon()
    write(folder / "muon.safetensors", tensors, {**made_by, **case})
    write(folder / "schedules.safetensors", schedules(), made_by)


if __name__ == "__main__":
    main()
