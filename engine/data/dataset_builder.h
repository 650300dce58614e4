// Making a dataset one example after the other.
#ifndef COLONNADE_ENGINE_DATA_DATASET_BUILDER_H_
#define COLONNADE_ENGINE_DATA_DATASET_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/data/storage.h"

namespace colonnade {

// The most examples of a dataset: indices of examples have 32 bits.
inline constexpr size_t kMaxExamples = UINT32_MAX;

// The byte that is exactly `value`; nothing for fractions, values outside 0..255, and -0.
std::optional<uint8_t> ToByte(float value);

// Starts with bytes and widens to f32 at the first value that is not an integer 0..255, so that the
// type of a dataset depends on its values only.
//
// Memory for `capacity` examples is reserved at once and not touched: where the system maps pages
// on first use, as Linux does, a generous bound costs address space only. Beyond it, or where the
// system refuses the bound, the memory grows geometrically.
class DatasetBuilder {
 public:
  DatasetBuilder(size_t features, bool labelled, size_t capacity);

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
  void Add(std::span<const float> values, uint32_t label);

  // What has been appended so far.
  const Dataset::Storage& storage() const { return *storage_; }

  // Keeps what was written to the next example. label: ignored if not labelled.
  void Append(uint32_t label) {
    if (labelled_) storage_->labels[storage_->examples] = label;
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

  // Where its label goes; null if not labelled.
  uint32_t* LabelOf(size_t example) {
    return labelled_ ? storage_->labels.data() + example : nullptr;
  }

  // Makes the first `examples` ones, all of them written, those of the builder.
  void Take(size_t examples) { storage_->examples = examples; }

  // ----

  // The labels so far, to be changed in place.
  std::span<uint32_t> labels();

  // The builder is empty afterwards.
  Dataset Finish(Schema schema);

 private:
  void Grow();
  void Reserve(size_t capacity);

  bool labelled_;
  size_t capacity_ = 0;
  std::unique_ptr<Dataset::Storage> storage_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_DATASET_BUILDER_H_
