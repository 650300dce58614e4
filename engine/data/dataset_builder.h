// SPDX-License-Identifier: Apache-2.0
// Making a dataset one example after the other.
#ifndef COLONNADE_ENGINE_DATA_DATASET_BUILDER_H_
#define COLONNADE_ENGINE_DATA_DATASET_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/class_index.h"
#include "engine/data/storage.h"

namespace colonnade {

// The most examples of a dataset: indices of examples have 32 bits.
inline constexpr size_t kMaxExamples = UINT32_MAX;

// The byte that is exactly `value`; nothing for fractions, values outside 0..255, and -0.
std::optional<uint8_t> ToByte(float value);

// What is known of the labels while examples come.
enum class LabelKind {
  kNone,
  kCodes,    // that stand for texts, until these tell what they are
  kTargets,  // numbers to predict
};

// The label of an example; the kind tells which of the two counts.
struct Label {
  uint32_t code = 0;
  float target = 0;
};

// Starts with bytes and widens to f32 at the first value that is not an integer 0..255, so that the
// type of a dataset depends on its values only.
//
// Memory for `capacity` examples is reserved at once and not touched: where the system maps pages
// on first use, as Linux does, a generous bound costs address space only. Beyond it, or where the
// system refuses the bound, the memory grows geometrically.
class DatasetBuilder {
 public:
  // packed: one example follows the other without padding.
  DatasetBuilder(size_t features, LabelKind labels, size_t capacity, bool packed = false);

  size_t examples() const { return storage_->examples; }
  bool full() const { return examples() == kMaxExamples; }
  ElementType type() const { return storage_->type; }

  // Where the values of the next example go: `features` elements, to be filled before Append(). The
  // padding behind them is made zero. Only for the current type(); must not be full().
  uint8_t* NextBytes();
  float* NextFloats();

  // Makes the type f32; what NextBytes() returned is lost.
  void Widen();

  // Appends an example of any values, in the current type if that holds them, else after Widen().
  void Add(std::span<const float> values, Label label = {});

  // What has been appended so far.
  const Dataset::Storage& storage() const { return *storage_; }

  // Keeps what was written to the next example.
  void Append(Label label = {}) {
    switch (labels_) {
      case LabelKind::kNone:
        break;
      case LabelKind::kCodes:
        storage_->labels[examples()] = label.code;
        break;
      case LabelKind::kTargets:
        storage_->targets[examples()] = label.target;
        break;
    }
    ++storage_->examples;
  }

  // ---- For readers that know where their examples go ----

  // How many examples there is room for at once; BytesOf() and FloatsOf() reach so far.
  size_t capacity() const { return capacity_; }
  size_t stride() const { return storage_->stride; }

  // Where the values of any example go, padding and all: `stride` elements. Only for the current
  // type(). Different examples may be written by different threads.
  uint8_t* BytesOf(size_t example) { return storage_->bytes.data() + example * stride(); }
  float* FloatsOf(size_t example) { return storage_->floats.data() + example * stride(); }

  // Where its label goes; only of the kind that the labels have.
  uint32_t* CodeOf(size_t example) { return storage_->labels.data() + example; }
  float* TargetOf(size_t example) { return storage_->targets.data() + example; }

  // Makes room for so many; never less than there is. BytesOf() and FloatsOf() move.
  void Reserve(size_t capacity);

  // Makes the first `examples` ones, all of them written, those of the builder.
  void Take(size_t examples) { storage_->examples = examples; }

  // ----

  // After the last example: turns the codes of `classes` into class indices. Returns the names of
  // the classes.
  std::vector<std::string> FinishLabels(const ClassIndex& classes);

  // The builder is empty afterwards.
  std::unique_ptr<Dataset::Storage> Finish(Schema schema);

 private:
  void Grow();

  size_t StrideOf(size_t element) const;

  LabelKind labels_;
  bool packed_;
  size_t capacity_ = 0;
  std::unique_ptr<Dataset::Storage> storage_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_DATASET_BUILDER_H_
