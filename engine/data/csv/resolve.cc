// SPDX-License-Identifier: Apache-2.0
// What the columns and the labels are, by all of their values.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/finish.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/text.h"

namespace colonnade {
namespace {

constexpr size_t kFewCategories = 64;
constexpr size_t kManyCategories = 255;
constexpr size_t kMostClasses = 65536;

// A text that rows have, and its code.
struct Value {
  std::string_view text;
  uint32_t code = 0;
  uint64_t count = 0;
};

// All of a column, by text.
std::vector<Value> ValuesOf(const TableTexts& texts, size_t column, const ColumnTally& tally) {
  std::vector<Value> values;
  const std::vector<std::string_view>& all = texts.Of(column)->index().texts();
  for (uint32_t code = 0; code < std::min(all.size(), tally.counts.size()); ++code) {
    if (tally.counts[code] > 0) values.push_back({all[code], code, tally.counts[code]});
  }
  std::ranges::sort(values, {}, &Value::text);
  return values;
}

// Numbers come by value, where all are numbers; texts by their bytes. Whether all are numbers.
bool SortAsLabels(std::vector<Value>* values) {
  std::vector<std::pair<double, Value>> numbers;
  for (const Value& value : *values) {
    double number = 0;
    if (ParseNumber(value.text, &number) != NumberError::kNone) return false;
    numbers.emplace_back(number, value);
  }
  std::ranges::sort(numbers, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.text < b.second.text;
  });
  std::ranges::transform(numbers, values->begin(), &std::pair<double, Value>::second);
  return true;
}

// As a number is written by itself.
bool IsCanonical(std::string_view text) {
  const std::optional<int64_t> value = ParseInteger(text);
  return value && fmt::to_string(*value) == text;
}

class Resolver {
 public:
  Resolver(const TablePlan& plan, const TableTexts& texts, const TableTally& tally)
      : plan_(plan), texts_(texts), tally_(tally) {}

  Outcome Run() {
    if (tally_.rows == 0) {
      throw Error(
          ErrorCode::kBadData,
          {.file = plan_.file,
           .found = tally_.dropped > 0 ? "no examples without missing values" : kNoExamples});
    }
    if (plan_.weight && !tally_.positive) {
      ErrorDetails details = plan_.Of(*plan_.weight);
      details.file = plan_.file;
      details.found = "weights that are all 0";
      details.expected = "one above 0";
      throw Error(ErrorCode::kBadData, std::move(details));
    }
    Outcome outcome;
    if (LabelsOf(plan_) != LabelKind::kNone) outcome.label = ResolveLabel();
    size_t kept = 0;
    for (const size_t column : plan_.inputs) {
      outcome.outputs.push_back(ResolveInput(column));
      kept += outcome.outputs.back().kind != Output::Kind::kNone;
    }
    if (kept == 0) RestoreIndexes(&outcome);
    if (plan_.options.strict && !plan_.like) RefuseLosses(outcome);
    return outcome;
  }

 private:
  [[noreturn]] void Fail(size_t column, std::string found, std::string expected,
                         std::string advice = {}) const {
    ErrorDetails details = plan_.Of(column);
    details.file = plan_.file;
    details.found = std::move(found);
    details.expected = std::move(expected);
    details.advice = std::move(advice);
    throw Error(ErrorCode::kBadData, std::move(details));
  }

  // ---- Labels ----

