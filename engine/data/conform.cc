// SPDX-License-Identifier: Apache-2.0
#include "engine/data/conform.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/text.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/offsets.h"

namespace colonnade {
namespace {

constexpr const char* kAgain = "convert the source again like the model or the training data";

[[noreturn]] void Fail(const std::string& file, std::string found, std::string expected = {},
                       std::string advice = {}, std::string subject = {}) {
  throw Error(ErrorCode::kBadData, {.subject = std::move(subject),
                                    .file = file,
                                    .found = std::move(found),
                                    .expected = std::move(expected),
                                    .advice = std::move(advice)});
}

// A column of the source, by its features: a number, categories or a date.
struct Column {
  std::string name = {};  // empty without names
  size_t first = 0;
  const CategoricalColumn* categorical = nullptr;
  const DateColumn* date = nullptr;
  std::optional<size_t> indicator = {};

  const char* Kind() const {
    return categorical != nullptr ? "categories" : date != nullptr ? "dates" : "numbers";
  }
};

std::vector<Column> ColumnsOf(const Schema& schema) {
  std::vector<Column> columns;
  auto categorical = schema.categorical.begin();
  auto date = schema.dates.begin();
  auto indicator = schema.indicators.begin();
  for (size_t f = 0; f < schema.features;) {
    if (indicator != schema.indicators.end() && indicator->feature == f) {
      columns.back().indicator = f++;
      ++indicator;
    } else if (categorical != schema.categorical.end() && categorical->first == f) {
      columns.push_back({.name = categorical->name, .first = f, .categorical = &*categorical});
      f += (categorical++)->categories.size();
    } else if (date != schema.dates.end() && date->first == f) {
      columns.push_back({.name = date->name, .first = f, .date = &*date});
      f += (date++)->features();
    } else {
      columns.push_back(
          {.name = schema.feature_names.empty() ? "" : schema.feature_names[f], .first = f});
      ++f;
    }
  }
  return columns;
}

// How the features of a table become those of another.
class FeatureMap {
 public:
  FeatureMap(const std::string& file, const Schema& from, const Schema& to)
      : file_(file), from_(from), to_(to), places_(from.features, kNowhere), shifts_(to.features) {
    const std::vector<Column> have = ColumnsOf(from);
    const std::vector<Column> want = ColumnsOf(to);
    const bool names = !from.feature_names.empty() && !to.feature_names.empty();
    if (!names || std::ranges::equal(have, want, {}, &Column::name, &Column::name)) {
      MatchByPlace(have, want);
    } else {
      MatchByName(have, want);
    }
  }

  // Whether there is nothing to do.
  bool Same() const {
    if (from_.features != to_.features) return false;
    for (size_t f = 0; f < places_.size(); ++f) {
      if (places_[f] != f) return false;
    }
    return std::ranges::all_of(shifts_, [](double shift) { return shift == 0; });
  }

  // to: to_.features values.
  template <class T>
  void Apply(const T* values, std::vector<float>* to) const {
    std::ranges::fill(*to, 0.0F);
    for (size_t f = 0; f < places_.size(); ++f) {
      if (places_[f] == kNowhere) continue;
      float& place = (*to)[places_[f]];
      const auto value = static_cast<float>(values[f]);
      // Several categories may have become the one for others.
      if (value != 0 || place == 0) place = value;
    }
    for (size_t f = 0; f < to->size(); ++f) {
      if (shifts_[f] == 0) continue;
      (*to)[f] = static_cast<float>(static_cast<double>((*to)[f]) + shifts_[f]);
    }
  }

  // Columns of the table that lead nowhere, by name.
  const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  static constexpr size_t kNowhere = SIZE_MAX;

  void MatchByPlace(const std::vector<Column>& have, const std::vector<Column>& want) {
    if (have.size() != want.size()) {
      Fail(file_, fmt::format("{} feature{}", have.size(), have.size() == 1 ? "" : "s"),
           fmt::to_string(want.size()));
    }
    for (size_t i = 0; i < want.size(); ++i) Match(have[i], want[i]);
  }

