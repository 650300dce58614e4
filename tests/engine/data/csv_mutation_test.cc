// The CSV reader against a slow and simple one, on tables with random damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv_reader.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::Random;
using test::TempDir;

// What a file holds, by the letter of csv.h: a table, or the number of the row with the first
// fault (0: of the file as a whole).
struct Table {
  std::vector<std::vector<float>> values;
  std::vector<long long> labels;
};
using Reading = std::variant<Table, size_t>;

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// [+-] digits [. digits] [e [+-] digits]
bool IsNumber(const std::string& text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - begin;
  };
  const auto skip = [&](const char* set) {
    const bool found = i < text.size() && text[i] != '\0' && std::strchr(set, text[i]) != nullptr;
    if (found) ++i;
    return found;
  };
  skip("+-");
  size_t mantissa = digits();
  if (skip(".")) mantissa += digits();
  if (mantissa == 0) return false;
  if (skip("eE")) {
    skip("+-");
    if (digits() == 0) return false;
  }
  return i == text.size();
}

// True for text that is no number, nor meant as one: missing, infinite, with spaces around.
bool IsWord(std::string text) {
  if (text.empty() || IsNumber(text)) return false;
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.erase(0, 1);
  if (IsNumber(text)) return false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.erase(0, 1);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text != "nan" && text != "inf" && text != "infinity";
}

std::optional<long long> LabelOf(const std::string& text) {
  const size_t point = text.find('.');
  if (!IsNumber(text) || text.find_first_of("eE") != std::string::npos || text[0] == '.') return {};
  if (point != std::string::npos && text.find_first_not_of('0', point + 1) != std::string::npos) {
    return {};
  }
  if (text.find_first_of("0123456789") > 1 || !std::isdigit(text[text.find_first_not_of("+-")])) {
    return {};
  }
  return std::strtoll(text.c_str(), nullptr, 10);  // mutations do not reach 64 bits
}

Reading ReadSimply(const std::string& text) {
  std::vector<std::string> lines = Split(text, '\n');
  for (std::string& line : lines) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
  }
  if (lines[0].empty()) return text.empty() ? size_t{0} : size_t{1};
  while (lines.back().empty()) lines.pop_back();

  const std::vector<std::string> first = Split(lines[0], ',');
  const bool header = std::any_of(first.begin(), first.end(), IsWord);
  size_t label_column = 0;
  if (header) {
    for (const std::string& name : first) {
      for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) return 1u;
      }
      if (name.find('"') != std::string::npos) return 1u;
    }
    const auto found = std::find(first.begin(), first.end(), "label");
    if (found != first.end()) {
      label_column = static_cast<size_t>(found - first.begin());
      if (std::find(found + 1, first.end(), "label") != first.end()) return 1u;
    }
  }
  if (first.size() < 2) return 1u;

  Table table;
  for (size_t row = header ? 1 : 0; row < lines.size(); ++row) {
    if (lines[row].empty()) return row + 1;
    const std::vector<std::string> fields = Split(lines[row], ',');
    if (fields.size() != first.size()) return row + 1;
    table.values.emplace_back();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (i == label_column) {
        const std::optional<long long> label = LabelOf(fields[i]);
        if (!label) return row + 1;
        table.labels.push_back(*label);
      } else {
        if (!IsNumber(fields[i])) return row + 1;
        const float value = std::strtof(fields[i].c_str(), nullptr);
        if (std::isinf(value)) return row + 1;
        table.values.back().push_back(value);
      }
    }
  }
  if (table.values.empty()) return size_t{0};
  return table;
}

// The row that a message names: "FILE:ROW: …", or 0.
size_t RowOf(const std::string& message, const std::string& file) {
  if (!message.starts_with(file)) return SIZE_MAX;
  return message[file.size()] == ':' ? std::strtoul(message.c_str() + file.size() + 1, nullptr, 10)
                                     : SIZE_MAX;
}

std::string Compare(const Table& expected, const Dataset& data) {
  if (data.examples() != expected.values.size()) return "number of examples";
  if (data.features() != expected.values[0].size()) return "number of features";
  bool bytes = true;
  std::map<long long, uint32_t> classes;
  for (const long long label : expected.labels) classes[label] = 0;
  std::vector<std::string> names;
  for (auto& [label, index] : classes) {
    index = static_cast<uint32_t>(names.size());
    names.push_back(std::to_string(label));
  }
  if (names != data.schema().classes) return "classes";
  for (size_t e = 0; e < data.examples(); ++e) {
    if (classes[expected.labels[e]] != data.labels()[e]) return "label " + std::to_string(e);
    for (size_t i = 0; i < data.stride(); ++i) {
      const float value = i < data.features() ? expected.values[e][i] : 0;
      bytes &= value >= 0 && value <= 255 && value == std::floor(value) && !std::signbit(value);
      const size_t at = e * data.stride() + i;
      const float found = data.bytes() != nullptr ? data.bytes()[at] : data.floats()[at];
      if (std::memcmp(&found, &value, sizeof(value)) != 0) {
        return "value " + std::to_string(e) + ", " + std::to_string(i);
      }
    }
  }
  if (bytes != (data.element_type() == ElementType::kU8)) return "type";
  return "";
}

// Nothing if reading `file`, which holds `text`, gives what it should, else what is wrong.
std::string Disagreement(const std::string& text, const std::filesystem::path& file, size_t piece) {
  const Reading expected = ReadSimply(text);
  try {
    const Dataset data = ReadCsvInPieces(file, {}, piece);
    if (std::holds_alternative<size_t>(expected)) {
      return "accepted in spite of a fault in row " + std::to_string(std::get<size_t>(expected));
    }
    return Compare(std::get<Table>(expected), data);
  } catch (const Error& error) {
    if (!std::holds_alternative<size_t>(expected)) return std::string("refused: ") + error.what();
    if (RowOf(error.what(), file.string()) == std::get<size_t>(expected)) return "";
    return "fault expected in row " + std::to_string(std::get<size_t>(expected)) +
           ", found: " + error.what();
  }
}

