// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

constexpr std::string_view kDefaultLabel = "label";

std::vector<std::string> ReadHeader(const std::string& file, const CsvOpening& opening) {
  for (size_t i = 0; i < opening.count; ++i) {
    if (IsName(opening.first[i])) continue;
    ThrowBadRow(file, opening.row,
                {.column = i + 1,
                 .found = Quoted(opening.first[i]),
                 .expected = "a name in UTF-8 without control characters"});
  }
  return opening.first;
}

// Places of the columns named `name`.
std::vector<size_t> Find(const std::vector<std::string>& names, std::string_view name) {
  std::vector<size_t> places;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) places.push_back(i);
  }
  return places;
}

// The column named `name`, or none; two of them are an error.
std::optional<size_t> FindUnique(const std::string& file, const CsvColumns& columns,
                                 std::string_view name) {
  const std::vector<size_t> places = Find(columns.names, name);
  if (places.size() > 1) {
    ThrowBadRow(
        file, columns.row,
        {.found = fmt::format("{} columns named '{}'", places.size(), name), .expected = "one"});
  }
  return places.empty() ? std::nullopt : std::optional(places[0]);
}

// An option that the file does not bear out. The problem names the file.
[[noreturn]] void ThrowOption(const char* option, const std::string& file, std::string problem,
                              std::string advice = {}) {
  throw Error(ErrorCode::kInvalidArgument, {.subject = option,
                                            .file = file,
                                            .problem = std::move(problem),
                                            .advice = std::move(advice)});
}

// The column that the user chose: by name, else by index.
size_t Chosen(const char* option, const std::string& file, const CsvColumns& columns,
              const std::string& choice) {
  const std::vector<size_t> places = Find(columns.names, choice);
  if (places.size() == 1) return places[0];
  const auto fail = [&](const std::string& what, const std::string& advice) {
    ThrowOption(option, file, fmt::format("{} has {}", file, what), advice);
  };
  if (places.size() > 1) {
    fail(fmt::format("{} columns named '{}'", places.size(), choice),
         fmt::format("choose one by its index, 0 to {}", columns.count - 1));
  }
  int64_t index = 0;
  const auto [stop, error] = std::from_chars(choice.data(), choice.data() + choice.size(), index);
  if (error != std::errc() || stop != choice.data() + choice.size()) {
    if (!columns.header) {
      fail(fmt::format("no column '{}'", choice),
           fmt::format("it has no header, so choose by index, 0 to {}", columns.count - 1));
    }
    constexpr size_t kShown = 3;
    const size_t shown = std::min(kShown, columns.count);
    fail(fmt::format("no column '{}'", choice),
         fmt::format("its columns are {}{} ({} in all)",
                     fmt::join(columns.names.begin(),
                               columns.names.begin() + static_cast<ptrdiff_t>(shown), ", "),
                     shown < columns.count ? ", …" : "", columns.count));
  }
  const auto count = static_cast<int64_t>(columns.count);
  if (index < -count || index >= count) {
    fail(fmt::format("no column {}", choice),
         fmt::format("it has {0} columns, 0 to {1} (or -{0} to -1)", count, count - 1));
  }
  return static_cast<size_t>(index < 0 ? index + count : index);
}

// The label column of a table that must fit `like`. inputs: columns that it has features from.
std::optional<size_t> LabelLike(const std::string& file, const CsvColumns& columns,
                                const Schema& like, size_t inputs, bool optional) {
  if (columns.header && !like.label_name.empty()) {
    const std::optional<size_t> place = FindUnique(file, columns, like.label_name);
    if (!place && !optional) {
      ThrowBadRow(file, columns.row,
                  {.found = fmt::format("no column '{}'", like.label_name),
                   .expected = "one with the class labels"});
    }
    return place;
  }
  if (optional && columns.count != inputs + like.ignored.size() + 1) return std::nullopt;
  return like.label_index < columns.count ? std::optional(like.label_index) : std::nullopt;
}

// The columns that the features of `like` come from.
struct Source {
  std::string name;
  bool categorical;
};
std::vector<Source> SourcesOf(const Schema& like) {
  std::vector<Source> sources;
  size_t next = 0;
  for (size_t f = 0; f < like.features;) {
    if (next < like.categorical.size() && like.categorical[next].first == f) {
      sources.push_back({like.categorical[next].name, true});
      f += like.categorical[next++].categories.size();
    } else {
      sources.push_back({like.feature_names.empty() ? "" : like.feature_names[f], false});
      ++f;
    }
  }
  return sources;
}

