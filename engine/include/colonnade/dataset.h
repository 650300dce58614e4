// Examples in memory.
#ifndef COLONNADE_DATASET_H_
#define COLONNADE_DATASET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace colonnade {

// How the values of a dataset are stored: bytes where every value is an integer in 0..255, else
// f32.
enum class ElementType { kU8, kF32 };

// What happens to missing values.
enum class Missing {
  kError,  // they are bad data
  kMean,   // features become the mean that they have in the training data
  kZero,   // features become 0; a category becomes none of the known ones
  kDrop,   // their rows are left out
};

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
// Example e is one column: values e * stride() .. e * stride() + features() - 1; of a Part(), it is
// column columns()[e] instead. Columns start on cache lines, and the padding between them is zero.
// Immutable but for its weights, movable, and cheap to pass by reference; any number of threads may
// read it.
class Dataset {
 public:
  // Copies `labels.size()` examples from memory. values: one example after the other, each
  // schema.features values; labels: class indices. The classes are schema.classes, or, where those
  // are empty, "0" .. "K-1" for the largest label K-1. Throws kBadData where the sizes do not
  // match, a value is not finite, or a label is not a class.
  static Dataset FromMemory(std::span<const float> values, std::span<const uint32_t> labels,
                            Schema schema);
  static Dataset FromMemory(std::span<const uint8_t> values, std::span<const uint32_t> labels,
                            Schema schema);

  // The same for regression: a finite number per example, and no schema.classes.
  static Dataset FromMemory(std::span<const float> values, std::span<const float> targets,
                            Schema schema);
  static Dataset FromMemory(std::span<const uint8_t> values, std::span<const float> targets,
                            Schema schema);

  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;
  ~Dataset();

  size_t examples() const noexcept;
  size_t features() const noexcept;
  size_t classes() const noexcept;  // 0 if not labelled, or for regression

  const Schema& schema() const noexcept;

  ElementType element_type() const noexcept;
  size_t stride() const noexcept;         // elements from one example to the next
  const uint8_t* bytes() const noexcept;  // the values; null unless element_type() is kU8
  const float* floats() const noexcept;   // the values; null unless element_type() is kF32

  // Of a Part(): the column of each example; else empty.
  std::span<const uint32_t> columns() const noexcept;

  // The values of one example; only of the element type that the values have.
  const uint8_t* BytesOf(size_t example) const noexcept;
  const float* FloatsOf(size_t example) const noexcept;

  bool labelled() const noexcept;    // there are labels or targets
  bool regression() const noexcept;  // there are targets
  std::span<const uint32_t> labels()
      const noexcept;  // class index per example; empty if unlabelled, or for regression
  std::span<const float> targets() const noexcept;  // number per example; empty if not regression

  // How much each example counts in training and evaluation; empty where all count the same.
  std::span<const float> weights() const noexcept;

  // Sets the weights. Throws kBadData unless there is one per example, each finite and at least 0,
  // not all of them 0.
  void SetWeights(std::span<const float> weights);

  // A copy of the examples of those indices, in that order, with the same schema and element type.
  // Throws kInvalidArgument for no index at all, or one that is not below examples().
  Dataset Select(std::span<const uint32_t> indices) const;

  // The same without a copy of the values: the part shares them with this dataset, and keeps them
  // when this one goes. It has labels, targets and weights of its own, and is good for all that
  // other datasets are good for; only bytes() and floats() have to be read by columns().
  Dataset Part(std::span<const uint32_t> indices) const;

  // XXH3-128 over the values, labels or targets, and weights; 32 hexadecimal digits.
  std::string Hash() const;

  // For the inside of the library.
  struct Storage;
  explicit Dataset(std::unique_ptr<Storage> storage);
  const Storage& storage() const noexcept { return *storage_; }

 private:
  const Storage& Values() const noexcept;  // the storage that has the values

  std::shared_ptr<Storage> storage_;
};

}  // namespace colonnade

#endif  // COLONNADE_DATASET_H_
