// SPDX-License-Identifier: Apache-2.0
// Decoding chunks of a table.
#ifndef COLONNADE_ENGINE_DATA_CSV_DECODER_H_
#define COLONNADE_ENGINE_DATA_CSV_DECODER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/csv/chunks.h"
#include "engine/data/csv/judge.h"
#include "engine/data/csv/rows.h"
#include "kernels/csv_numbers.h"

namespace colonnade {

// A row that was left out, or that the reading ends at.
struct BadRow {
  uint64_t line = 0;
  Fault fault;
};

// What became of the rows of a chunk.
struct ChunkResult {
  uint64_t index = 0;
  size_t first = 0;  // where its rows begin
  size_t rows = 0;   // that were taken
  uint64_t dropped = 0;
  uint64_t bad_rows = 0;
  std::vector<BadRow> bad;                      // the first of those
  std::vector<uint32_t> incomplete;             // from `first` on
  std::vector<std::vector<std::string>> texts;  // of the columns that are kept
  bool widen = false;  // its rows are not all bytes: all of this means nothing
};

// One thread's decoder.
class ChunkDecoder {
 public:
  // Keeps references. skip_bad: bad rows are left out; else the first ends the chunk.
  ChunkDecoder(const TablePlan& plan, TableTexts& texts, bool skip_bad);

  // Decodes the rows of a chunk to the places from chunk.before on, where there is room.
  ChunkResult Decode(const Chunk& chunk, TableRows& rows);

  // Of all chunks.
  const TableTally& tally() const { return tally_; }

 private:
  // Columns whose fields are decoded together, or one of them.
  struct Step {
    size_t column;
    size_t count;
    size_t input;  // of a run of plain numbers, the first; else kNoColumn
  };

  bool DecodeBytes(const Chunk& chunk, TableRows& rows, ChunkResult* result);
  void DecodePlain(const Chunk& chunk, const kernels::LineScan& scan, TableRows& rows,
                   ChunkResult* result);
  void DecodeExactly(const Chunk& chunk, TableRows& rows, ChunkResult* result);
  const char* DecodeRecord(const Chunk& chunk, const char* p, uint64_t* line, TableRows& rows,
                           ChunkResult* result, bool* go_on);
  enum class Plain { kTaken, kDropped, kOdd };
  Plain DecodePlainRow(const char* text, size_t begin, const uint32_t* ends);
  bool Keep(TableRows& rows, ChunkResult* result);
  bool HasPlainLabels(const Chunk& chunk) const;
  bool TakeQuotes(std::string_view text, CsvField* field) const;

  const TablePlan& plan_;
  const bool skip_bad_;
  const bool bytes_;  // all columns but the label are plain numbers, in their order
  RecordParser parser_;
  RowJudge judge_;
  TableTally tally_;
  std::vector<Step> steps_;
  std::array<uint32_t, 256> small_codes_;  // of the labels "0" to "255", as far as they occurred
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> byte_labels_;
  RowValues values_;
  std::vector<Fault> faults_;
  std::unique_ptr<uint32_t[]> ends_;  // of the fields
  size_t ends_capacity_ = 0;
  bool quotes_ = false;  // the chunk has some
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_DECODER_H_
