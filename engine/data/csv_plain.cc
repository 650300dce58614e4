// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_plain.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv_chunk.h"
#include "engine/data/csv_rows.h"
#include "engine/data/dataset_builder.h"
#include "engine/runtime/execution.h"
#include "kernels/csv_decode.h"

namespace colonnade {
namespace {

// The chunks of a file, handed out in order, and the rows that precede each. All members but the
// constructor are thread-safe.
class ChunkQueue {
 public:
  // The chunks next, next + 1, .. count - 1, of which the first starts with row `row`.
  ChunkQueue(uint64_t next, uint64_t count, uint64_t row)
      : count_(count), next_(next), turn_(next), row_(row), stop_(count) {}

  // The next chunk; nothing when there is none, or one before it failed.
  std::optional<uint64_t> Take() {
    const std::lock_guard lock(mutex_);
    return next_ < stop_ ? std::optional(next_++) : std::nullopt;
  }

  // Tells how many rows a chunk has; returns the row that it starts with, when those before it have
  // told. Nothing where one before it failed.
  std::optional<uint64_t> Place(uint64_t chunk, uint64_t rows) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == chunk || stop_ < chunk; });
    if (turn_ != chunk) return std::nullopt;
    const uint64_t row = row_;
    row_ += rows;
    ++turn_;
    changed_.notify_all();
    return row;
  }

  // A chunk that starts with `row` failed. Of several, the first one counts.
  void Fail(uint64_t chunk, uint64_t row, RowsResult why) {
    const std::lock_guard lock(mutex_);
    if (chunk >= stop_) return;
    stop_ = chunk;
    stop_row_ = row;
    why_ = why;
    changed_.notify_all();
  }

  // ---- When all threads are done ----

  bool failed() const { return stop_ < count_; }
  uint64_t stop() const { return stop_; }                        // the chunk that failed first
  uint64_t rows() const { return failed() ? stop_row_ : row_; }  // before it, or in all
  RowsResult why() const { return why_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  const uint64_t count_;
  uint64_t next_;  // to be taken
  uint64_t turn_;  // the next one to be placed, at row_
  uint64_t row_;
  uint64_t stop_;  // the first one that failed; count_: none
  uint64_t stop_row_ = 0;
  RowsResult why_ = RowsResult::kDone;
};

// No more rows than this are in so many bytes: each field has one character and is followed by
// another one, but for the very last.
size_t MaxRows(uint64_t size, size_t columns) {
  return static_cast<size_t>((size + 1) / (2 * columns));
}

class PlainReader {
 public:
  PlainReader(const InputFile& file, const PlainRows& rows, size_t chunk)
      : file_(file),
        rows_(rows),
        end_(EndOfRows(file, rows.begin)),
        chunk_(chunk),
        chunks_((end_ - rows.begin + chunk - 1) / chunk),
        max_rows_(MaxRows(end_ - rows.begin, rows.columns->count)),
        classes_(rows.like != nullptr ? &rows.like->classes : nullptr, rows.columns->task),
        builder_(rows.columns->features(), rows.columns->labels(), max_rows_) {}

  std::unique_ptr<Dataset::Storage> Read(int threads) {
    if (chunks_ == 0 || builder_.capacity() < max_rows_) return {};
    Execution execution(chunks_ == 1 ? 1 : threads);
    for (uint64_t next = 0; next < chunks_;) {
      ChunkQueue queue(next, chunks_, builder_.examples());
      const auto workers =
          static_cast<size_t>(std::min<uint64_t>(execution.threads(), chunks_ - next));
      execution.ForEach(workers, [&](size_t, size_t) { Work(queue); });
      if (error_) std::rethrow_exception(error_);
      if (queue.failed() && queue.why() != RowsResult::kNotBytes) return {};
      builder_.Take(static_cast<size_t>(queue.rows()));
      next = queue.stop();
      if (queue.failed()) {
        builder_.Widen();
        if (builder_.capacity() < max_rows_) return {};
      }
    }
    Schema schema = MakeSchema(*rows_.columns);
    schema.classes = builder_.FinishLabels(classes_.classes());
    return builder_.Finish(std::move(schema));
  }

 private:
  // One thread's share of the chunks.
  void Work(ChunkQueue& queue) {
    std::optional<uint64_t> chunk;
    try {
      ChunkReader reader(file_, rows_.begin, end_);
      RowDecoder decoder(rows_.separator, *rows_.columns, classes_);
      while ((chunk = queue.Take())) {
        Process(*chunk, reader, decoder, queue);
        if (rows_.on_progress) ReportChunk();
      }
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
      queue.Fail(chunk.value_or(0), 0, RowsResult::kNotPlain);
    }
  }

  void ReportChunk() {
    const std::lock_guard lock(progress_mutex_);
    const uint64_t bytes = rows_.begin + ++chunks_done_ * chunk_;
    rows_.on_progress({.bytes = std::min(bytes, end_), .size = end_});
  }

  void Process(uint64_t chunk, ChunkReader& reader, RowDecoder& decoder, ChunkQueue& queue) {
    const uint64_t from = rows_.begin + chunk * chunk_;
    const std::optional<std::string_view> lines = reader.Read(from, from + chunk_);
    if (!lines) return queue.Fail(chunk, 0, RowsResult::kNotPlain);
    const size_t count = kernels::CountNewlines(lines->data(), lines->size());
    const std::optional<uint64_t> row = queue.Place(chunk, count);
    if (!row || count == 0) return;
    // More where rows are too short, empty ones for instance.
    RowsResult result = RowsResult::kNotPlain;
    if (*row + count <= max_rows_ && *row + count <= kMaxExamples) {
      result = decoder.Decode(*lines, count, static_cast<size_t>(*row), builder_);
    }
    if (result != RowsResult::kDone) queue.Fail(chunk, *row, result);
  }

  const InputFile& file_;
  const PlainRows rows_;
  const uint64_t end_;
  const size_t chunk_;
  const uint64_t chunks_;
  const size_t max_rows_;
  SharedClasses classes_;
  DatasetBuilder builder_;
  std::mutex progress_mutex_;
  uint64_t chunks_done_ = 0;
  std::mutex error_mutex_;
  std::exception_ptr error_;
};

}  // namespace

std::unique_ptr<Dataset::Storage> ReadPlainRows(const InputFile& file, const PlainRows& rows,
                                                int threads, size_t chunk) {
  if (!file.seekable() || rows.begin >= *file.size()) return {};
  std::unique_ptr<Dataset::Storage> data = PlainReader(file, rows, chunk).Read(threads);
  // Also where the rows are wrong: no parser can say how while they change.
  file.RequireUnchanged();
  return data;
}

}  // namespace colonnade
