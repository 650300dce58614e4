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
#include "engine/data/csv_text.h"
#include "engine/data/dataset_builder.h"

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

void Add(std::span<const uint8_t> values, DatasetBuilder& builder) {
  std::copy(values.begin(), values.end(), builder.NextBytes());
  builder.Append();
}

void Add(std::span<const float> values, DatasetBuilder& builder) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) FailValue(builder.examples(), i, values[i]);
  }
  builder.Add(values);
}

void Add(std::span<const double> values, DatasetBuilder& builder) {
  std::vector<float> rounded(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    rounded[i] = static_cast<float>(values[i]);
    if (!std::isfinite(rounded[i])) FailValue(builder.examples(), i, values[i]);
  }
  builder.Add(rounded);
}

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
    ClassIndex index(known.empty() ? nullptr : &known, Task::kClassify);
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
    to_.targets = AlignedBuffer<float>(targets.size());
    for (size_t e = 0; e < targets.size(); ++e) {
      to_.targets[e] = static_cast<float>(targets[e]);
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
  DatasetBuilder builder(all.features, LabelKind::kNone, examples);
  std::visit(
      [&](const auto& values) {
        for (size_t e = 0; e < examples; ++e) {
          Add(values.subspan(e * all.stride, all.features), builder);
        }
      },
      all.values);
  std::unique_ptr<Storage> data = builder.Finish(std::move(labelled.schema));
  data->labels = std::move(labelled.labels);
  data->targets = std::move(labelled.targets);
  return Dataset(std::move(data));
}

}  // namespace colonnade