  LabelOutput ResolveLabel() const {
    LabelOutput label;
    label.regress = plan_.targets;
    if (plan_.targets) return label;
    if (plan_.like) {
      label.classes = plan_.like->classes;
      return label;
    }
    const size_t column = *plan_.label;
    std::vector<Value> values = ValuesOf(texts_, column, tally_.columns[column]);
    const bool numbers = SortAsLabels(&values);
    const Task task = plan_.options.task;
    if (task == Task::kRegress && !numbers) FailNumber(values);
    if (numbers && task != Task::kClassify && AreNumbers(values)) {
      label.regress = true;
      label.numbers.resize(CodesOf(column));
      const bool whole = std::ranges::all_of(
          values, [](const Value& value) { return ParseInteger(value.text).has_value(); });
      if (task == Task::kAuto && whole) {
        label.notes.push_back(fmt::format(
            "{}: took the {} different integers of {} as numbers to predict (`task` classify if "
            "they are classes)",
            plan_.file, WithCommas(values.size()), plan_.opening.NameOf(column)));
      }
      for (const Value& value : values) {
        static_cast<void>(ParseNumber(value.text, &label.numbers[value.code]));
      }
      return label;
    }
    if (values.size() > kMostClasses) {
      Fail(column, fmt::format("{} different labels", values.size()),
           fmt::format("at most {} classes", kMostClasses),
           "for numbers ask for regression (`task` regress), else choose another `label-column`");
    }
    constexpr size_t kFew = 20;
    if (values.size() == tally_.rows && values.size() > kFew && task != Task::kClassify) {
      Fail(column,
           fmt::format("{} different labels in {} rows", WithCommas(values.size()),
                       WithCommas(tally_.rows)),
           "classes that come more than once",
           "choose another column with `label-column`, or say what it holds with `task`");
    }
    label.places.resize(CodesOf(column));
    for (const Value& value : values) {
      label.places[value.code] = static_cast<uint32_t>(label.classes.size());
      label.classes.emplace_back(value.text);
    }
    if (!numbers) NoteTexts(values, &label);
    return label;
  }

  size_t CodesOf(size_t column) const { return texts_.Of(column)->index().size(); }

  // Whether labels that are numbers are to be predicted as such.
  bool AreNumbers(const std::vector<Value>& values) const {
    if (plan_.options.task == Task::kRegress) return true;
    constexpr size_t kFew = 20;
    bool fraction = false;
    bool points = true;  // all have one: "129.0" is a measurement, if there are many
    bool codes = false;  // "007", or larger than double tells apart
    for (const Value& value : values) {
      double number = 0;
      static_cast<void>(ParseNumber(value.text, &number));
      const bool whole = number == std::floor(number);
      fraction |= !whole;
      points &= value.text.find('.') != std::string_view::npos;
      codes |= whole && std::abs(number) >= 0x1p53;
      // An exponent is nothing that a code has.
      const bool plain = value.text.find_first_of("eE") == std::string_view::npos;
      codes |= whole && plain && !IsCanonical(value.text) &&
               value.text.find('.') == std::string_view::npos;
    }
    if (fraction) return true;
    if (codes) return false;
    if (points && values.size() > kFew) return true;
    constexpr size_t kRows = 100;
    return values.size() > kFew && tally_.rows >= kRows && 10 * values.size() > tally_.rows;
  }

  [[noreturn]] void FailNumber(const std::vector<Value>& values) const {
    for (const Value& value : values) {
      double ignored = 0;
      if (ParseNumber(value.text, &ignored) == NumberError::kNone) continue;
      Fail(*plan_.label, Quoted(value.text), "a number to predict");
    }
    Fail(*plan_.label, "texts", "numbers to predict");
  }

  // Names of classes may be anything, but a few texts among many integers may as well be mistakes.
  void NoteTexts(const std::vector<Value>& values, LabelOutput* label) const {
    std::vector<std::string> texts;
    uint64_t count = 0;
    size_t integers = 0;
    for (const Value& value : values) {
      if (ParseInteger(value.text)) {
        ++integers;
      } else {
        texts.push_back(Quoted(value.text));
        count += value.count;
      }
    }
    constexpr uint64_t kMany = 50;
    if (texts.empty() || integers == 0 || tally_.rows / count < kMany) return;
    label->notes.push_back(fmt::format(
        "warning: {}: found {} label{} of text among {} integers: {}; each is a class", plan_.file,
        count, count == 1 ? "" : "s", tally_.rows - count, Abbreviated(texts)));
  }

