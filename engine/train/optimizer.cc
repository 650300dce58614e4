// SPDX-License-Identifier: Apache-2.0
#include "engine/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "engine/model/initialization.h"
#include "engine/train/orthogonalize.h"

namespace colonnade {
namespace {

template <class Parameters>
auto Part(Parameters& of, const WeightBlock& block) {
  return of.weight.view().Columns(block.first, block.count).Rows(block.first_row, block.rows);
}

class Sgd : public UpdateRule {
 public:
  explicit Sgd(const TrainOptions& options)
      : step_{.momentum = static_cast<float>(options.momentum),
              .decay = static_cast<float>(options.WeightDecay())} {}

  void BeginStep(double rate, uint64_t) override { step_.rate = static_cast<float>(rate); }

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments&) const override {
    kernels::SgdUpdate(parameter, gradient, step_);
  }

 protected:
  kernels::SgdStep step_;
};

class Momentum : public Sgd {
 public:
  using Sgd::Sgd;

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const override {
    kernels::MomentumUpdate(parameter, gradient, moments[0], step_);
  }
};

class Nesterov : public Sgd {
 public:
  using Sgd::Sgd;

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const override {
    kernels::NesterovUpdate(parameter, gradient, moments[0], step_);
  }
};

class Adam : public UpdateRule {
 public:
  explicit Adam(const TrainOptions& options)
      : beta1_(options.beta1),
        beta2_(options.Beta2()),
        step_{.mean_share = static_cast<float>(1 - beta1_),
              .square_keep = static_cast<float>(beta2_),
              .square_share = static_cast<float>(1 - beta2_),
              .epsilon = static_cast<float>(options.epsilon),
              .decay = static_cast<float>(options.WeightDecay())} {}

  void BeginStep(double rate, uint64_t step) override {
    const auto t = static_cast<double>(step);
    step_.rate = static_cast<float>(rate / (1 - std::pow(beta1_, t)));
    step_.root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2_, t)));
  }

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const override {
    kernels::AdamUpdate(parameter, gradient, moments[0], moments[1], step_);
  }

 protected:
  double beta1_, beta2_;
  kernels::AdamStep step_;
};

class AdamW : public Adam {
 public:
  explicit AdamW(const TrainOptions& options) : Adam(options), decay_(options.WeightDecay()) {
    step_.decay = 0;
  }

  void BeginStep(double rate, uint64_t step) override {
    Adam::BeginStep(rate, step);
    step_.keep = static_cast<float>(1 - rate * decay_);
  }

 private:
  double decay_;
};

class Rmsprop : public UpdateRule {
 public:
  explicit Rmsprop(const TrainOptions& options)
      : step_{.square_keep = static_cast<float>(options.alpha),
              .square_share = static_cast<float>(1 - options.alpha),
              .epsilon = static_cast<float>(options.epsilon),
              .decay = static_cast<float>(options.WeightDecay())} {}

  void BeginStep(double rate, uint64_t) override { step_.rate = static_cast<float>(rate); }

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const override {
    kernels::RmspropUpdate(parameter, gradient, moments[0], step_);
  }

 private:
  kernels::RmspropStep step_;
};

class Lion : public UpdateRule {
 public:
  explicit Lion(const TrainOptions& options)
      : decay_(options.WeightDecay()),
        step_{.way_keep = static_cast<float>(options.beta1),
              .way_share = static_cast<float>(1 - options.beta1),
              .mean_keep = static_cast<float>(options.Beta2()),
              .mean_share = static_cast<float>(1 - options.Beta2())} {}

  void BeginStep(double rate, uint64_t) override {
    step_.rate = static_cast<float>(rate);
    step_.keep = static_cast<float>(1 - rate * decay_);
  }

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const override {
    kernels::LionUpdate(parameter, gradient, moments[0], step_);
  }

 private:
  double decay_;
  kernels::LionStep step_;
};

class ScheduleFree : public UpdateRule {
 public:
  explicit ScheduleFree(const TrainOptions& options)
      : beta1_(options.beta1),
        beta2_(options.Beta2()),
        step_{.square_keep = static_cast<float>(beta2_),
              .square_share = static_cast<float>(1 - beta2_),
              .epsilon = static_cast<float>(options.epsilon),
              .decay = static_cast<float>(options.WeightDecay())} {}

