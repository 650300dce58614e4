// SPDX-License-Identifier: Apache-2.0
#include "cli/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "colonnade/error.h"

namespace colonnade::cli {

void Settings::Set(std::string_view name, std::string text) {
  Remove(name);
  all_.emplace_back(name, std::move(text));
}

const std::string* Settings::Find(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &std::pair<std::string, std::string>::first);
  return found == all_.end() ? nullptr : &found->second;
}

void Settings::Remove(std::string_view name) {
  std::erase_if(all_, [&](const auto& setting) { return setting.first == name; });
}

std::string HelpText(const Option& option) {
  std::string text = SpellOptions(option.info.help, AsFlag);
  if (!option.of.empty()) text += fmt::format(" ({})", option.of);
  return text;
}

std::string ValueText(const Option& option) {
  if (option.info.value != nullptr) return option.info.value;
  const char* const more = option.list ? "[,…]" : "";
  if (!option.names.empty()) return fmt::format("{}{}", fmt::join(option.names, "|"), more);
  switch (option.type) {
    case OptionType::kFlag:
      return "";
    case OptionType::kInteger:
      return "N";
    case OptionType::kNumber:
      return "X";
    case OptionType::kText:
      return "TEXT";
  }
  return "";
}

Json ValueJson(const Option& option, const std::string& text) {
  if (option.list || text.find(',') != std::string::npos) {
    Json list = Json::array();
    Option item = option;
    item.list = false;
    if (option.info.nothing != nullptr && text == option.info.nothing) return list;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      list.push_back(ValueJson(item, text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return list;
  }
  if (option.type == OptionType::kFlag) return text == "on";
  const Json number = Json::parse(text, nullptr, false);
  const bool same = option.type != OptionType::kText || number.dump() == text;
  return number.is_number() && same ? number : Json(text);
}

namespace {

// "on or off"
std::string ExpectedText(const Option& option) {
  if (option.names.empty()) return ValueText(option);
  return fmt::format("{}", fmt::join(option.names, " or "));
}

}  // namespace

template <class Options>
void AddOptionFlags(CLI::App& command, const std::function<bool(const OptionInfo&)>& wanted,
                    Settings& settings) {
  for (const Option& option : OptionsOf<Options>()) {
    const OptionInfo& info = option.info;
    if (!wanted(info)) continue;
    CLI::Option* flag = nullptr;
    if (option.type == OptionType::kFlag && !option.list) {
      flag = command.add_flag_function(
          AsFlag(info.name),
          [&settings, name = info.name](int64_t value) {  // below 0: =off
            settings.Set(name, value > 0 ? "on" : "off");
          },
          HelpText(option));
      if (option.preset == "on") flag->option_text("[=off]");
    } else {
      flag = command
                 .add_option_function<std::string>(
                     AsFlag(info.name),
                     [&settings, name = info.name](const std::string& text) {
                       settings.Set(name, text);
                     },
                     HelpText(option))
                 ->type_name(ValueText(option))
                 ->check([option](const std::string& value) {  // where the value was left out
                   return value.starts_with("--")
                              ? fmt::format("found '{}', expected {}", value, ExpectedText(option))
                              : "";
                 });
      flag->default_str(option.unset.empty() ? option.preset : option.unset);
    }
    flag->group(info.group);
  }
}

template void AddOptionFlags<TrainOptions>(CLI::App&, const std::function<bool(const OptionInfo&)>&,
                                           Settings&);
template void AddOptionFlags<CsvOptions>(CLI::App&, const std::function<bool(const OptionInfo&)>&,
                                         Settings&);

}  // namespace colonnade::cli
