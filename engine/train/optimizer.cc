// SPDX-License-Identifier: Apache-2.0
#include "engine/train/optimizer.h"

#include <cmath>

#include "engine/model/initialization.h"

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
        beta2_(options.beta2),
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

std::unique_ptr<UpdateRule> MakeRule(const TrainOptions& options) {
  switch (options.optimizer) {
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
  }
  __builtin_unreachable();
}

}  // namespace

OptimizerState::OptimizerState(const TrainOptions& options, const NetworkShape& shape)
    : rule_(MakeRule(options)) {
  for (const char* const* name = RowOf(options.optimizer).moments; *name != nullptr; ++name) {
    moments_.push_back({*name, ZeroParameters(shape)});
  }
}

void OptimizerState::BeginStep(double rate) { rule_->BeginStep(rate, ++steps_); }

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

void OptimizerState::UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient,
                                  DenseParameters& parameters) {
  UpdateRule::Moments moments;
  for (size_t m = 0; m < moments_.size(); ++m) {
    moments[m] = Part(moments_[m].layers[block.layer], block);
  }
  rule_->Update(Part(parameters, block), gradient, moments);
}

void OptimizerState::UpdateBias(size_t layer, kernels::ConstMatrix gradient,
                                DenseParameters& parameters) {
  Update(&DenseParameters::bias, layer, gradient, parameters);
}

void OptimizerState::UpdateGamma(size_t layer, kernels::ConstMatrix gradient,
                                 DenseParameters& parameters) {
  Update(&DenseParameters::gamma, layer, gradient, parameters);
}

void OptimizerState::Update(OwnedMatrix DenseParameters::* part, size_t layer,
                            kernels::ConstMatrix gradient, DenseParameters& parameters) {
  UpdateRule::Moments moments;
  for (size_t m = 0; m < moments_.size(); ++m) {
    moments[m] = (moments_[m].layers[layer].*part).view();
  }
  rule_->Update((parameters.*part).view(), gradient, moments);
}

std::vector<OptimizerState::Tensor> OptimizerState::Tensors() {
  std::vector<Tensor> tensors;
  for (Moment& moment : moments_) {
    for (size_t l = 0; l < moment.layers.size(); ++l) {
      const std::string prefix = std::string(moment.name) + "." + std::to_string(l) + ".";
      for (const auto& [name, part] : kLearnedParts) {
        const kernels::Matrix values = (moment.layers[l].*part).view();
        if (values.cols > 0) tensors.push_back({prefix + name, values});
      }
    }
  }
  return tensors;
}

}  // namespace colonnade