  // ---- Features ----

  Output ResolveInput(size_t column) const {
    const ColumnPlan& plan = plan_.columns[column];
    const ColumnTally& tally = tally_.columns[column];
    Output output;
    if (plan_.like) {
      Fit(plan, &output);
      return output;
    }
    if (tally.missing == tally_.rows) {
      output.reason = "missing throughout";
      return output;
    }
    if (tally.index) {
      output.reason = "counts the rows: an index";
      return output;
    }
    output.indicator =
        plan_.options.missing_indicator && tally.missing > 0 && plan_.missing != Missing::kDrop;
    switch (plan.reading) {
      case Reading::kNumber:
        output.kind = Output::Kind::kNumber;
        output.width = 1;
        output.format = plan.format;
        break;
      case Reading::kDate:
        output.kind = Output::Kind::kDate;
        if (plan_.options.dates == Dates::kParts) {
          output.weekday = tally.first_weekday < tally.last_weekday;
          output.hour = tally.first_hour < tally.last_hour;
        }
        output.width = 1 + (output.weekday ? 2U : 0U) + (output.hour ? 2U : 0U);
        break;
      case Reading::kText:
        ResolveText(column, &output);
        break;
    }
    return output;
  }

  void Fit(const ColumnPlan& plan, Output* output) const {
    const Schema& like = *plan_.like;
    output->width = 1;
    switch (plan.reading) {
      case Reading::kNumber:
        output->kind = Output::Kind::kNumber;
        output->format = plan.format;
        break;
      case Reading::kDate:
        output->kind = Output::Kind::kDate;
        output->width = like.dates[plan.known].features();
        break;
      case Reading::kText: {
        const CategoricalColumn& known = like.categorical[plan.known];
        output->kind = Output::Kind::kCategory;
        output->categories = known.categories;
        output->width = known.categories.size();
        output->other = known.other;
        output->missing_category = known.missing;
        break;
      }
    }
    for (const MissingIndicator& indicator : like.indicators) {
      output->indicator |= indicator.of == plan.feature;
    }
  }

  // Booleans, numbers after all, or categories.
  void ResolveText(size_t column, Output* output) const {
    const ColumnPlan& plan = plan_.columns[column];
    const ColumnTally& tally = tally_.columns[column];
    std::vector<Value> values = ValuesOf(texts_, column, tally);
    if (values.empty()) {
      Fail(column, "no value", "categories");
    }
    if (!plan.named && Map(values, column, output)) return;
    output->kind = Output::Kind::kCategory;
    const std::optional<size_t> most = plan_.options.max_categories;
    const uint64_t total = tally_.rows - tally.missing;
    size_t limit = plan.named ? kMostClasses : kFewCategories;
    if (!plan.named && 10 * values.size() <= total) limit = kManyCategories;
    if (most) limit = *most;
    constexpr size_t kFew = 20;
    const bool identifier = values.size() > kFew && values.size() == total;
    if (!plan.named && !most &&
        (identifier || (values.size() > kFewCategories && 2 * values.size() > total))) {
      output->kind = Output::Kind::kNone;
      output->reason = fmt::format("{} different texts in {} rows", WithCommas(values.size()),
                                   WithCommas(total));
      return;
    }
    if (plan.named && !most && values.size() > kMostClasses) {
      Fail(column, fmt::format("{} categories", values.size()),
           fmt::format("at most {}", kMostClasses), "`max-categories` keeps the most frequent");
    }
    output->places.assign(CodesOf(column), 0);
    if (values.size() > limit) {
      // The most frequent; of equal ones, the first by name.
      std::vector<Value> order = values;
      std::ranges::sort(order, [](const Value& a, const Value& b) {
        return a.count != b.count ? a.count > b.count : a.text < b.text;
      });
      order.resize(limit);
      std::ranges::sort(order, {}, &Value::text);
      output->other = true;
      std::ranges::fill(output->places, static_cast<uint32_t>(limit));
      values = std::move(order);
    }
    SortCategories(&values);
    for (const Value& value : values) {
      output->places[value.code] = static_cast<uint32_t>(output->categories.size());
      output->categories.emplace_back(value.text);
    }
    output->missing_category =
        tally.missing > 0 && (plan_.missing == Missing::kMean || plan_.missing == Missing::kMedian);
    // Behind the known ones: that of missing values, then that of all others.
    if (output->missing_category) output->categories.push_back(FreeName("missing", *output));
    if (output->other) {
      const auto place = static_cast<uint32_t>(output->categories.size());
      for (uint32_t& to : output->places) {
        if (to == limit) to = place;
      }
      output->categories.push_back(FreeName("other", *output));
    }
    output->width = output->categories.size();
    output->indicator = false;
  }

