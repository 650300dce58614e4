// SPDX-License-Identifier: Apache-2.0
// From rows to a dataset, when all of them have been read.
#ifndef COLONNADE_ENGINE_DATA_CSV_FINISH_H_
#define COLONNADE_ENGINE_DATA_CSV_FINISH_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/data/csv/judge.h"
#include "engine/data/csv/plan.h"
#include "engine/data/csv/rows.h"
#include "engine/data/storage.h"

namespace colonnade {

// What becomes of an input: none, one or several features.
struct Output {
  enum class Kind {
    kNone,      // left out
    kNumber,    // the value
    kMapped,    // a number for each text
    kCategory,  // a feature for each category
    kDate,
  };
  Kind kind = Kind::kNone;
  size_t width = 0;                   // features, but for the indicator
  std::vector<uint32_t> places = {};  // of kCategory: of each code, the feature among them
  std::vector<float> numbers = {};    // of kMapped: of each code
  std::vector<std::string> categories = {};
  bool other = false;
  bool missing_category = false;
  bool indicator = false;
  bool weekday = false;  // of kDate: they are features, too
  bool hour = false;
  NumberFormat format = {};
  std::string reason = {};  // of kNone
};

// What the labels are.
struct LabelOutput {
  bool regress = false;
  std::vector<std::string> classes = {};
  std::vector<uint32_t> places = {};  // of each code, its class
  std::vector<double> numbers = {};   // of each code, the number to predict
  std::vector<std::string> notes = {};
};

struct Outcome {
  std::vector<Output> outputs;  // of each input
  LabelOutput label;
};

// Decides by the counts of all rows alone, so that those who do not keep rows can ask, too. Throws
// kBadData where the table as a whole is none to learn from.
Outcome Resolve(const TablePlan& plan, const TableTexts& texts, const TableTally& tally);

// The dataset, as yet without a summary.
std::unique_ptr<Dataset::Storage> Assemble(const TablePlan& plan, const TableTally& tally,
                                           Outcome outcome, TableRows& rows, int threads);

// How the table was taken.
DataSummary Summarize(const TablePlan& plan, const TableTally& tally, const Outcome& outcome);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_FINISH_H_
