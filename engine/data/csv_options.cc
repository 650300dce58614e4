// SPDX-License-Identifier: Apache-2.0
#include "colonnade/csv_options.h"

#include <vector>

#include "engine/runtime/option_table-inl.h"

namespace colonnade {

template <>
std::span<const Option> OptionsOf<CsvOptions>() {
  static const std::vector<Option> all = MakeOptions<CsvOptions>();
  return all;
}

template <>
std::string OptionText(const CsvOptions& options, std::string_view name) {
  return TextOfOption(options, name);
}

template <>
void SetOption(CsvOptions& options, std::string_view name, std::string_view text) {
  SetOptionFromText(options, name, text);
}

}  // namespace colonnade
