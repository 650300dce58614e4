// Reading and writing tables as files.
#ifndef COLONNADE_CSV_H_
#define COLONNADE_CSV_H_

#include <filesystem>
#include <optional>
#include <string>

#include "colonnade/dataset.h"

namespace colonnade {

enum class Header {
  kAuto,  // the first line is a header if any of its fields is not a number
  kYes,
  kNo,
};

struct CsvOptions {
  Header header = Header::kAuto;

  // The column that holds the class: a name from the header, or an index from
  // 0, or from -1 backwards. Unset: the column
  // named "label", else the first. Ignored with `like`, which knows its label column.
  std::optional<std::string> label_column = {};

  // Data that a model or another table must fit: same number of features, same names where both
  // have names, and no class that it does not know. Labels become its class indices.
  const Schema* like = nullptr;

  // With `like`: the table may lack the label column, or have anything in it; the result is then
  // unlabelled. For prediction.
  bool labels_optional = false;
};

// Reads a table of numbers, separated by commas, one example per line; the file "-" is standard
// input. Lines end in LF or CRLF, the last one may end in neither. Feature fields are decimal
// numbers as in C (12, -0.5, 1e-3), without spaces around them; a dataset whose features are all
// integers 0..255 is stored as bytes, any other as f32. Class labels are integers; the distinct
// ones, in ascending order, become the classes.
//
// Throws kIo where the file cannot be read, kBadData (file, row, column, found, expected) where it
// is not such a table, kInvalidArgument where label_column is not one of its columns. Rows are
// numbered from 1, with the header.
Dataset ReadCsv(const std::filesystem::path& file, const CsvOptions& options = {});

// Writes a table in the same format, LF line ends, label first, atomically: the file is whole or
// absent. Throws kIo.
void WriteCsv(const Dataset& data, const std::filesystem::path& file);

// Reads a pair of IDX files as MNIST has them: unsigned bytes, images examples × rows × columns
// (or examples × features), labels examples. Features are named "1x1" .. "RxC", the label "label".
// Throws kIo and kBadData.
Dataset ReadIdx(const std::filesystem::path& images, const std::filesystem::path& labels);

}  // namespace colonnade

#endif  // COLONNADE_CSV_H_
