// The inside of a Dataset.
#ifndef COLONNADE_ENGINE_DATA_STORAGE_H_
#define COLONNADE_ENGINE_DATA_STORAGE_H_

#include <cstdint>
#include <memory>

#include "colonnade/dataset.h"
#include "engine/runtime/aligned.h"

namespace colonnade {

// But for a part, exactly one of `bytes` and `floats` has memory, as `type` says; it may have room
// for more than `examples`. Columns are `stride` = ColumnStride(features, element size) apart,
// padding zero.
struct Dataset::Storage {
  Schema schema;
  size_t examples = 0;
  ElementType type = ElementType::kU8;
  size_t stride = 0;
  AlignedBuffer<uint8_t> bytes;
  AlignedBuffer<float> floats;
  // Class indices; empty if unlabelled. Without schema.classes they are the bits of f32 targets (as
  // ClassIndex gives them), until a Dataset takes the storage and moves them to `targets`.
  AlignedBuffer<uint32_t> labels;
  AlignedBuffer<float> targets;
  AlignedBuffer<float> weights;  // empty: all count the same

  // Of a part: the storage that has the values, in place of `bytes` and `floats`, and for each
  // example its column there. Else null and empty.
  std::shared_ptr<const Storage> whole;
  AlignedBuffer<uint32_t> columns;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_STORAGE_H_
