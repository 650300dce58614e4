// SPDX-License-Identifier: Apache-2.0
#include "engine/data/schema_json.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "engine/data/csv_record.h"

namespace colonnade {
namespace {

constexpr size_t kMaxFeatures = kMaxColumns - 1;

// kError goes without saying, and is not written.
Missing ReadMissing(const JsonNode& node) {
  const std::optional<Missing> missing = Parse<Missing>(node.String());
  if (!missing || *missing == Missing::kError) node.Fail("\"mean\", \"zero\" or \"drop\"");
  return *missing;
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
    json["missing"] = Name(schema.missing);
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

std::optional<ErrorDetails> FindMismatch(const char* field, const std::vector<float>& values,
                                         size_t expected) {
  if (values.size() != expected) {
    return ErrorDetails{.subject = field,
                        .found = fmt::to_string(values.size()),
                        .expected = fmt::to_string(expected)};
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return ErrorDetails{.subject = fmt::format("{}[{}]", field, i),
                        .found = fmt::to_string(values[i]),
                        .expected = "a finite number"};
  }
  return {};
}

std::optional<ErrorDetails> FindMismatch(const Schema& schema) {
  const size_t inputs = schema.features;
  if (!schema.feature_names.empty() && schema.feature_names.size() != inputs) {
    return ErrorDetails{.subject = "schema.feature_names",
                        .found = fmt::to_string(schema.feature_names.size()),
                        .expected = fmt::to_string(inputs)};
  }
  if (schema.label_index > inputs + schema.ignored.size()) {
    return ErrorDetails{.subject = "schema.label_index",
                        .found = fmt::to_string(schema.label_index),
                        .expected = fmt::format("0 to {}", inputs + schema.ignored.size())};
  }
  size_t free = 0;
  for (size_t i = 0; i < schema.categorical.size(); ++i) {
    const auto& [name, first, categories] = schema.categorical[i];
    if (first < free || first >= inputs || categories.empty() ||
        categories.size() > inputs - first) {
      return ErrorDetails{
          .subject = fmt::format("schema.categorical[{}]", i),
          .found = fmt::format("{} categories from feature {} on", categories.size(), first),
          .expected = fmt::format("features of their own among {}", inputs)};
    }
    free = first + categories.size();
  }
  if (schema.missing == Missing::kMean) return FindMismatch("schema.means", schema.means, inputs);
  return {};
}

}  // namespace colonnade
