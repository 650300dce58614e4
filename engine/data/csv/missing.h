// SPDX-License-Identifier: Apache-2.0
// Fields that say that there is no value.
#ifndef COLONNADE_ENGINE_DATA_CSV_MISSING_H_
#define COLONNADE_ENGINE_DATA_CSV_MISSING_H_

#include <string>
#include <string_view>
#include <vector>

namespace colonnade {

class MissingTest {
 public:
  MissingTest() = default;

  // extra: words beside MissingWords(). keep: the latter are text.
  MissingTest(std::vector<std::string> extra, bool keep);

  // Whether numbers may be missing values: those that the user names, however they are written.
  bool AnyNumber() const { return !numbers_.empty(); }

  // Whether a field, trimmed, is missing in a column of numbers. In quotes or not, there it is the
  // same.
  bool InNumbers(std::string_view text) const;

  // The same in a column of text, where a word in quotes is text, unless it is one of the user's.
  bool InText(std::string_view text, bool quoted) const;

 private:
  bool IsExtra(std::string_view text) const;

  std::vector<std::string> extra_;
  std::vector<double> numbers_;  // those of extra_
  bool keep_ = false;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_MISSING_H_
