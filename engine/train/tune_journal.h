// SPDX-License-Identifier: Apache-2.0
// What a search did, as lines of JSON that it can be repeated from:
//
//   {"journal":1,"version":…,"data":HASH,"validation_data":HASH,"folds":5,"validation":0,
//    "metric":"loss","options":{"seed":"0", …}}
//   {"trial":1,"options":{"lr":"0.01", …}}             before its first round
//   {"round":0,"trial":1,"epochs":9,"metric":…,"loss":…,"seconds":…,"failure":null}
//   {"model":1,"source":"all","steps":600,"parameters_hash":HASH}
//
// The options of the first line are those that differ from the defaults; a trial's, as axes of a
// grid have them, what it changes of these.
#ifndef COLONNADE_ENGINE_TRAIN_TUNE_JOURNAL_H_
#define COLONNADE_ENGINE_TRAIN_TUNE_JOURNAL_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/tune.h"

namespace colonnade {

struct TuneJournal {
  using Settings = std::vector<std::pair<std::string, std::string>>;

  struct Header {
    std::string data;        // its hash
    std::string validation;  // that of validation data from elsewhere; empty: none
    size_t folds = 0;
    double fraction = 0;  // set aside; 0: not by that
    TuneMetric metric = TuneMetric::kLoss;
    Settings options = {};
    bool operator==(const Header&) const = default;
  };

  // A trial that was trained on.
  struct Step {
    size_t round = 0;
    size_t trial = 0;
    size_t epochs = 0;  // that it had done then
    double metric = 0, loss = 0, seconds = 0;
    std::string failure = {};
  };

  struct End {
    size_t trial = 0;
    TuneModelSource source = TuneModelSource::kAll;
    size_t steps = 0;
    std::string parameters_hash = {};
  };

  Header header = {};
  std::vector<Settings> trials = {};
  std::vector<Step> steps = {};  // those of a round together
  std::optional<End> end = {};   // none where there was no model

  // Throws kBadData, "replay" being the subject.
  [[nodiscard]] static TuneJournal Parse(const std::string& text);
};

// A line each, without its end.
[[nodiscard]] std::string JournalLine(const TuneJournal::Header& header);
[[nodiscard]] std::string JournalLine(size_t trial, const TuneJournal::Settings& options);
[[nodiscard]] std::string JournalLine(const TuneJournal::Step& step);
[[nodiscard]] std::string JournalLine(const TuneJournal::End& end);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_TUNE_JOURNAL_H_
