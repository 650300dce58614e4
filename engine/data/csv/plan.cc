// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/column_sample.h"
#include "engine/data/csv/date.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/record.h"
#include "engine/data/csv/text.h"

namespace colonnade {
namespace {

// A column that features of a schema come from.
struct Source {
  std::string name;
  Reading reading = Reading::kNumber;
  size_t known = kNoColumn;
  size_t feature = 0;
};

std::vector<Source> SourcesOf(const Schema& like) {
  std::vector<Source> sources;
  size_t category = 0;
  size_t date = 0;
  size_t indicator = 0;
  for (size_t f = 0; f < like.features;) {
    if (category < like.categorical.size() && like.categorical[category].first == f) {
      const CategoricalColumn& column = like.categorical[category];
      sources.push_back({column.name, Reading::kText, category++, f});
      f += column.categories.size();
    } else if (date < like.dates.size() && like.dates[date].first == f) {
      sources.push_back({like.dates[date].name, Reading::kDate, date, f});
      f += like.dates[date++].features();
    } else if (indicator < like.indicators.size() && like.indicators[indicator].feature == f) {
      ++indicator;
      ++f;
    } else {
      sources.push_back({like.feature_names.empty() ? "" : like.feature_names[f], Reading::kNumber,
                         kNoColumn, f});
      ++f;
    }
  }
  return sources;
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

class Planner {
 public:
  Planner(const std::string& file, Opening opening, const CsvOptions& options) : options_(options) {
    plan_.file = file;
    plan_.opening = std::move(opening);
    plan_.options = options;
    plan_.options.like.reset();
    plan_.options.on_progress = {};
    plan_.like = options.like;
    plan_.dialect = plan_.opening.dialect;
    plan_.header = plan_.opening.header;
    plan_.line = plan_.opening.first_line;
    plan_.fields = plan_.opening.count + (plan_.opening.trailing ? 1 : 0);
    plan_.notes = plan_.opening.notes;
    plan_.predicting = options.labels_optional;
    plan_.read_labels = !options.labels_optional;
    if (options.like) {
      plan_.missing_test = MissingTest(options.like->na_values, options.like->keep_na);
      plan_.missing = options.like->missing;
      plan_.missing_said = true;
    } else {
      plan_.missing_test = MissingTest(options.na_values, options.keep_na);
      plan_.missing_said = options.missing.has_value();
      plan_.missing = options.missing.value_or(options.strict ? Missing::kRefuse : Missing::kMean);
    }
  }

  TablePlan Run() {
    const size_t count = plan_.opening.count;
    if (count > kMaxColumns) {
      Fail({.found = fmt::format("{} columns", count),
            .expected = fmt::format("at most {}", kMaxColumns)});
    }
    plan_.columns.resize(count);
    samples_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      if (plan_.header) plan_.columns[i].name = plan_.opening.names[i];
      samples_[i] = SampleOf(plan_.opening, i, plan_.missing_test);
    }
    for (const std::string& choice : options_.keep_columns) {
      plan_.kept.push_back(Chosen("id-columns", choice));
    }
    if (options_.like) {
      PlanLike(*options_.like);
    } else {
      PlanChosen();
    }
    for (size_t i = 0; i < count; ++i) Decide(i);
    for (size_t i = 0; i < count; ++i) AgreeOnDecimals(i);
    return std::move(plan_);
  }

 private:
  // ---- Columns by name or index ----

  [[noreturn]] void Fail(ErrorDetails details) const {
    ThrowBadRow(plan_.file, plan_.line, std::move(details));
  }

  // An option that the file does not bear out. The problem names the file.
  [[noreturn]] void FailOption(const char* option, std::string problem,
                               std::string advice = {}) const {
    throw Error(ErrorCode::kInvalidArgument, {.subject = option,
                                              .file = plan_.file,
                                              .problem = std::move(problem),
                                              .advice = std::move(advice)});
  }

  // Places of the columns of that name; exactly so written, if any is.
  std::vector<size_t> Find(std::string_view name) const {
    std::vector<size_t> exact;
    std::vector<size_t> alike;
    if (!plan_.header) return exact;
    const std::string normalized = Normalized(name);
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      if (plan_.columns[i].name == name) exact.push_back(i);
      if (Normalized(plan_.columns[i].name) == normalized) alike.push_back(i);
    }
    return exact.empty() ? alike : exact;
  }

