// SPDX-License-Identifier: Apache-2.0
// The dataset of a table whose rows have been read.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/date.h"
#include "engine/data/csv/finish.h"
#include "engine/data/csv/text.h"
#include "engine/data/offsets.h"
#include "engine/runtime/execution.h"

namespace colonnade {
namespace {

constexpr size_t kBlock = 1024;  // rows that a thread takes at a time

// Where the features of an input are.
struct Place {
  size_t input = 0;
  size_t first = 0;
  double offset = 0;  // what the values lack
};

void StoreCircle(double fraction, float* to) {
  const double angle = 2 * std::numbers::pi * fraction;
  to[0] = static_cast<float>(std::sin(angle));
  to[1] = static_cast<float>(std::cos(angle));
}

class Assembler {
 public:
  Assembler(const TablePlan& plan, const TableTally& tally, Outcome outcome, TableRows& rows,
            int threads)
      : plan_(plan),
        tally_(tally),
        outcome_(std::move(outcome)),
        rows_(rows),
        execution_(threads) {}

  std::unique_ptr<Dataset::Storage> Run() {
    count_ = static_cast<size_t>(tally_.rows);
    rows_.builder().Take(count_);
    MakeSchema();
    std::unique_ptr<Dataset::Storage> data;
    if (IsSimple()) {
      data = rows_.builder().Finish(std::move(schema_));
    } else {
      data = Expand();
      const std::unique_ptr<Dataset::Storage> inputs = rows_.builder().Finish({});
      data->labels = std::move(inputs->labels);
      data->targets = std::move(inputs->targets);
    }
    FinishLabels(*data);
    data->weights = Exactly(rows_.weights());
    data->groups = Exactly(rows_.groups());
    NumberGroups(data->groups.data(), data->groups.size());
    data->times = Exactly(rows_.times());
    return data;
  }

 private:
  template <class T>
  AlignedBuffer<T> Exactly(const AlignedBuffer<T>& from) const {
    if (from.size() == 0) return {};
    AlignedBuffer<T> to(count_);
    std::copy_n(from.data(), count_, to.data());
    return to;
  }

  // By their first rows: codes go by what thread came first.
  static void NumberGroups(uint32_t* groups, size_t count) {
    if (count == 0) return;
    std::vector<uint32_t> numbers(*std::max_element(groups, groups + count) + size_t{1},
                                  UINT32_MAX);
    uint32_t next = 0;
    for (size_t e = 0; e < count; ++e) {
      uint32_t& number = numbers[groups[e]];
      if (number == UINT32_MAX) number = next++;
      groups[e] = number;
    }
  }

  const ColumnPlan& ColumnOf(size_t input) const { return plan_.columns[plan_.inputs[input]]; }
  uint64_t MissingOf(size_t input) const { return tally_.columns[plan_.inputs[input]].missing; }

  // The dataset as the rows are.
  bool IsSimple() const {
    for (size_t i = 0; i < outcome_.outputs.size(); ++i) {
      const Output& output = outcome_.outputs[i];
      if (output.kind != Output::Kind::kNumber || output.indicator || MissingOf(i) > 0)
        return false;
    }
    return std::ranges::all_of(places_, [](const Place& place) { return place.offset == 0; }) &&
           (!NeedsMeans() || plan_.like) && !AreBytesAsFloats();
  }

  // Whether the rows are wider than their values are, of which nearly all tables have one at once.
  bool AreBytesAsFloats() const {
    if (rows_.type() == ElementType::kU8) return false;
    const size_t inputs = outcome_.outputs.size();
    for (size_t e = 0; e < count_; ++e) {
      const float* const values = rows_.builder().FloatsOf(e);
      for (size_t i = 0; i < inputs; ++i) {
        if (!ToByte(values[i])) return false;
      }
    }
    return true;
  }

  // ---- The schema ----