  void MatchByName(const std::vector<Column>& have, const std::vector<Column>& want) {
    std::unordered_map<std::string_view, const Column*> known;
    std::vector<std::string> repeated;
    for (const Column& column : have) {
      if (!known.emplace(column.name, &column).second) repeated.push_back(column.name);
    }
    std::unordered_map<std::string_view, size_t> uses;
    std::vector<std::string> lacking;
    for (const Column& column : want) {
      const auto found = known.find(column.name);
      if (found == known.end()) {
        lacking.push_back(Quoted(column.name));
        continue;
      }
      if (++uses[column.name] > 1 || std::ranges::find(repeated, column.name) != repeated.end()) {
        Fail(file_, fmt::format("several columns named {} and others in another order than "
                                "expected",
                                Quoted(column.name)));
      }
      Match(*found->second, column);
    }
    if (!lacking.empty()) {
      Fail(file_,
           fmt::format("no column{} {}", lacking.size() > 1 ? "s" : "", Abbreviated(lacking)),
           "every feature by its name, in any order");
    }
    for (const Column& column : have) {
      if (!uses.contains(column.name)) unknown_.push_back(Quoted(column.name));
    }
  }

  void Match(const Column& have, const Column& want) {
    if ((have.categorical == nullptr) != (want.categorical == nullptr) ||
        (have.date == nullptr) != (want.date == nullptr)) {
      const std::string name = want.name.empty() ? fmt::format("feature {}", want.first)
                                                 : "the column " + Quoted(want.name);
      Fail(file_, fmt::format("{} as {}", name, have.Kind()), want.Kind(), kAgain);
    }
    shifts_[want.first] = OffsetOf(from_, have.first) - OffsetOf(to_, want.first);
    if (want.categorical != nullptr) {
      MatchCategories(*have.categorical, *want.categorical);
    } else if (want.date != nullptr) {
      MatchDates(*have.date, *want.date);
    } else {
      places_[have.first] = want.first;
    }
    // Where there is none, nothing was missing.
    if (have.indicator && want.indicator) places_[*have.indicator] = *want.indicator;
  }

  // Categories that are not known become the one for others, or none.
  void MatchCategories(const CategoricalColumn& have, const CategoricalColumn& want) {
    std::unordered_map<std::string_view, size_t> known;
    const auto plain = [](const CategoricalColumn& column) {
      return column.categories.size() - (column.other ? 1 : 0) - (column.missing ? 1 : 0);
    };
    const size_t haves = plain(have);
    const size_t wants = plain(want);
    for (size_t i = 0; i < wants; ++i) known.emplace(want.categories[i], want.first + i);
    const size_t other = want.other ? want.first + want.categories.size() - 1 : kNowhere;
    for (size_t i = 0; i < haves; ++i) {
      const auto found = known.find(have.categories[i]);
      places_[have.first + i] = found != known.end() ? found->second : other;
    }
    if (have.missing) places_[have.first + haves] = want.missing ? want.first + wants : kNowhere;
    if (have.other) places_[have.first + have.categories.size() - 1] = other;
  }

  void MatchDates(const DateColumn& have, const DateColumn& want) {
    if ((want.weekday && !have.weekday) || (want.hour && !have.hour)) {
      Fail(file_,
           fmt::format("dates without the {} in the column {}",
                       want.hour && !have.hour ? "hour" : "day of the week", Quoted(want.name)),
           {}, kAgain);
    }
    shifts_[want.first] += static_cast<double>(have.origin - want.origin);
    places_[have.first] = want.first;
    size_t from = have.first + 1;
    size_t to = want.first + 1;
    for (const auto& [has, wants] :
         {std::pair(have.weekday, want.weekday), std::pair(have.hour, want.hour)}) {
      for (size_t i = 0; has && i < 2; ++i, ++from) {
        if (wants) places_[from] = to++;
      }
    }
  }

