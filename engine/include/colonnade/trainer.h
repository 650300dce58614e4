// SPDX-License-Identifier: Apache-2.0
// Training on data that arrive in pieces.
#ifndef COLONNADE_TRAINER_H_
#define COLONNADE_TRAINER_H_

#include <cstddef>
#include <memory>

#include "colonnade/dataset.h"
#include "colonnade/model.h"
#include "colonnade/train.h"

namespace colonnade {

// What Fit() learned about its data, each batch before its update.
struct FitResult {
  size_t steps = 0;
  double loss = 0;      // mean over the examples
  double accuracy = 0;  // likewise
};

// A network that goes on learning, from more data than memory holds, or from new ones day by day
// (scikit-learn: partial_fit). One call at a time; different trainers do not disturb each other.
class Trainer {
 public:
  // The network that Train() would start with: `like` tells features and classes, and the scaling
  // is fitted to it; it is not trained on yet. Of the options those count that are about the
  // network, its start, batches, the optimizer, the seed, precision and threads. The learning rate
  // is constant, because nobody knows how many pieces will come. Throws what Train() throws.
  explicit Trainer(const Dataset& like, const TrainOptions& options = {});
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;
  ~Trainer();

  // One epoch over `data`, in shuffled batches where they are more than one; the optimizer goes on
  // where the last call left it. n calls with the same data give the bits of Train() with n epochs
  // and Schedule::kConstant. `data` may be of any size; its features and classes must be those of
  // `like` (CsvOptions::like). Throws kBadData where they are not, kDiverged when loss or
  // parameters leave the finite numbers; the trainer is then of no further use.
  FitResult Fit(const Dataset& data);

  // For the calls that follow: above 0, at most 1000000; else throws kInvalidArgument.
  void SetLearningRate(double rate);

  // The network as it is now, a copy.
  Model model() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace colonnade

#endif  // COLONNADE_TRAINER_H_