  void MakeSchema() {
    for (size_t i = 0; i < outcome_.outputs.size(); ++i) AddFeatures(i);
    CheckSize();
    for (size_t i = 0; i < plan_.columns.size(); ++i) AddIgnored(i);
    if (plan_.like) {
      // As the model has it; only the columns are those of this table.
      const Schema& like = *plan_.like;
      schema_.missing = like.missing;
      schema_.means = like.means;
      schema_.offsets = like.offsets;
      for (Place& place : places_) {
        if (!like.offsets.empty()) place.offset = like.offsets[place.first];
      }
      schema_.target_offset = like.target_offset;
      schema_.na_values = like.na_values;
      schema_.keep_na = like.keep_na;
      schema_.label_format = like.label_format;
      schema_.formats = like.formats;
      if (plan_.read_labels) schema_.classes = like.classes;
    } else {
      SetOffsets();
      schema_.na_values = plan_.options.na_values;
      schema_.keep_na = plan_.options.keep_na;
      schema_.missing = plan_.missing;
      if (!plan_.missing_said && !AnyMissing()) schema_.missing = Missing::kRefuse;
      if (plan_.label) schema_.label_format = plan_.columns[*plan_.label].format;
    }
    if (plan_.label && plan_.read_labels) {
      schema_.label_index = *plan_.label;
      schema_.label_name = plan_.columns[*plan_.label].name;
    }
  }

  bool AnyMissing() const {
    return std::ranges::any_of(plan_.inputs,
                               [&](size_t c) { return tally_.columns[c].missing > 0; });
  }

  bool NeedsMeans() const {
    return schema_.missing == Missing::kMean || schema_.missing == Missing::kMedian;
  }

  void AddFeatures(size_t i) {
    const Output& output = outcome_.outputs[i];
    const ColumnPlan& column = ColumnOf(i);
    if (output.kind == Output::Kind::kNone) return;
    const size_t first = schema_.features;
    places_.push_back({.input = i, .first = first});
    const auto name = [&](const std::string& suffix) {
      if (plan_.header) schema_.feature_names.push_back(column.name + suffix);
    };
    switch (output.kind) {
      case Output::Kind::kNone:
        break;
      case Output::Kind::kNumber:
      case Output::Kind::kMapped:
        name("");
        if (output.format != NumberFormat()) schema_.formats.push_back({first, output.format});
        break;
      case Output::Kind::kCategory:
        schema_.categorical.push_back({.name = column.name,
                                       .first = first,
                                       .categories = output.categories,
                                       .other = output.other,
                                       .missing = output.missing_category});
        for (const std::string& category : output.categories) name("_" + category);
        break;
      case Output::Kind::kDate: {
        DateColumn date;
        if (plan_.like) date = plan_.like->dates[column.known];
        date.name = column.name;
        date.first = first;
        if (!plan_.like) {
          date.weekday = output.weekday;
          date.hour = output.hour;
          date.origin = static_cast<int64_t>(column.origin);
          date.order = column.order;
        }
        name("_days");
        if (date.weekday) {
          name("_weekday_sin");
          name("_weekday_cos");
        }
        if (date.hour) {
          name("_hour_sin");
          name("_hour_cos");
        }
        schema_.dates.push_back(date);
        break;
      }
    }
    schema_.features += output.width;
    if (output.indicator) {
      schema_.indicators.push_back({.feature = schema_.features, .of = first});
      name("_missing");
      ++schema_.features;
    }
  }

  void AddIgnored(size_t i) {
    const ColumnPlan& column = plan_.columns[i];
    std::string reason = column.reason;
    bool ignored = column.role == ColumnRole::kIgnored || column.role == ColumnRole::kWeight ||
                   column.role == ColumnRole::kGroup || column.role == ColumnRole::kTime;
    if (column.input != kNoColumn && outcome_.outputs[column.input].kind == Output::Kind::kNone) {
      ignored = true;
      reason = outcome_.outputs[column.input].reason;
    }
    if (!ignored) return;
    schema_.ignored.push_back({.name = column.name,
                               .index = i,
                               .weight = column.role == ColumnRole::kWeight,
                               .reason = std::move(reason)});
  }

