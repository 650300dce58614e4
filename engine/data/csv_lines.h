// A text file as runs of whole lines.
#ifndef COLONNADE_ENGINE_DATA_CSV_LINES_H_
#define COLONNADE_ENGINE_DATA_CSV_LINES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
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

  // The longest line; 64 bytes for each of 2^20 features, the widest layer of a network.
  static constexpr size_t kMaxLine = size_t{1} << 26;

  // Keeps a reference to `file`. piece: bytes to read at a time, at least 1.
  LineReader(InputFile& file, size_t piece) : file_(file), piece_(piece) {}

  // The next lines, each with its '\n'; the last line of the file gets one if it has none. Empty at
  // the end of the file. Valid until the next call. row: number of the first of these lines, for
  // the message when there is no end to it.
  std::string_view Next(uint64_t row);

 private:
  void MakeRoom();

  InputFile& file_;
  size_t piece_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;  // of what Next() has not returned yet
  size_t end_ = 0;    // of what has been read
  bool at_end_ = false;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_LINES_H_
