// SPDX-License-Identifier: Apache-2.0
// A training between two steps, and the file that keeps it: a safetensors container whose tensors
// are the matrices that a step changes, each as its columns one after the other, and whose metadata
// hold
//
//   colonnade.identity   what the result depends on: {"seed":"0", …}
//   colonnade.state      RunState as JSON text
//   colonnade.data_hash  XXH3-128 over the tensors' bytes; not in version 1
//
// beside the entries that every file has, see engine/runtime/FORMATS.md. That of an ensemble has
// its own identity and state, of which only the seconds count, and for each member that has begun a
// tensor "member.0", … of the bytes of a checkpoint of that member alone.
#ifndef COLONNADE_ENGINE_TRAIN_CHECKPOINT_H_
#define COLONNADE_ENGINE_TRAIN_CHECKPOINT_H_

#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "colonnade/train.h"
#include "engine/runtime/container.h"
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
  std::vector<double> optimizer;  // OptimizerState::Numbers()
  std::optional<StopReason> end;
};

// Throws kIo; the file is then as it was.
void SaveCheckpoint(const std::filesystem::path& file, const Identity& identity,
                    const RunState& state, std::span<const OptimizerState::Tensor> tensors);

// What SaveCheckpoint() writes, in memory.
[[nodiscard]] std::string CheckpointBytes(const Identity& identity, const RunState& state,
                                          std::span<const OptimizerState::Tensor> tensors);

// The same of an ensemble. members: the bytes of their checkpoints; empty where one has not begun.
void SaveEnsembleCheckpoint(const std::filesystem::path& file, const Identity& identity,
                            const RunState& state, std::span<const std::string> members);
[[nodiscard]] std::string EnsembleCheckpointBytes(const Identity& identity, const RunState& state,
                                                  std::span<const std::string> members);

// What was written so, by this version or an older one. Whatever is wrong with it is thrown as
// kBadModel.
class Checkpoint {
 public:
  [[nodiscard]] static Checkpoint Load(const std::filesystem::path& file);

  // From the content of a file; `name` is for messages.
  Checkpoint(std::string content, std::string name);

  // The format's, which tells how the identity is written.
  unsigned version() const { return container_.version(); }

  // Throws with the first difference. What the file lacks has the value in `defaults`, if any.
  void RequireIdentity(const Identity& identity, const Identity& defaults) const;

  // The option's value in the identity; nothing where that has none.
  std::optional<std::string> Value(const char* option) const;

  const RunState& state() const { return state_; }
  const std::string& name() const { return container_.name(); }  // for messages

  // Fills the matrices of these tensors, which must be all that there are.
  void Read(std::span<const OptimizerState::Tensor> tensors) const;

  // Of an ensemble of so many: those checkpoints of its members.
  std::vector<std::string> Members(size_t members) const;

 private:
  std::shared_ptr<const std::string> content_;
  Container container_;  // points into content_
  RunState state_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_CHECKPOINT_H_
