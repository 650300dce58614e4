// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/csv/chunks.h"
#include "engine/data/csv/decoder.h"
#include "engine/data/csv/file_chain.h"
#include "engine/data/csv/finish.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/plan.h"
#include "engine/data/csv/sniff.h"
#include "engine/data/csv/text.h"
#include "engine/runtime/execution.h"
#include "engine/runtime/utf8.h"

namespace colonnade {
namespace {

// Large enough that system calls cost nothing, small enough to stay in the second-level cache.
constexpr size_t kPiece = size_t{1} << 18;

// Left out at most, where bad rows are skipped.
constexpr uint64_t kMostBad = 10;  // of how many one may be bad

struct Sizes {
  size_t piece = kPiece;  // to read at a time from a stream
  size_t chunk = kPiece;  // of a file; 0: as a stream
};

// All threads at the rows of a table.
class TableReader {
 public:
  TableReader(InputFile& input, const TablePlan& plan, const CsvOptions& options,
              ChunkSource& source, const FileChain* chain)
      : input_(input),
        chain_(chain),
        plan_(plan),
        options_(options),
        source_(source),
        texts_(plan),
        rows_(plan, Capacity()),
        tally_(plan) {
    if (!StartsWithBytes()) rows_.Widen(0);
  }

  std::unique_ptr<Dataset::Storage> Read() {
    Execution execution(options_.threads);
    const size_t workers = execution.threads();
    execution.ForEach(workers, [&](size_t, size_t) { Work(); });
    input_.RequireUnchanged();
    if (error_) std::rethrow_exception(error_);
    std::ranges::sort(results_, {}, &ChunkResult::index);
    ThrowFirst();
    CheckBad();
    CloseGaps();
    FindIndexes();
    Outcome outcome = Resolve(plan_, texts_, tally_);
    auto summary = std::make_shared<DataSummary>(Summarize(plan_, tally_, outcome));
    AddBad(summary.get());
    std::vector<std::string> notes = plan_.notes;
    for (const std::string& note : outcome.label.notes) notes.push_back(note);
    std::unique_ptr<Dataset::Storage> data =
        Assemble(plan_, tally_, std::move(outcome), rows_, options_.threads);
    summary->features = data->schema.features;
    if (tally_.dropped > 0) {
      notes.push_back(fmt::format("{}: left out {} row{} with missing values", plan_.file,
                                  tally_.dropped, tally_.dropped == 1 ? "" : "s"));
    }
    if (tally_.spanning > 0 && !plan_.predicting) {
      notes.push_back(fmt::format(
          "{}: {} row{} with fields in quotes that span lines, the first in "
          "line {} (`quote` none if quotation marks are text)",
          plan_.file, tally_.spanning, tally_.spanning == 1 ? "" : "s", tally_.first_spanning));
    }
    if (tally_.unknown > 0) {
      notes.push_back(
          fmt::format("{}: {} row{} with unknown categories, all of whose features are "
                      "0",
                      plan_.file, tally_.unknown, tally_.unknown == 1 ? "" : "s"));
    }
    data->notes = std::move(notes);
    data->incomplete = std::move(incomplete_);
    data->summary = std::move(summary);
    for (size_t k = 0; k < plan_.kept.size(); ++k) {
      data->texts.push_back(
          {.name = plan_.columns[plan_.kept[k]].name, .values = std::move(kept_[k])});
    }
    return data;
  }

 private:
  // By the sample, whether the values may be bytes. What is narrower after all becomes so later.
  bool StartsWithBytes() const {
    const auto& rows = plan_.opening.rows;
    constexpr size_t kLooked = 4096;
    size_t looked = 0;
    for (size_t r = 0; r < rows.size() && looked < kLooked; ++r) {
      for (const size_t column : plan_.inputs) {
        const ColumnPlan& plan = plan_.columns[column];
        if (plan.reading == Reading::kDate) return false;
        if (plan.reading != Reading::kNumber || !plan.plain || column >= rows[r].size()) continue;
        float value = 0;
        ++looked;
        if (ParseNumber(rows[r][column].text, &value) == NumberError::kNone && !ToByte(value)) {
          return false;
        }
      }
    }
    return true;
  }

  // Rows that there may be, judging by the sample; more are no problem.
  size_t Capacity() const {
    constexpr size_t kUnknown = 4096;
    const std::optional<size_t> size = input_.size();
    const auto& rows = plan_.opening.rows;
    if (!size || rows.empty()) return kUnknown;
    size_t bytes = 0;
    const size_t looked = std::min<size_t>(rows.size(), 1000);
    for (size_t r = 0; r < looked; ++r) {
      for (const SampleField& field : rows[r]) bytes += field.text.size() + 1;
    }
    const double each = static_cast<double>(bytes) / static_cast<double>(looked);
    const double most = static_cast<double>(*size) / std::max(each, 2.0);
    // Not more than the memory could hold, whatever the sample promises.
    const auto bytes_each = static_cast<double>(ColumnStride(plan_.inputs.size(), 1));
    const double fit = std::max(PhysicalMemory() / (8 * bytes_each), double{kUnknown});
    return static_cast<size_t>(std::min({1.2 * most + 64, fit, static_cast<double>(kMaxExamples)}));
  }

