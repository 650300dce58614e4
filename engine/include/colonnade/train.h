// SPDX-License-Identifier: Apache-2.0
// Training.
#ifndef COLONNADE_TRAIN_H_
#define COLONNADE_TRAIN_H_

#include <cstddef>
#include <optional>
#include <span>

#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/model.h"
#include "colonnade/names.h"
#include "colonnade/profile.h"
#include "colonnade/train_options.h"

namespace colonnade {

// What ended a training.
enum class StopReason { kEpochs, kCallback, kEarlyStopping, kTargetAccuracy, kMaxSeconds };

inline constexpr NameRow<StopReason> kStopReasons[] = {
    {StopReason::kEpochs, "epochs"},
    {StopReason::kCallback, "signal"},
    {StopReason::kEarlyStopping, "early-stopping"},
    {StopReason::kTargetAccuracy, "target-accuracy"},
    {StopReason::kMaxSeconds, "max-seconds"}};
constexpr std::span<const NameRow<StopReason>> NamesOf(StopReason) { return kStopReasons; }

struct TrainResult {
  Model model;
  TrainOptions options;  // in force: TrainOptions::Resolve()
  StopReason reason = StopReason::kEpochs;
  size_t epochs = 0;        // completed
  size_t steps = 0;         // completed
  size_t resumed_step = 0;  // of the checkpoint that it went on from; 0: none
  bool stopped = false;     // by the callback, before its time
  double loss = 0;          // mean over the last epoch, each batch before its update
  double accuracy = 0;      // likewise; NaN for regression
  double seconds = 0;       // as in Progress
  int threads = 0;          // that took part
  // The epoch that the parameters are from, where early stopping chose one; else 0.
  size_t best_epoch = 0;
  std::optional<Evaluation> validation;  // of `model`
  std::optional<Profile> profile;        // where the options ask for it
};

// Trains a network to tell classes or to predict numbers. The result depends on the data, the
// options and the seed alone: not on the number of threads, nor on the instruction set as long as
// it has FMA. Throws kInvalidArgument for options out of range, kBadData for data without labels or
// with fewer than two classes or validation data that do not fit, kDiverged when the loss or a
// parameter leaves the finite numbers. With a checkpoint: kIo where it cannot be read or written,
// kBadModel where it is damaged or belongs to another training.
[[nodiscard]] TrainResult Train(const Dataset& data, const TrainOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_TRAIN_H_