std::string RandomTable(Random& random) {
  std::string text;
  const size_t columns = 2 + random.Below(12);
  const bool floats = random.Below(4) == 0;
  const char* const end = random.Below(4) == 0 ? "\r\n" : "\n";
  if (random.Below(2) == 0) {
    const size_t label = random.Below(columns + 1);
    for (size_t i = 0; i < columns; ++i) {
      text += (i > 0 ? "," : "") + (i == label ? std::string("label") : "c" + std::to_string(i));
    }
    text += end;
  }
  for (size_t rows = 1 + random.Below(6); rows > 0; --rows) {
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += ',';
      const bool zero = random.Below(3) > 0;
      const size_t bound = random.Below(50) == 0 ? 1100 : 256;
      text += std::to_string(zero ? 0 : random.Below(bound) >> random.Below(8));
      if (floats && random.Below(8) == 0) text += ".0";
    }
    text += end;
  }
  return text;
}

void Mutate(std::string& text, Random& random) {
  static const std::string kBytes = "0123456789,,,\n\n\r.-+e \"x\xb1";
  if (text.empty()) return;
  const size_t at = random.Below(text.size());
  const char byte = random.Below(8) == 0 ? static_cast<char>(random.Below(128))
                                         : kBytes[random.Below(kBytes.size())];
  switch (random.Below(5)) {
    case 0:
      text[at] = byte;
      break;
    case 1:
      text.insert(at, 1, byte);
      break;
    case 2:
      text.erase(at, 1 + random.Below(2));
      break;
    case 3:
      text.resize(at + 1);
      break;
    default:
      text.insert(at, text.substr(random.Below(text.size()), random.Below(12)));
  }
}

TEST(CsvMutationTest, AgreesWithTheSimpleReader) {
  constexpr uint64_t kSeeds = 6000;
  const TempDir dir;
  size_t tables = 0;
  size_t faults = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    std::string text = RandomTable(random);
    for (size_t i = random.Below(4); i > 0; --i) Mutate(text, random);
    // Messages of these name a row as well, but faults of another kind, found before all others.
    if (text.starts_with("\xef\xbb\xbf") || text.find(',') > text.find('\n')) continue;
    // A new file each time: some file systems flush one that is truncated and written again.
    const auto file = dir.WriteFile(std::to_string(seed) + ".csv", text);
    const size_t piece = random.Below(2) == 0 ? 1 + random.Below(40) : 4096;
    ASSERT_EQ(Disagreement(text, file, piece), "")
        << "seed " << seed << ", pieces of " << piece << ": " << testing::PrintToString(text);
    std::filesystem::remove(file);
    ++(std::holds_alternative<Table>(ReadSimply(text)) ? tables : faults);
  }
  EXPECT_GT(tables, kSeeds / 5);
  EXPECT_GT(faults, kSeeds / 5);
}

// The test of the test: readings that are wrong in any single respect must be seen.
TEST(CsvMutationTest, TheComparisonSeesEveryDifference) {
  const std::string text = "label,a,b\n1,2,3\n2,5,6\n";
  const TempDir dir;
  const Dataset data = ReadCsv(dir.WriteFile("t.csv", text));
  const Reading reading = ReadSimply(text);
  ASSERT_TRUE(std::holds_alternative<Table>(reading));
  const Table right = std::get<Table>(reading);
  EXPECT_EQ(Compare(right, data), "");
  Table wrong = right;
  wrong.values[1][1] = 7;
  EXPECT_EQ(Compare(wrong, data), "value 1, 1");
  wrong = right;
  wrong.labels = {2, 1};
  EXPECT_EQ(Compare(wrong, data), "label 0");
  wrong = right;
  wrong.labels[1] = 3;
  EXPECT_EQ(Compare(wrong, data), "classes");
  wrong = right;
  wrong.values.pop_back();
  EXPECT_EQ(Compare(wrong, data), "number of examples");
  EXPECT_NE(Disagreement("label,a,b\n1,2,3\n2,5,x\n", dir / "t.csv", 64), "");
  EXPECT_NE(Disagreement(text, dir.WriteFile("bad.csv", "label,a,b\n1,2,3\n2,5,x\n"), 64), "");
  EXPECT_NE(Disagreement("label,a,b\n1,x,3\n2,5,x\n", dir / "bad.csv", 64), "") << "other row";
}

TEST(CsvMutationTest, TheSimpleReaderKnowsTheGrammar) {
  for (const char* text : {"0", "12", "-1", "+1", "1.", ".5", "1.5e3", "1E-3", "1e+3", "007"}) {
    EXPECT_TRUE(IsNumber(text)) << text;
  }
  for (const char* text :
       {"", "-", ".", "e1", "1e", "1e+", "--1", "1 ", " 1", "0x1", "nan", "1.2.3"}) {
    EXPECT_FALSE(IsNumber(text)) << text;
  }
  for (const char* text : {"1.5", "1e1", "", "+-1", ".0", "-.0", "x"}) {
    EXPECT_EQ(LabelOf(text), std::nullopt) << text;
  }
  EXPECT_EQ(LabelOf("-7.00"), -7);
  EXPECT_EQ(std::get<size_t>(ReadSimply("1,2\n1,2\n1,x\n")), 3u);
  EXPECT_EQ(std::get<size_t>(ReadSimply("label,a\n")), 0u);
}

}  // namespace
}  // namespace colonnade
