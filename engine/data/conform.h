// SPDX-License-Identifier: Apache-2.0
// Tables that are in memory already, and the schema that they have to fit.
#ifndef COLONNADE_ENGINE_DATA_CONFORM_H_
#define COLONNADE_ENGINE_DATA_CONFORM_H_

#include <string>

#include "colonnade/csv.h"
#include "engine/data/storage.h"

namespace colonnade {

// Makes of a table what ReadCsv() with `like` would have made of its source, as far as the table
// still tells: where both have names, a column for each of the names of `like`, in any order, else
// as many columns; its categories, dates, offsets and means; and class labels as its indices.
// Columns that `like` has not are left out, and said in the notes. Values are moved only where that
// takes it, and then the table no longer is in its file. The schema becomes that of `like` where it
// is about features and classes.
//
// labels_optional: as in CsvOptions. file: for messages. Throws kBadData where the table does not
// fit.
void Conform(const std::string& file, const Schema& like, bool labels_optional,
             Dataset::Storage& table);

// The same of the features alone, without the labels.
void ConformFeatures(const std::string& file, const Schema& like, Dataset::Storage& table);

// Numbers to predict less `offset` in place of the offset that they have; nothing else has any.
void ConformTargets(const std::string& file, double offset, Dataset::Storage& table);

// Whether something took the place of missing values, or their rows were left out. Where no summary
// tells, they count as such if the reader was to do so.
bool HadMissing(const Dataset::Storage& table);

// Labels as `task` says. Integers that were taken for classes can be numbers, less `offset` (unset:
// what they need), but not the other way round: how the labels were written is lost.
void ConformTask(const std::string& file, Task task, const double* offset, Dataset::Storage& table);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CONFORM_H_
