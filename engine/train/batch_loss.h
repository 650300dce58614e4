// SPDX-License-Identifier: Apache-2.0
// What training steps learn about their examples.
#ifndef COLONNADE_ENGINE_TRAIN_BATCH_LOSS_H_
#define COLONNADE_ENGINE_TRAIN_BATCH_LOSS_H_

#include <array>
#include <cstddef>
#include <numeric>
#include <span>

namespace colonnade {

// What a step learned about its batch before it changed the parameters; or the sum over several.
struct BatchLoss {
  double loss = 0;           // sum over the batch, each example times its weight
  double loss_weight = 0;    // sum of these weights; without any, how many examples there are
  double correct = 0;        // weight of the examples whose most probable class is their label
  double weight = 0;         // of all, not counting weights of classes
  double gradient_norm = 0;  // of the mean loss, before clipping; 0 where it was not asked for. No
                             // sum: that of the last batch

  BatchLoss& operator+=(const BatchLoss& next) {
    loss += next.loss;
    loss_weight += next.loss_weight;
    correct += next.correct;
    weight += next.weight;
    gradient_norm = next.gradient_norm;
    return *this;
  }

  // Of examples that all weigh nothing: 0.
  double MeanLoss() const { return loss_weight > 0 ? loss / loss_weight : loss; }
  double Accuracy() const { return weight > 0 ? correct / weight : 0; }
};

// The sum of losses, every kLanes-th for itself, so that additions need not wait for each other.
class LossSum {
 public:
  // Adds so many that follow those added before; their number is a multiple of kLanes but for the
  // last.
  void Add(std::span<const float> losses) {
    for (; losses.size() >= kLanes; losses = losses.subspan(kLanes)) {
      for (size_t i = 0; i < kLanes; ++i) sums_[i] += static_cast<double>(losses[i]);
    }
    for (size_t i = 0; i < losses.size(); ++i) sums_[i] += static_cast<double>(losses[i]);
  }

  double Total() const { return std::accumulate(sums_.begin(), sums_.end(), 0.0); }

 private:
  static constexpr size_t kLanes = 8;

  std::array<double, kLanes> sums_{};
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_BATCH_LOSS_H_
