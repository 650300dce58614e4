// SPDX-License-Identifier: Apache-2.0
// How a table was taken, as JSON text in cached datasets: an object with the members of
// DataSummary, each where it is not as in DataSummary(). "classes" is [["NAME", ROWS], …], an item
// of "special" an object in the same way.
#ifndef COLONNADE_ENGINE_DATA_SUMMARY_JSON_H_
#define COLONNADE_ENGINE_DATA_SUMMARY_JSON_H_

#include "colonnade/data_summary.h"
#include "engine/runtime/json.h"

namespace colonnade {

Json32 SummaryJson(const DataSummary& summary);

// Throws where the text is not of this form.
DataSummary ReadSummary(const JsonNode& node);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_SUMMARY_JSON_H_
