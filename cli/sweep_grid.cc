#include "cli/sweep_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "colonnade/error.h"

namespace colonnade::cli {
namespace {

// More than anybody can wait for; far below what would need care with memory.
constexpr size_t kMaxConfigurations = 10'000;

[[noreturn]] void Reject(const std::string& found, const std::string& expected) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("--grid: found {}, expected {}", found, expected));
}

// The flags of training alone, so that a value of the grid is parsed and refused as by its flag.
// Those about data are the same for all configurations, or they could not be compared.
std::unique_ptr<CLI::App> ParserOf(TrainFlags& flags) {
  auto parser = std::make_unique<CLI::App>();
  parser->set_help_flag();
  AddNetworkOptions(*parser, flags);
  AddTrainingOptions(*parser, flags);
  for (const char* other : {"--task", "--validation", "--validation-file", "--start",
                            "--checkpoint", "--checkpoint-every", "--resume"}) {
    parser->remove_option(parser->get_option(other));
  }
  return parser;
}

std::vector<std::string> ValuesOf(const std::string& text, const std::string& list) {
  std::vector<std::string> values;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string value = list.substr(begin, end - begin);
    begin = end + 1;
    if (value.empty()) Reject(fmt::format("'{}'", text), "a value on each side of every comma");
    if (std::ranges::find(values, value) != values.end()) {
      Reject(fmt::format("'{}' twice in '{}'", value, text), "each value once");
    }
    values.push_back(value);
  }
  return values;
}

// Commas separate the values of the grid, so that lists in them have '+' instead. The type name of
// a flag, as --help shows it, tells whether it takes a list.
std::string AsFlag(const CLI::App& parser, const std::string& name, std::string value) {
  const std::string flag = "--" + name;
  if (parser.get_option(flag)->get_type_name().find(',') != std::string::npos) {
    std::ranges::replace(value, '+', ',');
  }
  return flag + "=" + value;
}

}  // namespace

std::string Configuration::Label() const {
  std::string label;
  for (const auto& [name, value] : settings) {
    label += fmt::format("{}{}={}", label.empty() ? "" : " ", name, value);
  }
  return label;
}

Json Configuration::SettingsJson() const {
  Json json = Json::object();
  for (const auto& [name, value] : settings) json[name] = value;
  return json;
}

std::vector<GridAxis> ParseGrid(const std::vector<std::string>& texts, const CLI::App& command) {
  TrainFlags scratch;
  const std::unique_ptr<CLI::App> parser = ParserOf(scratch);
  std::vector<GridAxis> grid;
  size_t configurations = 1;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      Reject(fmt::format("'{}'", text), "NAME=VALUE,VALUE…, such as lr=0.01,0.1");
    }
    const std::string name = text.substr(0, equals);
    if (parser->get_option_no_throw("--" + name) == nullptr) {
      Reject(fmt::format("the name '{}'", name),
             "that of a flag about network, loss, learning or stopping, such as lr or hidden");
    }
    if (std::ranges::find(grid, name, &GridAxis::name) != grid.end()) {
      Reject(fmt::format("'{}' twice", name), "each name once");
    }
    if (command.get_option("--" + name)->count() > 0) {
      Reject(fmt::format("'{}' and the flag --{}", name, name), "one of them");
    }
    grid.push_back({name, ValuesOf(text, text.substr(equals + 1))});
    configurations *= grid.back().values.size();
    if (configurations > kMaxConfigurations) {
      Reject(fmt::format("{} configurations", configurations),
             fmt::format("at most {}", kMaxConfigurations));
    }
  }
  return grid;
}

std::vector<Configuration> Configurations(const std::vector<GridAxis>& grid,
                                          const TrainFlags& flags, const Common& common) {
  std::vector<Configuration> all = {{.settings = {}, .flags = flags, .options = {}}};
  for (const GridAxis& axis : grid) {
    std::vector<Configuration> longer;
    for (const Configuration& configuration : all) {
      for (const std::string& value : axis.values) {
        longer.push_back(configuration);
        longer.back().settings.emplace_back(axis.name, value);
      }
    }
    all = std::move(longer);
  }
  for (Configuration& configuration : all) {
    const std::unique_ptr<CLI::App> parser = ParserOf(configuration.flags);
    std::vector<std::string> arguments;
    arguments.reserve(configuration.settings.size());
    for (const auto& [name, value] : configuration.settings) {
      arguments.push_back(AsFlag(*parser, name, value));
    }
    parser->parse(arguments);
    configuration.options = ToTrainOptions(configuration.flags, common);
  }
  return all;
}

}  // namespace colonnade::cli
