// SPDX-License-Identifier: Apache-2.0
// The CSV reader against a slow and simple one, on tables with random damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
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
  std::vector<std::string> labels;  // integers as to_string() writes them
};
using Reading = std::variant<Table, size_t>;

struct Field {
  std::string text;
  size_t line;
  bool quoted = false;
  bool damaged = false;
};

struct Record {
  size_t line;
  std::vector<Field> fields;  // none: an empty line
  bool open = false;          // the quotes of the last field are not closed
};

bool IsPadding(char c, char separator) { return c == ' ' || (c == '\t' && separator != '\t'); }

// One state after the other, one character after the other.
std::vector<Record> Split(const std::string& text, char separator) {
  std::vector<Record> records;
  size_t i = 0;
  size_t line = 1;
  const auto at_end = [&] {
    return i >= text.size() || text[i] == '\n' || text.compare(i, 2, "\r\n") == 0 ||
           (text[i] == '\r' && i + 1 == text.size());
  };
  const auto at_separator = [&] {
    return separator == ' ' ? IsPadding(text[i], ' ') : text[i] == separator;
  };
  const auto skip_padding = [&] {
    while (i < text.size() && IsPadding(text[i], separator)) ++i;
  };
  while (i < text.size()) {
    Record record{.line = line, .fields = {}};
    skip_padding();
    while (!at_end() || !record.fields.empty()) {
      Field field{.text = "", .line = line};
      const size_t begin = i;
      field.quoted = i < text.size() && text[i] == '"';
      if (field.quoted) {
        for (++i;; ++i) {
          if (i >= text.size()) {
            record.fields.push_back(field);
            record.open = true;
            records.push_back(record);
            return records;
          }
          if (text[i] == '"' && text.compare(i, 2, "\"\"") != 0) break;
          if (text[i] == '"') ++i;
          if (text[i] == '\n') ++line;
          field.text += text[i];
        }
        const size_t closing = i++;
        skip_padding();
        field.damaged = !at_end() && !at_separator() && !(separator == ' ' && i > closing + 1);
      }
      if (!field.quoted || field.damaged) {
        while (!at_end() && !at_separator()) ++i;
        field.text = text.substr(begin, i - begin);
        while (!field.text.empty() && IsPadding(field.text.back(), separator)) {
          field.text.pop_back();
        }
      }
      record.fields.push_back(field);
      if (separator == ' ') skip_padding();
      if (at_end()) break;
      if (separator != ' ') {
        ++i;
        skip_padding();
      }
    }
    i += i < text.size() && text[i] == '\r' ? 2U : 1U;
    ++line;
    records.push_back(record);
  }
  return records;
}

// Whether lines end in a lone CR.
bool EndsInCarriageReturns(const std::string& text) {
  bool quoted = false;
  bool lone = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && text[i] == '\n') return false;
    lone |= !quoted && text[i] == '\r' && i + 1 < text.size() && text[i + 1] != '\n';
  }
  return lone || (text.ends_with('\r') && text.find('\n') == std::string::npos);
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

bool IsMissing(const std::string& text) { return text.empty() || text == "?"; }

// True for text that is no number, nor meant as one: missing, infinite.
bool IsWord(std::string text) {
  if (IsMissing(text) || IsNumber(text)) return false;
  if (text[0] == '+' || text[0] == '-') text.erase(0, 1);
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text != "nan" && text != "inf" && text != "infinity";
}

bool IsHeader(const std::vector<Record>& records) {
  const std::vector<Field>& first = records[0].fields;
  bool numbers = false;
  bool words = false;
  bool recurs = false;
  size_t rows = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    const std::string& text = first[i].text;
    size_t numbers_below = 0;
    size_t words_below = 0;
    bool quoted_below = false;
    rows = 0;
    for (size_t r = 1; r < records.size(); ++r) {
      if (records[r].open) break;
      rows += records[r].fields.empty() ? 0U : 1U;
      if (i >= records[r].fields.size()) continue;
      const Field& field = records[r].fields[i];
      ++(IsWord(field.text) ? words_below : numbers_below);
      if (IsMissing(field.text)) --numbers_below;
      quoted_below |= field.quoted;
      recurs |= IsWord(field.text) && field.text == text;
    }
    const bool name = IsWord(text) || (first[i].quoted && !quoted_below);
    if (name && numbers_below > words_below) return true;
    words |= IsWord(text);
    numbers |= !IsWord(text) && !IsMissing(text);
  }
  return words && (rows == 0 || (!numbers && !recurs));
}

// In quotes, "?" is text.
std::optional<std::string> LabelOf(const std::string& text, bool quoted = false) {
  if (quoted && text == "?") return text;
  if (IsMissing(text)) return {};
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r';
  });
  if (IsWord(text)) return printable ? std::optional(text) : std::nullopt;
  const size_t point = text.find('.');
  if (!IsNumber(text) || text.find_first_of("eE") != std::string::npos || text[0] == '.') return {};
  if (point != std::string::npos && text.find_first_not_of('0', point + 1) != std::string::npos) {
    return {};
  }
  if (text.find_first_of("0123456789") > 1 || !std::isdigit(text[text.find_first_not_of("+-")])) {
    return {};
  }
  // Mutations do not reach 64 bits.
  return std::to_string(std::strtoll(text.c_str(), nullptr, 10));
}