  // What the features take; before they take it.
  void CheckSize() const {
    constexpr size_t kMost = kMaxColumns - 1;
    const auto largest = [&] {
      const auto widest = std::ranges::max_element(outcome_.outputs, {}, &Output::width);
      const auto input = static_cast<size_t>(widest - outcome_.outputs.begin());
      return fmt::format("{} of them from {}", widest->width,
                         plan_.opening.NameOf(plan_.inputs[input]));
    };
    if (schema_.features > kMost) {
      throw Error(ErrorCode::kBadData,
                  {.file = plan_.file,
                   .found = fmt::format("{} features, {}", schema_.features, largest()),
                   .expected = fmt::format("at most {}", kMost),
                   .advice = "`max-categories` or `ignore-columns` make fewer"});
    }
    const double bytes =
        static_cast<double>(count_) * static_cast<double>(ColumnStride(schema_.features, 1));
    if (bytes > PhysicalMemory()) {
      throw Error(
          ErrorCode::kBadData,
          {.file = plan_.file,
           .found = fmt::format("{} rows with {} features, {}: {:.1f} GB", count_, schema_.features,
                                largest(), bytes / 1e9),
           .expected = fmt::format("at most the {:.1f} GB of memory", PhysicalMemory() / 1e9),
           .advice = "`max-categories` or `ignore-columns` make it smaller"});
    }
  }

  void SetOffsets() {
    bool any = false;
    for (Place& place : places_) {
      if (outcome_.outputs[place.input].kind != Output::Kind::kNumber) continue;
      if (!ColumnOf(place.input).wide) continue;
      const auto offset = OffsetFor({rows_.wide(place.input), count_});
      place.offset = offset.value_or(0);
      any |= place.offset != 0;
    }
    if (!any) return;
    schema_.offsets.assign(schema_.features, 0);
    for (const Place& place : places_) schema_.offsets[place.first] = place.offset;
  }

  // ---- The values ----

  float RawOf(size_t row, size_t input) {
    if (rows_.type() == ElementType::kU8) return rows_.builder().BytesOf(row)[input];
    return rows_.builder().FloatsOf(row)[input];
  }

  // The features of a row, NaN where they are missing.
  void Fill(size_t row, float* to) {
    for (const Place& place : places_) {
      const Output& output = outcome_.outputs[place.input];
      const float raw = RawOf(row, place.input);
      float* out = to + place.first;
      switch (output.kind) {
        case Output::Kind::kNone:
          break;
        case Output::Kind::kNumber:
          *out = place.offset == 0 || std::isnan(raw)
                     ? raw
                     : static_cast<float>(rows_.wide(place.input)[row] - place.offset);
          break;
        case Output::Kind::kMapped:
          *out = std::isnan(raw) ? raw : output.numbers[static_cast<size_t>(raw)];
          break;
        case Output::Kind::kCategory: {
          std::fill_n(out, output.width, 0.0F);
          if (std::isnan(raw)) {
            if (output.missing_category) {
              out[output.width - 1 - (output.other ? 1 : 0)] = 1;
            }
          } else if (raw >= 0) {
            const auto code = static_cast<size_t>(raw);
            out[output.places.empty() ? code : output.places[code]] = 1;
          }
          break;
        }
        case Output::Kind::kDate: {
          const DateColumn& date = *date_of_[place.input];
          const double days = rows_.wide(place.input)[row];
          if (std::isnan(raw)) {
            std::fill_n(out, output.width, raw);
            break;
          }
          *out++ = static_cast<float>(days - static_cast<double>(date.origin));
          if (date.weekday) {
            std::ranges::copy(weekdays_[static_cast<size_t>(WeekdayOf(days))], out);
            out += 2;
          }
          if (date.hour) StoreCircle(HourOf(days) / 24, out);
          break;
        }
      }
      if (output.indicator) to[place.first + output.width] = std::isnan(raw) ? 1.0F : 0.0F;
    }
  }

