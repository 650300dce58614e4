// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/chunks.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <optional>
#include <string>

#include "colonnade/error.h"
#include "engine/data/csv/record.h"
#include "engine/data/csv/text.h"
#include "kernels/csv_decode.h"
#include "kernels/csv_numbers.h"

namespace colonnade {
namespace {

void Reserve(size_t size, size_t used, Chunk* chunk) {
  const size_t needed = Chunk::kSlack + size + 1 + Chunk::kSlack;  // 1: for a last '\n'
  if (needed <= chunk->capacity) return;
  auto larger = std::make_unique_for_overwrite<char[]>(needed);
  std::memset(larger.get(), '\n', Chunk::kSlack);
  if (used > 0) {
    std::memcpy(larger.get() + Chunk::kSlack, chunk->memory.get() + Chunk::kSlack, used);
  }
  chunk->memory = std::move(larger);
  chunk->capacity = needed;
}

// Whether quotes that enclose whole fields mean just that.
bool IsSimple(const CsvDialect& dialect) {
  return dialect.escape == '\0' && dialect.separator != ' ' && dialect.separator != dialect.quote;
}

class FileChunks : public ChunkSource {
 public:
  FileChunks(const InputFile& file, const CsvDialect& dialect, uint64_t begin, uint64_t line,
             size_t chunk)
      : file_(file),
        dialect_(dialect),
        cutter_(dialect),
        begin_(begin),
        end_(*file.size()),
        size_(chunk),
        start_(begin),
        line_(line),
        bytes_(begin) {}

  bool Next(Chunk* chunk) override {
    uint64_t index = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_ || broken_ || begin_ + next_ * size_ >= end_) return false;
      index = next_++;
    }
    try {
      Fill(index, chunk);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      broken_ = true;
      changed_.notify_all();
      throw;
    }
    return true;
  }

  // Chunks that have been taken are made all the same: one of them may have the first fault.
  void Stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  uint64_t bytes() const override { return std::min(bytes_.load(), end_); }

 private:
  // What a thread finds out about its chunk before it knows where that begins.
  struct Guess {
    uint64_t start = 0;
    uint64_t stop = 0;
    size_t lines = 0;
    std::optional<kernels::LineScan> scan = {};
    bool sure = false;  // it is that if it begins there
  };

