// SPDX-License-Identifier: Apache-2.0
// Options of the library by name, as flags and configuration files give them.
#ifndef COLONNADE_CLI_SETTINGS_H_
#define COLONNADE_CLI_SETTINGS_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "colonnade/options.h"

namespace CLI {
class App;
}

namespace colonnade::cli {

// Names of options and texts of their values, each name once.
class Settings {
 public:
  void Set(std::string_view name, std::string text);

  // Null where it was not set.
  const std::string* Find(std::string_view name) const;

  void Remove(std::string_view name);

  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

  // Sets what is an option of that struct. Throws kInvalidArgument.
  template <class Options>
  void Apply(Options& options) const {
    for (const Option& option : OptionsOf<Options>()) {
      const std::string* const text = Find(option.info.name);
      if (text != nullptr) SetOption(options, option.info.name, *text);
    }
  }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

// Adds a flag for each option of the struct that is `wanted`, which puts its value into `settings`.
template <class Options>
void AddOptionFlags(CLI::App& command, const std::function<bool(const OptionInfo&)>& wanted,
                    Settings& settings);

extern template void AddOptionFlags<TrainOptions>(CLI::App&,
                                                  const std::function<bool(const OptionInfo&)>&,
                                                  Settings&);
extern template void AddOptionFlags<CsvOptions>(CLI::App&,
                                                const std::function<bool(const OptionInfo&)>&,
                                                Settings&);

// What a flag of an option says of itself: its lines of help, and what its values look like.
std::string HelpText(const Option& option);
std::string ValueText(const Option& option);

// The text of a value as JSON: a number, a list, true or false where the option has such values.
Json ValueJson(const Option& option, const std::string& text);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_SETTINGS_H_
