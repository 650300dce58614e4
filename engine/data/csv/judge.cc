// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/data/csv/date.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/text.h"

namespace colonnade {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr const char* kOneWeight = "a weight (a finite number of at least 0)";

}  // namespace

std::string FoundIn(const Fault& fault, uint64_t line) {
  if (fault.closing == 0) return fault.found;
  return fmt::format("{}, whose quotes close in line {}", fault.found, line + fault.closing);
}

TableTexts::TableTexts(const TablePlan& plan)
    : shared_(plan.columns.size()), known_(plan.columns.size()) {
  const auto fixed = [](const std::vector<std::string>& names, size_t count) {
    auto index = std::make_unique<TextIndex>();
    for (size_t i = 0; i < count; ++i) {
      if (index->Find(names[i]) == TextIndex::kNone) index->Put(names[i], static_cast<uint32_t>(i));
    }
    return index;
  };
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const ColumnPlan& column = plan.columns[i];
    if (column.role == ColumnRole::kIgnored || column.role == ColumnRole::kWeight) continue;
    if (column.reading != Reading::kText) continue;
    if (column.role == ColumnRole::kLabel && !plan.read_labels) continue;
    if (plan.like && column.role == ColumnRole::kLabel) {
      const std::vector<std::string>& classes = plan.like->classes;
      known_[i] = fixed(classes, classes.size());
      for (uint32_t k = 0; k < classes.size(); ++k) {
        double number = 0;
        if (ParseNumber(classes[k], &number) != NumberError::kNone) continue;
        const auto [place, is_new] = numbers_.try_emplace(number, k);
        if (!is_new) place->second = TextIndex::kNone;
      }
    } else if (plan.like && column.role == ColumnRole::kCategorical) {
      const CategoricalColumn& known = plan.like->categorical[column.known];
      known_[i] = fixed(known.categories,
                        known.categories.size() - (known.other ? 1 : 0) - (known.missing ? 1 : 0));
    } else {
      shared_[i] = std::make_unique<SharedTextIndex>(kMostTexts);
    }
  }
}

std::optional<uint32_t> TableTexts::ClassOf(double number) const {
  const auto found = numbers_.find(number);
  if (found == numbers_.end() || found->second == TextIndex::kNone) return std::nullopt;
  return found->second;
}

RowJudge::RowJudge(const TablePlan& plan, TableTexts& texts)
    : plan_(plan), texts_(texts), local_(plan.columns.size()), kept_(plan.columns.size()) {
  for (size_t i = 0; i < local_.size(); ++i) {
    if (SharedTextIndex* shared = texts.Of(i)) {
      local_[i] = std::make_unique<LocalTextIndex>(*shared);
    }
  }
  for (const size_t column : plan.kept) kept_[column] = true;
}

void RowJudge::Begin(RowValues* values) {
  values->inputs.resize(plan_.inputs.size());
  values->wide.resize(plan_.inputs.size());
  values->missing.clear();
  values->texts.assign(plan_.kept.size(), {});
  values->incomplete = false;
  values->unknown = false;
  dropped_ = false;
}

Verdict RowJudge::Judge(std::span<const CsvField> fields, size_t count, bool all, RowValues* values,
                        std::vector<Fault>* faults) {
  const size_t columns = plan_.columns.size();
  if (count != plan_.fields && !(plan_.opening.trailing && count == columns)) {
    faults->push_back(WrongCount(fields, count));
    return Verdict::kBad;
  }
  Begin(values);
  bool bad = false;
  for (size_t i = 0; i < columns; ++i) {
    if (Take(i, fields[i], values)) continue;
    bad = true;
    faults->push_back(fault_);
    if (!all) break;
  }
  if (!bad && count > columns && !fields[columns].text.empty()) {
    fault_ = {};
    fault_.line = fields[columns].line;
    fault_.offset = fields[columns].offset;
    fault_.found = Quoted(fields[columns].text) + " behind the last column";
    fault_.expected = "nothing, as in other rows";
    faults->push_back(fault_);
    bad = true;
  }
  return bad ? Verdict::kBad : End();
}

