// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/runtime/file.h"

namespace colonnade {
namespace {

// Text is handed to the system in pieces of about this size.
constexpr size_t kPiece = size_t{1} << 20;

// Room for a value and its comma: the longest f32 is like -1.17549435e-38.
constexpr size_t kMaxField = 16;

// The text of every byte, with a comma after it.
struct ByteText {
  std::array<char, 4> text;
  uint8_t size;
};

std::array<ByteText, 256> MakeByteTexts() {
  std::array<ByteText, 256> texts = {};
  for (unsigned i = 0; i < texts.size(); ++i) {
    char* const begin = texts[i].text.data();
    char* const end = std::to_chars(begin, begin + 3, i).ptr;
    *end = ',';
    texts[i].size = static_cast<uint8_t>(end + 1 - begin);
  }
  return texts;
}

// Writes the text of a value and a comma; may write up to kMaxField bytes.
char* Append(char* to, uint8_t value) {
  static const std::array<ByteText, 256> kTexts = MakeByteTexts();
  const ByteText& text = kTexts[value];
  std::memcpy(to, text.text.data(), text.text.size());
  return to + text.size;
}
char* Append(char* to, float value) {
  char* const end = std::to_chars(to, to + kMaxField - 1, value).ptr;
  *end = ',';
  return end + 1;
}
char* Append(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  to[text.size()] = ',';
  return to + text.size() + 1;
}

template <class T>
void WriteRows(const Dataset& data, const T* (Dataset::*values)(size_t) const noexcept,
               AtomicFile& file) {
  size_t longest_label = 0;
  for (const std::string& name : data.schema().classes) {
    longest_label = std::max(longest_label, name.size());
  }
  const size_t longest_row = longest_label + 1 + data.features() * kMaxField;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece + longest_row);
  char* to = buffer.get();
  for (size_t e = 0; e < data.examples(); ++e) {
    if (data.regression()) {
      to = Append(to, data.targets()[e]);
    } else if (data.labelled()) {
      to = Append(to, data.schema().classes[data.labels()[e]]);
    }
    const T* const column = (data.*values)(e);
    for (size_t i = 0; i < data.features(); ++i) to = Append(to, column[i]);
    to[-1] = '\n';
    const auto size = static_cast<size_t>(to - buffer.get());
    if (size >= kPiece || e + 1 == data.examples()) {
      file.Write({buffer.get(), size});
      to = buffer.get();
    }
  }
}

// Readers of the file could not tell such a name from a separator.
void CheckName(const std::filesystem::path& file, const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return;
  throw Error(ErrorCode::kBadData,
              {.problem = fmt::format("cannot write '{}'", file.string()),
               .found = fmt::format("the name '{}'", name),
               .expected = "names without commas, quotation marks and line ends"});
}

}  // namespace

void WriteCsv(const Dataset& data, const std::filesystem::path& file) {
  const Schema& schema = data.schema();
  const std::string label = schema.label_name.empty() ? "label" : schema.label_name;
  std::string header;
  if (!schema.feature_names.empty()) {
    header = fmt::format("{}{}{}\n", data.labelled() ? label : "", data.labelled() ? "," : "",
                         fmt::join(schema.feature_names, ","));
  }
  CheckName(file, label);
  for (const std::string& name : schema.feature_names) CheckName(file, name);
  for (const std::string& name : schema.classes) CheckName(file, name);

  AtomicFile output(file);
  output.Write(header);
  if (data.element_type() == ElementType::kU8) {
    WriteRows(data, &Dataset::BytesOf, output);
  } else {
    WriteRows(data, &Dataset::FloatsOf, output);
  }
  output.Commit();
}

}  // namespace colonnade
