#include "engine/data/schema_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/data/csv_record.h"

namespace colonnade {
namespace {

constexpr size_t kMaxFeatures = kMaxColumns - 1;

constexpr std::pair<Missing, const char*> kMissing[] = {
    {Missing::kMean, "mean"}, {Missing::kZero, "zero"}, {Missing::kDrop, "drop"}};

Missing ReadMissing(const JsonNode& node) {
  const std::string& name = node.String();
  for (const auto& [missing, known] : kMissing) {
    if (name == known) return missing;
  }
  node.Fail("\"mean\", \"zero\" or \"drop\"");
}

}  // namespace

Json32 ToJson(const Schema& schema) {
  Json32 json = {{"features", schema.features},
                 {"feature_names", ToJson(schema.feature_names)},
                 {"label_name", ToJson(schema.label_name)},
                 {"label_index", schema.label_index},
                 {"classes", ToJson(schema.classes)}};
  for (const CategoricalColumn& column : schema.categorical) {
    json["categorical"].push_back({{"name", ToJson(column.name)},
                                   {"first", column.first},
                                   {"categories", ToJson(column.categories)}});
  }
  for (const IgnoredColumn& column : schema.ignored) {
    json["ignored"].push_back({{"name", ToJson(column.name)}, {"index", column.index}});
    if (column.weight) json["ignored"].back()["weight"] = true;
  }
  if (schema.missing != Missing::kError) {
    json["missing"] =
        std::ranges::find(kMissing, schema.missing, &std::pair<Missing, const char*>::first)
            ->second;
  }
  if (schema.missing == Missing::kMean) json["means"] = ToJson(schema.means);
  return json;
}

Schema ReadSchema(const JsonNode& node) {
  Schema schema = {.features = node.Field("features").Unsigned(kMaxFeatures),
                   .feature_names = ReadNames(node.Field("feature_names")),
                   .label_name = ReadName(node.Field("label_name")),
                   .label_index = node.Field("label_index").Unsigned(kMaxFeatures),
                   .classes = ReadNames(node.Field("classes")),
                   .categorical = {},
                   .ignored = {},
                   .missing = Missing::kError,
                   .means = {}};
  if (node.Has("categorical")) {
    const JsonNode columns = node.Field("categorical");
    for (size_t i = 0; i < columns.size(); ++i) {
      const JsonNode column = columns.Item(i);
      schema.categorical.push_back({.name = ReadName(column.Field("name")),
                                    .first = column.Field("first").Unsigned(kMaxFeatures),
                                    .categories = ReadNames(column.Field("categories"))});
    }
  }
  if (node.Has("ignored")) {
    const JsonNode columns = node.Field("ignored");
    for (size_t i = 0; i < columns.size(); ++i) {
      const JsonNode column = columns.Item(i);
      schema.ignored.push_back({.name = ReadName(column.Field("name")),
                                .index = column.Field("index").Unsigned(2 * kMaxFeatures),
                                .weight = column.Has("weight")});
    }
  }
  if (node.Has("missing")) schema.missing = ReadMissing(node.Field("missing"));
  if (schema.missing == Missing::kMean) {
    schema.means = ReadFloats(node.Field("means"), schema.features);
  }
  return schema;
}

std::string FindMismatch(const char* field, const std::vector<float>& values, size_t expected) {
  if (values.size() != expected) {
    return fmt::format("{}: found {}, expected {}", field, values.size(), expected);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return fmt::format("{}[{}]: found {}, expected a finite number", field, i, values[i]);
    }
  }
  return {};
}

std::string FindMismatch(const Schema& schema) {
  const size_t inputs = schema.features;
  if (!schema.feature_names.empty() && schema.feature_names.size() != inputs) {
    return fmt::format("schema.feature_names: found {}, expected {}", schema.feature_names.size(),
                       inputs);
  }
  if (schema.label_index > inputs + schema.ignored.size()) {
    return fmt::format("schema.label_index: found {}, expected 0 to {}", schema.label_index,
                       inputs + schema.ignored.size());
  }
  size_t free = 0;
  for (size_t i = 0; i < schema.categorical.size(); ++i) {
    const auto& [name, first, categories] = schema.categorical[i];
    if (first < free || first >= inputs || categories.empty() ||
        categories.size() > inputs - first) {
      return fmt::format(
          "schema.categorical[{}]: found {} categories from feature {} on, expected "
          "features of their own among {}",
          i, categories.size(), first, inputs);
    }
    free = first + categories.size();
  }
  if (schema.missing == Missing::kMean) {
    if (std::string text = FindMismatch("schema.means", schema.means, inputs); !text.empty()) {
      return text;
    }
  }
  return {};
}

}  // namespace colonnade
