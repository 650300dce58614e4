// The inside of a Dataset.
#ifndef COLONNADE_ENGINE_DATA_STORAGE_H_
#define COLONNADE_ENGINE_DATA_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "colonnade/dataset.h"
#include "engine/runtime/aligned.h"
#include "engine/runtime/mapped_file.h"

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

  // Whose memory `bytes` or `floats` has borrowed, if they are mapped.
  std::shared_ptr<const MappedFile> file;
  // Dataset::Hash() where it is known beforehand, else empty.
  std::string hash;

  // Bytes of values that are mapped, those of other parts too.
  size_t MappedBytes() const {
    const Storage& values = whole != nullptr ? *whole : *this;
    if (!values.file) return 0;
    return type == ElementType::kU8 ? values.bytes.size() : values.floats.size() * sizeof(float);
  }

  // Advises the system how the values will be read next, if they are mapped. Thread-safe.
  void WillRead(Access access) const {
    const Storage& values = whole != nullptr ? *whole : *this;
    if (!values.file) return;
    const void* const begin = type == ElementType::kU8
                                  ? static_cast<const void*>(values.bytes.data())
                                  : values.floats.data();
    values.file->Advise(begin, MappedBytes(), access);
  }
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_STORAGE_H_
