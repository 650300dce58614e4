// SPDX-License-Identifier: Apache-2.0
// Datasets from the memory of the caller.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/class_index.h"
#include "engine/data/csv/text.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/offsets.h"
#include "engine/data/schema_json.h"

namespace colonnade {
namespace {

[[noreturn]] void Fail(std::string subject, std::string found, std::string expected) {
  throw Error(
      ErrorCode::kBadData,
      {.subject = std::move(subject), .found = std::move(found), .expected = std::move(expected)});
}

[[noreturn]] void FailExample(size_t example, std::string found, std::string expected) {
  Fail(fmt::format("example {}", example), std::move(found), std::move(expected));
}

// ---- How many ----

size_t SizeOf(const Rows& rows) {
  return std::visit([](const auto& values) { return values.size(); }, rows.values);
}

// The number of labels; nothing where there are none.
std::optional<size_t> CountOf(const Labels& labels) {
  return std::visit(
      [](const auto& values) -> std::optional<size_t> {
        if constexpr (std::is_same_v<decltype(values), const std::monostate&>) {
          return std::nullopt;
        } else {
          return values.size();
        }
      },
      labels.values);
}

// The rows with all that may be left out of them.
Rows Completed(Rows rows, const Schema& schema) {
  if (rows.features == 0) rows.features = schema.features;
  if (schema.features != 0 && rows.features != schema.features) {
    Fail("", fmt::format("{} features", rows.features),
         fmt::format("{} as in the schema", schema.features));
  }
  if (rows.features == 0) Fail("", "0 features", "at least 1");
  if (rows.stride == 0) rows.stride = rows.features;
  if (rows.stride < rows.features) {
    Fail("", fmt::format("examples {} elements apart", rows.stride),
         fmt::format("at least the {} features", rows.features));
  }
  return rows;
}

// As many examples as there are labels, or, without these, as many as the values are enough for.
size_t CountExamples(const Rows& rows, const Labels& labels) {
  const size_t size = SizeOf(rows);
  const size_t whole = size / rows.stride;
  const size_t rest = size % rows.stride;
  const size_t examples = CountOf(labels).value_or(whole + (rest == 0 ? 0 : 1));
  if (examples == 0 || examples > kMaxExamples) {
    Fail("", fmt::format("{} examples", examples), fmt::format("1 to {}", kMaxExamples));
  }
  // Behind the features of the last example there may be nothing.
  const bool fits = rest == 0 ? whole == examples : rest == rows.features && whole + 1 == examples;
  if (!fits) {
    Fail("", fmt::format("{} values", size),
         fmt::format("{} features for each of {} examples", rows.features, examples));
  }
  return examples;
}

void CheckSchema(const Schema& schema) {
  const size_t names = schema.feature_names.size();
  if (names != 0 && names != schema.features) {
    Fail("", fmt::format("{} feature names", names), fmt::format("{} or none", schema.features));
  }
  if (schema.label_index > schema.features + schema.ignored.size()) {
    Fail("", fmt::format("the label at column {}", schema.label_index),
         fmt::format("0 to {}", schema.features + schema.ignored.size()));
  }
  if (auto mismatch = FindOffsetMismatch(schema)) {
    throw Error(ErrorCode::kBadData, std::move(*mismatch));
  }
}

// ---- Values ----

// What a number should have been that f32 does not hold as a finite one.
template <class T>
const char* Expected(T number) {
  return std::isfinite(number) ? "a finite number in the range of f32" : "a finite number";
}

template <class T>
[[noreturn]] void FailValue(size_t example, size_t feature, T value) {
  Fail(fmt::format("example {}, feature {}", example, feature), fmt::to_string(value),
       Expected(value));
}

// Those that a table of such numbers needs; none where f32 holds all as they are.
std::vector<double> FindOffsets(std::span<const double> values, size_t examples, const Rows& rows) {
  std::vector<OffsetFilter> filters(rows.features);
  for (size_t e = 0; e < examples; ++e) {
    for (size_t f = 0; f < rows.features; ++f) filters[f].Add(values[e * rows.stride + f]);
  }
  std::vector<double> offsets;
  std::vector<double> column(examples);
  for (size_t f = 0; f < rows.features; ++f) {
    if (!filters[f].MayNeedOffset()) continue;
    for (size_t e = 0; e < examples; ++e) column[e] = values[e * rows.stride + f];
    const std::optional<double> offset = OffsetFor(column);
    if (!offset) continue;
    offsets.resize(rows.features);
    offsets[f] = *offset;
  }
  return offsets;
}

// Appends examples one after the other.
class ValueWriter {
 public:
  // Keeps references.
  ValueWriter(const std::vector<double>& offsets, DatasetBuilder& to)
      : offsets_(offsets), to_(to) {}

  void Add(std::span<const uint8_t> values) {
    if (!offsets_.empty()) return AddRounded(values);
    std::copy(values.begin(), values.end(), to_.NextBytes());
    to_.Append();
  }

  void Add(std::span<const float> values) {
    if (!offsets_.empty()) return AddRounded(values);
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) FailValue(to_.examples(), i, values[i]);
    }
    to_.Add(values);
  }

