// SPDX-License-Identifier: Apache-2.0
// What is known about an option of the library, whatever struct it is in: declared once, beside the
// struct, and visited by all that needs to know options by name (flags, help, configuration files,
// reports, the identity of checkpoints, the keys of caches, bindings to other languages).
#ifndef COLONNADE_OPTION_H_
#define COLONNADE_OPTION_H_

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/names.h"

namespace colonnade {

// Whether the result depends on an option: two trainings (two readings of a table) give the same
// bits only where these options, the data and what they start from are the same.
enum class Effect {
  kResult,   // by its value
  kNetwork,  // as part of the network
  kData,     // as part of the data
  kNone,     // it does not
};

// Which commands have an option.
enum class Commands {
  kTraining,  // train and sweep, in whose grid it may vary
  kFixed,     // train and sweep, where it is the same for all models
  kTrain,     // train alone
  kReading,   // all that read tables
  kColumns,   // those of them that have no model to tell what the columns mean
};

// What a value is, for front ends that know types.
enum class OptionType { kFlag, kInteger, kNumber, kText };

// The numbers that an option takes.
struct Range {
  double lowest = 0;
  double highest = std::numeric_limits<double>::max();
  bool above = false;  // lowest itself does not belong to them
  bool below = false;  // nor does highest

  bool Has(double value) const {
    return (above ? value > lowest : value >= lowest) &&
           (below ? value < highest : value <= highest);
  }
};

struct OptionInfo {
  const char* name;   // as the flag has it, without dashes in front: "batch-size"
  const char* group;  // of the help
  Effect effect;
  Commands commands;
  const char* help;               // a line or more
  const char* value = nullptr;    // what a value looks like; null: its type tells
  const char* nothing = nullptr;  // the text of a value that is 0, empty or not there: "full"
  const char* unset = nullptr;  // in words what holds where nothing is set; null: the value itself
  Range range = {};             // of numbers
  const char* key = nullptr;    // in reports, where that is not Key()

  // The name as Python, C and JSON have it: "batch_size".
  std::string Key() const;
};

// An option of which the struct is known.
struct Option {
  OptionInfo info;
  OptionType type = OptionType::kText;  // of each item, if it is a list
  bool list = false;
  std::vector<std::string> names = {};  // of all values, if they have names
  std::string preset = {};              // the text of its default; empty: unset
  std::string unset = {};               // what holds where it is unset, in words
  std::string of = {};  // the optimizers, losses or schedules that it belongs to; empty: to all
};

// "0 to 9" or "a number in [0, 1)": what a message says was expected.
std::string RangeText(const Range& range, OptionType type);

// ---- What follows from VisitOptions(); Options: TrainOptions or CsvOptions ----

// All options, in the order of the help.
template <class Options>
std::span<const Option> OptionsOf();

// The value as text, as flags and configuration files have it; empty where it is unset. Texts are
// equal only where values are. Throws kInvalidArgument for a name that is no option's.
template <class Options>
std::string OptionText(const Options& options, std::string_view name);

// Sets an option from such a text. Throws kInvalidArgument, the option being the subject, where the
// text is none of its values, or out of its range.
template <class Options>
void SetOption(Options& options, std::string_view name, std::string_view text);

}  // namespace colonnade

#endif  // COLONNADE_OPTION_H_