  std::unique_ptr<Dataset::Storage> Expand() {
    for (size_t day = 0; day < weekdays_.size(); ++day) {
      StoreCircle(static_cast<double>(day) / 7, weekdays_[day].data());
    }
    date_of_.resize(outcome_.outputs.size());
    size_t date = 0;
    for (const Place& place : places_) {
      if (outcome_.outputs[place.input].kind == Output::Kind::kDate) {
        date_of_[place.input] = &schema_.dates[date++];
      }
    }
    if (NeedsMeans() && !plan_.like) FindMeans();
    fills_ = schema_.means;
    fills_.resize(schema_.features, 0.0F);
    const size_t features = schema_.features;
    const size_t blocks = (count_ + kBlock - 1) / kBlock;
    // The type of a dataset depends on its values only.
    std::atomic<bool> bytes = true;
    std::vector<std::vector<float>> memory(execution_.threads(), std::vector<float>(features));
    const bool missing = AnyMissing();
    const auto fill = [&](size_t row, float* to) {
      Fill(row, to);
      for (size_t f = 0; missing && f < features; ++f) {
        if (std::isnan(to[f])) to[f] = fills_[f];
      }
    };
    execution_.ForEach(blocks, [&](size_t block, size_t worker) {
      float* const values = memory[worker].data();
      for (size_t row = block * kBlock; row < std::min(count_, (block + 1) * kBlock); ++row) {
        if (!bytes) return;
        fill(row, values);
        for (size_t f = 0; f < features; ++f) {
          if (!ToByte(values[f])) bytes = false;
        }
      }
    });
    DatasetBuilder builder(features, LabelKind::kNone, count_);
    if (builder.capacity() < count_) builder.Reserve(count_);
    if (!bytes) builder.Widen();
    execution_.ForEach(blocks, [&](size_t block, size_t worker) {
      float* const values = memory[worker].data();
      for (size_t row = block * kBlock; row < std::min(count_, (block + 1) * kBlock); ++row) {
        if (bytes) {
          fill(row, values);
          uint8_t* const to = builder.BytesOf(row);
          for (size_t f = 0; f < features; ++f) to[f] = static_cast<uint8_t>(values[f]);
          std::fill(to + features, to + builder.stride(), uint8_t{0});
        } else {
          float* const to = builder.FloatsOf(row);
          fill(row, to);
          std::fill(to + features, to + builder.stride(), 0.0F);
        }
      }
    });
    builder.Take(count_);
    return builder.Finish(std::move(schema_));
  }

  // Of each feature, over the rows that have it, in their order; or the middle of them.
  void FindMeans() {
    schema_.means.assign(schema_.features, 0.0F);
    if (AddPlainSums()) return;
    execution_.ForEach(places_.size(), [&](size_t p, size_t) {
      const Place& place = places_[p];
      const Output& output = outcome_.outputs[place.input];
      if (output.kind == Output::Kind::kCategory) return;
      std::vector<float> row(schema_.features);
      const std::vector<Place> only = {place};
      std::vector<double> sums(output.width);
      std::vector<std::vector<float>> all(schema_.missing == Missing::kMedian ? output.width : 0);
      size_t count = 0;
      for (size_t e = 0; e < count_; ++e) {
        FillOne(place, e, row.data());
        if (std::isnan(row[place.first])) continue;
        ++count;
        for (size_t k = 0; k < output.width; ++k) {
          sums[k] += static_cast<double>(row[place.first + k]);
          if (!all.empty()) all[k].push_back(row[place.first + k]);
        }
      }
      for (size_t k = 0; k < output.width; ++k) {
        float& to = schema_.means[place.first + k];
        if (all.empty()) {
          to = static_cast<float>(sums[k] / static_cast<double>(std::max<size_t>(count, 1)));
        } else if (!all[k].empty()) {
          to = MedianOf(all[k]);
        }
      }
    });
  }

  // The means of tables all of whose features are numbers of the rows, or stand for their texts, in
  // one go over these; false for others.
  bool AddPlainSums() {
    if (schema_.missing != Missing::kMean || rows_.type() == ElementType::kU8) return false;
    std::vector<Place> numbers;
    for (const Place& place : places_) {
      const Output::Kind kind = outcome_.outputs[place.input].kind;
      if (kind == Output::Kind::kCategory) continue;
      const bool mapped = kind == Output::Kind::kMapped;
      if ((!mapped && kind != Output::Kind::kNumber) || place.offset != 0) return false;
      numbers.push_back(place);
    }
    // So many that their sums stay in registers or the first-level cache.
    constexpr size_t kGroup = 16;
    execution_.ForEach((numbers.size() + kGroup - 1) / kGroup, [&](size_t group, size_t) {
      const size_t begin = group * kGroup;
      const size_t size = std::min(kGroup, numbers.size() - begin);
      std::array<double, kGroup> sums = {};
      std::array<size_t, kGroup> counts = {};
      for (size_t e = 0; e < count_; ++e) {
        const float* const values = rows_.builder().FloatsOf(e);
        for (size_t k = 0; k < size; ++k) {
          float value = values[numbers[begin + k].input];
          const std::vector<float>& map = outcome_.outputs[numbers[begin + k].input].numbers;
          if (!map.empty() && !std::isnan(value)) value = map[static_cast<size_t>(value)];
          const bool there = !std::isnan(value);
          sums[k] += there ? static_cast<double>(value) : -0.0;
          counts[k] += there ? 1 : 0;
        }
      }
      for (size_t k = 0; k < size; ++k) {
        schema_.means[numbers[begin + k].first] =
            static_cast<float>(sums[k] / static_cast<double>(std::max<size_t>(counts[k], 1)));
      }
    });
    return true;
  }

