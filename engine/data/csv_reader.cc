#include "engine/data/csv_reader.h"

#include <optional>
#include <string_view>
#include <utility>

#include "engine/data/csv_columns.h"
#include "engine/data/csv_lines.h"
#include "engine/data/csv_opening.h"
#include "engine/data/csv_table.h"

namespace colonnade {
namespace {

// Large enough that system calls cost nothing, small enough to stay in the second-level cache.
constexpr size_t kPiece = size_t{1} << 20;

// No more rows than this are in a file of `size` bytes whose fields have a character each and are
// followed by another one, but for the very last. Where fields are missing it may have more.
size_t MaxRows(std::optional<size_t> size, size_t columns) {
  return size ? (*size + 1) / (2 * columns) : 0;
}

}  // namespace

Dataset ReadCsvInPieces(const std::filesystem::path& file, const CsvOptions& options,
                        size_t piece) {
  InputFile input(file);
  LineReader reader(input, piece);
  const CsvOpening opening = ReadOpening(reader, input.name(), options);
  CsvColumns columns = ResolveColumns(input.name(), opening, options);
  const size_t max_rows = MaxRows(input.size(), columns.count);
  CsvTable table(input.name(), opening.dialect, std::move(columns), options.like, max_rows);
  size_t rest = 0;
  for (;;) {
    const std::string_view lines = reader.Next(table.row(), rest);
    if (lines.empty()) return table.Finish();
    rest = lines.size() - table.Add(lines);
  }
}

Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options) {
  return ReadCsvInPieces(file, options, kPiece);
}

}  // namespace colonnade
