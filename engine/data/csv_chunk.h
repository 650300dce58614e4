// SPDX-License-Identifier: Apache-2.0
// Lines from the middle of a file.
#ifndef COLONNADE_ENGINE_DATA_CSV_CHUNK_H_
#define COLONNADE_ENGINE_DATA_CSV_CHUNK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/runtime/file.h"

namespace colonnade {

// Reads chunks of a file into memory of its own, as whole lines: each line belongs to the chunk
// that its first byte is in. Every thread has its own; together they see each line once.
class ChunkReader {
 public:
  // How many bytes before and after the lines may be read, by decoders that load several at once.
  static constexpr size_t kSlack = 64;

  // Keeps a reference to `file`. The lines are those of its bytes [begin, end); begin < end.
  ChunkReader(const InputFile& file, uint64_t begin, uint64_t end)
      : file_(file), begin_(begin), end_(end) {}

  // The lines that start in [from, to), each with its '\n'; the last one of all gets one if it has
  // none. Nothing where a line goes on for kMaxRest bytes after `to`, or the file has become
  // shorter. Valid until the next call. Throws kIo.
  std::optional<std::string_view> Read(uint64_t from, uint64_t to);

  static constexpr size_t kMaxRest = size_t{4} << 20;

 private:
  bool Fill(uint64_t offset, size_t size);

  const InputFile& file_;
  const uint64_t begin_;
  const uint64_t end_;
  size_t rest_ = 4096;  // to read beyond a chunk, by experience
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t filled_ = 0;
};

// Where the rows of a table end that start at `begin`: the end of the file, less empty lines.
uint64_t EndOfRows(const InputFile& file, uint64_t begin);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_CHUNK_H_
