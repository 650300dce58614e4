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
#include <utility>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/names.h"

namespace colonnade {

enum class Header {
  kAuto,  // judged by the rows: a header is what the column below it is not
  kYes,
  kNo,
};

inline constexpr NameRow<Header> kHeaders[] = {
    {Header::kAuto, "auto"}, {Header::kYes, "yes"}, {Header::kNo, "no"}};
constexpr std::span<const NameRow<Header>> NamesOf(Header) { return kHeaders; }

// What the label column holds.
enum class Task {
  // Text: classes. Numbers: to be predicted if any has a fraction, all have a unit, or more than 20
  // different ones are more than a tenth of at least 100; else classes.
  kAuto,
  kClassify,  // classes
  kRegress,   // numbers, to be predicted as such
};

inline constexpr NameRow<Task> kTasks[] = {
    {Task::kAuto, "auto"}, {Task::kClassify, "classify"}, {Task::kRegress, "regress"}};
constexpr std::span<const NameRow<Task>> NamesOf(Task) { return kTasks; }

// How the fraction of a number is set off.
enum class Decimal {
  kAuto,   // a point; a comma where numbers in a column have one and fields are not separated by it
  kPoint,  // 3.14
  kComma,  // 3,14
};

inline constexpr NameRow<Decimal> kDecimals[] = {
    {Decimal::kAuto, "auto"}, {Decimal::kPoint, "point"}, {Decimal::kComma, "comma"}};
constexpr std::span<const NameRow<Decimal>> NamesOf(Decimal) { return kDecimals; }

// What becomes of columns of dates and times.
enum class Dates {
  kParts,   // days since the first, and where they vary the day of the week and the hour of the
            // day, each as sine and cosine
  kNumber,  // days since the first alone
  kIgnore,  // they are left out
};

inline constexpr NameRow<Dates> kDates[] = {
    {Dates::kParts, "parts"}, {Dates::kNumber, "number"}, {Dates::kIgnore, "ignore"}};
constexpr std::span<const NameRow<Dates>> NamesOf(Dates) { return kDates; }

// What happens to rows that cannot be read: a wrong number of fields, text among numbers.
enum class BadRows {
  kRefuse,   // the first of them ends the reading
  kSkip,     // they are left out and counted, as long as they are no more than a tenth
  kSkipAny,  // they are left out and counted
};

inline constexpr NameRow<BadRows> kBadRows[] = {
    {BadRows::kRefuse, "refuse"}, {BadRows::kSkip, "skip"}, {BadRows::kSkipAny, "skip-any"}};
constexpr std::span<const NameRow<BadRows>> NamesOf(BadRows) { return kBadRows; }

// How far the reading of a file has come.
struct LoadProgress {
  uint64_t bytes = 0;  // as they are stored; starts anew where a slower reader takes over
  uint64_t size = 0;   // of the file; 0: not known
};

// What separates the fields of a row: a character or several; " " for any run of spaces and tabs.
struct Delimiter {
  Delimiter() = default;
  Delimiter(char character) : text(1, character) {}                   // NOLINT: meant to convert
  Delimiter(std::string characters) : text(std::move(characters)) {}  // NOLINT: likewise

  std::string text = {};

  bool operator==(const Delimiter&) const = default;
};

struct CsvOptions {
  // ---- How the text is written ----

  Header header = Header::kAuto;

  // What separates fields: one character or several, " " for any run of spaces and tabs. Unset:
  // what cuts most rows into the same number of fields, of "\t", ";", "|", "," and " ".
  std::optional<Delimiter> delimiter = {};

  // Lines that start with this character are left out. Unset: none.
  std::optional<char> comment = {};

  // What encloses fields that hold separators, line ends or itself, doubled; '\0': nothing does.
  char quote = '"';

  // In a field in quotes, what takes the special meaning from the character after it. Unset: none.
  std::optional<char> escape = {};

  Decimal decimal = Decimal::kAuto;

  // What groups the digits of a number by three: ',', '.', ' ', '\'' or '_'. Unset: as a column
  // shows beyond doubt.
  std::optional<char> thousands = {};

  // Lines in front of the table. Unset: those in front of its first row that have not its number
  // of fields, if nearly all other rows have.
  std::optional<size_t> skip_rows = {};

  // The character encoding, by a name that iconv knows. Unset: UTF-8, or UTF-16 as its byte order
  // mark says.
  std::optional<std::string> encoding = {};

  BadRows bad_rows = BadRows::kRefuse;

  // Words that say that there is no value, beside those of MissingWords(). keep_na: the latter
  // are text.
  std::vector<std::string> na_values = {};
  bool keep_na = false;

  // ---- What the columns mean: ignored with `like`, which knows. A column is meant by its name, or
  // by its index from 0, or from -1 backwards ----

  // The column that holds the class, or the number to predict. Unset: one named label, target,
  // class or y, else by evidence (tables of pixels: the first; others: the last, or the first where
  // that has few values and the last many); what was taken is in Dataset::summary().
  std::optional<std::string> label_column = {};

  Task task = Task::kAuto;

  // The column that holds how much each example counts in training and evaluation, finite numbers
  // of at least 0, not all 0. It is no feature. Unset: all count the same. With `like`, a table
  // with a header may lack it.
  std::optional<std::string> weight_column = {};

  // Columns to leave out; the only columns to take, beside those that other options name (none: all
  // of them); columns that are categories whatever they hold.
  std::vector<std::string> ignore_columns = {};
  std::vector<std::string> columns = {};
  std::vector<std::string> categorical = {};