  void FillOne(const Place& place, size_t row, float* to) {
    const Output& output = outcome_.outputs[place.input];
    const float raw = RawOf(row, place.input);
    if (output.kind == Output::Kind::kNumber && place.offset == 0) {
      to[place.first] = raw;
    } else if (output.kind == Output::Kind::kNumber) {
      to[place.first] =
          std::isnan(raw) ? raw : static_cast<float>(rows_.wide(place.input)[row] - place.offset);
    } else {
      Fill(row, to);
    }
  }

  static float MedianOf(std::vector<float>& values) {
    const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    const float below = *std::max_element(values.begin(), middle);
    return static_cast<float>((static_cast<double>(below) + static_cast<double>(*middle)) / 2);
  }

  // ---- The labels ----

  void FinishLabels(Dataset::Storage& data) {
    LabelOutput& label = outcome_.label;
    const double like_offset = plan_.like ? plan_.like->target_offset : 0;
    switch (LabelsOf(plan_)) {
      case LabelKind::kNone:
        break;
      case LabelKind::kTargets: {
        const std::span<const double> exact(rows_.targets().data(), count_);
        FinishTargets(exact, like_offset, data);
        break;
      }
      case LabelKind::kCodes: {
        const AlignedBuffer<uint32_t> codes = std::move(data.labels);
        data.labels = {};
        if (label.regress) {
          std::vector<double> numbers(count_);
          for (size_t e = 0; e < count_; ++e) numbers[e] = label.numbers[codes[e]];
          FinishTargets(numbers, like_offset, data);
          break;
        }
        data.labels = AlignedBuffer<uint32_t>(count_);
        for (size_t e = 0; e < count_; ++e) {
          data.labels[e] = label.places.empty() ? codes[e] : label.places[codes[e]];
        }
        data.schema.classes = label.classes;
        break;
      }
    }
  }

  void FinishTargets(std::span<const double> exact, double like_offset, Dataset::Storage& data) {
    const double offset = plan_.like ? like_offset : OffsetFor(exact).value_or(0);
    data.schema.target_offset = offset;
    if (offset == 0 && data.targets.size() > 0) {
      // As they were rounded at once.
      AlignedBuffer<float> targets(count_);
      std::copy_n(data.targets.data(), count_, targets.data());
      data.targets = std::move(targets);
      bool same = true;
      for (size_t e = 0; e < count_; ++e) same &= static_cast<double>(data.targets[e]) == exact[e];
      if (same) return;
      data.exact_targets = AlignedBuffer<double>(count_);
      std::copy(exact.begin(), exact.end(), data.exact_targets.data());
      return;
    }
    StoreTargets(exact, offset, data);
  }

  const TablePlan& plan_;
  const TableTally& tally_;
  Outcome outcome_;
  TableRows& rows_;
  Execution execution_;
  size_t count_ = 0;
  Schema schema_;
  std::vector<Place> places_;
  std::vector<const DateColumn*> date_of_;  // of each input
  std::vector<float> fills_;                // what missing values become
  std::array<std::array<float, 2>, 7> weekdays_ = {};
};

}  // namespace

std::unique_ptr<Dataset::Storage> Assemble(const TablePlan& plan, const TableTally& tally,
                                           Outcome outcome, TableRows& rows, int threads) {
  return Assembler(plan, tally, std::move(outcome), rows, threads).Run();
}

}  // namespace colonnade
