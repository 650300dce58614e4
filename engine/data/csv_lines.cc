#include "engine/data/csv_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/data/csv_text.h"

namespace colonnade {

std::string_view LineReader::Next(uint64_t row) {
  if (at_end_) return {};
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  for (;;) {
    MakeRoom();
    const size_t got = file_.Read({buffer_.get() + end_, piece_});
    const std::string_view fresh(buffer_.get() + end_, got);
    const size_t newline = fresh.rfind('\n');
    at_end_ = got < piece_;
    if (newline != std::string_view::npos) begin_ = end_ + newline + 1;
    end_ += got;
    if (at_end_) {
      if (end_ > begin_) buffer_[end_++] = '\n';
      return {buffer_.get(), end_};
    }
    if (begin_ > 0) return {buffer_.get(), begin_};
    if (end_ > kMaxLine) {
      ThrowBadRow(file_.name(), row,
                  fmt::format("found a line of more than {} MiB, expected numbers separated by "
                              "commas, one example per line",
                              kMaxLine >> 20));
    }
  }
}

// For one piece, a last '\n' and the slack.
void LineReader::MakeRoom() {
  const size_t needed = end_ + piece_ + 1 + kSlack;
  if (needed <= capacity_) return;
  const size_t capacity = std::max(needed, 2 * capacity_);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (end_ > 0) std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace colonnade