Reading ReadSimply(std::string text, char separator) {
  if (text.empty()) return size_t{0};
  if (EndsInCarriageReturns(text)) std::replace(text.begin(), text.end(), '\r', '\n');
  std::vector<Record> records = Split(text, separator);
  if (records[0].open) return records[0].fields.back().line;
  if (records[0].fields.empty()) return records[0].line;
  while (records.back().fields.empty()) records.pop_back();

  const std::vector<Field> first = records[0].fields;
  const bool header = IsHeader(records);
  size_t label_column = 0;
  if (header) {
    size_t labels = 0;
    for (size_t i = 0; i < first.size(); ++i) {
      for (const char c : first[i].text) {
        const bool plain = c >= ' ' && c <= '~';
        if (!plain && c != '\t' && c != '\n' && c != '\r') return 1u;
      }
      if (first[i].text == "label" && labels++ == 0) label_column = i;
    }
    if (labels > 1) return 1u;
  }
  if (first.size() < 2) return 1u;

  Table table;
  size_t missing = 0;  // the line of the first missing value
  const auto fault = [&](size_t line) { return missing > 0 ? missing : line; };
  for (size_t row = header ? 1 : 0; row < records.size(); ++row) {
    const Record& record = records[row];
    if (record.fields.empty()) {
      const bool ends_open =
          std::all_of(records.begin() + static_cast<std::ptrdiff_t>(row), records.end(),
                      [](const Record& r) { return r.fields.empty() || r.open; });
      return fault(ends_open ? records.back().fields.back().line : record.line);
    }
    if (record.open) return fault(record.fields.back().line);
    if (record.fields.size() != first.size()) return fault(record.line);
    table.values.emplace_back();
    for (size_t i = 0; i < record.fields.size(); ++i) {
      const auto& [field, line, quoted, damaged] = record.fields[i];
      if (damaged) return fault(line);
      if (i == label_column) {
        const std::optional<std::string> label = LabelOf(field, quoted);
        if (!label) return fault(line);
        table.labels.push_back(*label);
      } else if (IsMissing(field)) {
        missing = fault(line);
      } else {
        if (!IsNumber(field)) return fault(line);
        const float value = std::strtof(field.c_str(), nullptr);
        if (std::isinf(value)) return fault(line);
        table.values.back().push_back(value);
      }
    }
  }
  if (missing > 0) return missing;
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
  std::vector<std::string> names(expected.labels);
  const bool integers =
      std::all_of(names.begin(), names.end(), [](const std::string& n) { return IsNumber(n); });
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return integers ? std::stoll(a) < std::stoll(b) : a < b;
  });
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names != data.schema().classes) return "classes";
  for (size_t e = 0; e < data.examples(); ++e) {
    if (expected.labels[e] != names[data.labels()[e]]) return "label " + std::to_string(e);
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
std::string Disagreement(const std::string& text, char separator, const std::filesystem::path& file,
                         size_t piece) {
  const Reading expected = ReadSimply(text, separator);
  try {
    CsvOptions options;
    options.task = Task::kClassify;
    options.delimiter = separator;
    const Dataset data = ReadCsvInPieces(file, options, piece);
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

std::string RandomTable(Random& random, char separator) {
  std::string text;
  const size_t columns = 2 + random.Below(12);
  const bool floats = random.Below(4) == 0;
  const bool quotes = random.Below(4) == 0;
  const char* const ends[] = {"\n", "\n", "\r\n", "\r"};
  const char* const end = ends[random.Below(4)];
  if (random.Below(2) == 0) {
    const size_t label = random.Below(columns + 1);
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += separator;
      text += i == label ? std::string("label") : "c" + std::to_string(i);
    }
    text += end;
  }
  for (size_t rows = 1 + random.Below(6); rows > 0; --rows) {
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += separator;
      const bool quoted = quotes && random.Below(8) == 0;
      if (quoted) text += '"';
      const bool zero = random.Below(3) > 0;
      const size_t bound = random.Below(50) == 0 ? 1100 : 256;
      text += std::to_string(zero ? 0 : random.Below(bound) >> random.Below(8));
      if (floats && random.Below(8) == 0) text += ".0";
      if (quoted) text += '"';
    }
    text += end;
  }
  return text;
}

void Mutate(std::string& text, char separator, Random& random) {
  const std::string bytes = "0123456789\n\n\r.-+e \"x?\xb1" + std::string(3, separator);
  if (text.empty()) return;
  const size_t at = random.Below(text.size());
  const char byte = random.Below(8) == 0 ? static_cast<char>(random.Below(128))
                                         : bytes[random.Below(bytes.size())];
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
  const char* const wanted = std::getenv("COLONNADE_MUTATIONS");
  const uint64_t seeds = wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 6000;
  const TempDir dir;
  size_t tables = 0;
  size_t faults = 0;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    Random random(seed);
    const char separator = ",,,;\t |"[random.Below(7)];
    std::string text = RandomTable(random, separator);
    for (size_t i = random.Below(4); i > 0; --i) Mutate(text, separator, random);
    // A new file each time: some file systems flush one that is truncated and written again.
    const auto file = dir.WriteFile(std::to_string(seed) + ".csv", text);
    const size_t piece = random.Below(2) == 0 ? 1 + random.Below(40) : 4096;
    ASSERT_EQ(Disagreement(text, separator, file, piece), "")
        << "seed " << seed << ", pieces of " << piece << ": " << testing::PrintToString(text);
    std::filesystem::remove(file);
    ++(std::holds_alternative<Table>(ReadSimply(text, separator)) ? tables : faults);
  }
  EXPECT_GT(tables, seeds / 5);
  EXPECT_GT(faults, seeds / 5);
}