// Finds the inputs in a file with names, wherever they are. Other columns are ignored.
void MatchByName(const std::string& file, const std::vector<Source>& sources, const Schema& like,
                 CsvColumns* columns) {
  std::unordered_map<std::string_view, size_t> places;
  std::unordered_map<std::string_view, size_t> uses;
  for (size_t i = 0; i < columns->count; ++i) {
    if (columns->label == i) continue;
    places[columns->names[i]] = i;
    ++uses[columns->names[i]];
  }
  std::vector<std::string> lacking;
  std::vector<bool> used(columns->count);
  for (const Source& source : sources) {
    const auto found = places.find(source.name);
    if (found == places.end()) {
      lacking.push_back(fmt::format("'{}'", source.name));
      continue;
    }
    if (uses[source.name] > 1 || used[found->second]) {
      ThrowBadRow(file, columns->row,
                  {.found = fmt::format("several columns named '{}' and others in another order "
                                        "than expected",
                                        source.name)});
    }
    used[found->second] = true;
    columns->inputs.push_back({found->second, source.categorical});
  }
  if (!lacking.empty()) {
    ThrowBadRow(file, columns->row,
                {.found = fmt::format("no column{} {}", lacking.size() > 1 ? "s" : "",
                                      Abbreviated(lacking)),
                 .expected = "every feature by its name, in any order"});
  }
  std::vector<std::string> unknown;
  for (size_t i = 0; i < columns->count; ++i) {
    if (used[i] || columns->label == i) continue;
    columns->ignored.push_back(i);
    const bool known = std::ranges::find(like.ignored, columns->names[i], &IgnoredColumn::name) !=
                       like.ignored.end();
    if (!known) unknown.push_back(fmt::format("'{}'", columns->names[i]));
  }
  if (!unknown.empty()) {
    columns->notes.push_back(fmt::format("{}: ignored {} unknown column{}: {}", file,
                                         unknown.size(), unknown.size() > 1 ? "s" : "",
                                         Abbreviated(unknown)));
  }
}

// Takes the inputs by their places.
void MatchByPlace(const std::string& file, const std::vector<Source>& sources, const Schema& like,
                  CsvColumns* columns) {
  const size_t label = columns->label || columns->read_labels ? 1 : 0;
  if (columns->count != sources.size() + like.ignored.size() + label) {
    const size_t found = columns->count - label;
    const size_t expected = sources.size() + like.ignored.size();
    ThrowBadRow(file, columns->row,
                {.found = fmt::format("{} column{} with {} feature{}", columns->count,
                                      columns->count == 1 ? "" : "s", found, found == 1 ? "" : "s"),
                 .expected = fmt::format("{} feature{}", expected, expected == 1 ? "" : "s")});
  }
  std::vector<bool> ignored(columns->count);
  for (const IgnoredColumn& column : like.ignored) {
    // Those behind a label that this file lacks have moved.
    const bool moved = !columns->label && column.index > like.label_index;
    const size_t place = column.index - (moved ? 1 : 0);
    if (place < ignored.size()) ignored[place] = true;
  }
  for (size_t i = 0; i < columns->count; ++i) {
    if (columns->label == i) continue;
    if (ignored[i]) {
      columns->ignored.push_back(i);
    } else if (columns->inputs.size() < sources.size()) {
      columns->inputs.push_back({i, sources[columns->inputs.size()].categorical});
    }
  }
}

// Finds the column of weights among those that are no features; a table may lack it.
void FindWeights(const std::string& file, const Schema& like, CsvColumns* columns) {
  const auto known = std::ranges::find(like.ignored, true, &IgnoredColumn::weight);
  if (known == like.ignored.end() || !columns->read_labels) return;
  const bool names = columns->header && !known->name.empty();
  for (const size_t i : columns->ignored) {
    if (names ? columns->names[i] == known->name : i == known->index) columns->weight = i;
  }
  if (!columns->weight) {
    columns->notes.push_back(fmt::format(
        "{}: found no column '{}' with weights, all examples count the same", file, known->name));
  }
}

bool HasNamesInOrder(const CsvColumns& columns, const std::vector<Source>& sources) {
  size_t next = 0;
  for (size_t i = 0; i < columns.count; ++i) {
    if (columns.label == i) continue;
    if (next == sources.size() || columns.names[i] != sources[next++].name) return false;
  }
  return next == sources.size();
}

void ResolveLike(const std::string& file, const CsvOptions& options, CsvColumns* columns) {
  const Schema& like = *options.like;
  const std::vector<Source> sources = SourcesOf(like);
  columns->task = like.classes.empty() ? Task::kRegress : Task::kClassify;
  columns->read_labels = !options.labels_optional;
  columns->label = LabelLike(file, *columns, like, sources.size(), options.labels_optional);
  const bool names = columns->header && !like.feature_names.empty();
  if (names && !HasNamesInOrder(*columns, sources)) {
    MatchByName(file, sources, like, columns);
  } else if (names) {
    for (size_t i = 0; i < columns->count; ++i) {
      if (columns->label == i) continue;
      columns->inputs.push_back({i, sources[columns->inputs.size()].categorical});
    }
  } else {
    MatchByPlace(file, sources, like, columns);
  }
  FindWeights(file, like, columns);
}

