// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_chunk.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace colonnade {

std::optional<std::string_view> ChunkReader::Read(uint64_t from, uint64_t to) {
  to = std::min(to, end_);
  // With the byte before, which tells whether a line starts at `from`.
  const uint64_t first = from > begin_ ? from - 1 : from;
  const auto size = static_cast<size_t>(to - first);
  filled_ = 0;
  if (!Fill(first, size + static_cast<size_t>(std::min<uint64_t>(rest_, end_ - to)))) return {};
  size_t start = 0;
  if (first < from) {
    const void* const newline = std::memchr(buffer_.get() + kSlack, '\n', size);
    if (newline == nullptr) return std::string_view();
    start = static_cast<size_t>(static_cast<const char*>(newline) - buffer_.get()) - kSlack + 1;
    if (start == size) return std::string_view();
  }
  for (size_t searched = size - 1;;) {
    char* const text = buffer_.get() + kSlack;
    const void* const newline = std::memchr(text + searched, '\n', filled_ - searched);
    if (newline != nullptr) {
      const auto stop = static_cast<size_t>(static_cast<const char*>(newline) - text) + 1;
      rest_ = std::max(rest_, std::min(stop - size + 1024, kMaxRest));
      return std::string_view(text + start, stop - start);
    }
    if (first + filled_ == end_) {
      text[filled_++] = '\n';
      return std::string_view(text + start, filled_ - start);
    }
    if (filled_ - size >= kMaxRest) return {};
    searched = filled_;
    if (!Fill(first, static_cast<size_t>(std::min<uint64_t>(2 * filled_, end_ - first)))) return {};
  }
}

// Reads on until the buffer holds `size` bytes from `offset` on.
bool ChunkReader::Fill(uint64_t offset, size_t size) {
  const size_t needed = kSlack + size + 1 + kSlack;  // 1: for a last '\n'
  if (needed > capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(needed);
    std::memset(larger.get(), '\n', kSlack);
    if (filled_ > 0) std::memcpy(larger.get() + kSlack, buffer_.get() + kSlack, filled_);
    buffer_ = std::move(larger);
    capacity_ = needed;
  }
  const size_t wanted = size - filled_;
  const size_t got = file_.ReadAt({buffer_.get() + kSlack + filled_, wanted}, offset + filled_);
  filled_ += got;
  return got == wanted;
}

uint64_t EndOfRows(const InputFile& file, uint64_t begin) {
  uint64_t end = *file.size();
  // Far more than anybody leaves behind; whoever left more gets the slower reader.
  constexpr uint64_t kMost = 4096;
  std::array<char, kMost> memory;
  const uint64_t from = std::max(begin, end - std::min(end, kMost));
  if (from >= end) return begin;
  const size_t got = file.ReadAt({memory.data(), static_cast<size_t>(end - from)}, from);
  std::string_view tail(memory.data(), got);
  while (tail.ends_with("\n\n") || tail.ends_with("\n\r\n")) {
    tail.remove_suffix(tail.ends_with("\n\n") ? 1 : 2);
  }
  return from + tail.size();
}

}  // namespace colonnade
