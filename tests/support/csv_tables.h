// SPDX-License-Identifier: Apache-2.0
// Small tables as text, for tests of the CSV reader.
#ifndef COLONNADE_TESTS_SUPPORT_CSV_TABLES_H_
#define COLONNADE_TESTS_SUPPORT_CSV_TABLES_H_

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/temp_dir.h"

namespace colonnade::test {

inline Dataset ReadText(std::string_view text, const CsvOptions& options = {}) {
  const TempDir dir;
  return ReadCsv(dir.WriteFile("t.csv", text), options);
}

// Why it is refused, without the path; "" where it is not.
inline std::string Refusal(std::string_view text, const CsvOptions& options = {}) {
  const TempDir dir;
  try {
    static_cast<void>(ReadCsv(dir.WriteFile("t.csv", text), options));
    return "";
  } catch (const Error& error) {
    std::string what = error.what();
    const std::string path = dir.path().string() + "/";
    for (size_t at = what.find(path); at != std::string::npos; at = what.find(path)) {
      what.erase(at, path.size());
    }
    return what;
  }
}

inline float ValueOf(const Dataset& data, size_t example, size_t feature) {
  return data.element_type() == ElementType::kU8 ? data.BytesOf(example)[feature]
                                                 : data.FloatsOf(example)[feature];
}

// The values of a feature.
inline std::vector<float> Column(const Dataset& data, size_t feature) {
  std::vector<float> values;
  for (size_t e = 0; e < data.examples(); ++e) values.push_back(ValueOf(data, e, feature));
  return values;
}

// The classes of the examples, by name.
inline std::vector<std::string> LabelTextsOf(const Dataset& data) {
  std::vector<std::string> labels;
  for (const uint32_t label : data.labels()) labels.push_back(data.schema().classes[label]);
  return labels;
}

// A table of two columns, "a" and "label", whose labels are x and y in turn.
inline std::string ColumnTable(const std::vector<std::string>& fields, char separator = ',') {
  std::string text = std::string("a") + separator + "label\n";
  for (size_t i = 0; i < fields.size(); ++i) {
    text += fields[i] + separator + (i % 2 == 0 ? "x" : "y") + "\n";
  }
  return text;
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_CSV_TABLES_H_