  void Add(std::span<const double> values) { AddRounded(values); }

 private:
  template <class T>
  void AddRounded(std::span<const T> values) {
    rounded_.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      const double offset = offsets_.empty() ? 0 : offsets_[i];
      rounded_[i] = static_cast<float>(static_cast<double>(values[i]) - offset);
      if (!std::isfinite(rounded_[i])) FailValue(to_.examples(), i, values[i]);
    }
    to_.Add(rounded_);
  }

  const std::vector<double>& offsets_;
  DatasetBuilder& to_;
  std::vector<float> rounded_;
};

// ---- Labels ----

// Writes labels or targets of a dataset, and its classes.
class LabelWriter {
 public:
  // Keeps a reference.
  explicit LabelWriter(Dataset::Storage& to) : to_(to) {}

  void operator()(std::monostate) const { to_.schema.classes.clear(); }

  void operator()(std::span<const uint32_t> indices) const {
    std::vector<std::string>& classes = to_.schema.classes;
    const bool named = !classes.empty();
    const size_t limit = named ? classes.size() : kMaxClasses;
    if (limit > kMaxClasses) {
      Fail("", fmt::format("{} classes", limit), fmt::format("at most {}", kMaxClasses));
    }
    const auto largest = std::ranges::max_element(indices);
    if (*largest >= limit) {
      FailExample(static_cast<size_t>(largest - indices.begin()), fmt::format("label {}", *largest),
                  fmt::format("a class index 0 to {}", limit - 1));
    }
    for (uint32_t i = 0; !named && i <= *largest; ++i) classes.push_back(fmt::to_string(i));
    to_.labels = AlignedBuffer<uint32_t>(indices.size());
    std::ranges::copy(indices, to_.labels.data());
  }

  void operator()(std::span<const int32_t> labels) const { Index(labels); }
  void operator()(std::span<const int64_t> labels) const { Index(labels); }
  void operator()(std::span<const std::string> labels) const { Index(labels); }
  void operator()(std::span<const float> targets) const { SetTargets(targets); }
  void operator()(std::span<const double> targets) const { SetTargets(targets); }

 private:
  static std::optional<uint32_t> CodeOf(int64_t label, ClassIndex& index) {
    return index.Find(label);
  }
  static std::optional<uint32_t> CodeOf(std::string_view label, ClassIndex& index) {
    return index.Find(label);
  }

  template <class T>
  void Index(std::span<const T> labels) const {
    const std::vector<std::string> known = to_.schema.classes;
    ClassIndex index(known.empty() ? nullptr : &known);
    to_.labels = AlignedBuffer<uint32_t>(labels.size());
    for (size_t e = 0; e < labels.size(); ++e) {
      const std::optional<uint32_t> code = CodeOf(labels[e], index);
      if (!code) {
        const std::string text = fmt::format("{}", labels[e]);
        FailExample(e, "the label " + Quoted(text), index.Expected(text));
      }
      to_.labels[e] = *code;
    }
    to_.schema.classes = index.Finish({to_.labels.data(), labels.size()});
  }

  template <class T>
  void SetTargets(std::span<const T> targets) const {
    if (!to_.schema.classes.empty()) {
      Fail("", fmt::format("{} classes", to_.schema.classes.size()), "none with targets");
    }
    const std::vector<double> numbers(targets.begin(), targets.end());
    double offset = to_.schema.target_offset;
    if (std::is_same_v<T, double> && offset == 0) offset = OffsetFor(numbers).value_or(0);
    StoreTargets(numbers, offset, to_);
    for (size_t e = 0; e < targets.size(); ++e) {
      if (std::isfinite(to_.targets[e])) continue;
      FailExample(e, fmt::format("the target {}", targets[e]), Expected(targets[e]));
    }
  }

  Dataset::Storage& to_;
};

}  // namespace

Dataset Dataset::FromMemory(const Rows& rows, const Labels& labels, Schema schema) {
  const Rows all = Completed(rows, schema);
  schema.features = all.features;
  const size_t examples = CountExamples(all, labels);
  CheckSchema(schema);
  Storage labelled;
  labelled.schema = std::move(schema);
  std::visit(LabelWriter(labelled), labels.values);
  std::vector<double>& offsets = labelled.schema.offsets;
  const auto* const doubles = std::get_if<std::span<const double>>(&all.values);
  if (offsets.empty() && doubles != nullptr) offsets = FindOffsets(*doubles, examples, all);
  DatasetBuilder builder(all.features, LabelKind::kNone, examples);
  ValueWriter writer(offsets, builder);
  std::visit(
      [&](const auto& values) {
        for (size_t e = 0; e < examples; ++e) {
          writer.Add(values.subspan(e * all.stride, all.features));
        }
      },
      all.values);
  std::unique_ptr<Storage> data = builder.Finish(std::move(labelled.schema));
  data->labels = std::move(labelled.labels);
  data->targets = std::move(labelled.targets);
  data->exact_targets = std::move(labelled.exact_targets);
  return Dataset(std::move(data));
}

}  // namespace colonnade