Fault RowJudge::WrongCount(std::span<const CsvField> fields, size_t count) const {
  Fault fault;
  // "say \"yes, you\" now"
  const auto escapes = [](const CsvField& field) {
    return field.text.ends_with('\\') || field.text.find("\\\"") != std::string_view::npos;
  };
  if (plan_.dialect.escape == '\0' && std::ranges::any_of(fields, escapes)) {
    fault.advice = "`escape` \\ says that a backslash makes quotation marks ordinary";
  }
  fault.found = fmt::format("{} field{}", count, count == 1 ? "" : "s");
  fault.expected =
      fmt::format("{} (as in the {})", plan_.fields, plan_.header ? "header" : "first row");
  return fault;
}

bool RowJudge::Bad(size_t column, const CsvField& field, std::string expected, std::string advice) {
  fault_.line = field.line;
  fault_.offset = field.offset;
  fault_.column = column;
  fault_.found = Quoted(field.text);
  fault_.expected = std::move(expected);
  fault_.advice = std::move(advice);
  return false;
}

bool RowJudge::Take(size_t column, const CsvField& field, RowValues* values) {
  if (field.damaged) {
    // Also in columns that are left out: what follows may be other fields than meant.
    const auto lines = static_cast<size_t>(std::ranges::count(field.text, '\n'));
    Bad(column, field, kNothingAfterQuote,
        "`quote` none takes quotation marks as text, `escape` names what makes them ordinary");
    if (lines > 0) fault_.closing = field.line + lines;
    return false;
  }
  if (kept_[column]) {
    for (size_t k = 0; k < plan_.kept.size(); ++k) {
      if (plan_.kept[k] == column) values->texts[k] = field.quoted ? field.whole : field.text;
    }
  }
  switch (plan_.columns[column].role) {
    case ColumnRole::kIgnored:
      return true;
    case ColumnRole::kFeature:
    case ColumnRole::kCategorical:
      return TakeFeature(column, field, values);
    case ColumnRole::kLabel:
      return !plan_.read_labels || TakeLabel(column, field, values);
    case ColumnRole::kWeight:
    case ColumnRole::kGroup:
    case ColumnRole::kTime:
      return TakeOther(column, field, values);
  }
  return true;
}

bool RowJudge::TakeFeature(size_t column, const CsvField& field, RowValues* values) {
  const Reading reading = plan_.columns[column].reading;
  const bool missing = reading == Reading::kText && !plan_.columns[column].open
                           ? plan_.missing_test.InText(field.text, field.quoted)
                           : plan_.missing_test.InNumbers(field.text);
  if (missing) return TakeMissing(column, field, values);
  switch (reading) {
    case Reading::kNumber:
      return TakeNumber(column, field, values);
    case Reading::kText:
      return TakeText(column, field, values);
    case Reading::kDate:
      return TakeDate(column, field, values);
  }
  return true;
}

bool RowJudge::TakeMissing(size_t column, const CsvField& field, RowValues* values) {
  const ColumnPlan& plan = plan_.columns[column];
  values->missing.push_back(static_cast<uint32_t>(column));
  values->inputs[plan.input] = kNan;
  values->wide[plan.input] = std::numeric_limits<double>::quiet_NaN();
  bool stands_for = plan_.missing != Missing::kRefuse && plan_.missing != Missing::kDrop;
  if (plan_.like && plan.reading == Reading::kText) {
    const CategoricalColumn& known = plan_.like->categorical[plan.known];
    stands_for = known.missing || plan_.missing == Missing::kZero;
  }
  if (stands_for) return true;
  if (plan_.predicting) {
    values->incomplete = true;
    values->inputs[plan.input] = plan.reading == Reading::kText ? kNoCategory : 0.0F;
    values->wide[plan.input] = 0;
    return true;
  }
  if (plan_.missing == Missing::kDrop) {
    dropped_ = true;
    return true;
  }
  return Bad(column, field, "a value",
             plan_.like
                 ? "a missing value; the model was trained without any"
                 : "`missing` mean, median, zero or drop says what to do with missing values");
}

