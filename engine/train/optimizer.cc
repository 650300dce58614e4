#include "engine/train/optimizer.h"

#include "engine/model/initialization.h"
#include "kernels/optimizer.h"

namespace colonnade {

OptimizerState::OptimizerState(Optimizer method, double momentum, const NetworkShape& shape)
    : method_(method), momentum_(static_cast<float>(momentum)) {
  if (method_ == Optimizer::kMomentum) velocity_ = ZeroParameters(shape);
}

namespace {

template <class Parameters>
auto Part(Parameters& of, const WeightBlock& block) {
  return of.weight.view().Columns(block.first, block.count).Rows(block.first_row, block.rows);
}

}  // namespace

kernels::ReadNext OptimizerState::Reads(const WeightBlock& block,
                                        const DenseParameters& parameters) const {
  kernels::ReadNext reads;
  reads.matrices[reads.count++] = Part(parameters, block);
  if (!velocity_.empty()) reads.matrices[reads.count++] = Part(velocity_[block.layer], block);
  return reads;
}

void OptimizerState::UpdateWeight(const WeightBlock& block, kernels::ConstMatrix gradient,
                                  double rate, DenseParameters& parameters) {
  kernels::Matrix velocity;
  if (!velocity_.empty()) velocity = Part(velocity_[block.layer], block);
  Update(Part(parameters, block), gradient, velocity, rate);
}

void OptimizerState::UpdateBias(size_t layer, kernels::ConstMatrix gradient, double rate,
                                DenseParameters& parameters) {
  kernels::Matrix velocity;
  if (!velocity_.empty()) velocity = velocity_[layer].bias.view();
  Update(parameters.bias.view(), gradient, velocity, rate);
}

void OptimizerState::Update(kernels::Matrix parameter, kernels::ConstMatrix gradient,
                            kernels::Matrix velocity, double rate) const {
  switch (method_) {
    case Optimizer::kSgd:
      return kernels::SgdUpdate(parameter, gradient, static_cast<float>(rate));
    case Optimizer::kMomentum:
      return kernels::MomentumUpdate(parameter, gradient, velocity, static_cast<float>(rate),
                                     momentum_);
  }
}

}  // namespace colonnade
