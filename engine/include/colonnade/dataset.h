// SPDX-License-Identifier: Apache-2.0
// Examples in memory.
#ifndef COLONNADE_DATASET_H_
#define COLONNADE_DATASET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

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
  kError,  // they are bad data
  kMean,   // features become the mean that they have in the training data
  kZero,   // features become 0; a category becomes none of the known ones
  kDrop,   // their rows are left out
};

inline constexpr NameRow<Missing> kMissings[] = {{Missing::kError, "error"},
                                                 {Missing::kMean, "mean"},
                                                 {Missing::kZero, "zero"},
                                                 {Missing::kDrop, "drop"}};
constexpr std::span<const NameRow<Missing>> NamesOf(Missing) { return kMissings; }

// A column of text or codes, read as one feature per category: 1 for that of the row, else 0.
struct CategoricalColumn {
  std::string name = {};                     // empty without a header
  size_t first = 0;                          // the feature of its first category
  std::vector<std::string> categories = {};  // of the features from `first` on

  bool operator==(const CategoricalColumn&) const = default;
};

// A column that is no feature, and not the label.
struct IgnoredColumn {
  std::string name = {};  // empty without a header
  size_t index = 0;       // among all columns
  bool weight = false;    // it holds how much each example counts; of one column at most

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
  Missing missing = Missing::kError;
  std::vector<float> means = {};  // with Missing::kMean: what missing values become, per feature
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
  // left out; without labels, `classes` do not count. Throws kBadData, naming example and feature,
  // where sizes do not match, a value or target is not finite in f32, or a label is not a class.
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
  // Number per example; empty if not regression.
  [[nodiscard]] std::span<const float> targets() const noexcept;

  // How much each example counts in training and evaluation; empty where all count the same.
  [[nodiscard]] std::span<const float> weights() const noexcept;

  // The same data with these weights; the values are shared. Throws kBadData unless there is one
  // per example, each finite and at least 0, not all of them 0.
  [[nodiscard]] Dataset WithWeights(std::span<const float> weights) const;

  // A copy of the examples of those indices, in that order, with the same schema and element type.
  // Throws kInvalidArgument for no index at all, or one that is not below examples().
  [[nodiscard]] Dataset Select(std::span<const uint32_t> indices) const;

  // The same without a copy of the values, which the part shares with this dataset. It is good for
  // all that other datasets are good for; only bytes() and floats() have to be read by columns().
  [[nodiscard]] Dataset Part(std::span<const uint32_t> indices) const;

  // XXH3-128 over the values, labels or targets, and weights; 32 hexadecimal digits.
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
