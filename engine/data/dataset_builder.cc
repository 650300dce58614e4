// SPDX-License-Identifier: Apache-2.0
#include "engine/data/dataset_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

namespace colonnade {
namespace {

constexpr size_t kMinCapacity = 64;

template <class T>
AlignedBuffer<T> Allocate(size_t columns, size_t stride) {
  if (columns > SIZE_MAX / stride) throw std::bad_alloc();
  return AlignedBuffer<T>(columns * stride);
}

// A buffer for `capacity` elements that starts with the first `used` ones of `from`.
template <class T>
AlignedBuffer<T> Copy(const AlignedBuffer<T>& from, size_t used, AlignedBuffer<T> to) {
  if (used > 0) std::memcpy(to.data(), from.data(), used * sizeof(T));
  return to;
}

}  // namespace

std::optional<uint8_t> ToByte(float value) {
  if (!(value >= 0 && value <= 255)) return std::nullopt;
  const auto byte = static_cast<uint8_t>(value);
  // By bits, because -0 equals 0, and so does a denormal number where these are flushed to zero.
  const bool same =
      std::bit_cast<uint32_t>(static_cast<float>(byte)) == std::bit_cast<uint32_t>(value);
  return same ? std::optional(byte) : std::nullopt;
}

DatasetBuilder::DatasetBuilder(size_t features, LabelKind labels, size_t capacity, bool packed)
    : labels_(labels), packed_(packed), storage_(std::make_unique<Dataset::Storage>()) {
  storage_->schema.features = features;
  storage_->stride = StrideOf(sizeof(uint8_t));
  try {
    Reserve(std::clamp(capacity, kMinCapacity, kMaxExamples));
  } catch (const std::bad_alloc&) {
    Reserve(kMinCapacity);
  }
}

size_t DatasetBuilder::StrideOf(size_t element) const {
  const size_t features = storage_->schema.features;
  return packed_ ? std::max<size_t>(features, 1) : ColumnStride(features, element);
}

uint8_t* DatasetBuilder::NextBytes() {
  if (examples() == capacity_) Grow();
  const size_t features = storage_->schema.features;
  uint8_t* const column = storage_->bytes.data() + examples() * storage_->stride;
  std::memset(column + features, 0, storage_->stride - features);
  return column;
}

float* DatasetBuilder::NextFloats() {
  if (examples() == capacity_) Grow();
  const size_t features = storage_->schema.features;
  float* const column = storage_->floats.data() + examples() * storage_->stride;
  std::fill(column + features, column + storage_->stride, 0.0F);
  return column;
}

void DatasetBuilder::Widen() {
  const size_t features = storage_->schema.features;
  const size_t stride = StrideOf(sizeof(float));
  AlignedBuffer<float> floats;
  try {
    floats = Allocate<float>(capacity_, stride);
  } catch (const std::bad_alloc&) {
    capacity_ = std::max(examples() + 1, kMinCapacity);
    floats = Allocate<float>(capacity_, stride);
  }
  for (size_t e = 0; e < examples(); ++e) {
    const uint8_t* const from = storage_->bytes.data() + e * storage_->stride;
    float* const to = floats.data() + e * stride;
    std::copy(from, from + features, to);
    std::fill(to + features, to + stride, 0.0F);
  }
  storage_->type = ElementType::kF32;
  storage_->stride = stride;
  storage_->floats = std::move(floats);
  storage_->bytes = {};
}

void DatasetBuilder::Add(std::span<const float> values, Label label) {
  if (type() == ElementType::kU8) {
    uint8_t* to = NextBytes();
    for (const float value : values) {
      const std::optional<uint8_t> byte = ToByte(value);
      if (!byte) {
        Widen();
        break;
      }
      *to++ = *byte;
    }
  }
  if (type() == ElementType::kF32) std::copy(values.begin(), values.end(), NextFloats());
  Append(label);
}

std::vector<std::string> DatasetBuilder::FinishLabels(const ClassIndex& classes) {
  if (labels_ != LabelKind::kCodes) return {};
  const std::span<uint32_t> codes(storage_->labels.data(), examples());
  return classes.Finish(codes);
}

std::unique_ptr<Dataset::Storage> DatasetBuilder::Finish(Schema schema) {
  storage_->schema = std::move(schema);
  return std::move(storage_);
}

void DatasetBuilder::Grow() { Reserve(std::min(2 * capacity_, kMaxExamples)); }

void DatasetBuilder::Reserve(size_t capacity) {
  const size_t used = examples() * storage_->stride;
  if (type() == ElementType::kU8) {
    storage_->bytes = Copy(storage_->bytes, used, Allocate<uint8_t>(capacity, storage_->stride));
  } else {
    storage_->floats = Copy(storage_->floats, used, Allocate<float>(capacity, storage_->stride));
  }
  if (labels_ == LabelKind::kCodes) {
    storage_->labels = Copy(storage_->labels, examples(), AlignedBuffer<uint32_t>(capacity));
  } else if (labels_ == LabelKind::kTargets) {
    storage_->targets = Copy(storage_->targets, examples(), AlignedBuffer<float>(capacity));
  }
  capacity_ = capacity;
}

}  // namespace colonnade
