// SPDX-License-Identifier: Apache-2.0
// colonnade check DATA
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/reading.h"
#include "colonnade/check.h"
#include "colonnade/version.h"

namespace colonnade::cli {
namespace {

constexpr int kBadData = 3;

// Why the file would be refused; empty if it would not.
std::string ProblemOf(const CsvReport& r) { return r.problem ? r.problem->Message(AsFlag) : ""; }

std::string DelimiterName(const std::string& delimiter) {
  return delimiter == "\t" ? "tab" : delimiter == " " ? "space" : delimiter;
}

// A name on one line.
std::string OneLine(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return name;
}

std::string Plural(uint64_t count, const char* what) {
  return fmt::format("{} {}{}", WithCommas(count), what, count == 1 ? "" : "s");
}

Json ToJson(const std::string& file, const CsvReport& r) {
  Json json = {{"command", "check"},
               {"version", Version()},
               {"file", file},
               {"format", r.format.empty() ? Json() : Json(r.format)},
               {"data", Json::object()},
               {"loads", !r.problem},
               {"notes", r.notes},
               {"problem", r.problem ? Json(ProblemOf(r)) : Json()},
               {"dialect",
                {{"delimiter", r.delimiter},
                 {"header", r.header},
                 {"quotes", r.quotes},
                 {"line_ends", r.line_ends},
                 {"byte_order_mark", r.byte_order_mark},
                 {"comments", r.comments}}},
               {"rows", r.rows},
               {"duplicate_rows", r.duplicate_rows},
               {"missing", r.missing},
               {"columns", Json::array()},
               {"classes", Json::array()},
               {"bad", r.bad},
               {"bad_cells", Json::array()}};
  if (!r.problem) AddSummary(r.summary, json["data"]);
  for (const ColumnReport& c : r.columns) {
    const bool numbers = c.type == ColumnType::kByte || c.type == ColumnType::kInteger ||
                         c.type == ColumnType::kNumber;
    json["columns"].push_back({{"name", r.header ? Json(c.name) : Json()},
                               {"role", Name(c.role)},
                               {"type", Name(c.type)},
                               {"missing", c.missing},
                               {"min", numbers ? Json(c.min) : Json()},
                               {"max", numbers ? Json(c.max) : Json()},
                               {"constant", c.constant},
                               {"duplicate_of", c.duplicate_of ? Json(*c.duplicate_of) : Json()}});
  }
  for (const auto& [name, count] : r.classes) {
    json["classes"].push_back({{"name", name}, {"rows", count}});
  }
  for (const BadCell& cell : r.bad_cells) {
    json["bad_cells"].push_back({{"file", cell.file.empty() ? file : cell.file},
                                 {"row", cell.row == 0 ? Json() : Json(cell.row)},
                                 {"column", cell.column == 0 ? Json() : Json(cell.column)},
                                 {"name", cell.name.empty() ? Json() : Json(cell.name)},
                                 {"found", cell.found},
                                 {"expected", cell.expected},
                                 {"line", cell.line},
                                 {"caret", cell.caret}});
  }
  return json;
}

// "label" or "3" for the first columns of which `holds` is true, and how many others there are.
template <class Holds>
std::string List(const CsvReport& r, const Holds& holds) {
  constexpr size_t kMost = 8;
  std::string list;
  size_t count = 0;
  for (size_t i = 0; i < r.columns.size(); ++i) {
    if (!holds(r.columns[i]) || ++count > kMost) continue;
    list +=
        (list.empty() ? "" : ", ") + (r.header ? OneLine(r.columns[i].name) : fmt::to_string(i));
  }
  if (count > kMost) list += fmt::format(", … ({} in all)", WithCommas(count));
  return list;
}

std::string ToText(const std::string& file, const CsvReport& r) {
  std::string text = fmt::format("{}\n", file);
  auto to = std::back_inserter(text);
  if (r.columns.empty() && !r.problem) {
    fmt::format_to(to, "format    {}\nrows      {}\nfeatures  {}\n", r.format, WithCommas(r.rows),
                   WithCommas(r.summary.features));
  }
  if (!r.columns.empty()) {
    if (r.format == "CSV") {
      fmt::format_to(to, "dialect   delimiter {}, {}{}{} line ends{}{}\n",
                     DelimiterName(r.delimiter), r.header ? "header, " : "no header, ",
                     r.quotes ? "quotes, " : "", r.line_ends,
                     r.byte_order_mark ? ", byte order mark" : "",
                     r.comments > 0 ? ", " + Plural(r.comments, "comment line") : "");
    } else {
      fmt::format_to(to, "format    {}\n", r.format);
    }
    fmt::format_to(to, "rows      {}{}\n", WithCommas(r.rows),
                   r.duplicate_rows > 0
                       ? fmt::format(", {} equal to an earlier one", WithCommas(r.duplicate_rows))
                       : "");
    fmt::format_to(to, "columns   {}\n", WithCommas(r.columns.size()));
  }
  for (const ColumnRole role :
       {ColumnRole::kLabel, ColumnRole::kWeight, ColumnRole::kFeature, ColumnRole::kCategorical,
        ColumnRole::kGroup, ColumnRole::kTime, ColumnRole::kIgnored}) {
    for (const ColumnType type : {ColumnType::kByte, ColumnType::kInteger, ColumnType::kNumber,
                                  ColumnType::kText, ColumnType::kNothing}) {
      const std::string list =
          List(r, [&](const ColumnReport& c) { return c.role == role && c.type == type; });
      if (!list.empty()) fmt::format_to(to, "  {:<12}{:<9}{}\n", Name(role), Name(type), list);
    }
  }
  const std::string constant = List(r, [](const ColumnReport& c) { return c.constant; });
  if (!constant.empty()) fmt::format_to(to, "constant  {}\n", constant);
  const std::string same =
      List(r, [](const ColumnReport& c) { return c.duplicate_of.has_value(); });
  if (!same.empty()) fmt::format_to(to, "equal to an earlier column  {}\n", same);
  if (r.missing > 0) {
    fmt::format_to(to, "missing   {} in {}\n", Plural(r.missing, "value"),
                   List(r, [](const ColumnReport& c) {
                     return c.missing > 0 && c.role != ColumnRole::kIgnored;
                   }));
  }
  if (!r.classes.empty()) {
    constexpr size_t kMost = 20;
    fmt::format_to(to, "classes   {}\n", WithCommas(r.classes.size()));
    size_t width = 0;
    for (size_t i = 0; i < std::min(kMost, r.classes.size()); ++i) {
      width = std::max(width, r.classes[i].first.size());
    }
    for (size_t i = 0; i < std::min(kMost, r.classes.size()); ++i) {
      fmt::format_to(to, "  {:<{}}  {:>10}\n", OneLine(r.classes[i].first), width,
                     WithCommas(r.classes[i].second));
    }
    if (r.classes.size() > kMost) text += "  …\n";
  }
  for (const BadCell& cell : r.bad_cells) {
    const std::string name = cell.name.empty() ? "" : fmt::format(" ('{}')", OneLine(cell.name));
    fmt::format_to(to, "\n{}{}: {}found {}, expected {}\n", cell.file.empty() ? file : cell.file,
                   cell.row == 0 ? "" : fmt::format(":{}", cell.row),
                   cell.column == 0 ? "" : fmt::format("column {}{}: ", cell.column, name),
                   cell.found, cell.expected);
    if (!cell.line.empty()) fmt::format_to(to, "  {}\n  {:>{}}\n", cell.line, "^", cell.caret + 1);
  }
  if (r.bad > r.bad_cells.size()) {
    fmt::format_to(to, "\n… and {} more (--limit)\n", WithCommas(r.bad - r.bad_cells.size()));
  }
  return text;
}

}  // namespace

void AddCheckCommand(CLI::App& app, Common& common) {
  struct Options {
    std::string data;
    size_t limit = 20;
    Settings reading;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("check", "Tell what a file of data is and what is wrong with it");
  command
      ->add_option("DATA", options->data,
                   "Table (CSV, Arrow, NPY, …), folder or cache; - is standard input")
      ->required();
  command->add_option("--limit", options->limit, "Bad cells to show")
      ->check(CLI::Range(size_t{0}, size_t{1'000'000}))
      ->type_name("N")
      ->capture_default_str();
  AddColumnFlags(*command, options->reading);
  AddDialectFlags(*command, options->reading);
  AddJsonOption(*command, common);
  command->footer(
      "Shows the dialect, the rows, the columns and their types, the classes, what is missing,\n"
      "constant or there twice, and every cell that 'train' with the same flags would refuse.\n"
      "Exit status 3 if there is one.\n"
      "Example:\n"
      "  colonnade check data.csv --label-column species");
  command->callback([options, &common] {
    const CsvReport report = CheckCsv(options->data, ReadingOf(options->reading), options->limit);
    const std::string file = options->data == "-" ? "standard input" : options->data;
    if (!report.problem) PrintSummary(common, report.summary);
    PrintNotes(common, report.notes);
    if (common.json) {
      PrintJson(ToJson(file, report));
    } else {
      PrintData(ToText(file, report));
    }
    if (!report.problem) return;
    PrintError(fmt::format("colonnade: {}\n", ProblemOf(report)));
    throw ExitStatus{kBadData};
  });
}

}  // namespace colonnade::cli
