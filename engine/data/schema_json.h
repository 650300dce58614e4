// SPDX-License-Identifier: Apache-2.0
// A schema as JSON text, as models and cached datasets keep it:
//
//   {"features":…,"feature_names":[…],"label_name":…,"label_index":…,"classes":[…]}, and, where
//   there are any: "categorical":[{"name":…,"first":…,"categories":[…]}, …],
//   "ignored":[{"name":…,"index":…}, …], "missing": "mean" (with "means": one number per feature,
//   or a single one where all are the same), "zero" or "drop"
#ifndef COLONNADE_ENGINE_DATA_SCHEMA_JSON_H_
#define COLONNADE_ENGINE_DATA_SCHEMA_JSON_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/error.h"
#include "engine/runtime/json.h"

namespace colonnade {

Json32 ToJson(const Schema& schema);

// Throws where the text is not of this form. What it says need not fit together.
Schema ReadSchema(const JsonNode& node);

// What keeps the parts of a schema from belonging together: of "schema.feature_names", found 3,
// expected 10. Nothing if they do. Knows nothing of how many classes there must be.
std::optional<ErrorDetails> FindMismatch(const Schema& schema);

// The same for values that should be `expected` finite numbers.
std::optional<ErrorDetails> FindMismatch(const char* field, const std::vector<float>& values,
                                         size_t expected);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SCHEMA_JSON_H_