  const std::string& file_;
  const Schema& from_;
  const Schema& to_;
  std::vector<size_t> places_;  // of each feature of from_ among those of to_
  std::vector<double> shifts_;  // what is added to each feature of to_
  std::vector<std::string> unknown_;
};

// The values as they are to be, in memory of their own.
void MoveValues(const std::string& file, const FeatureMap& map, size_t features,
                Dataset::Storage& table) {
  DatasetBuilder builder(features, LabelKind::kNone, table.examples);
  std::vector<float> moved(features);
  const Dataset::Storage& values = table.values();
  for (size_t e = 0; e < table.examples; ++e) {
    const size_t at = (table.columns.size() > 0 ? table.columns[e] : e) * table.stride;
    if (table.type == ElementType::kU8) {
      map.Apply(values.bytes.data() + at, &moved);
    } else {
      map.Apply(values.floats.data() + at, &moved);
    }
    const auto bad = std::ranges::find_if_not(moved, [](float v) { return std::isfinite(v); });
    if (bad != moved.end()) {
      Fail(file, "a value beyond the range of f32", "one near those of the training data", "",
           fmt::format("example {}, feature {}", e, bad - moved.begin()));
    }
    builder.Add(moved);
  }
  std::unique_ptr<Dataset::Storage> made = builder.Finish({});
  table.type = made->type;
  table.stride = made->stride;
  table.bytes = std::move(made->bytes);
  table.floats = std::move(made->floats);
  table.columns = {};
  table.whole.reset();
  table.file.reset();
  table.hash.clear();
}

// Whether missing values became the same as they would have with `like`.
void CheckMissing(const std::string& file, const Schema& like, const Dataset::Storage& table) {
  const Schema& schema = table.schema;
  if (!HadMissing(table)) return;
  const bool same = schema.missing == like.missing;
  const bool means = like.missing == Missing::kMean || like.missing == Missing::kMedian;
  if (same && (!means || schema.means == like.means)) return;
  Fail(file,
       fmt::format("missing values taken as {}{}", Name(schema.missing),
                   same ? " of this file" : ""),
       fmt::format("{}{}", Name(like.missing), same ? " of the training data" : ""), kAgain);
}

void CheckLabel(const std::string& file, const Schema& like, const Dataset::Storage& table) {
  if (table.labels.size() == 0 && table.targets.size() == 0) Fail(file, "no labels");
  const std::string& name = table.schema.label_name;
  if (name.empty() || like.label_name.empty() || name == like.label_name) return;
  Fail(file, "the label column " + Quoted(name), Quoted(like.label_name));
}

// The indices of `like` for the same names.
void ConformClasses(const std::string& file, const Schema& like, Dataset::Storage& table) {
  if (table.schema.classes == like.classes) return;
  std::unordered_map<std::string_view, uint32_t> known;
  for (uint32_t k = 0; k < like.classes.size(); ++k) known.emplace(like.classes[k], k);
  for (size_t e = 0; e < table.examples; ++e) {
    const std::string& name = table.schema.classes[table.labels[e]];
    const auto found = known.find(name);
    if (found == known.end()) {
      Fail(file, "the class " + Quoted(name), "one of " + Abbreviated(like.classes), "",
           fmt::format("example {}", e));
    }
    table.labels[e] = found->second;
  }
  table.schema.classes = like.classes;
  table.hash.clear();
}

std::vector<double> TargetsOf(const Dataset::Storage& table) {
  std::vector<double> numbers(table.examples);
  for (size_t e = 0; e < numbers.size(); ++e) {
    numbers[e] = table.exact_targets.size() > 0
                     ? table.exact_targets[e]
                     : static_cast<double>(table.targets[e]) + table.schema.target_offset;
  }
  return numbers;
}

double NumberOf(const std::string& file, const std::string& name) {
  float rounded = 0;
  double number = 0;
  const size_t plus = name.starts_with('+') ? 1 : 0;
  if (ParseNumber(name, &rounded) != NumberError::kNone) {
    Fail(file, "the class " + Quoted(name), "numbers to predict");
  }
  std::from_chars(name.data() + plus, name.data() + name.size(), number);
  return number;
}

}  // namespace

bool HadMissing(const Dataset::Storage& table) {
  if (table.summary == nullptr) return table.schema.missing != Missing::kRefuse;
  return table.summary->dropped > 0 ||
         std::ranges::any_of(table.summary->special, [](const ColumnSummary& column) {
           const bool feature =
               column.role == ColumnRole::kFeature || column.role == ColumnRole::kCategorical;
           return feature && column.missing > 0;
         });
}

void ConformTargets(const std::string& file, double offset, Dataset::Storage& table) {
  if (table.targets.size() == 0 || table.schema.target_offset == offset) return;
  const std::vector<double> numbers = TargetsOf(table);
  StoreTargets(numbers, offset, table);
  for (size_t e = 0; e < numbers.size(); ++e) {
    if (std::isfinite(table.targets[e])) continue;
    Fail(file, fmt::format("the target {}", numbers[e]), "a number near those of the training data",
         "", fmt::format("example {}", e));
  }
  table.hash.clear();
}

void ConformFeatures(const std::string& file, const Schema& like, Dataset::Storage& table) {
  const FeatureMap map(file, table.schema, like);
  CheckMissing(file, like, table);
  if (!map.Same()) MoveValues(file, map, like.features, table);
  if (!map.unknown().empty()) {
    const size_t count = map.unknown().size();
    table.notes.push_back(fmt::format("{}: ignored {} unknown column{}: {}", file, count,
                                      count == 1 ? "" : "s", Abbreviated(map.unknown())));
  }
  Schema& schema = table.schema;
  const bool offsets = HasOffsets(schema);
  if (!schema.feature_names.empty() && !like.feature_names.empty()) {
    schema.feature_names = like.feature_names;
  } else if (schema.features != like.features) {
    schema.feature_names.clear();
  }
  schema.features = like.features;
  schema.categorical = like.categorical;
  schema.dates = like.dates;
  schema.formats = like.formats;
  schema.indicators = like.indicators;
  schema.missing = like.missing;
  schema.means = like.means;
  schema.offsets = like.offsets;
  if (offsets || HasOffsets(schema)) table.hash.clear();
}

void ConformTask(const std::string& file, Task task, const double* offset,
                 Dataset::Storage& table) {
  const bool regression = table.targets.size() > 0;
  if (task == Task::kClassify && regression) Fail(file, "numbers to predict", "classes");
  if (task != Task::kRegress || regression || table.labels.size() == 0) return;
  std::vector<double> numbers(table.schema.classes.size());
  for (size_t k = 0; k < numbers.size(); ++k) {
    numbers[k] = NumberOf(file, table.schema.classes[k]);
  }
  const double less = offset != nullptr ? *offset : OffsetFor(numbers).value_or(0);
  std::vector<double> targets(table.examples);
  for (size_t e = 0; e < targets.size(); ++e) targets[e] = numbers[table.labels[e]];
  StoreTargets(targets, less, table);
  table.labels = {};
  table.hash.clear();
  table.schema.classes.clear();
}

void Conform(const std::string& file, const Schema& like, bool labels_optional,
             Dataset::Storage& table) {
  ConformFeatures(file, like, table);
  if (labels_optional) {
    table.labels = {};
    table.targets = {};
    table.exact_targets = {};
    table.weights = {};
    table.schema.classes.clear();
    table.schema.target_offset = 0;
    table.hash.clear();
    return;
  }
  CheckLabel(file, like, table);
  const bool regression = like.classes.empty();
  ConformTask(file, regression ? Task::kRegress : Task::kClassify, &like.target_offset, table);
  if (regression) {
    ConformTargets(file, like.target_offset, table);
  } else {
    ConformClasses(file, like, table);
  }
  if (table.weights.size() == 0) return;
  if (std::ranges::any_of(like.ignored, &IgnoredColumn::weight)) return;
  table.weights = {};
  table.hash.clear();
}

}  // namespace colonnade
