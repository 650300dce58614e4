// SPDX-License-Identifier: Apache-2.0
// Reading and writing tables as files.
#ifndef COLONNADE_CSV_H_
#define COLONNADE_CSV_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/names.h"

namespace colonnade {

enum class Header {
  kAuto,  // judged by the first rows: a header is text above numbers, or text alone
  kYes,
  kNo,
};

inline constexpr NameRow<Header> kHeaders[] = {
    {Header::kAuto, "auto"}, {Header::kYes, "yes"}, {Header::kNo, "no"}};
constexpr std::span<const NameRow<Header>> NamesOf(Header) { return kHeaders; }

// What the label column holds.
enum class Task {
  kAuto,      // classes, unless one of its labels is a number that is not an integer
  kClassify,  // classes
  kRegress,   // numbers, to be predicted as such
};

inline constexpr NameRow<Task> kTasks[] = {
    {Task::kAuto, "auto"}, {Task::kClassify, "classify"}, {Task::kRegress, "regress"}};
constexpr std::span<const NameRow<Task>> NamesOf(Task) { return kTasks; }

// How far the reading of a file has come.
struct LoadProgress {
  uint64_t bytes = 0;  // as they are stored; starts anew where a slower reader takes over
  uint64_t size = 0;   // of the file; 0: not known
};

struct CsvOptions {
  Header header = Header::kAuto;

  // What separates fields: ',', ';', '\t', '|', or ' ' for any run of spaces and tabs. Unset:
  // judged by the first rows.
  std::optional<char> delimiter = {};

  // Lines that start with this character are left out. Unset: none.
  std::optional<char> comment = {};

  // The column that holds the class: a name from the header, or an index from 0, or from -1
  // backwards. Unset: the column named "label", else the first. Ignored with `like`, which knows
  // its label column.
  std::optional<std::string> label_column = {};

  Task task = Task::kAuto;  // ignored with `like`, which knows

  // The column that holds how much each example counts in training and evaluation, finite numbers
  // of at least 0, not all 0: a name or an index as above. It is no feature. Unset: all count the
  // same. Ignored with `like`, which knows; a table with a header may then lack the column.
  std::optional<std::string> weight_column = {};

  // Threads that decode a regular file: 0 as many as DefaultThreads() (colonnade/machine.h) says,
  // at most those of the caller's oneTBB arena. The result does not depend on it.
  int threads = 0;

  // Columns to leave out, and columns whose values are categories, each by name or index as above.
  // Every value of a categorical column becomes a feature of its own (one-hot encoding), in
  // ascending order; {"auto"} means all columns that hold text in the first rows. A value that
  // `like` does not know becomes 0 in all of them, and a note (scikit-learn: OneHotEncoder with
  // handle_unknown="ignore"). Ignored with `like`, which knows.
  std::vector<std::string> ignore_columns = {};
  std::vector<std::string> categorical = {};

  // What happens to fields that are empty, ?, NA, N/A, NaN or null, in capitals or not. A row
  // without a label is bad data or dropped. Ignored with `like`, which knows.
  Missing missing = Missing::kError;

  // Data that a model or another table must fit: where both have names, a column for each of its
  // names, in any order; else the same number of columns; and no class that it does not know.
  // Labels become its class indices. Unset: the table stands for itself.
  std::optional<Schema> like = {};

  // With `like`: the table may lack the label column, or have anything in it; the result is then
  // unlabelled. For prediction.
  bool labels_optional = false;

  // ReadData(): reads a CSV file from the cache beside it, FILE.colonnade (colonnade/cache.h), and
  // makes the cache where there is none, or where file or options are not those that it was made
  // of. What was done is among Dataset::notes(), and so is a cache that cannot be written.
  bool cache = false;

  // Called every MiB or so of text, by any of the threads, but one at a time. What it throws ends
  // the reading. May be empty.
  std::function<void(const LoadProgress&)> on_progress = {};

  // Throws kInvalidArgument where an option cannot be meant, whatever the file; ReadCsv() calls it.
  void Check() const;
};

// Reads a table of numbers, one example per row; the file "-" is standard input. Lines end in LF,
// CRLF or lone CR, the last one may end in none of them; empty lines may follow it. Fields may be
// in quotes, and may hold separators, line ends and doubled quotes then. Spaces around fields do
// not count. The text is UTF-8, with or without a byte order mark.
//
// Feature fields are decimal numbers as in C (12, +1, -0.5, .5, 5., 1e-3); a dataset whose features
// are all integers 0..255 is stored as bytes, any other as f32. Class labels are integers or text;
// the distinct ones, in ascending order, become the classes. Labels may also be numbers, see Task.
//
// Throws kIo where the file cannot be read, kBadData (file, row, column, found, expected) where it
// is not such a table, kInvalidArgument where an option cannot be meant, or label_column is not one
// of its columns. The row in a message is the number of the line, from 1, as an editor shows it.
[[nodiscard]] Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options = {});

// Reads a file of lines "class,weight", after a line with these two words or not, into one weight
// per class, in the order of `classes`. Throws kIo, and kBadData unless each of them is there once,
// with a number of at least 0.
[[nodiscard]] std::vector<double> ReadClassWeights(const std::filesystem::path& file,
                                                   const std::vector<std::string>& classes);

// Writes a table in the same format, LF line ends, label first, atomically: the file is whole or
// absent. Throws kIo.
void WriteCsv(const Dataset& data, const std::filesystem::path& file);

// Reads a pair of IDX files as MNIST has them: unsigned bytes, images examples × rows × columns
// (or examples × features), labels examples. Features are named "1x1" .. "RxC", the label "label".
// An empty path of labels gives an unlabelled dataset. like: as in CsvOptions. Throws kIo and
// kBadData.
[[nodiscard]] Dataset ReadIdx(const std::filesystem::path& images,
                              const std::filesystem::path& labels,
                              const std::optional<Schema>& like = {});

// Reads a file of examples in any format above, or a cache of them (colonnade/cache.h), told by its
// first bytes. The labels that belong to IDX images are in the file whose name has "labels" for
// "images" and "idx1" for "idx3", in the same folder; with options.labels_optional they may be
// missing. The other options are for CSV. All input but a cache may be compressed by gzip or
// Zstandard. Throws as the functions above do.
[[nodiscard]] Dataset ReadData(const std::filesystem::path& file, const CsvOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_CSV_H_
