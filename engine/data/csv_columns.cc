#include "engine/data/csv_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>
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
                fmt::format("column {}: found {}, expected a name in UTF-8 without control "
                            "characters",
                            i + 1, Quoted(opening.first[i])));
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
    ThrowBadRow(file, columns.row,
                fmt::format("found {} columns named '{}', expected one", places.size(), name));
  }
  return places.empty() ? std::nullopt : std::optional(places[0]);
}

// The column that the user chose: by name, else by index.
size_t ChosenLabel(const std::string& file, const CsvColumns& columns, const std::string& choice) {
  const std::vector<size_t> places = Find(columns.names, choice);
  if (places.size() == 1) return places[0];
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} has {}", file, what));
  };
  if (places.size() > 1) {
    fail(fmt::format("{} columns named '{}'; choose one by its index, 0 to {}", places.size(),
                     choice, columns.count - 1));
  }
  int64_t index = 0;
  const auto [stop, error] = std::from_chars(choice.data(), choice.data() + choice.size(), index);
  if (error != std::errc() || stop != choice.data() + choice.size()) {
    if (!columns.header) {
      fail(fmt::format("no column '{}'; it has no header, so choose by index, 0 to {}", choice,
                       columns.count - 1));
    }
    constexpr size_t kShown = 3;
    const size_t shown = std::min(kShown, columns.count);
    fail(fmt::format("no column '{}'; its columns are {}{} ({} in all)", choice,
                     fmt::join(columns.names.begin(),
                               columns.names.begin() + static_cast<ptrdiff_t>(shown), ", "),
                     shown < columns.count ? ", …" : "", columns.count));
  }
  const auto count = static_cast<int64_t>(columns.count);
  if (index < -count || index >= count) {
    fail(fmt::format("no column {0}; it has {1} columns, 0 to {2} (or -{1} to -1)", choice, count,
                     count - 1));
  }
  return static_cast<size_t>(index < 0 ? index + count : index);
}

// The label column of a table that must fit `like`.
std::optional<size_t> LabelLike(const std::string& file, const CsvColumns& columns,
                                const Schema& like, bool optional) {
  if (columns.header && !like.label_name.empty()) {
    const std::optional<size_t> place = FindUnique(file, columns, like.label_name);
    if (!place && !optional) {
      ThrowBadRow(
          file, columns.row,
          fmt::format("found no column '{}', expected one with the class labels", like.label_name));
    }
    return place;
  }
  if (optional && columns.count != like.features + 1) return std::nullopt;
  return like.label_index < columns.count ? std::optional(like.label_index) : std::nullopt;
}

void CheckFeatures(const std::string& file, const CsvColumns& columns, const Schema& like) {
  if (columns.features() != like.features) {
    ThrowBadRow(file, columns.row,
                fmt::format("found {} columns with {} features, expected {} features",
                            columns.count, columns.features(), like.features));
  }
  if (!columns.header || like.feature_names.empty()) return;
  size_t feature = 0;
  for (size_t i = 0; i < columns.count; ++i) {
    if (columns.label == i) continue;
    if (columns.names[i] != like.feature_names[feature]) {
      ThrowBadRow(file, columns.row,
                  fmt::format("column {}: found {}, expected {}", i + 1, Quoted(columns.names[i]),
                              Quoted(like.feature_names[feature])));
    }
    ++feature;
  }
}

}  // namespace

CsvColumns ResolveColumns(const std::string& file, const CsvOpening& opening,
                          const CsvOptions& options) {
  CsvColumns columns;
  columns.task = options.task;
  columns.count = opening.count;
  columns.row = opening.row;
  if (columns.count > kMaxColumns) {
    ThrowBadRow(file, columns.row,
                fmt::format("found {} columns, expected at most {}", columns.count, kMaxColumns));
  }
  columns.header = opening.header;
  if (columns.header) columns.names = ReadHeader(file, opening);

  if (options.like != nullptr) {
    columns.read_labels = !options.labels_optional;
    columns.label = LabelLike(file, columns, *options.like, options.labels_optional);
    CheckFeatures(file, columns, *options.like);
    return columns;
  }
  columns.label = options.label_column ? ChosenLabel(file, columns, *options.label_column)
                                       : FindUnique(file, columns, kDefaultLabel).value_or(0);
  if (columns.features() == 0) {
    ThrowBadRow(file, columns.row,
                "found 1 column, expected a class label and at least one feature, separated by "
                "a comma, semicolon, tab or space");
  }
  return columns;
}

Schema MakeSchema(const CsvColumns& columns) {
  Schema schema;
  schema.features = columns.features();
  const bool labelled = columns.label && columns.read_labels;
  if (labelled) schema.label_index = *columns.label;
  for (size_t i = 0; i < columns.names.size(); ++i) {
    if (columns.label != i) {
      schema.feature_names.push_back(columns.names[i]);
    } else if (labelled) {
      schema.label_name = columns.names[i];
    }
  }
  return schema;
}

}  // namespace colonnade