  // A name that no category has.
  static std::string FreeName(std::string name, const Output& output) {
    while (std::ranges::find(output.categories, name) != output.categories.end()) name += '_';
    return name;
  }

  // Integers come by value, as class labels do, where all are.
  static void SortCategories(std::vector<Value>* values) {
    const bool integers = std::ranges::all_of(
        *values, [](const Value& value) { return ParseInteger(value.text).has_value(); });
    if (integers) SortAsLabels(values);
  }

  // Texts that all are words for 1 and 0, or, where the sample had none, numbers.
  bool Map(const std::vector<Value>& values, size_t column, Output* output) const {
    std::vector<float> numbers(CodesOf(column));
    const bool booleans = std::ranges::all_of(
        values, [](const Value& value) { return ParseBoolean(value.text).has_value(); });
    for (const Value& value : values) {
      if (booleans) {
        numbers[value.code] = *ParseBoolean(value.text) ? 1.0F : 0.0F;
      } else if (ParseNumber(value.text, &numbers[value.code]) != NumberError::kNone) {
        return false;
      }
    }
    output->kind = Output::Kind::kMapped;
    output->width = 1;
    output->numbers = std::move(numbers);
    output->format.boolean = booleans;
    return true;
  }

  // ---- The table as a whole ----

  // What counts the rows is a feature where there is no other.
  void RestoreIndexes(Outcome* outcome) const {
    bool any = false;
    for (size_t i = 0; i < plan_.inputs.size(); ++i) {
      if (!tally_.columns[plan_.inputs[i]].index) continue;
      outcome->outputs[i] = {.kind = Output::Kind::kNumber, .width = 1};
      any = true;
    }
    if (any) return;
    std::string why;
    for (size_t i = 0; i < plan_.inputs.size() && i < 3; ++i) {
      why += fmt::format("{}{} ({})", i == 0 ? "" : ", ", plan_.opening.NameOf(plan_.inputs[i]),
                         outcome->outputs[i].reason);
    }
    throw Error(ErrorCode::kBadData,
                {.file = plan_.file,
                 .found = "no column to learn from" + (why.empty() ? "" : ": " + why),
                 .expected = "at least one feature",
                 .advice = "`categorical` or `columns` take a column all the same"});
  }

  void RefuseLosses(const Outcome& outcome) const {
    for (size_t i = 0; i < outcome.outputs.size(); ++i) {
      const size_t column = plan_.inputs[i];
      if (outcome.outputs[i].kind == Output::Kind::kNone) {
        Fail(column, outcome.outputs[i].reason, "a column to learn from",
             "leave it out (`ignore-columns`), or do without `strict`");
      }
    }
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      if (!plan_.columns[i].reason.empty()) {
        Fail(i, plan_.columns[i].reason, "a column to learn from",
             "leave it out (`ignore-columns`), or do without `strict`");
      }
    }
  }

  const TablePlan& plan_;
  const TableTexts& texts_;
  const TableTally& tally_;
};

}  // namespace

Outcome Resolve(const TablePlan& plan, const TableTexts& texts, const TableTally& tally) {
  return Resolver(plan, texts, tally).Run();
}

}  // namespace colonnade
