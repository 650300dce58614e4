// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/data/csv/text.h"

namespace colonnade {

std::string_view LineReader::Peek(size_t size) {
  while (!at_end_ && end_ - begin_ < size) Read();
  return {buffer_.get() + begin_, std::min(end_ - begin_, size)};
}

void LineReader::TakeCarriageReturnsAsLineEnds() {
  carriage_returns_ = true;
  std::replace(buffer_.get() + begin_, buffer_.get() + end_, '\r', '\n');
}

std::string_view LineReader::PeekLines(size_t size) {
  std::string_view start = Peek(size);
  if (start.size() < size) {  // all of the file
    EndLastLine();
    start = {buffer_.get() + begin_, end_ - begin_};
  }
  return start.substr(0, start.rfind('\n') + 1);
}

std::string_view LineReader::Next(uint64_t row, size_t keep) {
  if (keep > kMaxLine) {
    ThrowBadRow(file_.name(), row,
                {.found = fmt::format("{} within {} MiB", kOpenQuotes, kMaxLine >> 20),
                 .expected = kClosingQuote});
  }
  begin_ -= keep;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    replaced_ -= std::min(replaced_, begin_);
    begin_ = 0;
  }
  size_t searched = keep;
  for (;;) {
    if (at_end_) EndLastLine();
    const std::string_view fresh(buffer_.get() + searched, end_ - searched);
    const size_t newline = fresh.rfind('\n');
    if (newline != std::string_view::npos) {
      begin_ = searched + newline + 1;
      return {buffer_.get(), begin_};
    }
    if (at_end_) {
      begin_ = keep;
      return {};
    }
    searched = end_;
    if (end_ - keep > kMaxLine) {
      ThrowBadRow(file_.name(), row,
                  {.found = fmt::format("a line of more than {} MiB", kMaxLine >> 20),
                   .expected = "fields separated by commas or the like, one example per line"});
    }
    Read();
  }
}

// Appends a piece.
void LineReader::Read() {
  MakeRoom();
  char* const to = buffer_.get() + end_;
  const size_t got = file_.Read({to, piece_});
  if (carriage_returns_) std::replace(to, to + got, '\r', '\n');
  at_end_ = got < piece_;
  end_ += got;
  if (!delimiter_.empty()) ReplaceDelimiters();
}

void LineReader::Replace(std::string delimiter, char separator) {
  delimiter_ = std::move(delimiter);
  separator_ = separator;
}

// One that goes on behind the buffer waits for the next piece: it is in no whole line yet.
void LineReader::ReplaceDelimiters() {
  const std::string_view text(buffer_.get(), end_);
  size_t to = replaced_;
  size_t from = replaced_;
  for (;;) {
    const size_t found = text.find(delimiter_, from);
    const size_t waiting = at_end_ ? end_ : end_ - std::min(end_ - from, delimiter_.size() - 1);
    const size_t until = found == std::string_view::npos ? waiting : found;
    std::memmove(buffer_.get() + to, buffer_.get() + from, until - from);
    to += until - from;
    from = until;
    if (found == std::string_view::npos) break;
    buffer_[to++] = separator_;
    from += delimiter_.size();
  }
  replaced_ = to;
  std::memmove(buffer_.get() + to, buffer_.get() + from, end_ - from);
  end_ = to + (end_ - from);
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

void LineReader::EndLastLine() {
  if (end_ > begin_ && buffer_[end_ - 1] != '\n') buffer_[end_++] = '\n';
}

}  // namespace colonnade
