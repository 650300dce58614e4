// SPDX-License-Identifier: Apache-2.0
// The compressed side of a decompressor: what all formats share.
#ifndef COLONNADE_ENGINE_RUNTIME_COMPRESSED_H_
#define COLONNADE_ENGINE_RUNTIME_COMPRESSED_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/decompress.h"

namespace colonnade {

// Compressed bytes, a buffer of them at a time.
class Compressed {
 public:
  // name, format: for messages.
  Compressed(Decompressor::Source source, std::string name, const char* format)
      : source_(std::move(source)), name_(std::move(name)), format_(format), buffer_(kBufferSize) {}

  // Reads more if nothing is left. False at the end.
  bool Refill() {
    if (begin_ < end_) return true;
    if (at_end_) return false;
    begin_ = 0;
    end_ = source_(buffer_);
    at_end_ = end_ < buffer_.size();
    return end_ > 0;
  }

  char* data() { return buffer_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  void Consume(size_t count) { begin_ += count; }
  const std::string& name() const { return name_; }

  [[noreturn]] void FailDamaged(const std::string& reason) const;
  [[noreturn]] void FailTruncated() const;

 private:
  static constexpr size_t kBufferSize = size_t{1} << 17;

  Decompressor::Source source_;
  std::string name_;
  const char* format_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is left in the buffer
  bool at_end_ = false;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_COMPRESSED_H_