  // Steps count in the average by the square of the highest rate so far, so that those of a warm-up
  // count less.
  void BeginStep(double rate, uint64_t step) override {
    auto& [highest_rate, weights] = numbers_;
    highest_rate = std::max(highest_rate, rate);
    const double weight = highest_rate * highest_rate;
    weights += weight;
    const double share = weights > 0 ? weight / weights : 0;
    step_.rate = static_cast<float>(rate);
    step_.root_scale =
        static_cast<float>(1 / std::sqrt(1 - std::pow(beta2_, static_cast<double>(step))));
    step_.share = static_cast<float>(share);
    step_.pull = static_cast<float>(rate * (beta1_ * (1 - share) - 1));
    step_.first = step == 1;
  }

  void Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
              const Moments& moments) const override {
    kernels::ScheduleFreeUpdate(parameter, gradient, moments[0], moments[1], step_);
  }

  std::span<double> Numbers() override { return numbers_; }

  bool averages() const override { return true; }
  void Average(kernels::ConstMatrix parameter, const Moments& moments,
               kernels::Matrix to) const override {
    kernels::Interpolate(parameter, moments[0], static_cast<float>(1 - 1 / beta1_), to);
  }

 private:
  double beta1_, beta2_;
  std::array<double, 2> numbers_ = {};  // the highest rate so far, the sum of the weights
  kernels::ScheduleFreeStep step_;
};

// The weights between hidden layers: torch.optim.Muon with adjust_lr_fn="match_rms_adamw".
class Muon : public AdamW {
 public:
  Muon(const TrainOptions& options, const NetworkShape& shape)
      : AdamW(options), layers_(shape.layers.size()) {
    for (size_t l = 0; l < layers_; ++l) {
      if (!TakesWhole(l)) continue;
      orthogonalizer_.Reserve(shape.layers[l].outputs, shape.layers[l].inputs);
    }
  }

  void BeginStep(double rate, uint64_t step) override {
    AdamW::BeginStep(rate, step);
    rate_ = rate;
  }

  bool TakesWhole(size_t layer) const override { return layer > 0 && layer + 1 < layers_; }

  // Nesterov's momentum: a step further along the mean.
  void Direct(kernels::Matrix gradient, const Moments& moments, Execution& execution) override {
    ForEachColumnBlock(gradient.cols, execution, [&](size_t first, size_t count) {
      const kernels::Matrix g = gradient.Columns(first, count);
      const kernels::Matrix mean = moments[0].Columns(first, count);
      kernels::Interpolate(mean, g, 1 - kMomentum, mean);
      kernels::Interpolate(g, mean, kMomentum, g);
    });
    orthogonalizer_.Run(gradient, execution);
  }

  // The elements of a direction, whose rows or columns are about orthonormal, have a root mean
  // square of about 1 / √widest; those of a step of Adam, of 0.2 (Liu et al. 2025, "Muon is
  // scalable for LLM training").
  void Follow(kernels::Matrix weight, kernels::ConstMatrix direction,
              size_t widest) const override {
    const double way = rate_ * 0.2 * std::sqrt(static_cast<double>(widest));
    kernels::Combine(step_.keep, weight, static_cast<float>(-way), direction, weight);
  }

 private:
  static constexpr float kMomentum = 0.95F;

  size_t layers_;
  double rate_ = 0;
  Orthogonalizer orthogonalizer_;
};

std::unique_ptr<UpdateRule> MakeRule(const TrainOptions& options, const NetworkShape& shape) {
  switch (*options.optimizer) {
    case Optimizer::kSgd:
      return std::make_unique<Sgd>(options);
    case Optimizer::kMomentum:
      return std::make_unique<Momentum>(options);
    case Optimizer::kNesterov:
      return std::make_unique<Nesterov>(options);
    case Optimizer::kAdam:
      return std::make_unique<Adam>(options);
    case Optimizer::kAdamW:
      return std::make_unique<AdamW>(options);
    case Optimizer::kRmsprop:
      return std::make_unique<Rmsprop>(options);
    case Optimizer::kLion:
      return std::make_unique<Lion>(options);
    case Optimizer::kScheduleFree:
      return std::make_unique<ScheduleFree>(options);
    case Optimizer::kMuon:
      return std::make_unique<Muon>(options, shape);
  }
  __builtin_unreachable();
}

}  // namespace

OptimizerState::OptimizerState(const TrainOptions& options, const NetworkShape& shape)
    : rule_(MakeRule(options, shape)), ema_decay_(options.ema) {
  for (size_t l = 0; l < shape.layers.size(); ++l) takes_whole_ = takes_whole_ || TakesWhole(l);
  if (ema_decay_ > 0) ema_ = ZeroParameters(shape);
  for (const char* const* name = RowOf(*options.optimizer).moments; *name != nullptr; ++name) {
    moments_.push_back({*name, ZeroParameters(shape)});
  }
}

