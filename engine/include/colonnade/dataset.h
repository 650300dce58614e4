// SPDX-License-Identifier: Apache-2.0
// Examples in memory.
#ifndef COLONNADE_DATASET_H_
#define COLONNADE_DATASET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/data_summary.h"
#include "colonnade/names.h"
#include "colonnade/rows.h"

namespace colonnade {

// How the values of a dataset are stored: bytes where every value is an integer in 0..255, else
// f32.
enum class ElementType { kU8, kF32 };

inline constexpr NameRow<ElementType> kElementTypes[] = {{ElementType::kU8, "u8"},
                                                         {ElementType::kF32, "f32"}};
constexpr std::span<const NameRow<ElementType>> NamesOf(ElementType) { return kElementTypes; }

// What happens to missing values.
enum class Missing {
  kRefuse,  // they are bad data
  kMean,    // features become the mean that they have in the training data; text becomes a category
            // of its own
  kMedian,  // likewise the median
  kZero,    // features become 0; a category becomes none of the known ones
  kDrop,    // their rows are left out
};

inline constexpr NameRow<Missing> kMissings[] = {{Missing::kRefuse, "refuse"},
                                                 {Missing::kMean, "mean"},
                                                 {Missing::kMedian, "median"},
                                                 {Missing::kZero, "zero"},
                                                 {Missing::kDrop, "drop"}};
constexpr std::span<const NameRow<Missing>> NamesOf(Missing) { return kMissings; }

// The words for missing values that everybody knows, those of pandas among them; '.' and '-' say it
// in columns of numbers only.
[[nodiscard]] std::span<const std::string_view> MissingWords();

// In what order a date has its parts where that does not show: 03/04/2021.
enum class DateOrder {
  kAuto,  // as the column shows, or else is refused
  kYmd,
  kDmy,
  kMdy,
};

inline constexpr NameRow<DateOrder> kDateOrders[] = {{DateOrder::kAuto, "auto"},
                                                     {DateOrder::kYmd, "ymd"},
                                                     {DateOrder::kDmy, "dmy"},
                                                     {DateOrder::kMdy, "mdy"}};
constexpr std::span<const NameRow<DateOrder>> NamesOf(DateOrder) { return kDateOrders; }

// A column of text or codes, read as one feature per category: 1 for that of the row, else 0.
struct CategoricalColumn {
  std::string name = {};                     // empty without a header
  size_t first = 0;                          // the feature of its first category
  std::vector<std::string> categories = {};  // of the features from `first` on
  bool other = false;                        // the last feature stands for all rarer ones
  bool missing = false;                      // the last but that, if any, stands for missing values

  bool operator==(const CategoricalColumn&) const = default;
};

// A column of dates: days since `origin` as feature `first`, and then, each as sine and cosine, the
// day of the week and the hour of the day, as far as they are features.
struct DateColumn {
  std::string name = {};  // empty without a header
  size_t first = 0;
  bool weekday = false;
  bool hour = false;
  int64_t origin = 0;  // days since 1970-01-01
  DateOrder order = DateOrder::kYmd;

  size_t features() const { return 1 + (weekday ? 2U : 0U) + (hour ? 2U : 0U); }
  bool operator==(const DateColumn&) const = default;
};

// How the numbers of a column are written, where that is not plainly.
struct NumberFormat {
  char decimal = '.';
  char thousands = '\0';  // '\0': digits are not grouped
  std::string unit = {};  // that stands in front of or behind every number: "$", "%", "kg"
  bool boolean = false;   // words for 1 and 0: true and false, yes and no, t and f, y and n

  bool operator==(const NumberFormat&) const = default;
};

// A feature whose numbers are so written.
struct FormattedFeature {
  size_t feature = 0;
  NumberFormat format = {};

  bool operator==(const FormattedFeature&) const = default;
};

// A feature that is 1 where another one was missing, else 0.
struct MissingIndicator {
  size_t feature = 0;
  size_t of = 0;

  bool operator==(const MissingIndicator&) const = default;
};

// A column that is no feature, and not the label.
struct IgnoredColumn {
  std::string name = {};    // empty without a header
  size_t index = 0;         // among all columns
  bool weight = false;      // it holds how much each example counts; of one column at most
  std::string reason = {};  // in words, where the reader chose; else empty

  bool operator==(const IgnoredColumn&) const = default;
};

// What the columns of a table mean; a model keeps the schema of the data that it was trained on.
struct Schema {
  size_t features = 0;
  std::vector<std::string> feature_names = {};  // `features` names, or none (data without a header)
  std::string label_name = {};                  // of the label column; empty without a header
  size_t label_index = 0;                       // place of the label column among all columns
  // Names of the classes, in the order of their indices; none where the label column holds numbers
  // (regression).
  std::vector<std::string> classes = {};
  std::vector<CategoricalColumn> categorical = {};  // in the order of their features
  std::vector<IgnoredColumn> ignored = {};          // in the order of their indices
  std::vector<DateColumn> dates = {};               // in the order of their features
  std::vector<FormattedFeature> formats = {};       // likewise
  std::vector<MissingIndicator> indicators = {};  // likewise, right behind the features they are of
  NumberFormat label_format = {};                 // of numbers to predict
  Missing missing = Missing::kRefuse;
  std::vector<std::string> na_values = {};  // words for missing values, beside MissingWords()
  bool keep_na = false;                     // those of MissingWords() are text
  // With kMean and kMedian: what missing values become, per feature (less its offset).
  std::vector<float> means = {};

