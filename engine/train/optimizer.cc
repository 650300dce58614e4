#include "engine/train/optimizer.h"

#include <cmath>

#include "engine/model/initialization.h"

namespace colonnade {
namespace {

std::vector<const char*> MomentNames(Optimizer method) {
  switch (method) {
    case Optimizer::kSgd:
      return {};
    case Optimizer::kMomentum:
    case Optimizer::kNesterov:
      return {"momentum_buffer"};
    case Optimizer::kAdam:
    case Optimizer::kAdamW:
      return {"exp_avg", "exp_avg_sq"};
    case Optimizer::kRmsprop:
      return {"square_avg"};
  }
  return {};
}

template <class Parameters>
auto Part(Parameters& of, const WeightBlock& block) {
  return of.weight.view().Columns(block.first, block.count).Rows(block.first_row, block.rows);
}

}  // namespace

OptimizerState::OptimizerState(const TrainOptions& options, const NetworkShape& shape)
    : method_(options.optimizer),
      weight_decay_(options.WeightDecay()),
      beta1_(options.beta1),
      beta2_(options.beta2) {
  for (const char* name : MomentNames(method_)) moments_.push_back({name, ZeroParameters(shape)});
  const auto decay = static_cast<float>(weight_decay_);
  const auto epsilon = static_cast<float>(options.epsilon);
  sgd_ = {.momentum = static_cast<float>(options.momentum), .decay = decay};
  adam_ = {.mean_share = static_cast<float>(1 - beta1_),
           .square_keep = static_cast<float>(beta2_),
           .square_share = static_cast<float>(1 - beta2_),
           .epsilon = epsilon,
           .decay = method_ == Optimizer::kAdam ? decay : 0};
  rmsprop_ = {.square_keep = static_cast<float>(options.alpha),
              .square_share = static_cast<float>(1 - options.alpha),
              .epsilon = epsilon,
              .decay = decay};
}

void OptimizerState::BeginStep(double rate) {
  ++steps_;
  sgd_.rate = rmsprop_.rate = static_cast<float>(rate);
  if (method_ != Optimizer::kAdam && method_ != Optimizer::kAdamW) return;
  const auto t = static_cast<double>(steps_);
  adam_.rate = static_cast<float>(rate / (1 - std::pow(beta1_, t)));
  adam_.root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(beta2_, t)));
  if (method_ == Optimizer::kAdamW) adam_.keep = static_cast<float>(1 - rate * weight_decay_);
}

kernels::ReadNext OptimizerState::Reads(const WeightBlock& block,
                                        const DenseParameters& parameters) const {
  static_assert(1 + kMostMoments <= kernels::ReadNext::kMost);
  kernels::ReadNext reads;
  reads.matrices[reads.count++] = Part(parameters, block);
  for (const Moment& moment : moments_) {
    reads.matrices[reads.count++] = Part(moment.layers[block.layer], block);
  }
  return reads;
}

void OptimizerState::UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient,
                                  DenseParameters& parameters) {
  Moments moments;
  for (size_t m = 0; m < moments_.size(); ++m) {
    moments[m] = Part(moments_[m].layers[block.layer], block);
  }
  Update(Part(parameters, block), gradient, moments);
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
  Moments moments;
  for (size_t m = 0; m < moments_.size(); ++m) {
    moments[m] = (moments_[m].layers[layer].*part).view();
  }
  Update((parameters.*part).view(), gradient, moments);
}

void OptimizerState::Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
                            const Moments& moments) const {
  switch (method_) {
    case Optimizer::kSgd:
      return kernels::SgdUpdate(parameter, gradient, sgd_);
    case Optimizer::kMomentum:
      return kernels::MomentumUpdate(parameter, gradient, moments[0], sgd_);
    case Optimizer::kNesterov:
      return kernels::NesterovUpdate(parameter, gradient, moments[0], sgd_);
    case Optimizer::kAdam:
    case Optimizer::kAdamW:
      return kernels::AdamUpdate(parameter, gradient, moments[0], moments[1], adam_);
    case Optimizer::kRmsprop:
      return kernels::RmspropUpdate(parameter, gradient, moments[0], rmsprop_);
  }
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