// The share makes the average of steps 1 … t that with weights in proportion to decay^(t − s), from
// the first step on.
void OptimizerState::BeginStep(double rate) {
  rule_->BeginStep(rate, ++steps_);
  if (ema_.empty()) return;
  const double weights = 1 - std::pow(ema_decay_, static_cast<double>(steps_));
  ema_share_ = static_cast<float>((1 - ema_decay_) / weights);
}

kernels::ReadNext OptimizerState::Reads(const WeightBlock& block,
                                        const DenseParameters& parameters) const {
  static_assert(1 + UpdateRule::kMostMoments <= kernels::ReadNext::kMost);
  kernels::ReadNext reads;
  reads.matrices[reads.count++] = Part(parameters, block);
  for (const Moment& moment : moments_) {
    reads.matrices[reads.count++] = Part(moment.layers[block.layer], block);
  }
  return reads;
}

void OptimizerState::Direct(size_t layer, kernels::Matrix gradient, Execution& execution) {
  rule_->Direct(gradient, MomentsOf(&DenseParameters::weight, layer), execution);
}

void OptimizerState::UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient,
                                  DenseParameters& parameters) {
  if (TakesWhole(block.layer)) {
    const size_t widest = std::max(parameters.weight.rows(), parameters.weight.cols());
    rule_->Follow(Part(parameters, block), gradient, widest);
  } else {
    UpdateRule::Moments moments;
    for (size_t m = 0; m < moments_.size(); ++m) {
      moments[m] = Part(moments_[m].layers[block.layer], block);
    }
    rule_->Update(Part(parameters, block), gradient, moments);
  }
  if (ema_.empty()) return;
  const kernels::Matrix average = Part(ema_[block.layer], block);
  kernels::Interpolate(average, Part(parameters, block), ema_share_, average);
}

void OptimizerState::UpdateBias(size_t layer, kernels::ConstMatrix gradient,
                                DenseParameters& parameters) {
  Update(&DenseParameters::bias, layer, gradient, parameters);
}

void OptimizerState::UpdateGamma(size_t layer, kernels::ConstMatrix gradient,
                                 DenseParameters& parameters) {
  Update(&DenseParameters::gamma, layer, gradient, parameters);
  if (ema_.empty()) return;
  for (const ParameterPart& part : kRunningParts) AddToAverage(part.matrix, layer, parameters);
}

UpdateRule::Moments OptimizerState::MomentsOf(OwnedMatrix DenseParameters::* part, size_t layer) {
  UpdateRule::Moments moments;
  for (size_t m = 0; m < moments_.size(); ++m) {
    moments[m] = (moments_[m].layers[layer].*part).view();
  }
  return moments;
}

void OptimizerState::Update(OwnedMatrix DenseParameters::* part, size_t layer,
                            kernels::ConstMatrix gradient, DenseParameters& parameters) {
  rule_->Update((parameters.*part).view(), gradient, MomentsOf(part, layer));
  if (!ema_.empty()) AddToAverage(part, layer, parameters);
}

void OptimizerState::AddToAverage(OwnedMatrix DenseParameters::* part, size_t layer,
                                  const DenseParameters& parameters) {
  const kernels::Matrix average = (ema_[layer].*part).view();
  kernels::Interpolate(average, (parameters.*part).view(), ema_share_, average);
}

void OptimizerState::Average(const std::vector<DenseParameters>& parameters,
                             std::vector<DenseParameters>& to) {
  if (steps_ == 0 || !averages()) return CopyParameters(parameters, to);
  if (!ema_.empty()) return CopyParameters(ema_, to);
  CopyParameters(parameters, to);
  for (size_t l = 0; l < parameters.size(); ++l) {
    for (const auto& [name, part] : kLearnedParts) {
      rule_->Average((parameters[l].*part).view(), MomentsOf(part, l), (to[l].*part).view());
    }
  }
}

std::vector<OptimizerState::Tensor> OptimizerState::Tensors() {
  std::vector<Tensor> tensors;
  const auto add = [&](const char* of, std::vector<DenseParameters>& layers,
                       std::span<const ParameterPart> parts) {
    for (size_t l = 0; l < layers.size(); ++l) {
      const std::string prefix = std::string(of) + "." + std::to_string(l) + ".";
      for (const auto& [name, part] : parts) {
        const kernels::Matrix values = (layers[l].*part).view();
        if (values.cols > 0) tensors.push_back({prefix + name, values});
      }
    }
  };
  for (Moment& moment : moments_) add(moment.name, moment.layers, kLearnedParts);
  add("ema", ema_, kLearnedParts);
  add("ema", ema_, kRunningParts);
  return tensors;
}

}  // namespace colonnade
