// SPDX-License-Identifier: Apache-2.0
// The rows of a table in chunks, for several threads.
#ifndef COLONNADE_ENGINE_DATA_CSV_CHUNKS_H_
#define COLONNADE_ENGINE_DATA_CSV_CHUNKS_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "engine/data/csv/cutter.h"
#include "engine/data/csv/lines.h"
#include "engine/runtime/file.h"
#include "kernels/csv_numbers.h"

namespace colonnade {

// Whole records, one after the other, each line with its '\n'.
struct Chunk {
  // How many bytes before and after the text may be read, by decoders that load several at once.
  static constexpr size_t kSlack = 64;

  std::string_view text;
  uint64_t index = 0;   // 0, 1, 2 …
  uint64_t line = 0;    // number of the first line
  uint64_t before = 0;  // line ends in the chunks before this one: as many rows at most
  size_t lines = 0;     // its own
  std::optional<kernels::LineScan> scan = {};  // of the text, if it has been made

  // For the source: memory, what is in it, and where in the file that begins.
  std::unique_ptr<char[]> memory;
  size_t capacity = 0;
  size_t filled = 0;
  uint64_t offset = 0;
};

// Hands out chunks. All members are thread-safe.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;

  // The next chunk, into the memory that `chunk` has, and more where that is too little; false at
  // the end, or after Stop(). Throws kIo and kBadData, and is at the end then.
  virtual bool Next(Chunk* chunk) = 0;

  // No more chunks.
  virtual void Stop() = 0;

  // Bytes of the file that have been read, as they are stored.
  virtual uint64_t bytes() const = 0;
};

// Of a regular file: threads read side by side and agree only on where chunks begin. begin: where
// the rows begin; line: the number of the line there. chunk: bytes in a chunk, roughly.
std::unique_ptr<ChunkSource> ChunksOfFile(const InputFile& file, const CsvDialect& dialect,
                                          uint64_t begin, uint64_t line, size_t chunk);

// Of anything that `reader` reads: one thread at a time reads. skip: so many bytes of what the
// reader returns next are not rows.
std::unique_ptr<ChunkSource> ChunksOfStream(InputFile& file, LineReader& reader,
                                            const CsvDialect& dialect, size_t skip, uint64_t line);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_CHUNKS_H_
