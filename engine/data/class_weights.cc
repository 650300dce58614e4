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
  const auto fail = [&](size_t row, const std::string& problem) {
    throw Error(ErrorCode::kBadData, fmt::format("{}: row {}: {}", file.string(), row, problem));
  };
  size_t row = 1;
  for (size_t begin = 0; begin < text.size(); ++row) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || (row == 1 && line == "class,weight")) continue;
    const size_t comma = line.rfind(',');
    if (comma == std::string_view::npos) {
      fail(row, fmt::format("found {}, expected class,weight", Quoted(line)));
    }
    const auto known = std::ranges::find(classes, line.substr(0, comma));
    if (known == classes.end()) {
      fail(row, fmt::format("found {}, expected one of the classes {}",
                            Quoted(line.substr(0, comma)), Abbreviated(classes)));
    }
    float weight = 0;
    if (ParseNumber(line.substr(comma + 1), &weight) != NumberError::kNone || weight < 0) {
      fail(row, fmt::format("found the weight {}, expected a number, at least 0",
                            Quoted(line.substr(comma + 1))));
    }
    std::optional<double>& to = weights[static_cast<size_t>(known - classes.begin())];
    if (to) fail(row, fmt::format("found the class {} again, expected it once", Quoted(*known)));
    to = weight;
  }
  std::vector<double> result;
  for (size_t k = 0; k < classes.size(); ++k) {
    if (!weights[k]) {
      throw Error(ErrorCode::kBadData, fmt::format("{}: found no weight for the class {}",
                                                   file.string(), Quoted(classes[k])));
    }
    result.push_back(*weights[k]);
  }
  return result;
}

}  // namespace colonnade