bool RowJudge::TakeNumber(size_t column, const CsvField& field, RowValues* values) {
  const ColumnPlan& plan = plan_.columns[column];
  float& value = values->inputs[plan.input];
  NumberError error = NumberError::kNone;
  if (plan.plain) {
    error = ParseNumber(field.text, &value);
    if (error == NumberError::kNone && plan.wide) {
      error = ParseNumber(field.text, &values->wide[plan.input]);
    }
  } else {
    double exact = 0;
    error = ParseNumber(field.text, plan.format, plan.unit_needed, &exact);
    value = static_cast<float>(exact);
    values->wide[plan.input] = exact;
  }
  if (error == NumberError::kNone) return true;
  std::string expected(Expected(error));
  if (!plan.format.unit.empty())
    expected += fmt::format(" with '{}', as in other rows", plan.format.unit);
  if (plan.format.decimal == ',') expected += " with a decimal comma, as in other rows";
  const bool advise = error == NumberError::kNotANumber && !plan_.like;
  return Bad(column, field, std::move(expected),
             advise
                 ? "`na-values` names words for missing values, `bad-rows` skip leaves such rows "
                   "out, `categorical` makes the values categories, `ignore-columns` leaves the "
                   "column out"
                 : "");
}

bool RowJudge::TakeText(size_t column, const CsvField& field, RowValues* values) {
  const ColumnPlan& plan = plan_.columns[column];
  float& value = values->inputs[plan.input];
  if (local_[column]) {
    // What has a code is fit to be a name.
    const uint32_t known = local_[column]->Find(field.text);
    if (known != TextIndex::kNone) {
      value = static_cast<float>(known);
      return true;
    }
  }
  if (!IsName(field.text)) return Bad(column, field, kCategory, EncodingAdvice(field.text));
  if (const TextIndex* known = texts_.Known(column)) {
    const uint32_t code = known->Find(field.text);
    if (code != TextIndex::kNone) {
      value = static_cast<float>(code);
      return true;
    }
    const CategoricalColumn& of = plan_.like->categorical[plan.known];
    value = of.other ? static_cast<float>(of.categories.size() - 1) : kNoCategory;
    values->unknown = true;
    return true;
  }
  const uint32_t code = local_[column]->Add(field.text);
  if (code == TextIndex::kNone) {
    return Bad(column, field, fmt::format("at most {} different texts", kMostTexts),
               "leave the column out (`ignore-columns`)");
  }
  value = static_cast<float>(code);
  return true;
}

bool RowJudge::TakeDate(size_t column, const CsvField& field, RowValues* values) {
  const ColumnPlan& plan = plan_.columns[column];
  const std::optional<double> days = ParseDate(field.text, plan.order);
  if (!days) {
    return Bad(column, field, "a date, as in other rows",
               plan_.like ? ""
                          : "`na-values` names words for missing values, `bad-rows` skip leaves "
                            "such rows out, `ignore-columns` leaves the column out");
  }
  values->wide[plan.input] = *days;
  values->inputs[plan.input] = static_cast<float>(*days - plan.origin);
  return true;
}

std::string RowJudge::ExpectedLabel(std::string_view text) const {
  if (plan_.like) return "one of the classes " + Abbreviated(plan_.like->classes);
  if (!IsName(text)) return "a class label in UTF-8 without control characters";
  return fmt::format("at most {} different class labels (for numbers, ask for regression)",
                     kMostTexts);
}

