// SPDX-License-Identifier: Apache-2.0
// colonnade inspect MODEL
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <iterator>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "colonnade/model.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

Json ModelJson(const std::string& file, const Model& model) {
  Json layers = Json::array();
  for (const Layer& layer : model.shape().layers) {
    layers.push_back({{"inputs", layer.inputs},
                      {"outputs", layer.outputs},
                      {"activation", Name(layer.activation)},
                      {"batch_norm", layer.batch_norm}});
  }
  Json provenance = Json::object();
  for (const auto& [key, value] : model.provenance()) provenance[key] = ParseJson(value);
  const Schema& schema = model.schema();
  Json categorical = Json::array();
  for (const CategoricalColumn& column : schema.categorical) {
    categorical.push_back({{"name", column.name},
                           {"first_feature", column.first},
                           {"categories", column.categories}});
  }
  return {{"command", "inspect"},
          {"version", Version()},
          {"model", file},
          {"network", model.shape().Widths()},
          {"layers", layers},
          {"task", model.regression() ? "regress" : "classify"},
          {"parameters", model.shape().parameters()},
          {"members", model.members()},
          {"parameters_hash", model.ParametersHash()},
          {"scaling", Name(model.scaling().method)},
          {"features", schema.features},
          {"feature_names", schema.feature_names},
          {"label", schema.label_name},
          {"classes", schema.classes},
          {"categorical", categorical},
          {"missing", Name(schema.missing)},
          {"provenance", provenance}};
}

// What is predicted where offset + scale · output is `number`.
std::string Transformed(const TargetScaling& target, const std::string& number) {
  switch (target.transform) {
    case TargetTransform::kNone:
      break;
    case TargetTransform::kLog1p:
      return target.smearing == 0
                 ? fmt::format("exp({}) - 1", number)
                 : fmt::format("{:g} · exp({}) - 1", std::exp(static_cast<double>(target.smearing)),
                               number);
    case TargetTransform::kQuantile:
      return fmt::format("the number of the normal score {}", number);
    case TargetTransform::kLog:
      return fmt::format("exp({})", number);
  }
  return number;
}

// A text without its quotes.
std::string Plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string ModelText(const std::string& file, const Model& model) {
  std::string text = fmt::format("model       {}\nnetwork     {}, {} parameters\n", file,
                                 model.shape().Widths(), WithCommas(model.shape().parameters()));
  if (model.members() > 1) {
    text += fmt::format("members     {}, such a network each; the mean of what they predict\n",
                        model.members());
  }
  for (size_t l = 0; l < model.shape().layers.size(); ++l) {
    const Layer& layer = model.shape().layers[l];
    text += fmt::format("  layer {:<4}{} → {}, {}{}\n", l, layer.inputs, layer.outputs,
                        layer.batch_norm ? "batch normalisation, " : "", Name(layer.activation));
  }
  const Schema& schema = model.schema();
  std::string classes;
  for (const std::string& name : schema.classes) {
    classes += (classes.empty() ? "" : ", ") + name;
    if (classes.size() > 60) {
      classes += ", …";
      break;
    }
  }
  text += fmt::format("scaling     {}\nfeatures    {}\n", Name(model.scaling().method),
                      WithCommas(schema.features));
  if (model.regression()) {
    const TargetScaling& target = model.target_scaling();
    const bool plain = target.transform == TargetTransform::kNone;
    const double offset = target.offset + (plain ? schema.target_offset : 0);
    const std::string number = fmt::format(
        "{} + {:g} · output",
        plain && schema.target_offset != 0 ? fmt::to_string(offset) : fmt::format("{:g}", offset),
        target.scale);
    text += fmt::format("predicts    {}\n", Transformed(target, number));
    if (!target.levels.empty()) {
      text += fmt::format("quantiles   {}\n", fmt::join(target.levels, ", "));
    }
  } else {
    text += fmt::format("classes     {} ({})\n", schema.classes.size(), classes);
  }
  for (const CategoricalColumn& column : schema.categorical) {
    text += fmt::format("categorical {} ({} categories)\n",
                        column.name.empty() ? fmt::format("feature {}", column.first) : column.name,
                        column.categories.size());
  }
  if (schema.missing != Missing::kRefuse) {
    text += fmt::format("missing     {}\n", Name(schema.missing));
  }
  text += fmt::format("parameters  {}\n", model.ParametersHash());
  for (const auto& [key, value] : model.provenance()) {
    Json json = ParseJson(value);
    // How the training data were taken has lines for people.
    const Json lines = key == "data" && json.is_object() ? json.value("lines", Json()) : Json();
    if (!lines.is_array()) {
      text += fmt::format("{:<11} {}\n", key, value);
      continue;
    }
    for (auto part = json.begin(); part != json.end();) {
      part = part->is_structured() ? json.erase(part) : std::next(part);
    }
    text += fmt::format("{:<11} {}\n", key, json.dump());
    for (const Json& line : lines) text += fmt::format("  {}\n", Plain(line));
  }
  return text;
}

}  // namespace

void AddInspectCommand(CLI::App& app, Common& common) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("inspect", "Show what a model file holds");
  command->add_option("MODEL", *file, "Model file")->required();
  AddJsonOption(*command, common);
  command->callback([file, &common] {
    const Model model = Model::Load(*file);
    if (common.json) {
      PrintJson(ModelJson(*file, model));
    } else {
      PrintData(ModelText(*file, model));
    }
  });
}

}  // namespace colonnade::cli
