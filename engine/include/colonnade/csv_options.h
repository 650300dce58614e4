// SPDX-License-Identifier: Apache-2.0
// The options of reading by name: VisitOptions() declares each of them once, all else follows from
// it (colonnade/options.h). To add one, add a field to CsvOptions and its entry here.
#ifndef COLONNADE_CSV_OPTIONS_H_
#define COLONNADE_CSV_OPTIONS_H_

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "colonnade/csv.h"
#include "colonnade/option.h"

namespace colonnade {

// As VisitOptions() of TrainOptions.
template <class Options, class Visit>
  requires std::same_as<std::remove_const_t<Options>, CsvOptions>
void VisitOptions(Options& options, const Visit& visit) {
  auto& [header, delimiter, comment, label_column, task, weight_column, threads, ignore_columns,
         categorical, missing, like, labels_optional, cache, on_progress] = options;
  // No options: what a table must fit, and how it is read; `threads` is that of TrainOptions.
  static_cast<void>(threads);
  static_cast<void>(like);
  static_cast<void>(labels_optional);
  static_cast<void>(on_progress);

  using enum Effect;
  using enum Commands;
  visit(OptionInfo{.name = "label-column",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Column that holds the class: its name, or its index from 0\n"
                           "(-1 is the last)",
                   .value = "NAME|INDEX",
                   .unset = "the one named 'label', else the first"},
        label_column);
  visit(OptionInfo{.name = "weight-column",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Column that holds how much each example counts, likewise; no feature",
                   .value = "NAME|INDEX",
                   .unset = "all count the same"},
        weight_column);
  visit(OptionInfo{.name = "ignore-columns",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Columns to leave out, by name or index",
                   .value = "NAME|INDEX,…",
                   .unset = "none"},
        ignore_columns);
  visit(OptionInfo{.name = "categorical",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Columns whose values are categories, each of which becomes a feature;\n"
                           "auto: all columns of text",
                   .value = "auto|NAME|INDEX,…",
                   .unset = "none"},
        categorical);
  visit(
      OptionInfo{.name = "missing",
                 .group = "Data",
                 .effect = kResult,
                 .commands = kColumns,
                 .help =
                     "What to do with missing values (nothing, NA, NaN, ?): refuse them, take the\n"
                     "mean of the column or 0 for them, or drop their rows"},
      missing);
  visit(OptionInfo{.name = "task",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "What the label column holds. classify: classes; regress: numbers;\n"
                           "auto: numbers if any of them is not an integer"},
        task);
  visit(OptionInfo{.name = "header",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "Whether the first line names the columns"},
        header);
  visit(
      OptionInfo{
          .name = "delimiter",
          .group = "Data",
          .effect = kResult,
          .commands = kReading,
          .help = "What separates fields: auto, comma, semicolon, tab, space, or the character;\n"
                  "space stands for any run of spaces and tabs",
          .value = "CHAR|NAME",
          .nothing = "auto"},
      delimiter);
  visit(OptionInfo{.name = "comment",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "Leave out lines that start with this character",
                   .value = "CHAR",
                   .unset = "none"},
        comment);
  visit(OptionInfo{.name = "cache",
                   .group = "Data",
                   .effect = kNone,
                   .commands = kReading,
                   .help = "Keep each CSV file beside itself as FILE.colonnade, which loads in\n"
                           "milliseconds and may be larger than the memory; made anew when the\n"
                           "file or the options about data change"},
        cache);
}

template <>
std::span<const Option> OptionsOf<CsvOptions>();
template <>
std::string OptionText(const CsvOptions&, std::string_view);
template <>
void SetOption(CsvOptions&, std::string_view, std::string_view);

}  // namespace colonnade

#endif  // COLONNADE_CSV_OPTIONS_H_