  // One thread's share of the chunks.
  void Work() {
    ChunkDecoder decoder(plan_, texts_, options_.bad_rows != BadRows::kRefuse);
    try {
      Chunk chunk;
      while (source_.Next(&chunk)) {
        ChunkResult result = Decode(chunk, decoder);
        if (!result.bad.empty() && options_.bad_rows == BadRows::kRefuse) source_.Stop();
        const std::lock_guard lock(mutex_);
        results_.push_back(std::move(result));
        if (options_.on_progress) {
          const auto stamp = input_.stamp();
          options_.on_progress({.bytes = source_.bytes(), .size = stamp ? stamp->size : 0});
        }
      }
    } catch (...) {
      source_.Stop();
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    tally_.Add(decoder.tally());
  }

  // Several threads decode at once, but memory moves for one alone.
  ChunkResult Decode(const Chunk& chunk, ChunkDecoder& decoder) {
    const uint64_t end = chunk.before + chunk.lines;
    if (end > kMaxExamples) {
      throw Error(
          ErrorCode::kBadData,
          {.file = plan_.file, .found = fmt::format("more than {} examples", kMaxExamples)});
    }
    for (;;) {
      {
        const std::shared_lock lock(memory_);
        if (end <= rows_.capacity()) {
          ChunkResult result = decoder.Decode(chunk, rows_);
          if (!result.widen) return result;
        }
      }
      const std::unique_lock lock(memory_);
      if (end > rows_.capacity()) {
        const size_t capacity = std::max<size_t>(2 * rows_.capacity(), static_cast<size_t>(end));
        rows_.Reserve(std::min(capacity, kMaxExamples), rows_.capacity());
      } else if (rows_.type() == ElementType::kU8) {
        rows_.Widen(rows_.capacity());
      }
    }
  }

  ErrorDetails DetailsOf(const BadRow& row) const {
    ErrorDetails details =
        row.fault.column == kNoColumn ? ErrorDetails() : plan_.Of(row.fault.column);
    details.file = plan_.file;
    details.row = row.line;
    if (chain_ != nullptr) {
      const FileChain::Place place = chain_->PlaceOf(row.line);
      details.file = place.file;
      details.row = place.row;
    }
    details.found = row.fault.found;
    details.expected = row.fault.expected;
    details.advice = row.fault.advice;
    return details;
  }

  // The first bad row of all.
  void ThrowFirst() const {
    if (options_.bad_rows != BadRows::kRefuse) return;
    for (const ChunkResult& result : results_) {
      if (!result.bad.empty()) throw Error(ErrorCode::kBadData, DetailsOf(result.bad[0]));
    }
  }

  void CheckBad() {
    for (const ChunkResult& result : results_) {
      bad_rows_ += result.bad_rows;
      for (const BadRow& row : result.bad) {
        if (bad_.size() < 10) bad_.push_back(row);
      }
    }
    if (bad_rows_ == 0 || options_.bad_rows != BadRows::kSkip) return;
    const uint64_t rows = bad_rows_ + tally_.rows + tally_.dropped;
    if (kMostBad * bad_rows_ <= rows) return;
    ErrorDetails details = DetailsOf(bad_[0]);
    details.advice = fmt::format("{} of {} rows are bad; `bad-rows` skip-any leaves out any number",
                                 bad_rows_, rows);
    throw Error(ErrorCode::kBadData, std::move(details));
  }

  void AddBad(DataSummary* summary) const {
    summary->bad_rows = bad_rows_;
    for (const BadRow& row : bad_) {
      summary->bad.push_back(Error(ErrorCode::kBadData, DetailsOf(row)).what());
    }
  }

  // Chunks took as many places as they have lines, but may have fewer rows.
  void CloseGaps() {
    kept_.resize(plan_.kept.size());
    size_t next = 0;
    for (ChunkResult& result : results_) {
      rows_.Move(result.first, next, result.rows);
      for (const uint32_t row : result.incomplete) {
        incomplete_.push_back(static_cast<uint32_t>(next + row));
      }
      for (size_t k = 0; k < kept_.size(); ++k) {
        std::ranges::move(result.texts[k], std::back_inserter(kept_[k]));
      }
      next += result.rows;
    }
  }

  // Columns that the sample takes for an index: whether they are.
  void FindIndexes() {
    for (const size_t column : plan_.inputs) {
      const ColumnPlan& plan = plan_.columns[column];
      if (!plan.counts || tally_.rows == 0 || tally_.columns[column].missing > 0) continue;
      const auto value = [&](size_t row) {
        return rows_.type() == ElementType::kU8
                   ? static_cast<float>(rows_.builder().BytesOf(row)[plan.input])
                   : rows_.builder().FloatsOf(row)[plan.input];
      };
      const auto start = static_cast<double>(value(0));
      bool counts = true;
      for (size_t e = 0; counts && e < tally_.rows; ++e) {
        counts = value(e) == static_cast<float>(start + static_cast<double>(e));
      }
      tally_.columns[column].index = counts;
    }
  }

  InputFile& input_;
  const FileChain* chain_;  // that the input is made of, or null
  const TablePlan& plan_;
  const CsvOptions& options_;
  ChunkSource& source_;
  TableTexts texts_;
  std::shared_mutex memory_;  // of rows_
  TableRows rows_;
  std::mutex mutex_;  // of what follows, while threads are at work
  TableTally tally_;
  std::vector<ChunkResult> results_;
  std::exception_ptr error_;
  uint64_t bad_rows_ = 0;
  std::vector<BadRow> bad_;
  std::vector<uint32_t> incomplete_;
  std::vector<std::vector<std::string>> kept_;
};

std::unique_ptr<Dataset::Storage> Read(InputFile& input, const CsvOptions& options, Sizes sizes,
                                       const FileChain* chain = nullptr) {
  LineReader reader(input, sizes.piece);
  Opening opening = Sniff(input, reader, options);
  const uint64_t mark = opening.byte_order_mark ? kUtf8Mark.size() : 0;
  const uint64_t begin = opening.begin;
  const uint64_t line = opening.line;
  const TablePlan plan = MakePlan(input.name(), std::move(opening), options);
  const bool anywhere = input.seekable() && !plan.dialect.carriage_returns &&
                        plan.dialect.delimiter.empty() && sizes.chunk > 0;
  const std::unique_ptr<ChunkSource> source =
      anywhere ? ChunksOfFile(input, plan.dialect, mark + begin, line, sizes.chunk)
               : ChunksOfStream(input, reader, plan.dialect, static_cast<size_t>(begin), line);
  return TableReader(input, plan, options, *source, chain).Read();
}

std::unique_ptr<Dataset::Storage> ReadChain(const std::filesystem::path& path,
                                            std::vector<std::filesystem::path> files,
                                            const CsvOptions& options, Sizes sizes) {
  const std::unique_ptr<FileChain> chain = ChainOf(std::move(files), options);
  InputFile all(path.string(), [&](std::span<char> to) { return chain->Read(to); });
  std::unique_ptr<Dataset::Storage> data = Read(all, options, sizes, chain.get());
  auto summary = std::make_shared<DataSummary>(*data->summary);
  summary->files = chain->files();
  data->summary = std::move(summary);
  return data;
}

std::unique_ptr<Dataset::Storage> Read(const std::filesystem::path& path, const CsvOptions& options,
                                       Sizes sizes) {
  options.Check();
  std::vector<std::filesystem::path> files = FilesOf(path);
  if (files.size() > 1) return ReadChain(path, std::move(files), options, sizes);
  InputFile input(files.front());
  input.TakeAsText(options.encoding);
  return Read(input, options, sizes);
}

}  // namespace

std::unique_ptr<FileChain> ChainOf(std::vector<std::filesystem::path> files,
                                   const CsvOptions& options) {
  FileChain::Format format = {.encoding = options.encoding};
  InputFile first(files.front());
  first.TakeAsText(options.encoding);
  LineReader reader(first, kPiece);
  const Opening opening = Sniff(first, reader, options);
  format.dialect = opening.dialect;
  format.preamble = static_cast<size_t>(opening.preamble);
  if (opening.header) format.header = opening.header_text;
  format.canonical = [](std::string_view name) { return Normalized(name); };
  return std::make_unique<FileChain>(std::move(files), std::move(format));
}

Dataset ReadCsvInPieces(const std::filesystem::path& file, const CsvOptions& options,
                        size_t piece) {
  return Dataset(Read(file, options, {.piece = piece, .chunk = 0}));
}

Dataset ReadCsvInChunks(const std::filesystem::path& file, const CsvOptions& options,
                        size_t chunk) {
  return Dataset(Read(file, options, {.piece = kPiece, .chunk = chunk}));
}

std::unique_ptr<Dataset::Storage> ReadCsvStorage(const std::filesystem::path& file,
                                                 const CsvOptions& options) {
  return Read(file, options, {});
}

std::unique_ptr<Dataset::Storage> ReadCsvStorage(InputFile& input, const CsvOptions& options) {
  return Read(input, options, {});
}

Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options) {
  return Dataset(ReadCsvStorage(file, options));
}

}  // namespace colonnade
