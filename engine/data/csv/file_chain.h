// SPDX-License-Identifier: Apache-2.0
// Several files as one table.
#ifndef COLONNADE_ENGINE_DATA_CSV_FILE_CHAIN_H_
#define COLONNADE_ENGINE_DATA_CSV_FILE_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/csv/dialect.h"
#include "engine/data/csv/record.h"
#include "engine/runtime/file.h"

namespace colonnade {

// The files that a path means, in ascending order of their names' bytes: of a folder, those in it;
// of a pattern (`*`, `?` and `[…]`, where nothing has that name), those that match; else the path
// itself, whatever it is. Of folders and patterns, hidden and empty files, caches (*.colonnade) and
// what is no regular file do not count. Throws kIo where none is left.
std::vector<std::filesystem::path> FilesOf(const std::filesystem::path& path);

// The text of several files, one behind the other, in UTF-8: each may be compressed, and without a
// line end after its last line it gets one. The header of the first is the header of all: the
// others must have the same names, which are left out; where they are in another order, so are the
// fields, and they are put into the order of the first.
class FileChain {
 public:
  struct Format {
    std::optional<std::string> encoding = {};  // as for InputFile::TakeAsText()
    CsvDialect dialect = {};
    std::string header = {};  // the first file's, a line as it stands; empty: there is none
    size_t preamble = 0;      // lines in front of the header, of each file
    // What of a name counts, without spaces around it. Unset: all of it.
    std::function<std::string(std::string_view)> canonical = {};
  };
  FileChain(std::vector<std::filesystem::path> files, Format format);

  // For an InputFile, which adds messages about none but its own name. Throws Error: kBadData for a
  // file that does not go with the first.
  size_t Read(std::span<char> to);

  size_t files() const { return files_.size(); }

  // Where a line that has been read is: lines count from 1.
  struct Place {
    std::string file;
    uint64_t row = 0;
  };
  Place PlaceOf(uint64_t row) const;

 private:
  void Open();
  bool Refill(size_t piece);
  void TakeHeader();
  RecordKind ParseAt(size_t at);
  void CompareHeader(const std::vector<std::string>& names, uint64_t row);
  void Rearrange();
  void AppendRearranged(std::string_view record);
  std::vector<std::string> NamesIn(std::span<const CsvField> fields) const;
  [[noreturn]] void Fail(uint64_t row, ErrorDetails details) const;

  std::vector<std::filesystem::path> files_;
  Format format_;
  RecordParser parser_;
  std::vector<std::string> names_;  // of the header

  size_t next_ = 0;                  // of files_
  std::unique_ptr<InputFile> file_;  // that is being read
  std::string text_;                 // of it, up to a line end, but for Refill()
  bool at_end_ = false;              // all of it is in text_
  bool ended_ = true;                // what has been read of it ends in a line end, or is nothing
  uint64_t row_ = 1;                 // of text_'s first line, in the file
  std::vector<size_t> order_;  // where the columns are in the file; empty: where they should be

  std::string out_;  // what Read() returns next, from out_at_ on
  size_t out_at_ = 0;
  uint64_t lines_ = 0;  // that have gone into out_

  struct Start {
    uint64_t line = 0;  // the first, of all
    uint64_t row = 0;   // the same in its file
    size_t file = 0;
  };
  std::vector<Start> starts_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_FILE_CHAIN_H_
