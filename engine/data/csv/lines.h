// SPDX-License-Identifier: Apache-2.0
// A text file as runs of whole lines.
#ifndef COLONNADE_ENGINE_DATA_CSV_LINES_H_
#define COLONNADE_ENGINE_DATA_CSV_LINES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/runtime/file.h"

namespace colonnade {

// Reads a file in pieces into one buffer, which grows only for a line that is longer than a piece:
// from the page cache that is as fast as mapping the file, needs no memory for the text, and cannot
// fault when somebody truncates the file.
class LineReader {
 public:
  // How many bytes after a run may be read (their values mean nothing), for decoders that load
  // several bytes at once.
  static constexpr size_t kSlack = 8;

  // The longest line, and the longest record in quotes; 64 bytes for each of 2^20 features, the
  // widest layer of a network.
  static constexpr size_t kMaxLine = size_t{1} << 26;

  // Keeps a reference to `file`. piece: bytes to read at a time, at least 1.
  LineReader(InputFile& file, size_t piece) : file_(file), piece_(piece) {}

  // ---- Before the first Next() ----

  // From now on every `delimiter`, of several characters and without line ends, is one `separator`.
  void Replace(std::string delimiter, char separator);

  // The start of the file as it is, `size` bytes if it has as many.
  std::string_view Peek(size_t size);

  // Forgets the first `size` of the bytes that Peek() returned.
  void Skip(size_t size) {
    begin_ += size;
    skipped_ += size;
  }
  size_t skipped() const { return skipped_; }

  // From now on every CR is a '\n'.
  void TakeCarriageReturnsAsLineEnds();

  // The whole lines in what Peek(size) returns, the last line of the file with a '\n'.
  std::string_view PeekLines(size_t size);

  // ---- Then ----

  // The next lines, each with its '\n'; the last line of the file gets one if it has none. Empty at
  // the end of the file. Valid until the next call. keep: so many bytes at the end of the last run
  // come again in front of these, because they are not a whole record; at least one line is new.
  // row: number of the first of these lines, for the message when there is no end to it.
  std::string_view Next(uint64_t row, size_t keep = 0);

  // When Next(row, keep) was empty: what it was to keep.
  std::string_view Last(size_t keep) const { return {buffer_.get(), keep}; }

 private:
  void Read();
  void MakeRoom();
  void EndLastLine();
  void ReplaceDelimiters();

  InputFile& file_;
  size_t piece_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // of what Next() has not returned yet
  size_t end_ = 0;    // of what has been read
  size_t skipped_ = 0;
  bool at_end_ = false;
  bool carriage_returns_ = false;
  std::string delimiter_;  // to be replaced; or empty
  char separator_ = '\0';
  size_t replaced_ = 0;  // bytes of the buffer in which they have been
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_LINES_H_
