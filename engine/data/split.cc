// SPDX-License-Identifier: Apache-2.0
#include "colonnade/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/split_groups.h"
#include "engine/data/split_times.h"
#include "engine/runtime/random.h"

namespace colonnade {
namespace {

// The examples of each class; all in one where there are no classes.
std::vector<std::vector<uint32_t>> ByClass(const Dataset& data) {
  std::vector<std::vector<uint32_t>> strata(std::max<size_t>(1, data.classes()));
  for (uint32_t e = 0; e < data.examples(); ++e) {
    strata[data.classes() == 0 ? 0 : data.labels()[e]].push_back(e);
  }
  return strata;
}

void RequireOneWay(const Dataset& data) {
  if (data.groups().empty() || data.times().empty()) return;
  throw Error(ErrorCode::kInvalidArgument, {.subject = "split-by-time",
                                            .found = "a column of groups, too",
                                            .expected = "one of them to split by"});
}

// in_train(e), in_validation(e): where an example belongs.
template <class InTrain, class InValidation>
Split MakeSplit(const Dataset& data, const InTrain& in_train, const InValidation& in_validation) {
  std::vector<uint32_t> train;
  std::vector<uint32_t> validation;
  for (uint32_t e = 0; e < data.examples(); ++e) {
    if (in_train(e)) train.push_back(e);
    if (in_validation(e)) validation.push_back(e);
  }
  return {.train = data.Part(train), .validation = data.Part(validation)};
}

// Whether each example is set aside.
std::vector<char> DrawAside(const Dataset& data, double fraction, uint64_t seed) {
  const std::vector<std::vector<uint32_t>> strata = ByClass(data);
  std::vector<char> aside(data.examples(), 0);
  size_t seen = 0;
  for (size_t k = 0; k < strata.size(); ++k) {
    const std::vector<uint32_t>& stratum = strata[k];
    if (stratum.empty()) continue;
    // Rounded sums rather than rounded parts, so that the total is that of the fraction.
    const auto rounded = [&](size_t n) { return std::llround(fraction * static_cast<double>(n)); };
    auto take = static_cast<size_t>(rounded(seen + stratum.size()) - rounded(seen));
    take = std::min(take, stratum.size() - 1);
    seen += stratum.size();
    std::vector<uint32_t> order(stratum.size());
    Random(seed, RandomStream::kSplit, static_cast<uint32_t>(k)).Permutation(order);
    for (size_t i = 0; i < take; ++i) aside[stratum[order[i]]] = 1;
  }
  return aside;
}

// The last of them by time.
std::vector<char> SetLastAside(const Dataset& data, double fraction) {
  std::vector<char> aside(data.examples(), 0);
  const auto take =
      static_cast<size_t>(std::llround(fraction * static_cast<double>(data.examples())));
  const size_t cuts[] = {data.examples() - take};
  if (take == 0 || DistinctTimes(data.times()) == 1) return aside;
  const std::vector<size_t> parts = CutByTime(data.times(), cuts);
  for (size_t e = 0; e < aside.size(); ++e) aside[e] = parts[e] == 1 ? 1 : 0;
  return aside;
}

}  // namespace

Split SplitStratified(const Dataset& data, double fraction, uint64_t seed) {
  if (!(fraction > 0 && fraction < 1)) {
    throw Error(ErrorCode::kInvalidArgument, {.subject = "validation",
                                              .found = fmt::to_string(fraction),
                                              .expected = "a fraction above 0 and below 1"});
  }
  RequireOneWay(data);
  const std::vector<char> aside = !data.groups().empty()  ? SetGroupsAside(data, fraction, seed)
                                  : !data.times().empty() ? SetLastAside(data, fraction)
                                                          : DrawAside(data, fraction, seed);
  if (std::ranges::count(aside, 1) == 0) {
    const char* const units = !data.groups().empty()  ? ", in groups"
                              : !data.times().empty() ? ", by time"
                                                      : "";
    throw Error(ErrorCode::kBadData, {.subject = "validation",
                                      .found = fmt::format("{} of {} examples{}, which is none",
                                                           fraction, data.examples(), units),
                                      .expected = "a fraction that gives at least one"});
  }
  return MakeSplit(
      data, [&](uint32_t e) { return aside[e] == 0; }, [&](uint32_t e) { return aside[e] != 0; });
}

namespace {

[[noreturn]] void FailFolds(size_t folds, std::string expected) {
  throw Error(
      ErrorCode::kInvalidArgument,
      {.subject = "folds", .found = fmt::to_string(folds), .expected = std::move(expected)});
}

// The fold of each example.
std::vector<size_t> Deal(const Dataset& data, size_t folds, uint64_t seed) {
  const std::vector<std::vector<uint32_t>> strata = ByClass(data);
  const auto largest =
      std::ranges::max_element(strata, {}, [](const auto& stratum) { return stratum.size(); });
  if (largest->size() < folds) {
    const auto k = static_cast<size_t>(largest - strata.begin());
    FailFolds(folds, fmt::format("at most {}, the number of examples of the class '{}', which has "
                                 "the most",
                                 largest->size(), data.schema().classes[k]));
  }
  std::vector<size_t> fold_of(data.examples());
  size_t next = 0;  // goes on from class to class, so that the folds are equal in total too
  for (size_t k = 0; k < strata.size(); ++k) {
    std::vector<uint32_t> order(strata[k].size());
    Random(seed, RandomStream::kFolds, static_cast<uint32_t>(k)).Permutation(order);
    for (const uint32_t i : order) fold_of[strata[k][i]] = next++ % folds;
  }
  return fold_of;
}

std::vector<Split> SplitByTime(const Dataset& data, size_t folds) {
  const size_t times = DistinctTimes(data.times());
  if (folds >= times) {
    FailFolds(folds, fmt::format("fewer than the {} different times", times));
  }
  // Parts as scikit-learn has them: what is left over goes to the first.
  const size_t size = data.examples() / (folds + 1);
  std::vector<size_t> cuts;
  cuts.reserve(folds);
  for (size_t fold = 0; fold < folds; ++fold) {
    cuts.push_back(data.examples() - (folds - fold) * size);
  }
  const std::vector<size_t> part = CutByTime(data.times(), cuts);
  std::vector<Split> splits;
  splits.reserve(folds);
  for (size_t fold = 0; fold < folds; ++fold) {
    splits.push_back(MakeSplit(
        data, [&](uint32_t e) { return part[e] <= fold; },
        [&](uint32_t e) { return part[e] == fold + 1; }));
  }
  return splits;
}

}  // namespace

std::vector<Split> SplitFolds(const Dataset& data, size_t folds, uint64_t seed) {
  if (folds < 2) FailFolds(folds, "at least 2");
  if (folds > data.examples()) {
    FailFolds(folds, fmt::format("at most {}, the number of examples", data.examples()));
  }
  RequireOneWay(data);
  if (!data.times().empty()) return SplitByTime(data, folds);
  std::vector<size_t> fold_of;
  if (data.groups().empty()) {
    fold_of = Deal(data, folds, seed);
  } else {
    const size_t groups = CountGroups(data);
    if (folds > groups) FailFolds(folds, fmt::format("at most {}, the number of groups", groups));
    fold_of = DealGroups(data, folds, seed);
  }
  std::vector<Split> splits;
  splits.reserve(folds);
  for (size_t fold = 0; fold < folds; ++fold) {
    splits.push_back(MakeSplit(
        data, [&](uint32_t e) { return fold_of[e] != fold; },
        [&](uint32_t e) { return fold_of[e] == fold; }));
  }
  return splits;
}

std::vector<std::string> SplitNotes(const Dataset& data, size_t folds) {
  std::vector<std::string> notes;
  if (data.classes() == 0 || !data.times().empty()) return notes;
  const size_t needed = folds == 0 ? 2 : folds;
  const std::vector<std::vector<uint32_t>> strata = ByClass(data);
  size_t rare = 0;
  size_t least = 0;
  for (size_t k = 0; k < strata.size(); ++k) {
    const size_t members = strata[k].size();
    if (members == 0 || members >= needed) continue;
    if (rare++ == 0 || members < strata[least].size()) least = k;
  }
  if (rare == 0) return notes;
  const size_t members = strata[least].size();
  const std::string others =
      rare > 1 ? fmt::format(", and {} more class{} likewise", rare - 1, rare > 2 ? "es" : "") : "";
  notes.push_back(
      folds > 0
          ? fmt::format("the least populated class in y has only {} member{} ('{}'), which is less "
                        "than n_splits={}{}: not every fold has some of it",
                        members, members == 1 ? "" : "s", data.schema().classes[least], folds,
                        others)
          : fmt::format("the least populated class in y has only 1 member ('{}'){}: there is none "
                        "of it for validation",
                        data.schema().classes[least], others));
  return notes;
}

}  // namespace colonnade
