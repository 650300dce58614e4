// SPDX-License-Identifier: Apache-2.0
// How a table was taken, for people and programs.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "colonnade/data_summary.h"
#include "engine/data/csv/finish.h"
#include "engine/data/csv/text.h"
#include "engine/runtime/json.h"

namespace colonnade {
namespace {

constexpr size_t kNumbersShown = 8;

std::string Plural(uint64_t count, const char* what) {
  return fmt::format("{} {}{}", WithCommas(count), what, count == 1 ? "" : "s");
}

std::string DelimiterName(const CsvDialect& dialect) {
  if (!dialect.delimiter.empty()) return fmt::format("'{}'", dialect.delimiter);
  if (dialect.separator == '\t') return "tab";
  if (dialect.separator == ' ') return "spaces";
  return fmt::format("'{}'", dialect.separator);
}

// What was stripped from numbers.
std::string NoteOf(const NumberFormat& format) {
  std::string note;
  const auto add = [&](const std::string& text) { note += (note.empty() ? "" : ", ") + text; };
  if (!format.unit.empty()) add(fmt::format("'{}' stripped", format.unit));
  if (format.decimal == ',') add("decimal comma");
  if (format.thousands != '\0') add(fmt::format("'{}' between thousands", format.thousands));
  if (format.boolean) add("yes or no");
  return note;
}

}  // namespace

DataSummary Summarize(const TablePlan& plan, const TableTally& tally, const Outcome& outcome) {
  const Opening& opening = plan.opening;
  DataSummary summary;
  summary.source = plan.file;
  summary.format = "CSV";
  summary.rows = tally.rows;
  summary.dropped = tally.dropped;
  summary.preamble = opening.preamble;
  summary.delimiter = DelimiterName(plan.dialect);
  summary.header = plan.header;
  summary.columns = plan.columns.size();
  summary.missing = Name(plan.missing);
  if (plan.label && plan.read_labels) {
    summary.label = opening.NameOf(*plan.label);
    const LabelOutput& label = outcome.label;
    summary.task = label.regress ? "regress" : "classify";
    const std::vector<uint64_t>& counts = tally.columns[*plan.label].counts;
    for (const std::string& name : label.classes) summary.classes.emplace_back(name, 0);
    for (size_t code = 0; code < counts.size() && !label.regress; ++code) {
      if (counts[code] == 0) continue;
      const size_t place = label.places.empty() ? code : label.places[code];
      summary.classes[place].second = counts[code];
    }
  }
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const ColumnPlan& column = plan.columns[i];
    ColumnSummary of;
    of.name = opening.NameOf(i);
    of.role = column.role;
    of.missing = tally.columns[i].missing;
    if (column.role == ColumnRole::kLabel) {
      of.note = NoteOf(column.format);
      of.features = 0;
      if (!of.note.empty()) summary.special.push_back(std::move(of));
      continue;
    }
    if (column.input == kNoColumn) {
      of.features = 0;
      of.note = column.reason;
      summary.special.push_back(std::move(of));
      continue;
    }
    const Output& output = outcome.outputs[column.input];
    of.features = output.width + (output.indicator ? 1 : 0);
    switch (output.kind) {
      case Output::Kind::kNone:
        of.role = ColumnRole::kIgnored;
        of.missing = 0;  // no matter
        of.note = output.reason;
        break;
      case Output::Kind::kNumber:
      case Output::Kind::kMapped:
        of.role = ColumnRole::kFeature;
        of.note = NoteOf(output.format);
        ++summary.number_columns;
        if (summary.numbers.size() < kNumbersShown) summary.numbers.push_back(of.name);
        if (of.note.empty() && of.missing == 0) continue;
        break;
      case Output::Kind::kCategory:
        of.role = ColumnRole::kCategorical;
        if (output.other) of.note = "the rarer ones together";
        break;
      case Output::Kind::kDate:
        of.date = true;
        break;
    }
    summary.special.push_back(std::move(of));
  }
  return summary;
}

