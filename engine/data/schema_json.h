// SPDX-License-Identifier: Apache-2.0
// A schema as JSON text, as models and cached datasets keep it:
//
//   {"features":…,"feature_names":[…],"label_name":…,"label_index":…,"classes":[…]}
//
// and each of these where it is not as in Schema():
//
//   "categorical"    [{"name":…,"first":…,"categories":[…],"other":true,"missing":true}, …]
//   "ignored"        [{"name":…,"index":…,"weight":true,"reason":…}, …]
//   "missing"        "mean", "median", "zero" or "drop"
//   "means"          with the first two: one number per feature, or a single one where all are the
//                    same
//   "dates"          [{"name":…,"first":…,"weekday":true,"hour":true,"origin":…,"order":…}, …]
//   "formats"        [{"feature":…,"decimal":",","thousands":".","unit":…,"boolean":true}, …]
//   "indicators"     [{"feature":…,"of":…}, …]
//   "label_format"   like an item of "formats", without "feature"
//   "na_values"      […]
//   "keep_na"        true
//   "offsets"        [{"feature":…,"offset":"…"}, …]: those that are not 0
//   "target_offset"  "…"
//
// Members of the objects that say what goes without saying (false, a point, no unit, no order of
// years before months) are left out, too. Offsets are texts, since numbers are f32.
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

// The version of a file with this schema: the oldest that has all of it.
unsigned VersionFor(const Schema& schema);

// What keeps the parts of a schema from belonging together: of "schema.feature_names", found 3,
// expected 10. Nothing if they do. Knows nothing of how many classes there must be.
std::optional<ErrorDetails> FindMismatch(const Schema& schema);

// The same of its offsets alone.
std::optional<ErrorDetails> FindOffsetMismatch(const Schema& schema);

// The same for values that should be `expected` finite numbers.
std::optional<ErrorDetails> FindMismatch(const char* field, const std::vector<float>& values,
                                         size_t expected);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SCHEMA_JSON_H_
