// SPDX-License-Identifier: Apache-2.0
#include "engine/data/cache/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "colonnade/error.h"
#include "engine/data/conform.h"
#include "engine/data/csv/text.h"

namespace colonnade {
namespace {

class Fitter {
 public:
  Fitter(const std::string& file, const CsvOptions& options, Dataset::Storage& storage)
      : file_(file), options_(options), storage_(storage), schema_(storage.schema) {}

  void Fit() {
    if (!options_.like) {
      CheckColumns();
      return ConformTask(file_, options_.task, nullptr, storage_);
    }
    Conform(file_, *options_.like, options_.labels_optional, storage_);
  }

 private:
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
    // Without missing values, it makes no difference what happens to them; and what is not asked
    // for need not be so.
    if (options_.missing != CsvOptions().missing && options_.missing != schema_.missing &&
        schema_.missing != Missing::kRefuse && HadMissing(storage_)) {
      Refuse("missing", fmt::format("with missing values taken as {}, not {}",
                                    Name(schema_.missing), Name(*options_.missing)));
    }
  }

  const std::string& file_;
  const CsvOptions& options_;
  Dataset::Storage& storage_;
  const Schema& schema_;
};

}  // namespace

void FitCache(const std::string& file, const CsvOptions& options, Dataset::Storage& storage) {
  Fitter(file, options, storage).Fit();
}

}  // namespace colonnade