std::vector<std::string> Lines(const DataSummary& s) {
  std::vector<std::string> lines;
  if (s.source.empty()) return lines;
  std::string data = fmt::format("{}: {}", s.source, Plural(s.rows, "row"));
  if (s.files > 1) data += fmt::format(" of {} files", s.files);
  if (s.format != "CSV") data += fmt::format("; {}", s.format);
  if (!s.delimiter.empty()) {
    data += fmt::format("; separator {}; {}", s.delimiter, s.header ? "header" : "no header");
  }
  if (s.preamble > 0)
    data += fmt::format("; {} in front of it skipped", Plural(s.preamble, "line"));
  lines.push_back("data     " + data);
  if (s.dropped > 0) {
    lines.push_back(
        fmt::format("         left out {} with missing values", Plural(s.dropped, "row")));
  }
  if (s.bad_rows > 0) {
    lines.push_back(fmt::format("         left out {}, the first: {}",
                                Plural(s.bad_rows, "bad row"), s.bad.empty() ? "" : s.bad[0]));
  }
  const auto note_of = [&](const ColumnSummary& c) {
    std::string note;
    if (c.missing > 0 && c.role != ColumnRole::kIgnored) {
      note = fmt::format("{} missing", WithCommas(c.missing));
      // What stands for them, if anything does.
      const bool filled = s.missing != "refuse" && s.missing != "drop";
      if (c.role != ColumnRole::kCategorical && filled) note += ", " + s.missing;
    }
    if (!c.note.empty()) note += (note.empty() ? "" : "; ") + c.note;
    return note.empty() ? note : " (" + note + ")";
  };
  if (!s.label.empty()) {
    std::string label = fmt::format("label    {}", Printable(s.label));
    if (s.task == "regress") {
      label += " (numbers to predict";
      for (const ColumnSummary& c : s.special) {
        if (c.role == ColumnRole::kLabel && !c.note.empty()) label += "; " + c.note;
      }
      label += ')';
    } else {
      constexpr size_t kShown = 6;
      label += fmt::format(" ({}", s.classes.size() == 1
                                       ? "1 class"
                                       : fmt::format("{} classes", WithCommas(s.classes.size())));
      for (size_t i = 0; i < std::min(kShown, s.classes.size()); ++i) {
        label += fmt::format("{}{} {}", i == 0 ? ": " : ", ", Printable(s.classes[i].first),
                             WithCommas(s.classes[i].second));
      }
      if (s.classes.size() > kShown) {
        label += fmt::format(" … and {} more", WithCommas(s.classes.size() - kShown));
      }
      label += ')';
    }
    lines.push_back(label);
  }
  // Lists of columns, as far as they fit.
  const auto list = [&](const char* title, const std::vector<std::string>& items, size_t count,
                        const std::string& end) {
    if (count == 0) return;
    constexpr size_t kWidth = 88;
    std::string line = title;
    size_t shown = 0;
    for (; shown < items.size(); ++shown) {
      if (shown > 0 && line.size() + items[shown].size() > kWidth) break;
      line += (shown == 0 ? "" : ", ") + items[shown];
    }
    if (shown == 0) {  // they have no names
      line += Plural(count, "column");
    } else if (shown < count) {
      line += fmt::format(" … and {} more", WithCommas(count - shown));
    }
    lines.push_back(line + end);
  };
  std::vector<std::string> numbers;
  std::vector<std::string> noted;
  std::vector<std::string> categories;
  std::vector<std::string> dates;
  std::vector<std::string> left_out;
  size_t encoded = 0;
  for (const ColumnSummary& c : s.special) {
    const std::string name = Printable(c.name);
    switch (c.role) {
      case ColumnRole::kLabel:
        break;
      case ColumnRole::kFeature:
        if (c.date) {
          dates.push_back(
              fmt::format("{} → {}{}", name, Plural(c.features, "feature"), note_of(c)));
        } else {
          noted.push_back(name + note_of(c));
        }
        break;
      case ColumnRole::kCategorical:
        categories.push_back(fmt::format("{} {}{}", name, c.features, note_of(c)));
        encoded += c.features;
        break;
      case ColumnRole::kIgnored:
        left_out.push_back(name + note_of(c));
        break;
      case ColumnRole::kWeight:
      case ColumnRole::kGroup:
      case ColumnRole::kTime:
        left_out.push_back(fmt::format("{} ({})", name, Name(c.role)));
        break;
    }
  }
  numbers = noted;
  for (const std::string& name : s.numbers) {
    const bool is_noted = std::ranges::any_of(s.special, [&](const ColumnSummary& c) {
      return c.role == ColumnRole::kFeature && c.name == name;
    });
    if (!is_noted) numbers.push_back(Printable(name));
  }
  list("numbers  ", numbers, s.number_columns, "");
  list("dates    ", dates, dates.size(), "");
  list("category ", categories, categories.size(),
       categories.empty() ? ""
                          : fmt::format("; {} → {}", Plural(categories.size(), "column"),
                                        Plural(encoded, "feature")));
  list("left out ", left_out, left_out.size(), "");
  return lines;
}

std::string ToJson(const DataSummary& s) {
  Json32 json = {{"source", s.source},         {"format", s.format},
                 {"files", s.files},           {"rows", s.rows},
                 {"dropped", s.dropped},       {"bad_rows", s.bad_rows},
                 {"bad", Json32::array()},     {"preamble", s.preamble},
                 {"delimiter", s.delimiter},   {"header", s.header},
                 {"columns", s.columns},       {"features", s.features},
                 {"label", s.label},           {"task", s.task},
                 {"classes", Json32::array()}, {"missing", s.missing},
                 {"numbers", Json32::array()}, {"number_columns", s.number_columns},
                 {"special", Json32::array()}};
  for (const std::string& bad : s.bad) json["bad"].push_back(ToJson(bad));
  for (const auto& [name, rows] : s.classes) {
    json["classes"].push_back({{"name", ToJson(name)}, {"rows", rows}});
  }
  for (const std::string& name : s.numbers) json["numbers"].push_back(ToJson(name));
  for (const ColumnSummary& c : s.special) {
    json["special"].push_back({{"name", ToJson(c.name)},
                               {"role", Name(c.role)},
                               {"date", c.date},
                               {"features", c.features},
                               {"missing", c.missing},
                               {"note", ToJson(c.note)}});
  }
  return json.dump();
}

}  // namespace colonnade
