// SPDX-License-Identifier: Apache-2.0
#include "engine/train/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "colonnade/options.h"

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

// The place of an enumerator in its table, which is the number that format 1 has for it.
template <Named E>
std::string Place(const std::string& name) {
  size_t place = 0;
  for (const auto& row : NamesOf(E())) {
    if (row.name == name) break;
    ++place;
  }
  return fmt::to_string(place);
}

void AppendOptions(const TrainOptions& options, Identity& identity) {
  for (const Option& option : OptionsOf<TrainOptions>()) {
    if (option.info.effect != Effect::kResult) continue;
    std::string text = OptionText(options, option.info.name);
    // Files have no text for it.
    if (std::string_view(option.info.name) == "early-stopping" && text == "0") text.clear();
    identity.emplace_back(option.info.name, std::move(text));
  }
}

}  // namespace

Identity Identify(const Dataset& data, const NetworkShape& shape, const TrainOptions& options) {
  Identity identity = {
      {"training data", data.Hash()},
      {"validation data", options.validation_data ? options.validation_data->Hash() : "none"},
      {"network", Describe(shape)},
      {"start", options.start ? options.start->ParametersHash() : "none"}};
  TrainOptions effective = options;
  if (effective.batch_size >= data.examples()) effective.batch_size = 0;
  if (effective.ensemble == 1) effective.ensemble_by = EnsembleBy::kSeeds;
  AppendOptions(effective, identity);
  return identity;
}

Identity DefaultIdentity() {
  Identity identity;
  // What was not chosen before there was a choice.
  TrainOptions options;
  options.embed = Embedding::kNone;
  options.embed_pieces = kPieces;
  options.target_scale = TargetScale::kStandard;
  options.ensemble = 1;
  options.ensemble_by = EnsembleBy::kSeeds;
  AppendOptions(options, identity);
  return identity;
}

// Do not change these values: files have them.
Identity AsVersion1(const Identity& identity) {
  constexpr std::pair<std::string_view, const char*> kNames[] = {
      {"huber-delta", "huber delta"},
      {"label-smoothing", "label smoothing"},
      {"batch-size", "batch size"},
      {"lr", "learning rate"},
      {"weight-decay", "weight decay"},
      {"clip-norm", "clip norm"},
      {"warmup", "warm-up"},
      {"lr-decay", "learning rate decay"},
      {"lr-decay-epochs", "learning rate decay epochs"},
      {"early-stopping", "early stopping"},
      {"target-accuracy", "target accuracy"},
      {"max-seconds", "max seconds"}};
  Identity old;
  for (const auto& [name, text] : identity) {
    if (name == "class-weight") {
      const bool balanced = text == "balanced";
      std::string values = balanced ? "" : text;
      std::ranges::replace(values, ',', ' ');
      old.emplace_back("class weights", values);
      old.emplace_back("balanced classes", balanced ? "true" : "false");
    } else if (name == "target-scale") {
      old.emplace_back("standardized targets", text == "standard" ? "true"
                                               : text == "none"   ? "false"
                                                                  : text);
    } else if (name == "init") {
      old.emplace_back(name, Place<Initialization>(text));
    } else if (name == "optimizer") {
      old.emplace_back(name, Place<Optimizer>(text));
    } else if (name == "schedule") {
      old.emplace_back(name, Place<Schedule>(text));
    } else if (name == "precision") {
      old.emplace_back(name, Place<Precision>(text));
    } else {
      const auto renamed =
          std::ranges::find(kNames, name, &std::pair<std::string_view, const char*>::first);
      // What was not set had the value 0 there.
      old.emplace_back(renamed == std::end(kNames) ? name : renamed->second,
                       text.empty() ? "0" : text);
    }
  }
  return old;
}

}  // namespace colonnade