  // What the values of a dataset lack: a feature's values, and the numbers to predict, are those of
  // the table less these. 0 wherever f32 holds the numbers of the table well enough to tell them
  // apart. Empty: all 0.
  std::vector<double> offsets = {};
  double target_offset = 0;
};

// A column that is kept as text.
struct TextColumn {
  std::string name = {};  // empty without a header
  std::vector<std::string> values = {};
};

// A table of examples: per example `features` values and, if labelled, one class index or, for
// regression, one number.
//
// In memory, the values of example e are the elements e * stride() .. e * stride() + features() -
// 1; where columns() are not empty, columns()[e] stands for e. They start on cache lines, and the
// padding between them is zero.
//
// An immutable value: copies share all that it holds, so that to pass it by value is cheap, and any
// number of threads may use one, or copies of it. One that was moved from can only be assigned to.
class Dataset {
 public:
  // Copies examples from memory. The element type and the classes are what ReadCsv() finds in a
  // table of the same values and labels. schema: of `features` and `feature_names` either may be
  // left out; without labels, `classes` do not count. Its offsets are taken off values and targets;
  // where it has none, values and targets of type double get those that they need. Throws kBadData,
  // naming example and feature, where sizes do not match, a value or target is not finite in f32,
  // or a label is not a class.
  [[nodiscard]] static Dataset FromMemory(const Rows& rows, const Labels& labels,
                                          Schema schema = {});

  [[nodiscard]] size_t examples() const noexcept;
  [[nodiscard]] size_t features() const noexcept;
  [[nodiscard]] size_t classes() const noexcept;  // 0 if not labelled, or for regression

  [[nodiscard]] const Schema& schema() const noexcept;

  // What the reader of the data has to tell a person, a line each: rows dropped, categories
  // unknown, a few labels of text among many integers, no weights where others had some, columns
  // ignored, what was done about a cache. Names of options stand between backquotes, see
  // colonnade/error.h. Of what was read as a whole: parts and selections have none.
  [[nodiscard]] const std::vector<std::string>& notes() const noexcept;

  [[nodiscard]] ElementType element_type() const noexcept;
  [[nodiscard]] size_t stride() const noexcept;         // elements from one example to the next
  [[nodiscard]] const uint8_t* bytes() const noexcept;  // null unless element_type() is kU8
  [[nodiscard]] const float* floats() const noexcept;   // null unless element_type() is kF32

  // Of a Part(): where the values of each example are; else empty.
  [[nodiscard]] std::span<const uint32_t> columns() const noexcept;

  // The values of one example; only of the element type that the values have.
  [[nodiscard]] const uint8_t* BytesOf(size_t example) const noexcept;
  [[nodiscard]] const float* FloatsOf(size_t example) const noexcept;

  [[nodiscard]] bool labelled() const noexcept;    // there are labels or targets
  [[nodiscard]] bool regression() const noexcept;  // there are targets

  // Class index per example; empty if unlabelled, or for regression.
  [[nodiscard]] std::span<const uint32_t> labels() const noexcept;
  // Number per example, less schema().target_offset; empty if not regression.
  [[nodiscard]] std::span<const float> targets() const noexcept;
  // The number of an example as the table has it, rounded to double alone; only for regression.
  [[nodiscard]] double TargetOf(size_t example) const noexcept;

  // How much each example counts in training and evaluation; empty where all count the same.
  [[nodiscard]] std::span<const float> weights() const noexcept;

  // By CsvOptions::group_column: a number per example, the same for examples of a group. By
  // time_column: the time, in days since 1970-01-01, or the number there. Else empty.
  [[nodiscard]] std::span<const uint32_t> groups() const noexcept;
  [[nodiscard]] std::span<const double> times() const noexcept;

  // By CsvOptions::keep_columns: the text of each example, column after column. Parts and
  // selections have none.
  [[nodiscard]] const std::vector<TextColumn>& texts() const noexcept;

  // Examples, in ascending order, that lack a value which the schema has nothing to put in place
  // of; their features mean nothing. Only where CsvOptions::labels_optional was set.
  [[nodiscard]] std::span<const uint32_t> incomplete() const noexcept;

  // How the reader took the table. Parts and selections have that of the whole.
  [[nodiscard]] const DataSummary& summary() const noexcept;

  // The same data with these weights; the values are shared. Throws kBadData unless there is one
  // per example, each finite and at least 0, not all of them 0.
  [[nodiscard]] Dataset WithWeights(std::span<const float> weights) const;

  // A copy of the examples of those indices, in that order, with the same schema and element type.
  // Throws kInvalidArgument for no index at all, or one that is not below examples().
  [[nodiscard]] Dataset Select(std::span<const uint32_t> indices) const;

  // The same without a copy of the values, which the part shares with this dataset. It is good for
  // all that other datasets are good for; only bytes() and floats() have to be read by columns().
  [[nodiscard]] Dataset Part(std::span<const uint32_t> indices) const;

  // XXH3-128 over the values, labels or targets, weights, and the schema's offsets where there are
  // any; 32 hexadecimal digits.
  [[nodiscard]] std::string Hash() const;

  // For the inside of the library.
  struct Storage;
  explicit Dataset(std::shared_ptr<const Storage> storage);
  [[nodiscard]] const Storage& storage() const noexcept { return *storage_; }

 private:
  std::shared_ptr<const Storage> storage_;
};

}  // namespace colonnade

#endif  // COLONNADE_DATASET_H_