  // "; there is 'X'", where a name differs from one of the columns' in capitals, spaces or signs.
  std::string NearMiss(const std::string& name) const {
    const auto letters = [](const std::string& text) {
      std::string result;
      for (const char c : Lower(Normalized(text))) {
        if (c != ' ' && c != '_' && c != '-' && c != '.') result += c;
      }
      return result;
    };
    if (letters(name).empty()) return "";
    for (const ColumnPlan& column : plan_.columns) {
      if (letters(column.name) == letters(name)) return fmt::format("; there is '{}'", column.name);
    }
    return "";
  }

  // The column that the user chose: by name, else by index.
  size_t Chosen(const char* option, const std::string& choice) const {
    const std::vector<size_t> places = Find(choice);
    if (places.size() == 1) return places[0];
    const size_t count = plan_.columns.size();
    const auto fail = [&](const std::string& what, const std::string& advice) {
      FailOption(option, fmt::format("{} has {}", plan_.file, what), advice);
    };
    if (places.size() > 1) {
      fail(fmt::format("{} columns named '{}'", places.size(), choice),
           fmt::format("choose one by its index, 0 to {}", count - 1));
    }
    int64_t index = 0;
    const auto [stop, error] = std::from_chars(choice.data(), choice.data() + choice.size(), index);
    if (error != std::errc() || stop != choice.data() + choice.size()) {
      if (!plan_.header) {
        fail(fmt::format("no column '{}'", choice),
             fmt::format("it has no header, so choose by index, 0 to {}", count - 1));
      }
      constexpr size_t kShown = 3;
      std::vector<std::string> names(std::min(kShown, count));
      for (size_t i = 0; i < names.size(); ++i) names[i] = plan_.columns[i].name;
      fail(fmt::format("no column '{}'{}", choice, NearMiss(choice)),
           fmt::format("its columns are {}{} ({} in all)", fmt::join(names, ", "),
                       names.size() < count ? ", …" : "", count));
    }
    const auto all = static_cast<int64_t>(count);
    if (index < -all || index >= all) {
      fail(fmt::format("no column {}", choice),
           fmt::format("it has {0} columns, 0 to {1} (or -{0} to -1)", all, all - 1));
    }
    return static_cast<size_t>(index < 0 ? index + all : index);
  }

  // The column named `name`, or none; two of them are an error.
  std::optional<size_t> FindUnique(const std::string& name) const {
    const std::vector<size_t> places = Find(name);
    if (places.size() > 1) {
      Fail({.found = fmt::format("{} columns named '{}'", places.size(), name), .expected = "one"});
    }
    return places.empty() ? std::nullopt : std::optional(places[0]);
  }

  // ---- A table that stands for itself ----

  void SetRole(size_t column, ColumnRole role, const char* option) {
    ColumnPlan& plan = plan_.columns[column];
    if (said_.contains(column) && plan.role != role) {
      FailOption(option, fmt::format("{}: column {} cannot be both {} and {}", plan_.file,
                                     plan_.header && !plan.name.empty() ? "'" + plan.name + "'"
                                                                        : fmt::to_string(column),
                                     Name(plan.role), Name(role)));
    }
    plan.role = role;
    said_[column] = true;
  }

