#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/trainer.h"
#include "engine/model/initialization.h"
#include "engine/runtime/random.h"
#include "engine/train/learner.h"
#include "engine/train/step.h"

namespace colonnade {

struct Trainer::State {
  State(const Dataset& like, const TrainOptions& chosen)
      : options(Resolve(chosen, like)), rate(options.Rate()), learner(like, options) {
    options.start = nullptr;  // which need not live longer
  }

  TrainOptions options;
  double rate;
  Learner learner;
  uint32_t passes = 0;
  size_t steps = 0;
};

Trainer::Trainer(const Dataset& like, const TrainOptions& options)
    : state_(std::make_unique<State>(like, options)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

PassResult Trainer::Fit(const Dataset& data) {
  State& s = *state_;
  Model::Storage& model = *s.learner.model;
  CheckFits("data", data, model.shape);
  const size_t examples = data.examples();
  const size_t batch = s.options.ExamplesPerStep(examples);
  std::vector<uint32_t> order(examples);
  if (batch < examples) {
    Random(s.options.seed, RandomStream::kShuffle, s.passes).Permutation(order);
  } else {
    for (uint32_t e = 0; e < examples; ++e) order[e] = e;
  }
  ++s.passes;
  TrainingStep step(model.shape, data, model.scaling, SettingsOf(s.options, batch), model.layers,
                    s.learner.optimizer, s.learner.execution, nullptr,
                    LossFunction(s.options, data, model.target));
  PassResult result;
  BatchLoss sum;
  s.learner.execution.Run([&] {
    for (size_t begin = 0; begin < examples; begin += batch) {
      const BatchLoss loss =
          step.Run({order.data() + begin, std::min(batch, examples - begin)}, s.rate);
      ++s.steps;
      ++result.steps;
      if (!std::isfinite(loss.loss)) {
        ThrowDiverged("the loss is not finite", s.steps, s.rate, model.layers);
      }
      sum.loss += loss.loss;
      sum.loss_weight += loss.loss_weight;
      sum.correct += loss.correct;
      sum.weight += loss.weight;
    }
  });
  if (!AreFinite(model.layers)) {
    ThrowDiverged("a parameter is not finite", s.steps, s.rate, model.layers);
  }
  result.loss = sum.MeanLoss();
  result.accuracy = data.regression() ? std::nan("") : sum.Accuracy();
  return result;
}

void Trainer::SetLearningRate(double rate) {
  TrainOptions options;
  options.learning_rate = rate;
  options.Check();
  state_->rate = rate;
}

Model Trainer::model() const {
  const Model::Storage& from = *state_->learner.model;
  auto copy = std::make_shared<Model::Storage>();
  copy->shape = from.shape;
  copy->layers = ZeroParameters(from.shape);
  CopyParameters(from.layers, copy->layers);
  copy->scaling = from.scaling;
  copy->target = from.target;
  copy->schema = from.schema;
  return Model(std::move(copy));
}

}  // namespace colonnade
