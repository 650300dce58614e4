// SPDX-License-Identifier: Apache-2.0
// The inside of a Dataset.
#ifndef COLONNADE_ENGINE_DATA_STORAGE_H_
#define COLONNADE_ENGINE_DATA_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "colonnade/dataset.h"
#include "engine/runtime/aligned.h"
#include "engine/runtime/mapped_file.h"

namespace colonnade {

// Unless the values are those of another storage, exactly one of `bytes` and `floats` has memory,
// as `type` says. Buffers may have room for more than `examples`. Columns are `stride` =
// ColumnStride(features, element size) apart, padding zero.
struct Dataset::Storage {
  Schema schema;
  size_t examples = 0;
  ElementType type = ElementType::kU8;
  size_t stride = 0;
  AlignedBuffer<uint8_t> bytes;
  AlignedBuffer<float> floats;
  AlignedBuffer<uint32_t> labels;       // class indices; empty if unlabelled, or for regression
  AlignedBuffer<float> targets;         // numbers to predict, less schema.target_offset; or empty
  AlignedBuffer<double> exact_targets;  // as the table has them; empty where targets tell
  AlignedBuffer<float> weights;         // empty: all count the same
  AlignedBuffer<uint32_t> groups;       // empty where there are none
  AlignedBuffer<double> times;          // likewise
  std::vector<TextColumn> texts;
  std::vector<uint32_t> incomplete;            // examples that lack values, in order
  std::vector<std::string> notes;              // of the reader
  std::shared_ptr<const DataSummary> summary;  // null: none

  // The storage that has the values, where that is another one, and of a part the column there of
  // each example. Else null and empty.
  std::shared_ptr<const Storage> whole;
  AlignedBuffer<uint32_t> columns;

  // Whose memory `bytes` or `floats` has borrowed, if they are mapped.
  std::shared_ptr<const MappedFile> file;
  // Dataset::Hash() where it is known beforehand, else empty.
  std::string hash;

  // Where the values are.
  const Storage& values() const { return whole != nullptr ? *whole : *this; }

  // Bytes of values that are mapped, those of other parts too.
  size_t MappedBytes() const {
    if (!values().file) return 0;
    return type == ElementType::kU8 ? values().bytes.size()
                                    : values().floats.size() * sizeof(float);
  }

  // Advises the system how the values will be read next, if they are mapped. Thread-safe.
  void WillRead(Access access) const {
    if (!values().file) return;
    const void* const begin = type == ElementType::kU8
                                  ? static_cast<const void*>(values().bytes.data())
                                  : values().floats.data();
    values().file->Advise(begin, MappedBytes(), access);
  }
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_STORAGE_H_
