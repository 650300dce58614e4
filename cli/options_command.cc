// SPDX-License-Identifier: Apache-2.0
// colonnade options: the table of all options, for the manual and for programs
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/settings.h"
#include "colonnade/error.h"
#include "colonnade/options.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

// Options of all structs, in the order of the help: their groups in the order of their first.
std::vector<Option> AllOptions() {
  std::vector<Option> all;
  for (const auto& options : {OptionsOf<CsvOptions>(), OptionsOf<TrainOptions>()}) {
    for (const Option& option : options) {
      auto place = all.end();  // behind the last of its group
      while (place != all.begin() &&
             std::string_view((place - 1)->info.group) != option.info.group) {
        --place;
      }
      all.insert(place == all.begin() ? all.end() : place, option);
    }
  }
  return all;
}

// The commands that have such a flag.
std::vector<std::string> CommandsWith(const CLI::App& app, const Option& option) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_option_no_throw(AsFlag(option.info.name)) != nullptr) {
      names.push_back(command->get_name());
    }
  }
  return names;
}

bool IsNumber(const Option& option) {
  return option.type == OptionType::kInteger || option.type == OptionType::kNumber;
}

bool InGrid(const Option& option) { return option.info.commands == Commands::kTraining; }

const char* EffectText(Effect effect) {
  switch (effect) {
    case Effect::kResult:
      return "value";
    case Effect::kNetwork:
      return "network";
    case Effect::kData:
      return "data";
    case Effect::kNone:
      break;
  }
  return "none";
}

// A cell of a Markdown table: one line, without the character that ends it.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string InTicks(const std::string& text) {
  return text.empty() ? text : fmt::format("`{}`", Cell(text));
}

// What its values are: as the help has it, or the numbers that it takes.
std::string ValuesCell(const Option& option) {
  if (option.type == OptionType::kFlag && !option.list) {
    return fmt::format("none{}; in a file `true` or `false`",
                       option.preset == "on" ? " or `=off`" : "");
  }
  const bool range = IsNumber(option) && option.info.value == nullptr;
  return range ? Cell(RangeText(option.info.range, option.type)) : InTicks(ValueText(option));
}

std::string Markdown(const CLI::App& app) {
  std::string text =
      "# Options\n"
      "\n"
      "All options of the library by name; `colonnade options > cli/OPTIONS.md` renews this file, "
      "and\n"
      "`colonnade options --json` tells the same to programs. Flags that name files, and others of "
      "the\n"
      "program alone: `colonnade COMMAND --help`. [The manual](MANUAL.md) tells how to use them.\n"
      "\n"
      "*Effect* is how the result depends on an option: by its *value*, as part of the *network* "
      "or "
      "of\n"
      "the *data*, or not at all (*none*). *For* names what it belongs to; an option that is not "
      "for the\n"
      "optimizer, loss or schedule in use is refused. Commands with a \\* have it in `--grid` "
      "or `--space`, too.\n";
  std::string_view group;
  for (const Option& option : AllOptions()) {
    if (group != option.info.group) {
      group = option.info.group;
      text += fmt::format(
          "\n## {}\n\n| option | value | default | for | effect | commands | what it is |\n"
          "|---|---|---|---|---|---|---|\n",
          group);
    }
    std::vector<std::string> commands = CommandsWith(app, option);
    for (std::string& command : commands) {
      if ((command == "sweep" || command == "tune") && InGrid(option)) command += "\\*";
    }
    const std::string help = SpellOptions(
        option.info.help, [](std::string_view name) { return "`" + AsFlag(name) + "`"; });
    text += fmt::format(
        "| `{}` | {} | {} | {} | {} | {} | {} |\n", AsFlag(option.info.name), ValuesCell(option),
        option.unset.empty() ? InTicks(option.preset) : Cell(option.unset), option.of,
        EffectText(option.info.effect), fmt::join(commands, ", "), Cell(help));
  }
  return text;
}

// Null for what is not there.
Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

const char* TypeText(const Option& option) {
  switch (option.type) {
    case OptionType::kFlag:
      return "boolean";
    case OptionType::kInteger:
      return "integer";
    case OptionType::kNumber:
      return "number";
    case OptionType::kText:
      break;
  }
  return "text";
}

Json OptionJson(const CLI::App& app, const Option& option) {
  const OptionInfo& info = option.info;
  Json json = {{"name", info.name},
               {"key", info.Key()},
               {"group", info.group},
               {"type", TypeText(option)},
               {"list", option.list},
               {"names", option.names},
               {"value", OrNull(ValueText(option))},
               {"nothing", info.nothing == nullptr ? Json() : Json(info.nothing)}};
  const bool number = IsNumber(option);
  const bool bounded = info.range.highest < std::numeric_limits<double>::max();
  json[info.range.above ? "exclusive_minimum" : "minimum"] =
      number ? Json(info.range.lowest) : Json();
  json[info.range.below ? "exclusive_maximum" : "maximum"] =
      number && bounded ? Json(info.range.highest) : Json();
  json["default"] = option.preset.empty() ? Json() : ValueJson(option, option.preset);
  json["unset"] = OrNull(option.unset);
  json["for"] = OrNull(option.of);
  json["effect"] = EffectText(info.effect);
  json["commands"] = CommandsWith(app, option);
  json["grid"] = InGrid(option);
  json["help"] = info.help;
  return json;
}

}  // namespace

void AddOptionsCommand(CLI::App& app, Common& common) {
  CLI::App* command = app.add_subcommand("options", "Print a table of all options");
  AddJsonOption(*command, common);
  command->footer("The table is Markdown; --json gives each option with its type and its limits.");
  command->callback([&app, &common] {
    if (!common.json) return PrintData(Markdown(app));
    Json options = Json::array();
    for (const Option& option : AllOptions()) options.push_back(OptionJson(app, option));
    PrintJson({{"command", "options"}, {"version", Version()}, {"options", options}});
  });
}

}  // namespace colonnade::cli