  // Takes the bytes [from, to) and then up to the end of the last line that starts there, and makes
  // of that the chunk when its turn has come.
  void Fill(uint64_t index, Chunk* chunk) {
    const uint64_t from = begin_ + index * size_;
    const uint64_t to = std::min(from + size_, end_);
    // With the byte before, which tells whether a line starts at `from`.
    chunk->offset = from > begin_ ? from - 1 : from;
    chunk->filled = 0;
    Load(chunk, to, /*whole_line=*/true);
    Guess guess = GuessOf(*chunk, from, to);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == index || broken_; });
    chunk->index = index;
    chunk->line = line_;
    chunk->before = before_;
    chunk->lines = 0;
    chunk->scan.reset();
    chunk->text = {};
    if (turn_ != index) return;  // there is nothing to follow
    if (!guess.sure || guess.start != start_) guess = Exact(chunk, to);
    if (guess.stop > guess.start) {
      chunk->text =
          std::string_view(At(*chunk, guess.start), static_cast<size_t>(guess.stop - guess.start));
      if (chunk->text.back() != '\n') {
        // The last line of the file has none; there is room for it.
        *(chunk->memory.get() + Chunk::kSlack + (guess.stop - chunk->offset)) = '\n';
        chunk->text = {chunk->text.data(), chunk->text.size() + 1};
        ++guess.lines;
        guess.scan.reset();  // it is of another text
      }
      chunk->lines = guess.lines;
      chunk->scan = guess.scan;
      start_ = guess.stop;
    }
    line_ += chunk->lines;
    before_ += chunk->lines;
    ++turn_;
    bytes_ = to;
    changed_.notify_all();
  }

  static const char* At(const Chunk& chunk, uint64_t place) {
    return chunk.memory.get() + Chunk::kSlack + (place - chunk.offset);
  }

  // Reads on up to `to`, and further to the end of a line that reaches beyond it.
  void Load(Chunk* chunk, uint64_t to, bool whole_line) {
    const uint64_t offset = chunk->offset;
    uint64_t wanted = std::min(to + (whole_line ? rest_.load() : 0), end_);
    size_t searched = static_cast<size_t>(to - offset) - 1;
    for (;;) {
      const auto size = static_cast<size_t>(wanted - offset);
      if (size > chunk->filled) {
        Reserve(size, chunk->filled, chunk);
        const size_t more = size - chunk->filled;
        const size_t got = file_.ReadAt({chunk->memory.get() + Chunk::kSlack + chunk->filled, more},
                                        offset + chunk->filled);
        if (got != more) file_.RequireUnchanged();  // throws, or else it was never so long
        chunk->filled += got;
        if (got != more) {
          throw Error(ErrorCode::kIo, {.file = file_.name(),
                                       .found = "an end before its size",
                                       .expected = "a file that stays as it is"});
        }
      }
      const char* const text = chunk->memory.get() + Chunk::kSlack;
      const auto* newline =
          static_cast<const char*>(std::memchr(text + searched, '\n', chunk->filled - searched));
      if (!whole_line || newline != nullptr || wanted == end_) {
        if (newline != nullptr) {
          const auto used = static_cast<size_t>(newline - text) + 1;
          const size_t rest = used - std::min(used, static_cast<size_t>(to - offset));
          if (rest + 1024 > rest_) rest_ = std::min(rest + 1024, kMostRest);
        }
        return;
      }
      if (chunk->filled > LineReader::kMaxLine + size_) ThrowLong();
      searched = chunk->filled;
      wanted = std::min(offset + 2 * chunk->filled, end_);
    }
  }

  Guess GuessOf(const Chunk& chunk, uint64_t from, uint64_t to) const {
    Guess guess;
    const uint64_t offset = chunk.offset;
    const std::string_view text(chunk.memory.get() + Chunk::kSlack, chunk.filled);
    if (dialect_.comment != '\0') return guess;
    size_t start = 0;
    if (offset < from) {
      start = text.find('\n') + 1;
      if (start == 0) return guess;
    }
    const size_t newline = text.find('\n', static_cast<size_t>(to - offset) - 1);
    const size_t stop = newline == std::string_view::npos ? text.size() : newline + 1;
    if (start > stop) return guess;
    guess.start = offset + start;
    guess.stop = offset + stop;
    if (dialect_.quote == '\0') {
      guess.lines = kernels::CountNewlines(text.data() + start, stop - start);
      guess.sure = true;
      return guess;
    }
    // Where quotes enclose whole fields, the first line end outside of them ends a record.
    const kernels::LineScan scan =
        kernels::ScanLines(text.data() + start, stop - start, dialect_.separator, dialect_.quote);
    guess.lines = scan.lines;
    guess.scan = scan;
    guess.sure = !scan.quotes || (IsSimple(dialect_) && scan.regular && scan.inside <= kMostLines);
    return guess;
  }

  // Knowing where it begins.
  Guess Exact(Chunk* chunk, uint64_t to) {
    Guess guess{.start = start_, .stop = start_, .lines = 0, .sure = true};
    if (start_ >= to) return guess;  // all of it belongs to records of the chunk before
    for (uint64_t reach = to;;) {
      const uint64_t offset = chunk->offset;
      const uint64_t have = offset + chunk->filled;
      const bool all = have == end_;
      char* const text = chunk->memory.get() + Chunk::kSlack + (start_ - offset);
      auto size = static_cast<size_t>(have - start_);
      if (all) {
        text[size] = '\n';
      } else {
        // Whole lines.
        size = std::string_view(text, size).rfind('\n') + 1;
      }
      const bool ended = all && size > 0 && text[size - 1] != '\n';
      std::optional<size_t> cut;
      if (size > 0) {
        cut = cutter_.Cut({text, size + (ended ? 1 : 0)}, static_cast<size_t>(to - start_), all,
                          false);
      }
      if (cut) {
        *cut = std::min(*cut, size);
        guess.stop = start_ + *cut;
        guess.lines = kernels::CountNewlines(text, *cut);
        return guess;
      }
      if (have - start_ > LineReader::kMaxLine + size_) ThrowLong();
      reach = std::min(reach + (have - start_), end_);
      Load(chunk, std::max(reach, have), true);
    }
  }

  [[noreturn]] void ThrowLong() const {
    ThrowBadRow(file_.name(), line_,
                {.found = "a line, or a field in quotes, of more than 64 MiB",
                 .expected = "fields separated by commas or the like, one example per line"});
  }

  static constexpr size_t kMostRest = size_t{4} << 20;

  const InputFile& file_;
  const CsvDialect dialect_;
  const RecordCutter cutter_;
  const uint64_t begin_;
  const uint64_t end_;
  const size_t size_;
  std::atomic<size_t> rest_ = 4096;  // to read beyond a chunk, by experience

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  bool broken_ = false;  // a chunk could not be made
  uint64_t next_ = 0;    // to be taken
  uint64_t turn_ = 0;    // to be made, beginning at start_
  uint64_t start_;
  uint64_t line_;
  uint64_t before_ = 0;
  std::atomic<uint64_t> bytes_;
};