// What the options say of the columns of a table that stands for itself.
void ResolveChosen(const std::string& file, const CsvOptions& options, CsvColumns* columns) {
  columns->task = options.task;
  std::vector<bool> ignored(columns->count);
  std::vector<bool> categorical(columns->count);
  for (const std::string& choice : options.ignore_columns) {
    ignored[Chosen("ignore-columns", file, *columns, choice)] = true;
  }
  if (options.weight_column) {
    columns->weight = Chosen("weight-column", file, *columns, *options.weight_column);
    ignored[*columns->weight] = true;
  }
  const auto free = std::find(ignored.begin(), ignored.end(), false) - ignored.begin();
  columns->label = options.label_column
                       ? Chosen("label-column", file, *columns, *options.label_column)
                       : FindUnique(file, *columns, kDefaultLabel)
                             .value_or(std::min(static_cast<size_t>(free), columns->count - 1));
  if (options.categorical == std::vector<std::string>{"auto"}) {
    categorical = columns->text;
  } else {
    for (const std::string& choice : options.categorical) {
      const size_t column = Chosen("categorical", file, *columns, choice);
      if (column == columns->label || ignored[column]) {
        ThrowOption("categorical", file,
                    fmt::format("{}: column '{}' cannot be categorical: it holds the labels or "
                                "weights, or is ignored",
                                file, choice));
      }
      categorical[column] = true;
    }
  }
  for (size_t i = 0; i < columns->count; ++i) {
    if (columns->label == i) {
      if (!ignored[i]) continue;
      if (columns->weight == i) {
        ThrowOption(
            "weight-column", file,
            fmt::format("{}: column {} cannot hold both the labels and the weights", file, i));
      }
      ThrowOption("ignore-columns", file,
                  fmt::format("{}: column {} holds the labels and cannot be ignored", file, i));
    }
    if (ignored[i]) {
      columns->ignored.push_back(i);
    } else {
      columns->inputs.push_back({i, categorical[i]});
    }
  }
  if (!columns->inputs.empty()) return;
  if (columns->count > 1) {
    ThrowBadRow(file, columns->row, {.found = "no columns but the label and ignored ones"});
  }
  ThrowBadRow(file, columns->row,
              {.found = "1 column",
               .expected = "a class label and at least one feature, separated by a comma, "
                           "semicolon, tab or space"});
}

}  // namespace

bool CsvColumns::Plain() const {
  return !weight && missing != Missing::kMean &&
         std::ranges::is_sorted(inputs, {}, &InputColumn::column) &&
         std::ranges::none_of(inputs, &InputColumn::categorical);
}

CsvColumns ResolveColumns(const std::string& file, const CsvOpening& opening,
                          const CsvOptions& options) {
  CsvColumns columns;
  columns.count = opening.count;
  columns.row = opening.row;
  if (columns.count > kMaxColumns) {
    ThrowBadRow(file, columns.row,
                {.found = fmt::format("{} columns", columns.count),
                 .expected = fmt::format("at most {}", kMaxColumns)});
  }
  columns.header = opening.header;
  columns.missing = options.like ? options.like->missing : options.missing;
  if (columns.header) columns.names = ReadHeader(file, opening);
  for (const ColumnSample& sample : opening.samples) {
    columns.text.push_back(sample.texts > sample.numbers);
  }
  if (options.like) {
    ResolveLike(file, options, &columns);
  } else {
    ResolveChosen(file, options, &columns);
  }
  return columns;
}

Schema MakeSchema(const CsvColumns& columns,
                  const std::vector<std::vector<std::string>>& categories) {
  Schema schema;
  schema.missing = columns.missing;
  const auto name = [&](size_t column) {
    return columns.header ? columns.names[column] : std::string();
  };
  for (size_t i = 0; i < columns.inputs.size(); ++i) {
    const std::string input = name(columns.inputs[i].column);
    if (!columns.inputs[i].categorical) {
      ++schema.features;
      if (columns.header) schema.feature_names.push_back(input);
      continue;
    }
    schema.categorical.push_back(
        {.name = input, .first = schema.features, .categories = categories[i]});
    schema.features += categories[i].size();
    for (const std::string& category : categories[i]) {
      if (columns.header) schema.feature_names.push_back(fmt::format("{}_{}", input, category));
    }
  }
  for (const size_t column : columns.ignored) {
    schema.ignored.push_back(
        {.name = name(column), .index = column, .weight = columns.weight == column});
  }
  if (columns.label && columns.read_labels) {
    schema.label_index = *columns.label;
    schema.label_name = name(*columns.label);
  }
  return schema;
}

}  // namespace colonnade
