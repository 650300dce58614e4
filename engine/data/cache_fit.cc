#include "engine/data/cache_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

const char* Name(Missing missing) {
  constexpr const char* kNames[] = {"error", "mean", "zero", "drop"};
  return kNames[static_cast<size_t>(missing)];
}

class Fitter {
 public:
  Fitter(const std::string& file, const CsvOptions& options, Dataset::Storage& storage)
      : file_(file), options_(options), storage_(storage), schema_(storage.schema) {}

  void Fit() {
    if (options_.like == nullptr) {
      CheckColumns();
      FitTask(options_.task);
      return;
    }
    const Schema& like = *options_.like;
    CheckFeatures(like);
    CheckMissing(like);
    if (options_.labels_optional) {
      storage_.labels = {};
      storage_.targets = {};
      storage_.weights = {};
      storage_.hash.clear();
      schema_.classes.clear();
    } else {
      CheckLabel(like);
      FitTask(like.classes.empty() ? Task::kRegress : Task::kClassify);
      FitClasses(like);
      if (std::ranges::none_of(like.ignored, &IgnoredColumn::weight)) DropWeights();
      schema_.classes = like.classes;
    }
  }

 private:
  [[noreturn]] void Fail(ErrorCode code, const std::string& what) const {
    throw Error(code, fmt::format("{}: {}", file_, what));
  }

  // An option that asks for something else.
  [[noreturn]] void Refuse(const std::string& made) const {
    Fail(ErrorCode::kInvalidArgument,
         fmt::format("this cache was made {}; make it again from its source", made));
  }

  // Whether the user means the column of that name and index.
  static bool Means(const std::string& choice, const std::string& name, size_t index) {
    return choice == name || choice == fmt::to_string(index);
  }

  // The options that a cache can only repeat.
  void CheckColumns() const {
    if (options_.label_column &&
        !Means(*options_.label_column, schema_.label_name, schema_.label_index)) {
      const std::string& name = schema_.label_name;
      Refuse(fmt::format("with the label column {}, not {}",
                         name.empty() ? fmt::to_string(schema_.label_index) : Quoted(name),
                         Quoted(*options_.label_column)));
    }
    if (options_.weight_column) {
      const std::string& choice = *options_.weight_column;
      const auto known = [&](const IgnoredColumn& c) {
        return c.weight && Means(choice, c.name, c.index);
      };
      if (std::ranges::none_of(schema_.ignored, known)) {
        Refuse(fmt::format("without {} as the weight column", Quoted(choice)));
      }
    }
    for (const std::string& choice : options_.ignore_columns) {
      const auto known = [&](const IgnoredColumn& c) { return Means(choice, c.name, c.index); };
      if (std::ranges::any_of(schema_.ignored, known)) continue;
      Refuse(fmt::format("without ignoring the column {}", Quoted(choice)));
    }
    for (const std::string& choice : options_.categorical) {
      const auto known = [&](const CategoricalColumn& column) { return column.name == choice; };
      if (choice == "auto" || std::ranges::any_of(schema_.categorical, known)) continue;
      Refuse(fmt::format("without {} as a categorical column", Quoted(choice)));
    }
    // Without missing values, it makes no difference what happens to them.
    if (options_.missing != Missing::kError && schema_.missing != Missing::kError &&
        options_.missing != schema_.missing) {
      Refuse(fmt::format("with missing values taken as {}, not {}", Name(schema_.missing),
                         Name(options_.missing)));
    }
  }

