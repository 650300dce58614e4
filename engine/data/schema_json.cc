// SPDX-License-Identifier: Apache-2.0
#include "engine/data/schema_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/data/csv/record.h"
#include "engine/data/offsets.h"
#include "engine/runtime/container.h"

namespace colonnade {
namespace {

constexpr size_t kMaxFeatures = kMaxColumns - 1;

// Of dates, in days around 1970: more than ten thousand years either way.
constexpr int64_t kMaxOrigin = 10'000'000;

constexpr std::string_view kThousands = ",. '_";

bool HasMeans(const Schema& schema) {
  return schema.missing == Missing::kMean || schema.missing == Missing::kMedian;
}

// ---- Writing ----

// The shortest text that reads back as the same number.
std::string TextOf(double value) { return fmt::format("{}", value); }

Json32 JsonOf(const NumberFormat& format) {
  auto json = Json32::object();
  if (format.decimal != '.') json["decimal"] = std::string(1, format.decimal);
  if (format.thousands != '\0') json["thousands"] = std::string(1, format.thousands);
  if (!format.unit.empty()) json["unit"] = ToJson(format.unit);
  if (format.boolean) json["boolean"] = true;
  return json;
}

Json32 JsonOf(const CategoricalColumn& column) {
  Json32 json = {{"name", ToJson(column.name)},
                 {"first", column.first},
                 {"categories", ToJson(column.categories)}};
  if (column.other) json["other"] = true;
  if (column.missing) json["missing"] = true;
  return json;
}

Json32 JsonOf(const IgnoredColumn& column) {
  Json32 json = {{"name", ToJson(column.name)}, {"index", column.index}};
  if (column.weight) json["weight"] = true;
  if (!column.reason.empty()) json["reason"] = ToJson(column.reason);
  return json;
}

Json32 JsonOf(const DateColumn& column) {
  Json32 json = {{"name", ToJson(column.name)}, {"first", column.first}};
  if (column.weekday) json["weekday"] = true;
  if (column.hour) json["hour"] = true;
  if (column.origin != 0) json["origin"] = column.origin;
  if (column.order != DateOrder::kYmd) json["order"] = Name(column.order);
  return json;
}

// ---- Reading ----

// kRefuse goes without saying, and is not written.
Missing ReadMissing(const JsonNode& node) {
  const std::optional<Missing> missing = Parse<Missing>(node.String());
  if (!missing || *missing == Missing::kRefuse) {
    node.Fail("\"mean\", \"median\", \"zero\" or \"drop\"");
  }
  return *missing;
}

// A member that is there only where it is true.
bool ReadFlag(const JsonNode& node, const char* key) {
  return node.Has(key) && node.Field(key).Bool();
}

std::string ReadOptionalName(const JsonNode& node, const char* key) {
  return node.Has(key) ? ReadName(node.Field(key)) : std::string();
}

double ReadDouble(const JsonNode& node) {
  const std::string& text = node.String();
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (stop != end || error != std::errc() || !std::isfinite(value)) {
    node.Fail("a finite number as a string");
  }
  return value;
}

int64_t ReadOrigin(const JsonNode& node) {
  const Json32& json = node.value();
  if (json.is_number_unsigned()) return static_cast<int64_t>(node.Unsigned(kMaxOrigin));
  if (!json.is_number_integer() || json.get<int64_t>() < -kMaxOrigin) {
    node.Fail(fmt::format("an integer from {} to {}", -kMaxOrigin, kMaxOrigin));
  }
  return json.get<int64_t>();
}

DateOrder ReadOrder(const JsonNode& node) {
  const std::optional<DateOrder> order = Parse<DateOrder>(node.String());
  if (!order || *order == DateOrder::kAuto) node.Fail("\"ymd\", \"dmy\" or \"mdy\"");
  return *order;
}

char ReadCharacter(const JsonNode& node, std::string_view allowed) {
  const std::string& text = node.String();
  if (text.size() != 1 || allowed.find(text[0]) == std::string_view::npos) {
    node.Fail(fmt::format("one of the characters {}", safetensors::Quoted(allowed)));
  }
  return text[0];
}

NumberFormat ReadFormat(const JsonNode& node) {
  NumberFormat format = {.unit = ReadOptionalName(node, "unit"),
                         .boolean = ReadFlag(node, "boolean")};
  if (node.Has("decimal")) format.decimal = ReadCharacter(node.Field("decimal"), ".,");
  if (node.Has("thousands")) format.thousands = ReadCharacter(node.Field("thousands"), kThousands);
  if (format.thousands == format.decimal) node.Fail("two characters for fraction and thousands");
  return format;
}

CategoricalColumn ReadCategorical(const JsonNode& node) {
  return {.name = ReadName(node.Field("name")),
          .first = node.Field("first").Unsigned(kMaxFeatures),
          .categories = ReadNames(node.Field("categories")),
          .other = ReadFlag(node, "other"),
          .missing = ReadFlag(node, "missing")};
}

IgnoredColumn ReadIgnored(const JsonNode& node) {
  return {.name = ReadName(node.Field("name")),
          .index = node.Field("index").Unsigned(2 * kMaxFeatures),
          .weight = ReadFlag(node, "weight"),
          .reason = ReadOptionalName(node, "reason")};
}

DateColumn ReadDate(const JsonNode& node) {
  return {.name = ReadName(node.Field("name")),
          .first = node.Field("first").Unsigned(kMaxFeatures),
          .weekday = ReadFlag(node, "weekday"),
          .hour = ReadFlag(node, "hour"),
          .origin = node.Has("origin") ? ReadOrigin(node.Field("origin")) : 0,
          .order = node.Has("order") ? ReadOrder(node.Field("order")) : DateOrder::kYmd};
}

FormattedFeature ReadFormatted(const JsonNode& node) {
  return {.feature = node.Field("feature").Unsigned(kMaxFeatures), .format = ReadFormat(node)};
}

MissingIndicator ReadIndicator(const JsonNode& node) {
  return {.feature = node.Field("feature").Unsigned(kMaxFeatures),
          .of = node.Field("of").Unsigned(kMaxFeatures)};
}

// The items of an array that is there only where there are any.
template <class T>
std::vector<T> ReadList(const JsonNode& node, const char* key, T (*read)(const JsonNode&)) {
  std::vector<T> list;
  if (!node.Has(key)) return list;
  const JsonNode items = node.Field(key);
  for (size_t i = 0; i < items.size(); ++i) list.push_back(read(items.Item(i)));
  return list;
}

template <class T>
void WriteList(const std::vector<T>& list, const char* key, Json32& json) {
  for (const T& item : list) json[key].push_back(JsonOf(item));
}

std::vector<double> ReadOffsets(const JsonNode& node, size_t features) {
  std::vector<double> offsets(features);
  for (size_t i = 0; i < node.size(); ++i) {
    const JsonNode item = node.Item(i);
    if (features == 0) item.Fail("none without features");
    offsets[item.Field("feature").Unsigned(features - 1)] = ReadDouble(item.Field("offset"));
  }
  return offsets;
}

// ---- Checking ----

// Features that belong to one column.
struct Span {
  const char* list;
  size_t item;
  size_t first;
  size_t count;
};

ErrorDetails Misplaced(const char* list, size_t item, std::string found, std::string expected) {
  return {.subject = fmt::format("schema.{}[{}]", list, item),
          .found = std::move(found),
          .expected = std::move(expected)};
}

// Nothing if the columns of several features are in order in each list and share no feature; else
// what is wrong. Leaves them in `spans`, in the order of their features.
std::optional<ErrorDetails> FindSpanMismatch(const Schema& schema, std::vector<Span>* spans) {
  std::vector<Span> categorical;
  categorical.reserve(schema.categorical.size());
  for (const CategoricalColumn& column : schema.categorical) {
    categorical.push_back(
        {"categorical", categorical.size(), column.first, column.categories.size()});
  }
  std::vector<Span> dates;
  dates.reserve(schema.dates.size());
  for (const DateColumn& column : schema.dates) {
    dates.push_back({"dates", dates.size(), column.first, column.features()});
  }
  const auto mismatch = [&](const std::vector<Span>& list) -> std::optional<ErrorDetails> {
    size_t free = 0;
    for (const Span& span : list) {
      const size_t inputs = schema.features;
      if (span.first < free || span.first >= inputs || span.count == 0 ||
          span.count > inputs - span.first) {
        const char* const what =
            std::string_view(span.list) == "categorical" ? "categories" : "features";
        return Misplaced(span.list, span.item,
                         fmt::format("{} {} from feature {} on", span.count, what, span.first),
                         fmt::format("features of their own among {}", inputs));
      }
      free = span.first + span.count;
    }
    return {};
  };
  if (auto found = mismatch(categorical)) return found;
  if (auto found = mismatch(dates)) return found;
  std::ranges::merge(categorical, dates, std::back_inserter(*spans), {}, &Span::first,
                     &Span::first);
  return mismatch(*spans);
}

// The column of several features that one is of, or null.
const Span* SpanOf(const std::vector<Span>& spans, size_t feature) {
  const auto after = std::ranges::upper_bound(spans, feature, {}, &Span::first);
  if (after == spans.begin()) return nullptr;
  const Span& span = *(after - 1);
  return feature < span.first + span.count ? &span : nullptr;
}

std::optional<ErrorDetails> FindFormatMismatch(const Schema& schema,
                                               const std::vector<Span>& spans) {
  size_t free = 0;
  for (size_t i = 0; i < schema.formats.size(); ++i) {
    const size_t feature = schema.formats[i].feature;
    if (feature < free || feature >= schema.features || SpanOf(spans, feature) != nullptr) {
      return Misplaced("formats", i, fmt::format("feature {}", feature),
                       fmt::format("the next one of numbers among {}", schema.features));
    }
    free = feature + 1;
  }
  return {};
}

std::optional<ErrorDetails> FindIndicatorMismatch(const Schema& schema,
                                                  const std::vector<Span>& spans) {
  size_t free = 0;
  for (size_t i = 0; i < schema.indicators.size(); ++i) {
    const auto [feature, of] = schema.indicators[i];
    const Span* const span = SpanOf(spans, of);
    const size_t behind = span != nullptr ? span->first + span->count : of + 1;
    if (of < free || of >= schema.features || (span != nullptr && span->first != of) ||
        feature != behind || feature >= schema.features || SpanOf(spans, feature) != nullptr) {
      return Misplaced("indicators", i, fmt::format("feature {} for feature {}", feature, of),
                       fmt::format("one right behind the other among {}", schema.features));
    }
    free = feature + 1;
  }
  return {};
}

}  // namespace

Json32 ToJson(const Schema& schema) {
  Json32 json = {{"features", schema.features},
                 {"feature_names", ToJson(schema.feature_names)},
                 {"label_name", ToJson(schema.label_name)},
                 {"label_index", schema.label_index},
                 {"classes", ToJson(schema.classes)}};
  WriteList(schema.categorical, "categorical", json);
  WriteList(schema.ignored, "ignored", json);
  if (schema.missing != Missing::kRefuse) json["missing"] = Name(schema.missing);
  if (HasMeans(schema)) json["means"] = ToJson(schema.means);
  WriteList(schema.dates, "dates", json);
  for (const FormattedFeature& formatted : schema.formats) {
    Json32 item = {{"feature", formatted.feature}};
    item.update(JsonOf(formatted.format));
    json["formats"].push_back(std::move(item));
  }
  for (const auto& [feature, of] : schema.indicators) {
    json["indicators"].push_back({{"feature", feature}, {"of", of}});
  }
  if (schema.label_format != NumberFormat()) json["label_format"] = JsonOf(schema.label_format);
  if (!schema.na_values.empty()) json["na_values"] = ToJson(schema.na_values);
  if (schema.keep_na) json["keep_na"] = true;
  for (size_t f = 0; f < schema.offsets.size(); ++f) {
    if (schema.offsets[f] == 0) continue;
    json["offsets"].push_back({{"feature", f}, {"offset", TextOf(schema.offsets[f])}});
  }
  if (schema.target_offset != 0) json["target_offset"] = TextOf(schema.target_offset);
  return json;
}

Schema ReadSchema(const JsonNode& node) {
  Schema schema = {.features = node.Field("features").Unsigned(kMaxFeatures),
                   .feature_names = ReadNames(node.Field("feature_names")),
                   .label_name = ReadName(node.Field("label_name")),
                   .label_index = node.Field("label_index").Unsigned(kMaxFeatures),
                   .classes = ReadNames(node.Field("classes")),
                   .categorical = ReadList(node, "categorical", ReadCategorical),
                   .ignored = ReadList(node, "ignored", ReadIgnored),
                   .dates = ReadList(node, "dates", ReadDate),
                   .formats = ReadList(node, "formats", ReadFormatted),
                   .indicators = ReadList(node, "indicators", ReadIndicator),
                   .keep_na = ReadFlag(node, "keep_na")};
  if (node.Has("missing")) schema.missing = ReadMissing(node.Field("missing"));
  if (HasMeans(schema)) schema.means = ReadFloats(node.Field("means"), schema.features);
  if (node.Has("label_format")) schema.label_format = ReadFormat(node.Field("label_format"));
  if (node.Has("na_values")) schema.na_values = ReadNames(node.Field("na_values"));
  if (node.Has("offsets")) schema.offsets = ReadOffsets(node.Field("offsets"), schema.features);
  if (node.Has("target_offset")) schema.target_offset = ReadDouble(node.Field("target_offset"));
  return schema;
}

unsigned VersionFor(const Schema& schema) {
  const bool plain = !HasOffsets(schema) && schema.dates.empty() && schema.formats.empty() &&
                     schema.indicators.empty() && schema.label_format == NumberFormat() &&
                     schema.na_values.empty() && !schema.keep_na &&
                     schema.missing != Missing::kMedian &&
                     std::ranges::none_of(schema.categorical, [](const CategoricalColumn& column) {
                       return column.other || column.missing;
                     });
  return plain ? kPlainVersion : kColumnsVersion;
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

std::optional<ErrorDetails> FindOffsetMismatch(const Schema& schema) {
  if (!schema.offsets.empty() && schema.offsets.size() != schema.features) {
    return ErrorDetails{.subject = "schema.offsets",
                        .found = fmt::to_string(schema.offsets.size()),
                        .expected = fmt::format("{} or none", schema.features)};
  }
  const auto bad =
      std::ranges::find_if_not(schema.offsets, [](double o) { return std::isfinite(o); });
  if (bad != schema.offsets.end()) {
    return ErrorDetails{.subject = fmt::format("schema.offsets[{}]", bad - schema.offsets.begin()),
                        .found = fmt::to_string(*bad),
                        .expected = "a finite number"};
  }
  if (std::isfinite(schema.target_offset)) return {};
  return ErrorDetails{.subject = "schema.target_offset",
                      .found = fmt::to_string(schema.target_offset),
                      .expected = "a finite number"};
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
  std::vector<Span> spans;
  if (auto mismatch = FindSpanMismatch(schema, &spans)) return mismatch;
  for (size_t i = 0; i < schema.categorical.size(); ++i) {
    const CategoricalColumn& column = schema.categorical[i];
    if (column.categories.size() >= (column.other ? 1U : 0U) + (column.missing ? 1U : 0U)) continue;
    return Misplaced("categorical", i, fmt::format("{} categories", column.categories.size()),
                     "one for other and one for missing values");
  }
  if (auto mismatch = FindFormatMismatch(schema, spans)) return mismatch;
  if (auto mismatch = FindIndicatorMismatch(schema, spans)) return mismatch;
  if (auto mismatch = FindOffsetMismatch(schema)) return mismatch;
  if (HasMeans(schema)) return FindMismatch("schema.means", schema.means, inputs);
  return {};
}

}  // namespace colonnade
