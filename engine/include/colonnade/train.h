// SPDX-License-Identifier: Apache-2.0
// Training.
#ifndef COLONNADE_TRAIN_H_
#define COLONNADE_TRAIN_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

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

// How the training of one network of an ensemble went.
struct MemberResult {
  size_t member = 0;  // from 0, of those that the options ask for; by TrainOptions::seed + member
  StopReason reason = StopReason::kEpochs;
  size_t epochs = 0;
  size_t steps = 0;
  double loss = 0;  // as in TrainResult, as all else
  double accuracy = 0;
  size_t best_epoch = 0;
  std::optional<Evaluation> validation = {};  // of this network alone
};

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
  std::optional<Evaluation> validation = {};  // of `model`; or else:
  bool out_of_fold =
      false;  // of the predictions of each example by the network that did not see it
  // Of an ensemble: those in `model`, in its order; all, unless it was stopped. Then epochs and
  // steps are sums over them, loss and accuracy means, and the reason is that of the first that
  // ended before its time.
  std::vector<MemberResult> members = {};
  std::optional<Profile> profile = {};  // where the options ask for it
};

// Trains a network to tell classes or to predict numbers. The result depends on the data, the
// options and the seed alone: not on the number of threads, nor on the instruction set as long as
// it has FMA. Throws kInvalidArgument for options out of range, kBadData for data without labels or
// with fewer than two classes or validation data that do not fit, kDiverged when the loss or a
// parameter leaves the finite numbers. With a checkpoint: kIo where it cannot be read or written,
// kBadModel where it is damaged or belongs to another training. Of an ensemble, each network has
// the bits that it would have alone.
[[nodiscard]] TrainResult Train(const Dataset& data, const TrainOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_TRAIN_H_
