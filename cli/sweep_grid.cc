// SPDX-License-Identifier: Apache-2.0
#include "cli/sweep_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

std::vector<std::string> ValuesOf(const std::string& text, const std::string& list) {
  std::vector<std::string> values;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string value = list.substr(begin, end - begin);
    begin = end + 1;
    if (value.empty())
      Reject("grid", fmt::format("'{}'", text), "a value on each side of every comma");
    if (std::ranges::find(values, value) != values.end()) {
      Reject("grid", fmt::format("'{}' twice in '{}'", value, text), "each value once");
    }
    values.push_back(value);
  }
  return values;
}

}  // namespace

std::vector<GridAxis> ParseGrid(const std::vector<std::string>& texts, const Settings& given) {
  std::vector<GridAxis> axes;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      Reject("grid", fmt::format("'{}'", text), "NAME=VALUE,VALUE…, such as lr=0.01,0.1");
    }
    const std::string name = text.substr(0, equals);
    if (given.Find(name) != nullptr) {
      Reject("grid", fmt::format("'{}' and the flag --{}", name, name), "one of them");
    }
    axes.push_back({name, ValuesOf(text, text.substr(equals + 1))});
  }
  return axes;
}

}  // namespace colonnade::cli
