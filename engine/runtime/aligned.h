// SPDX-License-Identifier: Apache-2.0
// Memory for matrices: aligned, owned by one (or borrowed), movable.
#ifndef COLONNADE_ENGINE_RUNTIME_ALIGNED_H_
#define COLONNADE_ENGINE_RUNTIME_ALIGNED_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include "kernels/matrix.h"

namespace colonnade {

// Memory on a cache line boundary, for std::free(), never null. From a few MiB on it asks for huge
// pages: examples are read in random order, and 4 KiB pages would cost a page walk for each.
void* AllocateAligned(size_t bytes);

// Bytes of physical memory of the machine; infinity where the system does not tell.
double PhysicalMemory();

// `size` elements of T on a cache line boundary, not initialised.
template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : size_(size) {
    if (size == 0) return;
    if (size > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
    data_.reset(static_cast<T*>(AllocateAligned(size * sizeof(T))));
  }

  static AlignedBuffer Zeroed(size_t size) {
    AlignedBuffer buffer(size);
    if (size > 0) std::memset(static_cast<void*>(buffer.data()), 0, size * sizeof(T));
    return buffer;
  }

  // Memory that somebody else owns, for as long as the buffer lives, and that may be read only.
  static AlignedBuffer Borrowed(const T* data, size_t size) {
    AlignedBuffer buffer;
    buffer.data_ = {const_cast<T*>(data), Free{.owned = false}};
    buffer.size_ = size;
    return buffer;
  }

  T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    bool owned = true;
    void operator()(T* p) const {
      if (owned) std::free(p);
    }
  };
  std::unique_ptr<T, Free> data_;
  size_t size_ = 0;
};

// The distance between columns of `rows` elements of `element_size` bytes: whole cache lines, and
// not a multiple of 4096 bytes, where all columns would compete for the same few cache sets.
constexpr size_t ColumnStride(size_t rows, size_t element_size) {
  size_t bytes = kernels::RoundUp(rows * element_size, kernels::kAlignment);
  if (bytes % 4096 == 0) bytes += kernels::kAlignment;
  return bytes / element_size;
}

// A column-major f32 matrix and its memory, zero at first, padding included.
class OwnedMatrix {
 public:
  OwnedMatrix() = default;
  OwnedMatrix(size_t rows, size_t cols)
      : stride_(ColumnStride(rows, sizeof(float))),
        rows_(rows),
        cols_(cols),
        buffer_(AlignedBuffer<float>::Zeroed(stride_ * cols)) {}

  size_t rows() const { return rows_; }
  size_t cols() const { return cols_; }

  kernels::Matrix view() { return {buffer_.data(), rows_, cols_, stride_}; }
  kernels::ConstMatrix view() const { return {buffer_.data(), rows_, cols_, stride_}; }

 private:
  size_t stride_ = 0;
  size_t rows_ = 0;
  size_t cols_ = 0;
  AlignedBuffer<float> buffer_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_ALIGNED_H_