TEST(CsvMutationTest, TruncationAtEveryByteOfTheLastTwoRows) {
  const TempDir dir;
  for (const char* const end : {"\n", "\r\n"}) {
    for (const char separator : {',', ';', '\t', ' ', '|'}) {
      std::string text;
      size_t keep = 0;  // bytes before the last two rows
      for (const char* const row : {"label,a,b", "1,2,3", "0,\"5\",255", "\"1\",-1.5e2,\" 7\""}) {
        if (*row == '0') keep = text.size();
        text += row + std::string(end);
      }
      std::replace(text.begin(), text.end(), ',', separator);
      for (size_t size = keep; size <= text.size(); ++size) {
        const std::string part = text.substr(0, size);
        const auto file = dir.WriteFile(std::to_string(size) + ".csv", part);
        for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}}) {
          EXPECT_EQ(Disagreement(part, separator, file, piece), "")
              << testing::PrintToString(part) << " in pieces of " << piece;
        }
        std::filesystem::remove(file);
      }
    }
  }
}

// The test of the test: readings that are wrong in any single respect must be seen.
TEST(CsvMutationTest, TheComparisonSeesEveryDifference) {
  const std::string text = "label,a,b\n1,2,3\n2,5,6\n";
  const TempDir dir;
  const Dataset data = ReadCsv(dir.WriteFile("t.csv", text));
  const Reading reading = ReadSimply(text, ',');
  ASSERT_TRUE(std::holds_alternative<Table>(reading));
  const Table right = std::get<Table>(reading);
  EXPECT_EQ(Compare(right, data), "");
  Table wrong = right;
  wrong.values[1][1] = 7;
  EXPECT_EQ(Compare(wrong, data), "value 1, 1");
  wrong = right;
  wrong.labels = {"2", "1"};
  EXPECT_EQ(Compare(wrong, data), "label 0");
  wrong = right;
  wrong.labels[1] = "3";
  EXPECT_EQ(Compare(wrong, data), "classes");
  wrong = right;
  wrong.values.pop_back();
  EXPECT_EQ(Compare(wrong, data), "number of examples");
  EXPECT_NE(Disagreement("label,a,b\n1,2,3\n2,5,x\n", ',', dir / "t.csv", 64), "");
  EXPECT_NE(Disagreement(text, ',', dir.WriteFile("bad.csv", "label,a,b\n1,2,3\n2,5,x\n"), 64), "");
  EXPECT_NE(Disagreement("label,a,b\n1,x,3\n2,5,x\n", ',', dir / "bad.csv", 64), "") << "other row";
}

TEST(CsvMutationTest, TheSimpleReaderKnowsTheGrammar) {
  for (const char* text : {"0", "12", "-1", "+1", "1.", ".5", "1.5e3", "1E-3", "1e+3", "007"}) {
    EXPECT_TRUE(IsNumber(text)) << text;
  }
  for (const char* text :
       {"", "-", ".", "e1", "1e", "1e+", "--1", "1 ", " 1", "0x1", "nan", "1.2.3"}) {
    EXPECT_FALSE(IsNumber(text)) << text;
  }
  for (const char* text : {"1.5", "1e1", "", "?", ".0", "-.0", "\x01"}) {
    EXPECT_EQ(LabelOf(text), std::nullopt) << text;
  }
  EXPECT_EQ(LabelOf("-7.00"), "-7");
  EXPECT_EQ(LabelOf("?", true), "?");
  EXPECT_EQ(LabelOf("+-1"), "+-1") << "text";
  EXPECT_EQ(std::get<size_t>(ReadSimply("1,2\n1,2\n1,x\n", ',')), 3u);
  EXPECT_EQ(std::get<size_t>(ReadSimply("label,a\n", ',')), 0u);
}

}  // namespace
}  // namespace colonnade
