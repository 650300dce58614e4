// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/records.h"
#include "engine/data/csv/text.h"
#include "engine/runtime/option_text.h"

namespace colonnade {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// The weight, with a decimal point or comma.
std::optional<float> WeightIn(std::string text) {
  std::ranges::replace(text, ',', '.');
  float weight = 0;
  if (ParseNumber(text, &weight) != NumberError::kNone) return {};
  return weight;
}

std::optional<double> NumberIn(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return NumberOf<double>(text);
}

// Which columns hold what.
struct Columns {
  size_t name = 0;
  size_t weight = 1;
};

// By the names of the header, in any order.
std::optional<Columns> FindColumns(const std::vector<std::string>& header) {
  std::optional<size_t> name;
  std::optional<size_t> weight;
  for (size_t i = 0; i < header.size(); ++i) {
    const std::string lower = Lower(header[i]);
    if (lower == "class" || lower == "label") name = i;
    if (lower == "weight") weight = i;
  }
  if (!name || !weight) return {};
  return Columns{*name, *weight};
}

// The classes that a name means: as it is spelt, else by the number that it is.
std::vector<size_t> Matches(const std::vector<std::string>& classes, const std::string& name) {
  std::vector<size_t> matches;
  const auto add = [&](const auto& is_meant) {
    for (size_t k = 0; k < classes.size(); ++k) {
      if (is_meant(classes[k])) matches.push_back(k);
    }
  };
  add([&](const std::string& known) { return known == name; });
  const std::optional<double> number = NumberIn(name);
  if (matches.empty() && number) {
    add([&](const std::string& known) { return NumberIn(known) == number; });
  }
  return matches;
}

// What a name that is no class may have been meant as.
std::string NearMiss(const std::vector<std::string>& classes, const std::string& name) {
  for (const std::string& known : classes) {
    if (Lower(known) == Lower(name)) return fmt::format("; there is {}", Quoted(known));
  }
  return "";
}

size_t ClassOf(const std::vector<std::string>& classes, const std::string& name,
               const std::string& file, uint64_t line) {
  const std::vector<size_t> matches = Matches(classes, name);
  if (matches.size() == 1) return matches.front();
  if (matches.size() > 1) {
    ThrowBadRow(
        file, line,
        {.found = Quoted(name),
         .expected = fmt::format("the class as it is spelt: {} or {}", Quoted(classes[matches[0]]),
                                 Quoted(classes[matches[1]]))});
  }
  ThrowBadRow(file, line,
              {.found = Quoted(name) + NearMiss(classes, name),
               .expected = "one of the classes " + Abbreviated(classes)});
}

}  // namespace

std::vector<double> ReadClassWeights(const std::filesystem::path& file,
                                     const std::vector<std::string>& classes) {
  Records table = ReadRecords(file);
  Columns columns;
  const auto is_row = [&](const std::vector<std::string>& row) {
    return row.size() > columns.weight &&
           (WeightIn(row[columns.weight]) || !Matches(classes, row[columns.name]).empty());
  };
  // A header, unless its fields are those of a row; and a first row, if they are not.
  std::vector<std::string> header = std::move(table.names);
  size_t first = 0;
  if (header.empty() && !table.rows.empty() &&
      (FindColumns(table.rows[0]) || !is_row(table.rows[0]))) {
    header = table.rows[0];
    first = 1;
  }
  if (const std::optional<Columns> named = FindColumns(header)) {
    columns = *named;
  } else if (!header.empty() && is_row(header)) {
    table.rows.insert(table.rows.begin(), header);
    table.lines.insert(table.lines.begin(), 1);
  }
  std::vector<std::optional<double>> weights(classes.size());
  for (size_t r = first; r < table.rows.size(); ++r) {
    const std::vector<std::string>& row = table.rows[r];
    const uint64_t line = table.lines[r];
    if (row.size() <= std::max(columns.name, columns.weight)) {
      ThrowBadRow(file.string(), line,
                  {.found = fmt::format("{} field{}", row.size(), row.size() == 1 ? "" : "s"),
                   .expected = "class,weight"});
    }
    const std::string& name = row[columns.name];
    std::optional<double>& to = weights[ClassOf(classes, name, file.string(), line)];
    const std::optional<float> weight = WeightIn(row[columns.weight]);
    if (!weight || *weight < 0) {
      ThrowBadRow(file.string(), line,
                  {.found = "the weight " + Quoted(row[columns.weight]),
                   .expected = "a number, at least 0"});
    }
    if (to) {
      ThrowBadRow(
          file.string(), line,
          {.found = fmt::format("the class {} again", Quoted(name)), .expected = "it once"});
    }
    to = *weight;
  }
  std::vector<double> result;
  for (size_t k = 0; k < classes.size(); ++k) {
    if (!weights[k]) {
      throw Error(ErrorCode::kBadData, {.file = file.string(),
                                        .found = "no weight for the class " + Quoted(classes[k])});
    }
    result.push_back(*weights[k]);
  }
  return result;
}

}  // namespace colonnade
