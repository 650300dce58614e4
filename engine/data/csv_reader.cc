// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/data/csv_columns.h"
#include "engine/data/csv_lines.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_opening.h"
#include "engine/data/csv_plain.h"
#include "engine/data/csv_table.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

// Large enough that system calls cost nothing, small enough to stay in the second-level cache.
constexpr size_t kPiece = size_t{1} << 20;

// The same for the parallel reader, which goes over the text more than once.
constexpr size_t kChunk = size_t{1} << 18;

// No more rows than this are in a file of `size` bytes whose fields have a character each and are
// followed by another one, but for the very last. Where fields are missing it may have more.
size_t MaxRows(std::optional<size_t> size, size_t columns) {
  return size ? (*size + 1) / (2 * columns) : 0;
}

// Where the rows behind the header start in the file; nothing where the dialect is not one of plain
// rows, or the header too long to look for its end.
std::optional<uint64_t> BeginOfRows(LineReader& reader, const CsvOpening& opening) {
  if (opening.dialect.comment != '\0' || opening.dialect.carriage_returns) return {};
  if (!opening.header) return reader.skipped();
  RecordParser parser(opening.dialect.separator, opening.dialect.comment);
  for (size_t size = size_t{1} << 16; size <= size_t{1} << 22; size *= 4) {
    const std::string_view lines = reader.PeekLines(size);
    if (lines.empty() ||
        parser.Parse(lines.data(), lines.data() + lines.size()) != RecordKind::kRow) {
      continue;
    }
    return reader.skipped() + static_cast<uint64_t>(parser.next() - lines.data());
  }
  return {};
}

// Names of classes may be anything, but a few texts among many integers may as well be mistakes.
void NoteTextLabels(const std::string& file, Dataset::Storage& data) {
  std::vector<std::string> texts;
  std::vector<bool> is_text;
  for (const std::string& name : data.schema.classes) {
    is_text.push_back(!ParseInteger(name));
    if (is_text.back()) texts.push_back(Quoted(name));
  }
  if (texts.empty() || texts.size() == is_text.size()) return;
  const std::span<const uint32_t> labels(data.labels.data(), data.examples);
  const auto count = static_cast<size_t>(
      std::ranges::count_if(labels, [&](uint32_t label) -> bool { return is_text[label]; }));
  constexpr size_t kMany = 50;
  if (data.examples / count < kMany) return;
  data.notes.push_back(
      fmt::format("{}: found {} label{} of text among {} integers: {}; each is a class", file,
                  count, count == 1 ? "" : "s", data.examples - count, Abbreviated(texts)));
}

// chunk: for the parallel reader; 0: without it.
std::unique_ptr<Dataset::Storage> Read(const std::filesystem::path& file, const CsvOptions& options,
                                       size_t piece, size_t chunk) {
  InputFile input(file);
  LineReader reader(input, piece);
  const CsvOpening opening = ReadOpening(reader, input.name(), options);
  CsvColumns columns = ResolveColumns(input.name(), opening, options);
  const bool plain = chunk > 0 && columns.Plain();
  const auto begin = plain ? BeginOfRows(reader, opening) : std::nullopt;
  if (begin) {
    const PlainRows rows = {.begin = *begin,
                            .separator = opening.dialect.separator,
                            .columns = &columns,
                            .like = options.like ? &*options.like : nullptr,
                            .on_progress = options.on_progress};
    if (auto data = ReadPlainRows(input, rows, options.threads, chunk)) {
      data->notes = columns.notes;
      if (!options.like) NoteTextLabels(input.name(), *data);
      return data;
    }
  }
  const size_t max_rows = MaxRows(input.size(), columns.count);
  CsvTable table(input.name(), opening.dialect, std::move(columns), options, max_rows);
  const std::optional<InputFile::Stamp> stamp = input.stamp();
  const uint64_t size = stamp ? stamp->size : 0;
  size_t rest = 0;
  for (;;) {
    const std::string_view lines = reader.Next(table.row(), rest);
    if (lines.empty()) break;
    rest = lines.size() - table.Add(lines);
    if (options.on_progress) options.on_progress({.bytes = input.taken(), .size = size});
  }
  input.RequireUnchanged();
  std::unique_ptr<Dataset::Storage> data = table.Finish();
  if (!options.like) NoteTextLabels(input.name(), *data);
  return data;
}

}  // namespace

Dataset ReadCsvInPieces(const std::filesystem::path& file, const CsvOptions& options,
                        size_t piece) {
  return Dataset(Read(file, options, piece, 0));
}

Dataset ReadCsvInChunks(const std::filesystem::path& file, const CsvOptions& options,
                        size_t chunk) {
  return Dataset(Read(file, options, kPiece, chunk));
}

std::unique_ptr<Dataset::Storage> ReadCsvStorage(const std::filesystem::path& file,
                                                 const CsvOptions& options) {
  return Read(file, options, kPiece, kChunk);
}

Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options) {
  return Dataset(ReadCsvStorage(file, options));
}

}  // namespace colonnade
