#include "engine/train/identity.h"

#include <fmt/format.h>

#include <algorithm>

namespace colonnade {
namespace {

std::string Describe(const NetworkShape& shape) {
  std::string text = fmt::to_string(shape.inputs());
  for (const Layer& layer : shape.layers) {
    text += fmt::format("-{}{} {}", layer.outputs, layer.batch_norm ? " batch-norm" : "",
                        Name(layer.activation));
  }
  return text;
}

}  // namespace

Identity Identify(const Dataset& data, const NetworkShape& shape, const TrainOptions& o) {
  Identity identity;
  // Numbers in the shortest form that reads back as the same: equal text is equal value.
  const auto add = [&](const char* name, const auto& value) {
    identity.emplace_back(name, fmt::format("{}", value));
  };
  add("training data", data.Hash());
  add("validation data", o.validation == nullptr ? "none" : o.validation->Hash());
  add("network", Describe(shape));
  add("start", o.start == nullptr ? "none" : o.start->ParametersHash());
  add("init", static_cast<int>(o.init));
  add("loss", Name(o.loss));
  add("dropout", o.dropout);
  add("huber delta", o.huber_delta);
  add("label smoothing", o.label_smoothing);
  add("class weights", fmt::format("{}", fmt::join(o.class_weights, " ")));
  add("balanced classes", o.balance_classes);
  add("standardized targets", o.standardize_targets);
  add("epochs", o.EpochsFor(data.examples()));
  add("batch size", o.batch_size == 0 ? data.examples() : std::min(o.batch_size, data.examples()));
  add("accumulate", o.accumulate);
  add("optimizer", static_cast<int>(o.optimizer));
  add("learning rate", o.Rate());
  add("momentum", o.momentum);
  add("beta1", o.beta1);
  add("beta2", o.beta2);
  add("alpha", o.alpha);
  add("epsilon", o.epsilon);
  add("weight decay", o.WeightDecay());
  add("clip norm", o.clip_norm);
  add("schedule", static_cast<int>(o.schedule));
  add("warm-up", o.warmup);
  add("learning rate decay", o.lr_decay);
  add("learning rate decay epochs", o.lr_decay_epochs);
  add("seed", o.seed);
  add("precision", static_cast<int>(o.precision));
  add("scale", o.scale);
  add("early stopping", o.early_stopping);
  add("target accuracy", o.target_accuracy);
  add("max seconds", o.max_seconds);
  return identity;
}

}  // namespace colonnade