  // Every category becomes a feature of its own (one-hot encoding), in ascending order. Unset: 64,
  // or 255 where each comes ten times on average; the rarest share one feature, a column with
  // hardly two equal values is left out. A value that `like` does not know becomes 0 in all of
  // them, and a note (scikit-learn: OneHotEncoder with handle_unknown="ignore").
  std::optional<size_t> max_categories = {};

  Dates dates = Dates::kParts;
  DateOrder date_order = DateOrder::kAuto;

  // What happens to missing values. A row without a label is bad data, or dropped. Unset: as
  // kMean, where there are any.
  std::optional<Missing> missing = {};

  // One more feature for each column of numbers that lacks some: 1 where it does.
  bool missing_indicator = true;

  // Refuses what would otherwise be left out or filled in, and said.
  bool strict = false;

  // Columns that are no features: examples with the same text in the first belong together when
  // data are split (Dataset::groups()), the second holds the time or order by which they are
  // (Dataset::times()).
  std::optional<std::string> group_column = {};
  std::optional<std::string> time_column = {};

  // ---- For callers that have a model ----

  // Data that a model or another table must fit: where both have names, a column for each of its
  // names, in any order; else the same number of columns; and no class that it does not know.
  // Labels become its class indices. Unset: the table stands for itself.
  std::optional<Schema> like = {};

  // With `like`: the table may lack the label column, or have anything in it; the result is then
  // unlabelled, and has every row: those that lack a value which nothing can stand for are in
  // Dataset::incomplete(). For prediction.
  bool labels_optional = false;

  // Columns whose text is kept, in Dataset::texts(); they may be features, too.
  std::vector<std::string> keep_columns = {};

  // Threads that decode: 0 as many as DefaultThreads() (colonnade/machine.h) says, at most those of
  // the caller's oneTBB arena. The result does not depend on it.
  int threads = 0;

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

// Reads a table, one example per row; the file "-" is standard input, a folder or a pattern such as
// "part-*.csv" all the files in it as one table: each with the columns of the first, in any order.
//
// Lines end in LF, CRLF or lone CR, the last one may end in none of them; blank lines are no rows.
// Fields may be in quotes, and may hold separators, line ends and doubled quotes then. Spaces
// around fields, or within quotes, do not count. The text is UTF-8, with or without a byte order
// mark, UTF-16, or in options.encoding.
//
// What the columns are, a sample of the rows tells (the first thousands, and some from the middle
// and the end): numbers as in C (12, +1, -0.5, .5, 5., 1e-3), with a decimal comma, thousands, or a
// unit or currency that all have; dates and times; true and false and the like, which are 1 and 0;
// else categories, named as they are spelt. Columns that count the rows, have no name, hold no
// value or hardly two equal texts are left out. What was taken is in Dataset::summary(). A dataset
// whose features are all integers 0..255 is stored as bytes, any other as f32.
//
// Labels are classes, in ascending order (of numbers where all are), named as they are spelt, or
// numbers to predict, see Task.
//
// Throws kIo where the file cannot be read, kBadData (file, row, column, found, expected) where it
// is not such a table, kInvalidArgument where an option cannot be meant, or a column that it names
// is not there. The row in a message is the number of the line, from 1, as an editor shows it.
[[nodiscard]] Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options = {});

// Reads a table of classes and weights, in columns named class (or label) and weight, else the
// first and the second, into one weight per class, in the order of `classes`. A name means the
// class of that spelling, else the one that is the same number. Throws kIo, and kBadData unless
// each of them is there once, with a number of at least 0.
[[nodiscard]] std::vector<double> ReadClassWeights(const std::filesystem::path& file,
                                                   const std::vector<std::string>& classes);

// Writes a table in the same format, LF line ends, label first, atomically: the file is whole or
// absent. Categories and dates are columns again, values have their offsets, and what was filled in
// is missing again only where an indicator tells of it; weights, groups and times come last. Texts
// are in quotes where they would be taken for something else. Throws kIo.
void WriteCsv(const Dataset& data, const std::filesystem::path& file);

// Reads a pair of IDX files as MNIST has them: unsigned bytes, images examples × rows × columns
// (or examples × features), labels examples. Features are named "1x1" .. "RxC", the label "label".
// An empty path of labels gives an unlabelled dataset. like: as in CsvOptions. Throws kIo and
// kBadData.
[[nodiscard]] Dataset ReadIdx(const std::filesystem::path& images,
                              const std::filesystem::path& labels,
                              const std::optional<Schema>& like = {});

// Reads a file of examples in any format above, or in one of these, or a cache of them
// (colonnade/cache.h), told by its content:
//
//   ARFF    of Weka; nominal attributes are categories, one named "class" or the last the label
//   LIBSVM  or SVMlight, "label qid:group index:value …"; what is left out is 0
//   NPY     a NumPy array of rows × columns: a table without a header
//   NPZ     NumPy arrays X of examples, flattened, and y of labels, or two that can be nothing
//   else;
//           labels are classes, unless they are floating-point numbers
//   Arrow   IPC files (Feather) and streams: a table with a header
//
// The labels that belong to IDX images are in the file whose name has "labels" for "images" and
// "idx1" for "idx3", in the same folder; with options.labels_optional they may be missing. What
// columns mean, the options say as for CSV. All input but a cache may be compressed. What is no
// such file is named for what it is: kBadData. Throws as the functions above do.
[[nodiscard]] Dataset ReadData(const std::filesystem::path& file, const CsvOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_CSV_H_
