// SPDX-License-Identifier: Apache-2.0
#include "cli/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "colonnade/cache.h"
#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

// Where a model's provenance has its options.
constexpr const char* kProvenanceKey = "options";

// Whether the optimizer is open and the option is that of some: to set it would choose one of them.
bool IsOfOpenOptimizer(const TrainOptions& options, std::string_view name) {
  if (options.optimizer.chosen()) return false;
  TrainOptions other;
  ChooseOptimizerFor(other, name);
  return other.optimizer.chosen();
}

// Calls visit(option, text) for the options of both structs that mean something here.
template <class Visit>
void ForEach(const TrainOptions& options, const CsvOptions& reading, const Visit& visit) {
  for (const Option& option : OptionsOf<CsvOptions>()) {
    visit(option, OptionText(reading, option.info.name));
  }
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const char* const name = option.info.name;
    if (!Belongs(options, name) || IsOfOpenOptimizer(options, name)) continue;
    visit(option, OptionText(options, name));
  }
}

// Null for a name that is no option's; '_' may stand for '-'.
const Option* Find(std::string name) {
  for (char& c : name) c = c == '_' ? '-' : c;
  const Option* found = nullptr;
  for (const auto& options : {OptionsOf<CsvOptions>(), OptionsOf<TrainOptions>()}) {
    for (const Option& option : options) {
      if (option.info.name == name) found = &option;
    }
  }
  return found;
}

// Throws kInvalidArgument where there is no such option.
const Option& Require(const std::string& file, uint64_t row, const std::string& name) {
  if (const Option* option = Find(name)) return *option;
  throw Error(ErrorCode::kInvalidArgument,
              {.subject = "config",
               .file = file,
               .row = row,
               .problem = row > 0 ? fmt::format("{}:{}", file, row) : file,
               .found = fmt::format("the name '{}'", name),
               .expected = "that of an option, such as lr or hidden"});
}

// Throws kInvalidArgument, with the line, where the option has no such value.
void RequireValue(const std::string& file, uint64_t row, const Option& option,
                  const std::string& text) {
  const auto reject = [&](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::kInvalidArgument, {.subject = option.info.name,
                                              .file = file,
                                              .row = row,
                                              .problem = fmt::format("{}:{}", file, row),
                                              .found = found,
                                              .expected = expected});
  };
  Settings one;
  one.Set(option.info.name, text);
  try {
    TrainOptions training;
    CsvOptions reading;
    one.Apply(training);
    one.Apply(reading);
  } catch (const Error& error) {
    reject(error.details().found, error.details().expected);
  }
  if (option.type == OptionType::kText) return;
  const Json value = ValueJson(option, text);
  for (const Json& item : value.is_array() ? value : Json::array({value})) {
    if (item.is_number() && !option.info.range.Has(item.get<double>())) {
      reject(item.dump(), RangeText(option.info.range, option.type));
    }
  }
}

// The text of a value of JSON: of what ValueJson() makes of a text.
std::string TextOf(const Option& option, const Json& value) {
  if (value.is_array()) {
    if (value.empty() && option.info.nothing != nullptr) return option.info.nothing;
    std::string text;
    bool first = true;
    for (const Json& item : value) {
      text += (first ? "" : ",") + TextOf(option, item);
      first = false;
    }
    return text;
  }
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// TOML and JSON have the same values here.
Json JsonOf(const toml::node& node) {
  if (const toml::array* array = node.as_array()) {
    Json list = Json::array();
    for (const toml::node& item : *array) list.push_back(JsonOf(item));
    return list;
  }
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  return {};
}

std::string TomlOf(const Json& value) {
  if (value.is_array()) {
    std::string text;
    for (const Json& item : value) {
      if (!text.empty()) text += ", ";
      text += TomlOf(item);
    }
    return "[" + text + "]";
  }
  // Beyond the integers of TOML: as text.
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) {
    return fmt::format("\"{}\"", value.dump());
  }
  // Its strings are JSON's, but for this character.
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t at = 0; (at = text.find('\x7f', at)) != std::string::npos;) {
    text.replace(at, 1, "\\u007f");
  }
  return text;
}

}  // namespace

Settings ParseConfig(std::string_view text, const std::string& file) {
  Settings settings;
  try {
    const toml::table table = toml::parse(text, file);
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      const uint64_t row = value.source().begin.line;
      const Option& option = Require(file, row, name);
      const Json json = JsonOf(value);
      if (json.is_null()) {
        throw Error(ErrorCode::kBadData,
                    {.subject = name,
                     .file = file,
                     .row = row,
                     .found = "a table or a date",
                     .expected = "a number, a text, true or false, or a list of them"});
      }
      const std::string value_text = TextOf(option, json);
      RequireValue(file, row, option, value_text);
      settings.Set(option.info.name, value_text);
    }
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::kBadData, {.file = file,
                                      .row = error.source().begin.line,
                                      .problem = std::string(error.description())});
  }
  return settings;
}

Settings OptionsOfModel(const Model& model, const std::string& file) {
  const auto found = model.provenance().find(kProvenanceKey);
  const Json json = found == model.provenance().end() ? Json() : ParseJson(found->second);
  if (!json.is_object()) {
    throw Error(ErrorCode::kBadModel,
                {.file = file,
                 .problem = "its provenance has no options: it was not trained by this program, or "
                            "by an older version"});
  }
  Settings settings;
  for (const auto& [key, value] : json.items()) {
    const Option& option = Require(file, 0, key);
    settings.Set(option.info.name, TextOf(option, value));
  }
  return settings;
}

Settings ReadConfig(const std::string& file) {
  if (IsCache(file)) return OptionsOfModel(Model::Load(file), file);
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return ParseConfig(text.str(), file);
}

std::string ConfigText(const TrainOptions& options, const CsvOptions& reading) {
  std::string text;
  const char* group = "";
  ForEach(options, reading, [&](const Option& option, const std::string& value) {
    if (std::string_view(group) != option.info.group) {
      group = option.info.group;
      text += fmt::format("{}# {}\n", text.empty() ? "" : "\n", group);
    }
    if (value.empty()) {
      std::string unset = option.unset;
      for (char& c : unset) c = c == '\n' ? ' ' : c;
      text += fmt::format("# {} = …  # {}\n", option.info.name, unset);
    } else {
      text += fmt::format("{} = {}\n", option.info.name, TomlOf(ValueJson(option, value)));
    }
  });
  return text;
}

Json OptionsJson(const TrainOptions& options, const CsvOptions& reading, bool effective) {
  Json json = Json::object();
  ForEach(options, reading, [&](const Option& option, const std::string& value) {
    if (value.empty() || (effective && option.info.effect == Effect::kNone)) return;
    json[option.info.Key()] = ValueJson(option, value);
  });
  return json;
}

}  // namespace colonnade::cli