std::optional<uint32_t> RowJudge::CodeOfLabel(std::string_view text) {
  const size_t column = *plan_.label;
  uint32_t code = TextIndex::kNone;
  if (const TextIndex* known = texts_.Known(column)) {
    code = known->Find(text);
    double number = 0;
    if (code == TextIndex::kNone && ParseNumber(text, &number) == NumberError::kNone) {
      return texts_.ClassOf(number);
    }
  } else {
    code = local_[column]->Add(text);
  }
  return code == TextIndex::kNone ? std::nullopt : std::optional(code);
}

bool RowJudge::TakeLabel(size_t column, const CsvField& field, RowValues* values) {
  const ColumnPlan& plan = plan_.columns[column];
  if (plan.reading == Reading::kNumber) {
    if (plan_.missing_test.InNumbers(field.text)) {
      return Lacking(column, field, "a number", "`missing` drop leaves out rows without one");
    }
    NumberError error = NumberError::kNone;
    if (plan.plain) {
      error = ParseNumber(field.text, &values->target);
      if (error == NumberError::kNone) error = ParseNumber(field.text, &values->exact_target);
    } else {
      error = ParseNumber(field.text, plan.format, plan.unit_needed, &values->exact_target);
      values->target = static_cast<float>(values->exact_target);
    }
    if (error == NumberError::kNone) return true;
    std::string expected(Expected(error));
    if (!plan.format.unit.empty()) expected += fmt::format(" with '{}'", plan.format.unit);
    return Bad(column, field, std::move(expected),
               plan_.like ? ""
                          : "other labels are numbers; `task` classify takes any text, `bad-rows` "
                            "skip leaves such rows out");
  }
  if (plan_.missing_test.InText(field.text, field.quoted)) {
    return Lacking(column, field, "a class label",
                   "`missing` drop leaves out rows without one, `keep-na` takes NA and the like as "
                   "names of classes");
  }
  if (local_[column]) {
    const uint32_t known = local_[column]->Find(field.text);
    if (known != TextIndex::kNone) {
      values->code = known;
      return true;
    }
  }
  if (!IsName(field.text)) {
    return Bad(column, field, "a class label in UTF-8 without control characters",
               EncodingAdvice(field.text));
  }
  const std::optional<uint32_t> code = CodeOfLabel(field.text);
  if (!code) return Bad(column, field, ExpectedLabel(field.text));
  values->code = *code;
  return true;
}

// A label, a weight or the like that is missing.
bool RowJudge::Lacking(size_t column, const CsvField& field, const char* expected,
                       const char* advice) {
  if (plan_.missing == Missing::kDrop) {
    dropped_ = true;
    return true;
  }
  return Bad(column, field, expected, advice);
}

bool RowJudge::TakeOther(size_t column, const CsvField& field, RowValues* values) {
  const ColumnPlan& plan = plan_.columns[column];
  const bool missing = plan.role == ColumnRole::kGroup
                           ? plan_.missing_test.InText(field.text, field.quoted)
                           : plan_.missing_test.InNumbers(field.text);
  if (plan.role == ColumnRole::kWeight) {
    if (missing) return Lacking(column, field, kOneWeight, "");
    const NumberError error = ParseNumber(field.text, &values->weight);
    return (error == NumberError::kNone && values->weight >= 0) || Bad(column, field, kOneWeight);
  }
  if (plan.role == ColumnRole::kGroup) {
    if (missing) return Lacking(column, field, "the group of the row", "");
    values->group = local_[column]->Add(field.text);
    return values->group != TextIndex::kNone || Bad(column, field, "fewer groups");
  }
  if (missing) return Lacking(column, field, "the time of the row", "");
  if (plan.reading == Reading::kDate) {
    const std::optional<double> days = ParseDate(field.text, plan.order);
    if (!days) return Bad(column, field, "a date, as in other rows");
    values->time = *days;
    return true;
  }
  const NumberError error = plan.plain ? ParseNumber(field.text, &values->time)
                                       : ParseNumber(field.text, plan.format, true, &values->time);
  return error == NumberError::kNone || Bad(column, field, std::string(Expected(error)));
}

}  // namespace colonnade
