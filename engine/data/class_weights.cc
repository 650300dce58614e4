// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"
#include "engine/runtime/file.h"

namespace colonnade {

std::vector<double> ReadClassWeights(const std::filesystem::path& file,
                                     const std::vector<std::string>& classes) {
  const std::string text = ReadWholeFile(file);
  std::vector<std::optional<double>> weights(classes.size());
  size_t row = 1;
  for (size_t begin = 0; begin < text.size(); ++row) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (row == 1 && line == "class,weight")) continue;
    const size_t comma = line.rfind(',');
    if (comma == std::string_view::npos) {
      ThrowBadRow(file.string(), row, {.found = Quoted(line), .expected = "class,weight"});
    }
    const auto known = std::ranges::find(classes, line.substr(0, comma));
    if (known == classes.end()) {
      ThrowBadRow(file.string(), row,
                  {.found = Quoted(line.substr(0, comma)),
                   .expected = "one of the classes " + Abbreviated(classes)});
    }
    float weight = 0;
    if (ParseNumber(line.substr(comma + 1), &weight) != NumberError::kNone || weight < 0) {
      ThrowBadRow(file.string(), row,
                  {.found = "the weight " + Quoted(line.substr(comma + 1)),
                   .expected = "a number, at least 0"});
    }
    std::optional<double>& to = weights[static_cast<size_t>(known - classes.begin())];
    if (to) {
      ThrowBadRow(
          file.string(), row,
          {.found = fmt::format("the class {} again", Quoted(*known)), .expected = "it once"});
    }
    to = weight;
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
