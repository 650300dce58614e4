// SPDX-License-Identifier: Apache-2.0
#include "engine/data/cache_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/csv_number.h"
#include "engine/data/csv_text.h"

namespace colonnade {
namespace {

class Fitter {
 public:
  Fitter(const std::string& file, const CsvOptions& options, Dataset::Storage& storage)
      : file_(file), options_(options), storage_(storage), schema_(storage.schema) {}

  void Fit() {
    if (!options_.like) {
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
  [[noreturn]] void Fail(std::string found, std::string expected = {}, std::string advice = {},
                         std::string subject = {}) const {
    throw Error(ErrorCode::kBadData, {.subject = std::move(subject),
                                      .file = file_,
                                      .found = std::move(found),
                                      .expected = std::move(expected),
                                      .advice = std::move(advice)});
  }

  // An option that asks for something else.
  [[noreturn]] void Refuse(const char* option, const std::string& made) const {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = option,
                 .file = file_,
                 .problem = fmt::format("{}: this cache was made {}", file_, made),
                 .advice = "make it again from its source"});
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
      Refuse("label-column",
             fmt::format("with the label column {}, not {}",
                         name.empty() ? fmt::to_string(schema_.label_index) : Quoted(name),
                         Quoted(*options_.label_column)));
    }
    if (options_.weight_column) {
      const std::string& choice = *options_.weight_column;
      const auto known = [&](const IgnoredColumn& c) {
        return c.weight && Means(choice, c.name, c.index);
      };
      if (std::ranges::none_of(schema_.ignored, known)) {
        Refuse("weight-column", fmt::format("without {} as the weight column", Quoted(choice)));
      }
    }
    for (const std::string& choice : options_.ignore_columns) {
      const auto known = [&](const IgnoredColumn& c) { return Means(choice, c.name, c.index); };
      if (std::ranges::any_of(schema_.ignored, known)) continue;
      Refuse("ignore-columns", fmt::format("without ignoring the column {}", Quoted(choice)));
    }
    for (const std::string& choice : options_.categorical) {
      const auto known = [&](const CategoricalColumn& column) { return column.name == choice; };
      if (choice == "auto" || std::ranges::any_of(schema_.categorical, known)) continue;
      Refuse("categorical", fmt::format("without {} as a categorical column", Quoted(choice)));
    }
    // Without missing values, it makes no difference what happens to them.
    if (options_.missing != Missing::kError && schema_.missing != Missing::kError &&
        options_.missing != schema_.missing) {
      Refuse("missing", fmt::format("with missing values taken as {}, not {}",
                                    Name(schema_.missing), Name(options_.missing)));
    }
  }

  void CheckFeatures(const Schema& like) const {
    const auto fail = [&](std::string found, std::string expected) {
      Fail(std::move(found), std::move(expected),
           "a cache cannot rearrange its columns: read the CSV file, or convert it again like the "
           "model or the training data");
    };
    if (schema_.features != like.features) {
      fail(fmt::format("{} features", schema_.features), fmt::to_string(like.features));
    }
    const bool names = !schema_.feature_names.empty() && !like.feature_names.empty();
    for (size_t f = 0; names && f < like.features; ++f) {
      if (schema_.feature_names[f] == like.feature_names[f]) continue;
      fail(fmt::format("{} as feature {}", Quoted(schema_.feature_names[f]), f),
           Quoted(like.feature_names[f]));
    }
    const auto same = [](const CategoricalColumn& a, const CategoricalColumn& b) {
      return a.first == b.first && a.categories == b.categories;
    };
    if (!std::ranges::equal(schema_.categorical, like.categorical, same)) {
      fail("other categories than expected", "");
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
    Fail(fmt::format("missing values taken as {}{}", Name(schema_.missing),
                     means ? " of this file" : ""),
         fmt::format("{}{}", Name(like.missing), means ? " of the training data" : ""),
         "convert the CSV file again like the model or the training data");
  }

  void CheckLabel(const Schema& like) const {
    if (storage_.labels.size() == 0 && storage_.targets.size() == 0) {
      Fail("no labels");
    }
    if (schema_.label_name.empty() || like.label_name.empty() ||
        schema_.label_name == like.label_name) {
      return;
    }
    Fail("the label column " + Quoted(schema_.label_name), Quoted(like.label_name));
  }

  // Integers that were taken for classes can be numbers, but not the other way round: how the
  // labels were written is lost.
  void FitTask(Task task) {
    const bool regression = storage_.targets.size() > 0;
    if (task == Task::kClassify && regression) {
      Fail("numbers to predict", "classes");
    }
    if (task != Task::kRegress || regression || storage_.labels.size() == 0) return;
    std::vector<float> numbers(schema_.classes.size());
    for (size_t k = 0; k < numbers.size(); ++k) {
      if (ParseNumber(schema_.classes[k], &numbers[k]) == NumberError::kNone) continue;
      Fail("the class " + Quoted(schema_.classes[k]), "numbers to predict");
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
        Fail("the class " + Quoted(name), "one of " + Abbreviated(like.classes), "",
             fmt::format("example {}", e));
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