  void CheckFeatures(const Schema& like) const {
    const auto fail = [&](const std::string& what) {
      Fail(ErrorCode::kBadData,
           what +
               "; a cache cannot rearrange its columns: read the CSV file, or convert it again "
               "like the model or the training data");
    };
    if (schema_.features != like.features) {
      fail(fmt::format("found {} features, expected {}", schema_.features, like.features));
    }
    const bool names = !schema_.feature_names.empty() && !like.feature_names.empty();
    for (size_t f = 0; names && f < like.features; ++f) {
      if (schema_.feature_names[f] == like.feature_names[f]) continue;
      fail(fmt::format("found {} as feature {}, expected {}", Quoted(schema_.feature_names[f]), f,
                       Quoted(like.feature_names[f])));
    }
    const auto same = [](const CategoricalColumn& a, const CategoricalColumn& b) {
      return a.first == b.first && a.categories == b.categories;
    };
    if (!std::ranges::equal(schema_.categorical, like.categorical, same)) {
      fail("found other categories than expected");
    }
  }

  // Filling in has happened, or is not needed.
  void CheckMissing(const Schema& like) const {
    if (schema_.missing == Missing::kError) return;
    if (schema_.missing == like.missing &&
        (like.missing != Missing::kMean || schema_.means == like.means)) {
      return;
    }
    const bool means = schema_.missing == like.missing;
    Fail(
        ErrorCode::kBadData,
        fmt::format("found missing values taken as {}{}, expected {}{}; convert the CSV file again "
                    "like the model or the training data",
                    Name(schema_.missing), means ? " of this file" : "", Name(like.missing),
                    means ? " of the training data" : ""));
  }

  void CheckLabel(const Schema& like) const {
    if (storage_.labels.size() == 0 && storage_.targets.size() == 0) {
      Fail(ErrorCode::kBadData, "found no labels");
    }
    if (schema_.label_name.empty() || like.label_name.empty() ||
        schema_.label_name == like.label_name) {
      return;
    }
    Fail(ErrorCode::kBadData, fmt::format("found the label column {}, expected {}",
                                          Quoted(schema_.label_name), Quoted(like.label_name)));
  }

  // Integers that were taken for classes can be numbers, but not the other way round: how the
  // labels were written is lost.
  void FitTask(Task task) {
    const bool regression = storage_.targets.size() > 0;
    if (task == Task::kClassify && regression) {
      Fail(ErrorCode::kBadData, "found numbers to predict, expected classes");
    }
    if (task != Task::kRegress || regression || storage_.labels.size() == 0) return;
    std::vector<float> numbers(schema_.classes.size());
    for (size_t k = 0; k < numbers.size(); ++k) {
      if (ParseNumber(schema_.classes[k], &numbers[k]) == NumberError::kNone) continue;
      Fail(ErrorCode::kBadData, fmt::format("found the class {}, expected numbers to predict",
                                            Quoted(schema_.classes[k])));
    }
    storage_.targets = AlignedBuffer<float>(storage_.examples);
    for (size_t e = 0; e < storage_.examples; ++e) {
      storage_.targets[e] = numbers[storage_.labels[e]];
    }
    storage_.labels = {};
    storage_.hash.clear();
    schema_.classes.clear();
  }

  void DropWeights() {
    if (storage_.weights.size() == 0) return;
    storage_.weights = {};
    storage_.hash.clear();
  }

  // The indices of `like` for the same names.
  void FitClasses(const Schema& like) {
    if (schema_.classes == like.classes) return;
    std::unordered_map<std::string_view, uint32_t> known;
    for (uint32_t k = 0; k < like.classes.size(); ++k) known.emplace(like.classes[k], k);
    for (size_t e = 0; e < storage_.examples; ++e) {
      const std::string& name = schema_.classes[storage_.labels[e]];
      const auto found = known.find(name);
      if (found == known.end()) {
        Fail(ErrorCode::kBadData, fmt::format("example {}: found the class {}, expected one of {}",
                                              e, Quoted(name), Abbreviated(like.classes)));
      }
      storage_.labels[e] = found->second;
    }
    storage_.hash.clear();
  }

  const std::string& file_;
  const CsvOptions& options_;
  Dataset::Storage& storage_;
  Schema& schema_;
};

}  // namespace

void FitCache(const std::string& file, const CsvOptions& options, Dataset::Storage& storage) {
  Fitter(file, options, storage).Fit();
}

}  // namespace colonnade
