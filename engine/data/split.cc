// SPDX-License-Identifier: Apache-2.0
#include "colonnade/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
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

}  // namespace

Split SplitStratified(const Dataset& data, double fraction, uint64_t seed) {
  if (!(fraction > 0 && fraction < 1)) {
    throw Error(ErrorCode::kInvalidArgument, {.subject = "validation",
                                              .found = fmt::to_string(fraction),
                                              .expected = "a fraction above 0 and below 1"});
  }
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
  std::vector<uint32_t> train;
  std::vector<uint32_t> validation;
  for (uint32_t e = 0; e < data.examples(); ++e) {
    (aside[e] != 0 ? validation : train).push_back(e);
  }
  if (validation.empty()) {
    throw Error(ErrorCode::kBadData, {.subject = "validation",
                                      .found = fmt::format("{} of {} examples, which is none",
                                                           fraction, data.examples()),
                                      .expected = "a fraction that gives at least one"});
  }
  return {.train = data.Part(train), .validation = data.Part(validation)};
}

namespace {

[[noreturn]] void FailFolds(size_t folds, std::string expected) {
  throw Error(
      ErrorCode::kInvalidArgument,
      {.subject = "folds", .found = fmt::to_string(folds), .expected = std::move(expected)});
}

}  // namespace

std::vector<Split> SplitFolds(const Dataset& data, size_t folds, uint64_t seed) {
  if (folds < 2) FailFolds(folds, "at least 2");
  if (folds > data.examples()) {
    FailFolds(folds, fmt::format("at most {}, the number of examples", data.examples()));
  }
  const std::vector<std::vector<uint32_t>> strata = ByClass(data);
  std::vector<size_t> fold_of(data.examples());
  size_t next = 0;  // goes on from class to class, so that the folds are equal in total too
  for (size_t k = 0; k < strata.size(); ++k) {
    const std::vector<uint32_t>& stratum = strata[k];
    if (!stratum.empty() && stratum.size() < folds) {
      FailFolds(folds, fmt::format("at most {}, the number of examples of the class '{}'",
                                   stratum.size(), data.schema().classes[k]));
    }
    std::vector<uint32_t> order(stratum.size());
    Random(seed, RandomStream::kFolds, static_cast<uint32_t>(k)).Permutation(order);
    for (const uint32_t i : order) fold_of[stratum[i]] = next++ % folds;
  }
  std::vector<Split> splits;
  for (size_t fold = 0; fold < folds; ++fold) {
    std::vector<uint32_t> train;
    std::vector<uint32_t> validation;
    for (uint32_t e = 0; e < data.examples(); ++e) {
      (fold_of[e] == fold ? validation : train).push_back(e);
    }
    splits.push_back({.train = data.Part(train), .validation = data.Part(validation)});
  }
  return splits;
}

}  // namespace colonnade
