// SPDX-License-Identifier: Apache-2.0
#include "cli/predictions.h"

#include <fmt/format.h>

#include <functional>
#include <iterator>
#include <utility>

#include "cli/output.h"

namespace colonnade::cli {
namespace {

// The columns of predictions: their names, and the field of an example.
struct PredictedColumns {
  std::vector<std::string> names;
  std::function<void(size_t example, size_t column, std::string& to)> append;
};

// A column per quantile, or the only one.
std::vector<std::string> NumberNames(const Model& model, const std::string& name) {
  const std::vector<float>& levels = model.target_scaling().levels;
  if (levels.size() <= 1) return {name};
  std::vector<std::string> names;
  names.reserve(levels.size());
  for (const float level : levels) names.push_back(fmt::format("{}_q{}", name, level));
  return names;
}

// A single output stands for the number, or for the second of two classes.
std::vector<std::string> LogitNames(const Model& model) {
  if (model.shape().output == OutputKind::kSoftmax) return model.schema().classes;
  if (model.regression()) return NumberNames(model, "output");
  return {model.schema().classes.back()};
}

PredictedColumns OfNumbers(std::vector<std::string> names, std::vector<float> values) {
  const size_t count = names.size();
  return {.names = std::move(names),
          .append = [values = std::move(values), count](size_t e, size_t c, std::string& to) {
            fmt::format_to(std::back_inserter(to), "{}", values[e * count + c]);
          }};
}

// Numbers of the table. Where that needs no more, they have the digits of a float.
PredictedColumns OfValues(std::vector<std::string> names, std::vector<double> values,
                          bool doubles) {
  const size_t count = names.size();
  return {
      .names = std::move(names),
      .append = [values = std::move(values), count, doubles](size_t e, size_t c, std::string& to) {
        const double value = values[e * count + c];
        to += doubles ? fmt::to_string(value) : fmt::to_string(static_cast<float>(value));
      }};
}

PredictedColumns OfClasses(const std::string& name, std::vector<uint32_t> classes,
                           const std::vector<std::string>& names) {
  std::vector<std::string> fields;
  fields.reserve(names.size());
  for (const std::string& of_class : names) fields.push_back(CsvField(of_class));
  return {.names = {name},
          .append = [classes = std::move(classes), fields = std::move(fields)](
                        size_t e, size_t, std::string& to) { to += fields[classes[e]]; }};
}

PredictedColumns Predict(const Model& model, const Dataset& data,
                         const PredictionOptions& options) {
  const int threads = options.threads;
  switch (options.what) {
    case Predicted::kLogits:
      return OfNumbers(LogitNames(model), model.Logits(data, threads));
    case Predicted::kProbabilities:
      return OfNumbers(model.schema().classes, model.Probabilities(data, threads));
    case Predicted::kBest:
      break;
  }
  if (model.regression()) {
    const TargetTransform transform = model.target_scaling().transform;
    const bool log = transform == TargetTransform::kLog1p || transform == TargetTransform::kLog;
    const bool doubles = model.schema().target_offset != 0 && !log;
    return OfValues(NumberNames(model, options.name), model.Values(data, threads), doubles);
  }
  return OfClasses(options.name, model.Classes(data, threads), model.schema().classes);
}

// The name of a column as the data have it, or else as it was asked for.
std::string NameOf(const TextColumn& column, const std::string& asked) {
  if (!column.name.empty() || asked.empty()) return column.name;
  const bool index = asked.find_first_not_of("-0123456789") == std::string::npos;
  return index ? "column " + asked : asked;
}

// The fields of a row, with commas between them.
class Fields {
 public:
  explicit Fields(std::string& text) : text_(text) {}

  std::string& Next() {
    if (!first_) text_ += ',';
    first_ = false;
    return text_;
  }

 private:
  std::string& text_;
  bool first_ = true;
};

}  // namespace

std::string PredictionsCsv(const Model& model, const Dataset& data,
                           const PredictionOptions& options) {
  const PredictedColumns columns = Predict(model, data, options);
  const std::vector<TextColumn>& texts = data.texts();
  std::string text;
  Fields header(text);
  for (size_t i = 0; i < texts.size(); ++i) {
    header.Next() += CsvField(NameOf(texts[i], i < options.ids.size() ? options.ids[i] : ""));
  }
  for (const std::string& name : columns.names) header.Next() += CsvField(name);
  text += '\n';
  // A row with nothing at all in it would be no row.
  const char* const empty = texts.size() + columns.names.size() == 1 ? "\"\"" : "";
  auto incomplete = data.incomplete().begin();
  for (size_t e = 0; e < data.examples(); ++e) {
    const bool lacks = incomplete != data.incomplete().end() && *incomplete == e;
    if (lacks) ++incomplete;
    Fields row(text);
    for (const TextColumn& column : texts) row.Next() += CsvField(column.values[e]);
    for (size_t c = 0; c < columns.names.size(); ++c) {
      std::string& to = row.Next();
      if (lacks) {
        to += empty;
      } else {
        columns.append(e, c, to);
      }
    }
    text += '\n';
  }
  return text;
}

}  // namespace colonnade::cli
