#include "engine/data/csv_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

constexpr std::string_view kDefaultLabel = "label";

// Tells what else the file is, where that is common and shows in the first line.
void CheckFormat(const std::string& file, std::string_view line) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOthers = {{
      {"\x1f\x8b", "gzip-compressed data"},
      {"\xff\xfe", "text in UTF-16"},
      {"\xfe\xff", "text in UTF-16"},
  }};
  for (const auto& [start, what] : kOthers) {
    if (line.starts_with(start)) {
      ThrowBadRow(file, 1, fmt::format("found {}, expected plain text in UTF-8", what));
    }
  }
  if (line.find(',') != std::string_view::npos) return;
  for (const auto& [separator, what] : {std::pair(';', "semicolons"), std::pair('\t', "tabs")}) {
    if (line.find(separator) != std::string_view::npos) {
      ThrowBadRow(
          file, 1,
          fmt::format("found fields separated by {}, expected fields separated by commas", what));
    }
  }
}

// A field that is missing, infinite or not a number at all speaks for a row of data with a fault
// rather than for a header, as long as all the others are numbers.
bool LooksLikeHeader(const std::vector<std::string_view>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](std::string_view field) {
    float ignored;
    return ParseNumber(field, &ignored) == NumberError::kNotANumber;
  });
}

std::vector<std::string> ReadHeader(const std::string& file, std::string_view line,
                                    const std::vector<std::string_view>& fields) {
  if (line.find('"') != std::string_view::npos) {
    ThrowBadRow(file, 1, "found a quotation mark, expected plain fields separated by commas");
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (IsPlainText(fields[i])) continue;
    ThrowBadRow(file, 1,
                fmt::format("column {}: found {}, expected a column name in UTF-8 without control "
                            "characters",
                            i + 1, Quoted(fields[i])));
  }
  return {fields.begin(), fields.end()};
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
    ThrowBadRow(file, 1,
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
          file, 1,
          fmt::format("found no column '{}', expected one with the class labels", like.label_name));
    }
    return place;
  }
  if (optional && columns.count != like.features + 1) return std::nullopt;
  return like.label_index < columns.count ? std::optional(like.label_index) : std::nullopt;
}

void CheckFeatures(const std::string& file, const CsvColumns& columns, const Schema& like) {
  if (columns.features() != like.features) {
    ThrowBadRow(file, 1,
                fmt::format("found {} columns with {} features, expected {} features",
                            columns.count, columns.features(), like.features));
  }
  if (!columns.header || like.feature_names.empty()) return;
  size_t feature = 0;
  for (size_t i = 0; i < columns.count; ++i) {
    if (columns.label == i) continue;
    if (columns.names[i] != like.feature_names[feature]) {
      ThrowBadRow(file, 1,
                  fmt::format("column {}: found {}, expected {}", i + 1, Quoted(columns.names[i]),
                              Quoted(like.feature_names[feature])));
    }
    ++feature;
  }
}

}  // namespace

// A layer has at most 2^20 inputs; one more column is the label.
constexpr size_t kMaxColumns = (size_t{1} << 20) + 1;

CsvColumns ResolveColumns(const std::string& file, std::string_view first_line,
                          const CsvOptions& options) {
  CheckFormat(file, first_line);
  const std::vector<std::string_view> fields = SplitFields(first_line);
  CsvColumns columns;
  columns.count = fields.size();
  if (columns.count > kMaxColumns) {
    ThrowBadRow(file, 1,
                fmt::format("found {} columns, expected at most {}", columns.count, kMaxColumns));
  }
  columns.header = options.header == Header::kYes ||
                   (options.header == Header::kAuto && LooksLikeHeader(fields));
  if (columns.header) columns.names = ReadHeader(file, first_line, fields);

  if (options.like != nullptr) {
    columns.read_labels = !options.labels_optional;
    columns.label = LabelLike(file, columns, *options.like, options.labels_optional);
    CheckFeatures(file, columns, *options.like);
    return columns;
  }
  columns.label = options.label_column ? ChosenLabel(file, columns, *options.label_column)
                                       : FindUnique(file, columns, kDefaultLabel).value_or(0);
  if (columns.features() == 0) {
    ThrowBadRow(file, 1,
                "found 1 column, expected a class label and at least one feature, separated by "
                "commas");
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
