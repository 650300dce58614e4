// SPDX-License-Identifier: Apache-2.0
// The options of the library by name: colonnade/train_options.h and colonnade/csv_options.h declare
// them, here is what follows from that. Flags, help, configuration files, reports, the identity of
// checkpoints and the keys of caches are made of it.
#ifndef COLONNADE_OPTIONS_H_
#define COLONNADE_OPTIONS_H_

#include <span>
#include <string>
#include <string_view>

#include "colonnade/csv_options.h"
#include "colonnade/option.h"
#include "colonnade/train_options.h"

namespace colonnade {

template <>
std::span<const Option> OptionsOf<TrainOptions>();
template <>
std::string OptionText(const TrainOptions&, std::string_view);
template <>
void SetOption(TrainOptions&, std::string_view, std::string_view);

// Whether the option means anything with these: one of a single optimizer, loss or schedule may
// not.
bool Belongs(const TrainOptions& options, std::string_view name);

// Where no optimizer is chosen, chooses one that the option belongs to, if not all have it.
void ChooseOptimizerFor(TrainOptions& options, std::string_view name);

// Throws kInvalidArgument, the option being the subject, where it does not.
void RequireBelongs(const TrainOptions& options, std::string_view name);

}  // namespace colonnade

#endif  // COLONNADE_OPTIONS_H_
