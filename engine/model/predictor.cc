// SPDX-License-Identifier: Apache-2.0
#include "colonnade/predictor.h"

#include <algorithm>
#include <utility>

#include "colonnade/error.h"
#include "engine/model/predict.h"

namespace colonnade {

struct Predictor::State {
  Model model;
  size_t block;  // examples at a time
  Workspace workspace = {};
};

Predictor::Predictor(Model model, size_t most_examples)
    : state_(std::make_unique<State>(
          State{std::move(model), std::min(most_examples, Workspace::kBlock)})) {
  if (most_examples == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "most_examples", .found = "0", .expected = "at least 1"});
  }
  state_->workspace.Reserve(state_->model.shape(), state_->block, state_->model.members());
}
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;
Predictor::~Predictor() = default;

const Model& Predictor::model() const noexcept { return state_->model; }

void Predictor::Logits(std::span<const float> examples, std::span<float> logits) {
  PredictLogits(state_->model, state_->workspace, state_->block, examples, logits);
}

void Predictor::Probabilities(std::span<const float> examples, std::span<float> probabilities) {
  PredictProbabilities(state_->model, state_->workspace, state_->block, examples, probabilities);
}

void Predictor::Classes(std::span<const float> examples, std::span<uint32_t> classes) {
  PredictClasses(state_->model, state_->workspace, state_->block, examples, classes);
}

void Predictor::Values(std::span<const float> examples, std::span<float> values) {
  PredictValues(state_->model, state_->workspace, state_->block, examples, values);
}

void Predictor::Values(std::span<const float> examples, std::span<double> values) {
  PredictValues(state_->model, state_->workspace, state_->block, examples, values);
}

}  // namespace colonnade