class StreamChunks : public ChunkSource {
 public:
  StreamChunks(InputFile& file, LineReader& reader, const CsvDialect& dialect, size_t skip,
               uint64_t line)
      : file_(file), reader_(reader), cutter_(dialect), skip_(skip), line_(line) {}

  bool Next(Chunk* chunk) override {
    const std::lock_guard lock(mutex_);
    while (!stopped_) {
      std::string_view text = reader_.Next(line_, keep_);
      const bool all = text.empty();
      if (all) {
        stopped_ = true;
        if (keep_ == 0) return false;
        text = reader_.Last(keep_);
      }
      const size_t skipped = std::min(skip_, text.size());
      skip_ -= skipped;
      text.remove_prefix(skipped);
      bytes_ = file_.taken();
      if (text.empty()) {
        keep_ = 0;
        continue;
      }
      const size_t cut = cutter_.Cut(text, text.size(), all, true).value_or(0);
      keep_ = text.size() - cut;
      if (cut == 0) continue;
      Reserve(cut, 0, chunk);
      char* const to = chunk->memory.get() + Chunk::kSlack;
      std::memcpy(to, text.data(), cut);
      chunk->text = {to, cut};
      chunk->index = index_++;
      chunk->line = line_;
      chunk->before = before_;
      chunk->lines = kernels::CountNewlines(to, cut);
      line_ += chunk->lines;
      before_ += chunk->lines;
      return true;
    }
    return false;
  }

  void Stop() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  uint64_t bytes() const override { return bytes_; }

 private:
  InputFile& file_;
  LineReader& reader_;
  const RecordCutter cutter_;
  std::mutex mutex_;
  size_t skip_;
  size_t keep_ = 0;
  bool stopped_ = false;
  uint64_t index_ = 0;
  uint64_t line_;
  uint64_t before_ = 0;
  std::atomic<uint64_t> bytes_ = 0;
};

}  // namespace

std::unique_ptr<ChunkSource> ChunksOfFile(const InputFile& file, const CsvDialect& dialect,
                                          uint64_t begin, uint64_t line, size_t chunk) {
  return std::make_unique<FileChunks>(file, dialect, begin, line, chunk);
}

std::unique_ptr<ChunkSource> ChunksOfStream(InputFile& file, LineReader& reader,
                                            const CsvDialect& dialect, size_t skip, uint64_t line) {
  return std::make_unique<StreamChunks>(file, reader, dialect, skip, line);
}

}  // namespace colonnade
