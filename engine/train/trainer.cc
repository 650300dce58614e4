// SPDX-License-Identifier: Apache-2.0
#include "colonnade/trainer.h"

#include <cmath>
#include <utility>

#include "colonnade/error.h"
#include "engine/model/initialization.h"
#include "engine/train/learner.h"
#include "engine/train/loop.h"

namespace colonnade {

namespace {

TrainOptions Single(TrainOptions options) {
  if ((options.ensemble.chosen() && options.ensemble > 1) ||
      (options.start && options.start->members() > 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = "ensemble",
                 .found = "several networks",
                 .expected = "a single one, which learns as data come"});
  }
  options.ensemble = 1;
  return options;
}

}  // namespace

struct Trainer::State {
  State(const Dataset& like, const TrainOptions& chosen)
      : options(Single(chosen).Resolve(like)), rate(options.Rate()), learner(like, options) {
    options.start.reset();  // which need not live longer
  }

  TrainOptions options;
  double rate;
  Learner learner;
  size_t epochs = 0;
  size_t steps = 0;
};

Trainer::Trainer(const Dataset& like, const TrainOptions& options)
    : state_(std::make_unique<State>(like, options)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

FitResult Trainer::Fit(const Dataset& data) {
  State& s = *state_;
  const Model::Storage& model = *s.learner.model;
  RequireMatch("data", data, model.schema.features, model.shape);
  EpochLoop loop(s.options, data, s.learner);
  s.learner.execution.Run([&] {
    for (loop.BeginEpoch(s.epochs++); !loop.epoch_done();) {
      const BatchLoss loss = loop.Step(s.rate);
      RequireFiniteLoss(loss, ++s.steps, s.rate, model.layers);
    }
  });
  RequireFiniteParameters(s.steps, s.rate, model.layers);
  return {.steps = loop.steps_per_epoch(),
          .loss = loop.sum().MeanLoss(),
          .accuracy = data.regression() ? std::nan("") : loop.sum().Accuracy()};
}

void Trainer::SetLearningRate(double rate) {
  TrainOptions options;
  options.learning_rate = rate;
  options.Check();
  state_->rate = rate;
}

Model Trainer::model() const { return Model(CopyOf(*state_->learner.Evaluated())); }

}  // namespace colonnade
