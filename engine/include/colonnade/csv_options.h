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
  auto& [header, delimiter, comment, quote, escape, decimal, thousands, skip_rows, encoding,
         bad_rows, na_values, keep_na, label_column, task, weight_column, ignore_columns, columns,
         categorical, max_categories, dates, date_order, missing, missing_indicator, strict,
         group_column, time_column, like, labels_optional, keep_columns, threads, cache,
         on_progress] = options;
  // No options: what a table must fit, and how it is read; `threads` is that of TrainOptions.
  static_cast<void>(like);
  static_cast<void>(labels_optional);
  static_cast<void>(keep_columns);
  static_cast<void>(threads);
  static_cast<void>(on_progress);

  using enum Effect;
  using enum Commands;
  visit(OptionInfo{.name = "label-column",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Column that holds the class, or the number to predict: its\n"
                           "name, or its index from 0 (-1 is the last)",
                   .value = "NAME|INDEX",
                   .unset = "the one named label, target, class or y, else by evidence"},
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
                   .help = "Columns to leave out, by name or index; names that hold a comma\n"
                           "in double quotes, '' for the one without a name",
                   .value = "NAME|INDEX,…",
                   .unset = "none"},
        ignore_columns);
  visit(OptionInfo{.name = "columns",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "The only columns to take, likewise, beside those of other options",
                   .value = "NAME|INDEX,…",
                   .unset = "all"},
        columns);
  visit(OptionInfo{.name = "categorical",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Columns that are categories whatever they hold; those of text are\n"
                           "without being named",
                   .value = "NAME|INDEX,…",
                   .unset = "those of text"},
        categorical);
  visit(OptionInfo{.name = "max-categories",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Categories of a column that become a feature each; the rarer ones\n"
                           "share one more",
                   .value = "N",
                   .unset = "64, or 255 where each comes ten times",
                   .range = {.lowest = 1, .highest = 65536}},
        max_categories);
  visit(OptionInfo{.name = "dates",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "What columns of dates become: the days since the first, and day of\n"
                           "the week and hour where they vary (parts); the days alone (number);\n"
                           "or nothing (ignore)"},
        dates);
  visit(OptionInfo{.name = "date-format",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "In what order dates like 03/04/2021 have day, month and year"},
        date_order);
  visit(OptionInfo{.name = "missing",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "What to do with missing values (nothing, NA, NaN, ? and the like):\n"
                           "refuse them, take the mean or median of the column or 0 for them, or\n"
                           "drop their rows; text gets a category for them",
                   .unset = "the mean; text gets a category"},
        missing);
  visit(OptionInfo{.name = "missing-indicator",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "One more feature for each column of numbers that lacks some: 1\n"
                           "where it does; off: none"},
        missing_indicator);
  visit(OptionInfo{.name = "na-values",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "More words that mean a missing value",
                   .value = "TEXT,…",
                   .unset = "the usual ones alone"},
        na_values);
  visit(OptionInfo{.name = "keep-na",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Take NA and the like as text, as names of classes or categories"},
        keep_na);
  visit(OptionInfo{.name = "task",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "What the label column holds. classify: classes; regress: numbers;\n"
                           "auto: numbers if they have fractions or units, or hardly repeat"},
        task);
  visit(OptionInfo{.name = "strict",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Refuse what would otherwise be left out or filled in"},
        strict);
  visit(OptionInfo{.name = "group-column",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Column whose equal values stay on one side when data are split; no\n"
                           "feature",
                   .value = "NAME|INDEX",
                   .unset = "none"},
        group_column);
  visit(OptionInfo{.name = "split-by-time",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kColumns,
                   .help = "Column of times, by which data are split: the last ones are for\n"
                           "validation; no feature",
                   .value = "NAME|INDEX",
                   .unset = "at random"},
        time_column);
  visit(OptionInfo{.name = "header",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "Whether the first line names the columns"},
        header);
  visit(OptionInfo{.name = "delimiter",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "What separates fields: auto, comma, semicolon, tab, space, or any\n"
                           "character or characters; space stands for any run of spaces and tabs",
                   .value = "TEXT|NAME",
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
  visit(OptionInfo{.name = "quote",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "What encloses fields that hold separators or line ends, or none",
                   .value = "CHAR",
                   .nothing = "none"},
        quote);
  visit(OptionInfo{.name = "escape",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "What makes the next character of a field in quotes ordinary",
                   .value = "CHAR",
                   .unset = "none"},
        escape);
  visit(OptionInfo{.name = "decimal",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "What sets off the fraction of a number"},
        decimal);
  visit(OptionInfo{.name = "thousands",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "What groups the digits of large numbers",
                   .value = "CHAR",
                   .unset = "as a column shows"},
        thousands);
  visit(OptionInfo{.name = "skip-rows",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "Lines in front of the table",
                   .value = "N",
                   .unset = "as the table shows",
                   .range = {.lowest = 0, .highest = 1e9}},
        skip_rows);
  visit(OptionInfo{.name = "encoding",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "Character encoding of the text, such as latin1 or windows-1252",
                   .value = "NAME",
                   .unset = "UTF-8, or UTF-16 by its byte order mark"},
        encoding);
  visit(OptionInfo{.name = "bad-rows",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kReading,
                   .help = "What to do with rows that cannot be read: refuse the file, skip them\n"
                           "(a tenth at most), or skip any number"},
        bad_rows);
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