  void PlanChosen() {
    if (options_.label_column) {
      plan_.label = Chosen("label-column", *options_.label_column);
      SetRole(*plan_.label, ColumnRole::kLabel, "label-column");
    }
    if (options_.weight_column) {
      plan_.weight = Chosen("weight-column", *options_.weight_column);
      SetRole(*plan_.weight, ColumnRole::kWeight, "weight-column");
    }
    if (options_.group_column) {
      plan_.group = Chosen("group-column", *options_.group_column);
      SetRole(*plan_.group, ColumnRole::kGroup, "group-column");
    }
    if (options_.time_column) {
      plan_.time = Chosen("split-by-time", *options_.time_column);
      SetRole(*plan_.time, ColumnRole::kTime, "split-by-time");
    }
    for (const std::string& choice : options_.ignore_columns) {
      SetRole(Chosen("ignore-columns", choice), ColumnRole::kIgnored, "ignore-columns");
    }
    for (const std::string& choice : options_.categorical) {
      if (choice == "auto" && Find(choice).empty()) continue;  // it goes without saying
      const size_t column = Chosen("categorical", choice);
      SetRole(column, ColumnRole::kCategorical, "categorical");
      plan_.columns[column].named = true;
    }
    for (const std::string& choice : options_.columns) {
      const size_t column = Chosen("columns", choice);
      if (!said_.contains(column)) SetRole(column, ColumnRole::kFeature, "columns");
    }
    if (!plan_.label) ChooseLabel();
    plan_.columns[*plan_.label].role = ColumnRole::kLabel;
    said_[*plan_.label] = true;
    size_t features = 0;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      ColumnPlan& column = plan_.columns[i];
      if (!said_.contains(i)) {
        if (!options_.columns.empty()) {
          column.role = ColumnRole::kIgnored;
        } else if (IsUnnamed(i)) {
          column.role = ColumnRole::kIgnored;
          column.reason = "no name: an index";
        }
      }
      features += column.role == ColumnRole::kFeature || column.role == ColumnRole::kCategorical;
    }
    if (features == 0) {
      if (plan_.columns.size() > 1) Fail({.found = "no columns but the label and ignored ones"});
      Fail({.found = "1 column",
            .expected = "a class label and at least one feature, separated by a comma, semicolon, "
                        "tab or space"});
    }
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      ColumnPlan& column = plan_.columns[i];
      if (column.role != ColumnRole::kFeature && column.role != ColumnRole::kCategorical) continue;
      column.counts = samples_[i].counts && !said_.contains(i) && features > 1;
      Add(i);
    }
  }

  void Add(size_t column) {
    plan_.columns[column].input = plan_.inputs.size();
    plan_.inputs.push_back(column);
  }

  bool IsUnnamed(size_t column) const {
    // pandas reads a column without a name as "Unnamed: 0" and writes it so.
    const std::string name = Normalized(plan_.columns[column].name);
    return plan_.header && (name.empty() || (name.starts_with("Unnamed: ") &&
                                             name.find_first_not_of("0123456789", 9) == name.npos));
  }

  // Beside x and z, y is a place in space.
  bool HasCoordinates() const {
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(plan_.columns, [&](const ColumnPlan& column) {
        return Lower(Normalized(column.name)) == name;
      });
    };
    return has("x") && has("z");
  }

  // By name; else by what the columns hold.
  void ChooseLabel() {
    for (const std::string_view name : kLabelNames) {
      std::vector<size_t> places;
      for (size_t i = 0; plan_.header && i < plan_.columns.size(); ++i) {
        if (!said_.contains(i) && Lower(Normalized(plan_.columns[i].name)) == name) {
          places.push_back(i);
        }
      }
      if (places.size() > 1) {
        Fail({.found = fmt::format("{} columns named '{}'", places.size(), name),
              .expected = "one"});
      }
      if (name == "y" && HasCoordinates()) places.clear();
      if (places.size() == 1) {
        plan_.label = places[0];
        return;
      }
    }
    std::vector<size_t> free;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      if (!said_.contains(i) && !IsUnnamed(i) && !samples_[i].counts) free.push_back(i);
    }
    for (size_t i = 0; free.empty() && i < plan_.columns.size(); ++i) {
      if (!said_.contains(i)) free.push_back(i);
    }
    if (free.empty()) Fail({.found = "no column that could be the label"});
    plan_.label = free.front();
    if (free.size() == 1) return;
    const ColumnSample& first = samples_[free.front()];
    const ColumnSample& last = samples_[free.back()];
    const bool pixels = !plan_.header && std::ranges::all_of(free, [&](size_t i) {
      return i == free.front() || (samples_[i].bytes && samples_[i].texts() == 0);
    });
    if (pixels && free.size() > 2) return;
    const size_t first_different = first.Different();
    const size_t last_different = last.Different();
    if (pixels && last_different > first_different) return;
    const bool many = last.fraction
                          ? last_different > 2
                          : last_different > 20 && 10 * last_different > last.values.size();
    const bool few = !first.fraction && first_different <= 20 &&
                     2 * first_different <= std::max<size_t>(first.values.size(), 4);
    const bool constant = last_different < 2 && last.missing == 0;
    if ((few && many && last_different > first_different) || constant) return;
    plan_.label = free.back();
  }

  // ---- A table that must fit a schema ----

  void PlanLike(const Schema& like) {
    const std::vector<Source> sources = SourcesOf(like);
    plan_.targets = like.classes.empty();
    FindLabel(like, sources.size());
    if (plan_.header && !like.feature_names.empty()) {
      MatchByName(sources, like);
    } else {
      MatchByPlace(sources, like);
    }
    if (plan_.label) plan_.columns[*plan_.label].role = ColumnRole::kLabel;
    FindWeights(like);
    if (options_.group_column) FindApart(*options_.group_column, ColumnRole::kGroup);
    if (options_.time_column) FindApart(*options_.time_column, ColumnRole::kTime);
  }

  // A column of groups or times, if the table has it: the model does not need it.
  void FindApart(const std::string& choice, ColumnRole role) {
    const std::vector<size_t> places = Find(choice);
    if (places.size() != 1 || plan_.columns[places[0]].role != ColumnRole::kIgnored) return;
    plan_.columns[places[0]].role = role;
    (role == ColumnRole::kGroup ? plan_.group : plan_.time) = places[0];
  }

  void FindLabel(const Schema& like, size_t inputs) {
    if (plan_.header && !like.label_name.empty()) {
      plan_.label = FindUnique(like.label_name);
      if (!plan_.label && plan_.read_labels) {
        Fail({.found = fmt::format("no column '{}'{}", like.label_name, NearMiss(like.label_name)),
              .expected = "one with the class labels"});
      }
      return;
    }
    const size_t count = plan_.columns.size();
    if (plan_.predicting && count != inputs + like.ignored.size() + 1) return;
    if (like.label_index < count) plan_.label = like.label_index;
  }

  void Take(size_t column, const Source& source) {
    ColumnPlan& plan = plan_.columns[column];
    plan.role = source.reading == Reading::kText ? ColumnRole::kCategorical : ColumnRole::kFeature;
    plan.reading = source.reading;
    plan.known = source.known;
    plan.feature = source.feature;
    Add(column);
  }

  bool HasNamesInOrder(const std::vector<Source>& sources) const {
    size_t next = 0;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      if (plan_.label == i) continue;
      if (next == sources.size() || plan_.columns[i].name != sources[next++].name) return false;
    }
    return next == sources.size();
  }

  // Finds the inputs in a file with names, wherever they are. Other columns are ignored.
  void MatchByName(const std::vector<Source>& sources, const Schema& like) {
    const size_t count = plan_.columns.size();
    if (HasNamesInOrder(sources)) {
      size_t next = 0;
      for (size_t i = 0; i < count; ++i) {
        if (plan_.label != i) Take(i, sources[next++]);
      }
      return;
    }
    std::unordered_map<std::string, size_t> places;
    std::unordered_map<std::string, size_t> uses;
    for (size_t i = 0; i < count; ++i) {
      if (plan_.label == i) continue;
      const std::string name = Normalized(plan_.columns[i].name);
      places[name] = i;
      ++uses[name];
    }
    std::vector<std::string> lacking;
    std::string near;
    std::vector<bool> used(count);
    for (const Source& source : sources) {
      const std::string name = Normalized(source.name);
      const auto found = places.find(name);
      if (found == places.end()) {
        lacking.push_back(fmt::format("'{}'", source.name));
        if (near.empty()) near = NearMiss(source.name);
        continue;
      }
      if (uses[name] > 1 || used[found->second]) {
        Fail({.found = fmt::format("several columns named '{}' and others in another order than "
                                   "expected",
                                   source.name)});
      }
      used[found->second] = true;
      Take(found->second, source);
    }
    if (!lacking.empty()) {
      Fail({.found = fmt::format("no column{} {}{}", lacking.size() > 1 ? "s" : "",
                                 Abbreviated(lacking), near),
            .expected = "every feature by its name, in any order"});
    }
    std::vector<std::string> unknown;
    for (size_t i = 0; i < count; ++i) {
      if (used[i] || plan_.label == i) continue;
      ColumnPlan& column = plan_.columns[i];
      column.role = ColumnRole::kIgnored;
      const bool known =
          std::ranges::find(like.ignored, column.name, &IgnoredColumn::name) != like.ignored.end();
      const bool kept = std::ranges::find(plan_.kept, i) != plan_.kept.end();
      if (!known && !kept) unknown.push_back(fmt::format("'{}'", column.name));
    }
    if (!unknown.empty()) {
      plan_.notes.push_back(fmt::format("{}: ignored {} unknown column{}: {}", plan_.file,
                                        unknown.size(), unknown.size() > 1 ? "s" : "",
                                        Abbreviated(unknown)));
    }
  }

  // Takes the inputs by their places.
  void MatchByPlace(const std::vector<Source>& sources, const Schema& like) {
    const size_t count = plan_.columns.size();
    const size_t label = plan_.label || plan_.read_labels ? 1 : 0;
    if (count != sources.size() + like.ignored.size() + label) {
      const size_t found = count - std::min(count, label);
      const size_t expected = sources.size() + like.ignored.size();
      Fail({.found = fmt::format("{} column{} with {} feature{}", count, count == 1 ? "" : "s",
                                 found, found == 1 ? "" : "s"),
            .expected = fmt::format("{} feature{}", expected, expected == 1 ? "" : "s")});
    }
    std::vector<bool> ignored(count);
    for (const IgnoredColumn& column : like.ignored) {
      // Those behind a label that this file lacks have moved.
      const bool moved = !plan_.label && column.index > like.label_index;
      const size_t place = column.index - (moved ? 1 : 0);
      if (place < ignored.size()) ignored[place] = true;
    }
    size_t next = 0;
    for (size_t i = 0; i < count; ++i) {
      if (plan_.label == i) continue;
      if (ignored[i]) {
        plan_.columns[i].role = ColumnRole::kIgnored;
      } else if (next < sources.size()) {
        Take(i, sources[next++]);
      }
    }
  }

  // Finds the column of weights among those that are no features; a table may lack it.
  void FindWeights(const Schema& like) {
    const auto known = std::ranges::find(like.ignored, true, &IgnoredColumn::weight);
    if (known == like.ignored.end() || !plan_.read_labels) return;
    const bool names = plan_.header && !known->name.empty();
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      if (plan_.columns[i].role != ColumnRole::kIgnored) continue;
      if (names ? plan_.columns[i].name == known->name : i == known->index) plan_.weight = i;
    }
    if (plan_.weight) {
      plan_.columns[*plan_.weight].role = ColumnRole::kWeight;
    } else {
      plan_.notes.push_back(
          fmt::format("{}: found no column '{}' with weights, all examples count the same",
                      plan_.file, known->name));
    }
  }

  // ---- What the fields are ----

  void Decide(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    const ColumnSample& sample = samples_[i];
    switch (column.role) {
      case ColumnRole::kIgnored:
      case ColumnRole::kWeight:
        return;
      case ColumnRole::kGroup:
        column.reading = Reading::kText;
        return;
      case ColumnRole::kTime:
        DecideTime(i);
        return;
      case ColumnRole::kLabel:
        DecideLabel(i);
        return;
      case ColumnRole::kCategorical:
        column.reading = Reading::kText;
        return;
      case ColumnRole::kFeature:
        break;
    }
    if (plan_.like) {
      FitFeature(i);
      return;
    }
    column.wide = sample.NeedsDouble();
    if (sample.texts() == 0 && !sample.values.empty()) {
      // Also numbers that are written with a decimal comma elsewhere in the file.
      if (options_.decimal == Decimal::kComma || options_.thousands) SetFormat(i);
      return;
    }
    if (sample.values.empty()) {
      column.reading = Reading::kText;  // the rest tells
      column.open = true;
      return;
    }
    if (SetFormat(i)) return;
    CheckMultipliers(i);
    if (SetDate(i)) return;
    if (IsText(i) && !SetFormatWithMistakes(i)) {
      column.reading = Reading::kText;
      column.role = ColumnRole::kCategorical;
      RefuseText(i);
    }
  }

  // Whether it is a column of text rather than of numbers with mistakes.
  bool IsText(size_t i) const {
    const ColumnSample& sample = samples_[i];
    const size_t texts = sample.texts();
    // "inf" among words is one.
    if (texts > sample.numbers || (texts > 0 && sample.low > sample.high)) return true;
    if (texts < 2 || 10 * texts <= sample.values.size()) return false;
    if (options_.bad_rows != BadRows::kRefuse) return false;  // the user knows of mistakes
    // One word that comes again is a word for a missing value.
    std::map<std::string_view, size_t> words;
    float ignored = 0;
    for (const std::string_view text : sample.values) {
      if (ParseNumber(text, &ignored) == NumberError::kNotANumber) ++words[text];
    }
    return words.size() > 1;
  }

  void RefuseText(size_t i) {
    const ColumnSample& sample = samples_[i];
    ColumnPlan& column = plan_.columns[i];
    constexpr size_t kMany = 4096;
    const bool identifier = !plan_.opening.whole && sample.values.size() >= kMany &&
                            10 * sample.Different() >= 9 * sample.values.size();
    if (!identifier || column.named) return;
    column.role = ColumnRole::kIgnored;
    column.reason = fmt::format("{} different texts in a sample of {} rows",
                                WithCommas(sample.Different()), WithCommas(sample.values.size()));
    plan_.inputs.erase(std::ranges::find(plan_.inputs, i));
    for (size_t n = 0; n < plan_.inputs.size(); ++n) plan_.columns[plan_.inputs[n]].input = n;
    column.input = kNoColumn;
    if (options_.strict) {
      ErrorDetails details = plan_.Of(i);
      details.found = column.reason;
      details.expected = "categories or numbers";
      details.advice = "leave it out (`ignore-columns`)";
      Fail(std::move(details));
    }
  }

  bool SetFormat(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    const auto format = FindFormat(samples_[i].values, options_, plan_.dialect.separator);
    if (!format) return false;
    column.format = *format;
    column.plain = *format == NumberFormat();
    column.wide = !column.plain;
    return true;
  }

  // How many of values that are of a kind may be mistakes: a few, or one.
  static size_t MistakesAmong(size_t values) { return std::max<size_t>(values / 10, 1); }

  // Whether values may be mistakes in a column of `fits` others: a few, or one word, as for missing
  // values, that comes again.
  static bool AreMistakes(const std::vector<std::string_view>& values, size_t fits) {
    if (values.empty()) return true;
    if (fits < 2 || values.size() >= fits) return false;
    return 10 * values.size() <= fits ||
           std::ranges::all_of(values, [&](std::string_view value) { return value == values[0]; });
  }

  // Amounts, fractions with a comma and the like, with a few mistakes, which are bad rows.
  bool SetFormatWithMistakes(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    std::vector<std::string_view> amounts;
    std::vector<std::string_view> words;
    for (const std::string_view value : samples_[i].values) {
      const bool digits = value.find_first_of("0123456789") != std::string_view::npos;
      (digits ? amounts : words).push_back(value);
    }
    const bool alike =
        std::ranges::all_of(amounts, [&](auto value) { return value == amounts[0]; });
    if (alike || !AreMistakes(words, amounts.size())) return false;
    auto format = FindFormat(amounts, options_, plan_.dialect.separator);
    if (!format && amounts.size() > 2) {
      format =
          FindFormat(amounts, options_, plan_.dialect.separator, MistakesAmong(amounts.size()));
    }
    if (!format || *format == NumberFormat()) return false;
    column.format = *format;
    column.plain = false;
    column.wide = true;
    return true;
  }

  // "1.234" in a file whose other numbers have a decimal comma is 1234.
  void AgreeOnDecimals(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    if (!column.plain || plan_.like || options_.decimal != Decimal::kAuto || options_.thousands ||
        column.reading != Reading::kNumber || !LooksGrouped(samples_[i].values, '.')) {
      return;
    }
    const bool comma = std::ranges::any_of(
        plan_.columns, [](const ColumnPlan& other) { return other.format.decimal == ','; });
    if (!comma) return;
    column.format = {.decimal = ',', .thousands = '.'};
    column.plain = false;
  }

  bool SetDate(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    const ColumnSample& sample = samples_[i];
    std::vector<std::string_view> dates;
    std::vector<std::string_view> others;
    for (const std::string_view value : sample.values) {
      (LooksLikeDate(value) ? dates : others).push_back(value);
    }
    if (dates.empty() || !AreMistakes(others, dates.size())) return false;
    const auto fits = [&](DateOrder order) {
      return static_cast<size_t>(std::ranges::count_if(
          dates, [&](std::string_view text) { return ParseDate(text, order).has_value(); }));
    };
    const auto fail = [&](std::string_view example, const char* what) {
      ErrorDetails details = plan_.Of(i);
      details.found = fmt::format("dates such as {}, {}", Quoted(example), what);
      details.expected = "dates of one meaning";
      details.advice = "`date-format` dmy or mdy says which comes first";
      Fail(std::move(details));
    };
    DateOrder order = options_.date_order;
    size_t most = 0;
    if (order == DateOrder::kAuto) {
      const size_t dmy = fits(DateOrder::kDmy);
      const size_t mdy = fits(DateOrder::kMdy);
      const size_t ymd = fits(DateOrder::kYmd);
      most = std::max(dmy, mdy);
      order = ymd == most ? DateOrder::kYmd : dmy == most ? DateOrder::kDmy : DateOrder::kMdy;
      if (ymd < most && dmy == mdy) {
        if (dmy == dates.size()) fail(dates[0], "whose day and month do not show");
        fail(dates[0], "whose day comes first in some and second in others");
      }
    } else {
      most = fits(order);
    }
    // Others are days that there are not, which are bad rows.
    if (most == 0 || dates.size() - most > MistakesAmong(dates.size()) ||
        2 * most <= dates.size()) {
      return false;
    }
    const auto first = std::ranges::find_if(
        dates, [&](std::string_view text) { return ParseDate(text, order).has_value(); });
    column.order = order;
    column.origin = std::floor(*ParseDate(*first, order));
    column.reading = Reading::kDate;
    if (column.role == ColumnRole::kFeature && options_.dates == Dates::kIgnore) {
      column.role = ColumnRole::kIgnored;
      column.reason = "dates";
      plan_.inputs.erase(std::ranges::find(plan_.inputs, i));
      for (size_t n = 0; n < plan_.inputs.size(); ++n) plan_.columns[plan_.inputs[n]].input = n;
      column.input = kNoColumn;
    }
    return true;
  }

  // 1.2k and 3M in one column.
  void CheckMultipliers(size_t i) const {
    constexpr std::array<std::string_view, 9> kMultipliers = {"k",  "K",  "M",   "B", "G",
                                                              "bn", "mn", "Mio", "m"};
    bool any = false;
    for (const std::string_view text : samples_[i].values) {
      const size_t last = text.find_last_of("0123456789");
      if (last == std::string_view::npos || text.find_first_of("0123456789") > 1) return;
      std::string_view suffix = text.substr(last + 1);
      while (suffix.starts_with(' ')) suffix.remove_prefix(1);
      if (suffix.empty()) continue;
      if (std::ranges::find(kMultipliers, suffix) == kMultipliers.end()) return;
      any = true;
    }
    if (!any) return;
    ErrorDetails details = plan_.Of(i);
    details.found = fmt::format("amounts with different multipliers, such as {}",
                                Quoted(samples_[i].values[0]));
    details.expected = "numbers of one unit";
    details.advice = "write them out, or leave the column out (`ignore-columns`)";
    Fail(std::move(details));
  }

  void DecideTime(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    const ColumnSample& sample = samples_[i];
    column.wide = true;
    if (sample.texts() == 0) return;
    if (SetDate(i)) return;
    if (SetFormat(i)) return;
    ErrorDetails details = plan_.Of(i);
    details.found = sample.values.empty() ? "no values" : Quoted(sample.values[0]);
    details.expected = "dates, times or numbers to split by";
    details.advice = "choose another column with `split-by-time`";
    Fail(std::move(details));
  }

  void DecideLabel(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    const ColumnSample& sample = samples_[i];
    column.reading = Reading::kText;
    if (plan_.like) {
      if (!plan_.targets) return;
      column.reading = Reading::kNumber;
      column.format = plan_.like->label_format;
      column.unit_needed = false;
      if (column.format == NumberFormat() && sample.texts() > 0) SetFormat(i);
      column.plain = column.format == NumberFormat();
      return;
    }
    if (options_.task == Task::kClassify || sample.values.empty()) return;
    const bool asked = options_.task == Task::kRegress;
    const bool numbers = sample.texts() == 0 && !sample.quoted;
    if (numbers && (asked || sample.fraction) && !(sample.huge && !asked)) {
      column.reading = Reading::kNumber;
      plan_.targets = true;
      if (options_.decimal == Decimal::kComma || options_.thousands) SetFormat(i);
      return;
    }
    if (numbers && !asked) return;  // integers: all of them tell
    if (SetFormat(i) && (asked || !column.plain)) {
      // Amounts; but integers in quotes may as well be codes.
      column.reading = Reading::kNumber;
      plan_.targets = true;
      return;
    }
    column.format = {};
    column.plain = true;
    constexpr size_t kFew = 20;  // that may as well be classes
    if (sample.texts() > sample.numbers && sample.Different() > kFew && SetFormatWithMistakes(i)) {
      column.reading = Reading::kNumber;
      plan_.targets = true;
      return;
    }
    if (sample.texts() == 0 && sample.fraction) {
      column.reading = Reading::kNumber;
      plan_.targets = true;
      return;
    }
    if (asked || (2 * sample.numbers > sample.values.size() && sample.fraction)) {
      column.reading = Reading::kNumber;  // with mistakes
      plan_.targets = true;
    }
  }

  // A feature that must be what the schema says.
  void FitFeature(size_t i) {
    ColumnPlan& column = plan_.columns[i];
    const Schema& like = *plan_.like;
    const ColumnSample& sample = samples_[i];
    column.unit_needed = false;
    if (column.reading == Reading::kDate) {
      column.order = like.dates[column.known].order;
      column.origin = static_cast<double>(like.dates[column.known].origin);
      return;
    }
    const auto known = std::ranges::find(like.formats, column.feature, &FormattedFeature::feature);
    if (known != like.formats.end()) {
      column.format = known->format;
      column.plain = false;
    } else if (sample.texts() > 0) {
      if (const auto format = FindFormat(sample.values, options_, plan_.dialect.separator)) {
        column.format = *format;
        column.plain = *format == NumberFormat();
      }
    }
    column.wide = !like.offsets.empty() && like.offsets[column.feature] != 0;
  }

  const CsvOptions& options_;
  TablePlan plan_;
  std::vector<ColumnSample> samples_;
  std::map<size_t, bool> said_;  // columns that options name
};

}  // namespace

ErrorDetails TablePlan::Of(size_t column) const {
  const bool named = column < columns.size() && header && !columns[column].name.empty();
  return {.column = column + 1, .column_name = named ? Quoted(columns[column].name) : ""};
}

TablePlan MakePlan(const std::string& file, Opening opening, const CsvOptions& options) {
  return Planner(file, std::move(opening), options).Run();
}

}  // namespace colonnade
