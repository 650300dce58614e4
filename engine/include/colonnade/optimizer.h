// SPDX-License-Identifier: Apache-2.0
// Update rules.
#ifndef COLONNADE_OPTIMIZER_H_
#define COLONNADE_OPTIMIZER_H_

#include <span>

#include "colonnade/names.h"
#include "colonnade/schedule.h"

namespace colonnade {

// The update rules of torch.optim (SGD, SGD with momentum, with nesterov, Adam, AdamW, RMSprop),
// and newer ones:
enum class Optimizer {
  kSgd,
  kMomentum,
  kNesterov,
  kAdam,
  kAdamW,
  kRmsprop,
  kLion,          // Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023
  kScheduleFree,  // AdamW of Defazio et al., "The road less scheduled", NeurIPS 2024: takes its
                  // gradients at one point, and evaluates another, the average of its steps
  kMuon,          // Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024:
                  // the weights between hidden layers go by the direction of their mean gradient, a
                  // matrix with singular values near 1; all else by kAdamW
};

// What is known about an optimizer, once. Lists end in null.
struct OptimizerRow {
  Optimizer value;
  const char* name;
  // What it keeps per parameter, as PyTorch calls it; checkpoints keep these names.
  const char* moments[3];
  // The options that belong to it and not to all.
  const char* options[4];
  double learning_rate;                   // without TrainOptions::learning_rate
  double numbers_learning_rate;           // the same with a loss for numbers
  double weight_decay;                    // without TrainOptions::weight_decay
  double beta2 = 0.999;                   // without TrainOptions::beta2
  Schedule schedule = Schedule::kCosine;  // without TrainOptions::schedule
};

inline constexpr OptimizerRow kOptimizers[] = {
    {Optimizer::kSgd, "sgd", {}, {}, 0.15, 0.003, 0},
    {Optimizer::kMomentum, "momentum", {"momentum_buffer"}, {"momentum"}, 0.15, 0.003, 0},
    {Optimizer::kNesterov, "nesterov", {"momentum_buffer"}, {"momentum"}, 0.15, 0.003, 0},
    {Optimizer::kAdam,
     "adam",
     {"exp_avg", "exp_avg_sq"},
     {"beta1", "beta2", "epsilon"},
     0.001,
     0.001,
     0},
    {Optimizer::kAdamW,
     "adamw",
     {"exp_avg", "exp_avg_sq"},
     {"beta1", "beta2", "epsilon"},
     0.001,
     0.001,
     0.01},
    {Optimizer::kRmsprop, "rmsprop", {"square_avg"}, {"alpha", "epsilon"}, 0.001, 0.001, 0},
    // Of those of adamw the third, and three times: the paper says 3 to 10.
    {Optimizer::kLion, "lion", {"exp_avg"}, {"beta1", "beta2"}, 0.0003, 0.0003, 0.03, 0.99},
    {Optimizer::kScheduleFree,
     "schedule-free",
     {"z", "exp_avg_sq"},
     {"beta1", "beta2", "epsilon"},
     0.0025,
     0.0025,
     0,
     0.999,
     Schedule::kConstant},
    // Its matrices move as far as those of adamw, so that the rate is that.
    {Optimizer::kMuon,
     "muon",
     {"exp_avg", "exp_avg_sq"},
     {"beta1", "beta2", "epsilon"},
     0.001,
     0.001,
     0.01},
};
constexpr std::span<const OptimizerRow> NamesOf(Optimizer) { return kOptimizers; }

}  // namespace colonnade

#endif  // COLONNADE_OPTIMIZER_H_
