// A training between two steps, and the file that keeps it: a safetensors container whose tensors
// are the matrices that a step changes, each as its columns one after the other, and whose metadata
// hold, as JSON text,
//
//   colonnade.checkpoint_version  "1"
//   colonnade.identity            what the result depends on: {"seed":"0", …}
//   colonnade.state               RunState
//   colonnade.checkpoint_hash     XXH3-128 over all of the above and the tensors
#ifndef COLONNADE_ENGINE_TRAIN_CHECKPOINT_H_
#define COLONNADE_ENGINE_TRAIN_CHECKPOINT_H_

#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "colonnade/train.h"
#include "engine/runtime/safetensors.h"
#include "engine/train/identity.h"
#include "engine/train/optimizer.h"
#include "engine/train/step.h"

namespace colonnade {

// Where a training is: with the matrices all that changes as it goes on. What is random follows
// from the seed and these counts.
struct RunState {
  size_t epoch = 0;     // done
  size_t in_epoch = 0;  // examples done of the epoch after those
  size_t step = 0;      // done, over all epochs
  BatchLoss sum;        // over the in_epoch examples; where there are none, over the last epoch
  double seconds = 0;
  size_t best_epoch = 0;  // with the lowest loss on the validation data; 0: none yet
  double best_loss = std::numeric_limits<double>::infinity();
  std::optional<StopReason> end;
};

// Throws kIo; the file is then as it was.
void SaveCheckpoint(const std::filesystem::path& file, const Identity& identity,
                    const RunState& state, std::span<const OptimizerState::Tensor> tensors);

// What SaveCheckpoint() wrote. Whatever is wrong with it is thrown as kBadModel.
class Checkpoint {
 public:
  static Checkpoint Load(const std::filesystem::path& file);

  // From the content of a file; `name` is for messages.
  Checkpoint(std::string content, std::string name);

  // Throws with the first difference.
  void RequireIdentity(const Identity& identity) const;

  const RunState& state() const { return state_; }

  // Fills the matrices of these tensors, which must be all that there are.
  void Read(std::span<const OptimizerState::Tensor> tensors) const;

 private:
  [[noreturn]] void Fail(const std::string& problem) const;
  const std::string& Entry(const char* key) const;

  std::string content_;
  std::string name_;
  safetensors::Contents contents_;  // points into content_
  RunState state_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_CHECKPOINT_H_
