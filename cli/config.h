// SPDX-License-Identifier: Apache-2.0
// Options in files: TOML that --config reads and --print-config writes.
#ifndef COLONNADE_CLI_CONFIG_H_
#define COLONNADE_CLI_CONFIG_H_

#include <string>
#include <string_view>

#include "cli/output.h"
#include "cli/settings.h"
#include "colonnade/csv.h"
#include "colonnade/model.h"
#include "colonnade/train.h"

namespace colonnade::cli {

// The options in a file of lines NAME = VALUE (TOML; '_' may stand for '-' in names, and lists for
// texts with commas), or those that a model was trained with. Throws kIo, kBadData with the line,
// and kInvalidArgument for names that are no options.
Settings ReadConfig(const std::string& file);

// Those in the text of such a file. file: what messages call it.
Settings ParseConfig(std::string_view text, const std::string& file);

// Options that ReadConfig() reads back as the same, as TOML with a comment each on what is unset.
std::string ConfigText(const TrainOptions& options, const CsvOptions& reading);

// The same as one JSON object, without what is unset, and where `effective` without what the result
// does not depend on.
Json OptionsJson(const TrainOptions& options, const CsvOptions& reading, bool effective = false);

// The options that a model keeps in its provenance. Throws kBadModel where it has none.
Settings OptionsOfModel(const Model& model, const std::string& file);

}  // namespace colonnade::cli

#endif  // COLONNADE_CLI_CONFIG_H_
