// SPDX-License-Identifier: Apache-2.0
// The CSV reader against a slow and simple one, on tables with random damage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/reader.h"
#include "tests/support/csv_outcome.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::Random;
using test::TempDir;

// What a file holds, by the letter of csv.h, for a reader that is told what to guess: whether there
// is a header, the label column, that labels are classes and missing values a fault. A table, or
// the number of the row with the first fault (0: of the file as a whole), or nothing, where a
// column may as well be text, or numbers that are written in another way.
struct Table {
  std::vector<std::vector<float>> values;
  std::vector<std::string> labels;  // as they are written
};
struct Unsure {};
using Reading = std::variant<Table, size_t, Unsure>;

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
            record.open = true;
            break;
          }
          if (text[i] == '"' && text.compare(i, 2, "\"\"") != 0) break;
          if (text[i] == '"') ++i;
          if (text[i] == '\n') ++line;
          field.text += text[i];
        }
        if (record.open) {
          // The next record starts with the next line.
          record.fields.push_back(field);
          line = field.line;
          i = std::min(text.find('\n', begin), text.size());
          break;
        }
        const size_t closing = i++;
        skip_padding();
        field.damaged = !at_end() && !at_separator() && !(separator == ' ' && i > closing + 1);
        constexpr const char* kSpaces = " \t\r\n";
        field.text.erase(0, std::min(field.text.find_first_not_of(kSpaces), field.text.size()));
        field.text.erase(field.text.find_last_not_of(kSpaces) + 1);
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

bool IsMissing(const std::string& text) {
  return text.empty() || text == "?" || text == "-" || text == ".";
}

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r';
  });
}

// In quotes, "?" is text.
std::optional<std::string> LabelOf(const std::string& text, bool quoted = false) {
  if (text.empty() || (text == "?" && !quoted) || !IsPrintable(text)) return {};
  return text;
}

// How many fields a row has, as most rows show it.
struct Shape {
  size_t columns = 0;
  bool trailing = false;   // rows end in a separator
  bool row_names = false;  // the header lacks the first name
  bool sure = true;
};

Shape ShapeOf(const std::vector<Record>& records, bool header) {
  std::map<size_t, size_t> counts;
  size_t most = 0;
  size_t alike = 0;
  for (const Record& record : records) {
    if (record.open || record.fields.size() < 2) continue;
    const size_t count = ++counts[record.fields.size()];
    if (count <= alike) continue;
    alike = count;
    most = record.fields.size();
  }
  const auto ends_empty = [&](size_t from) {
    bool any = false;
    for (size_t r = from; r < records.size(); ++r) {
      if (records[r].open || records[r].fields.size() != most) continue;
      const Field& last = records[r].fields.back();
      if (!last.text.empty() || last.quoted) return false;
      any = true;
    }
    return any;
  };
  const std::vector<Field>& first = records[0].fields;
  Shape shape = {.columns = first.size()};
  const bool sure = alike >= 3 && 10 * alike >= 8 * records.size();
  shape.sure = sure || first.size() == most || alike + 1 < records.size();
  if (sure && header && first.size() + 1 == most && alike + 1 == records.size() &&
      std::none_of(first.begin(), first.end(),
                   [](const Field& f) { return !f.quoted && IsNumber(f.text); })) {
    shape.trailing = ends_empty(1);
    shape.row_names = !shape.trailing;
    if (shape.row_names) ++shape.columns;
  } else if (sure && first.size() == most + 1 && first.back().text.empty()) {
    shape.columns = most;  // the header alone ends in a separator
  } else if (sure && first.size() == most && most > 2 && ends_empty(0)) {
    shape.trailing = true;
    --shape.columns;
  }
  return shape;
}

Reading ReadSimply(std::string text, char separator, bool header) {
  if (text.empty()) return size_t{0};
  if (EndsInCarriageReturns(text)) std::replace(text.begin(), text.end(), '\r', '\n');
  std::vector<Record> records = Split(text, separator);
  std::erase_if(records, [](const Record& record) { return record.fields.empty(); });
  if (records.empty()) return size_t{0};
  if (records[0].open) return records[0].fields.back().line;
  const Shape shape = ShapeOf(records, header);
  if (!shape.sure) return Unsure();
  const size_t count = shape.columns;

  size_t label_column = 0;
  std::vector<bool> ignored(count);
  if (header) {
    size_t chosen = 0;  // by the name, which is a number as well
    for (size_t i = 0; i < count; ++i) {
      const size_t place = i - (shape.row_names ? 1 : 0);
      const std::vector<Field>& names = records[0].fields;
      ignored[i] = place >= names.size() || names[place].text.empty();
      if (place >= names.size()) continue;
      if (names[place].damaged || !IsPrintable(names[place].text)) return records[0].line;
      if (names[place].text == "0" && chosen++ == 0) label_column = i;
    }
    if (chosen > 1) return Unsure();
  }
  ignored[label_column] = false;
  if (static_cast<size_t>(std::count(ignored.begin(), ignored.end(), false)) < 2) {
    return records[0].line;
  }

  // Where words may be meant.
  for (size_t i = 0; i < count; ++i) {
    if (i == label_column || ignored[i]) continue;
    size_t words = 0;
    size_t numbers = 0;
    for (size_t r = header ? 1 : 0; r < records.size(); ++r) {
      const std::vector<Field>& fields = records[r].fields;
      const bool fits = fields.size() == count || (shape.trailing && fields.size() == count + 1);
      if (records[r].open || !fits || IsMissing(fields[i].text)) continue;
      ++(IsNumber(fields[i].text) ? numbers : words);
      if (!IsNumber(fields[i].text) && fields[i].text.find_first_of(", '_") != std::string::npos) {
        return Unsure();
      }
    }
    if (words > numbers || (words > 1 && 10 * words > words + numbers)) return Unsure();
  }

  Table table;
  for (size_t row = header ? 1 : 0; row < records.size(); ++row) {
    const Record& record = records[row];
    if (record.open) return record.fields.back().line;
    const bool longer = shape.trailing && record.fields.size() == count + 1;
    if (record.fields.size() != count && !longer) return record.line;
    table.values.emplace_back();
    for (size_t i = 0; i < count; ++i) {
      const auto& [field, line, quoted, damaged] = record.fields[i];
      if (damaged) return line;
      if (ignored[i]) continue;
      if (i == label_column) {
        const std::optional<std::string> label = LabelOf(field, quoted);
        if (!label) return line;
        table.labels.push_back(*label);
      } else {
        if (!IsNumber(field)) return line;
        const float value = std::strtof(field.c_str(), nullptr);
        if (std::isinf(value)) return line;
        table.values.back().push_back(value);
      }
    }
    if (longer && !record.fields.back().text.empty()) return record.fields.back().line;
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
  std::vector<std::string> names(expected.labels);
  const bool numbers = std::all_of(names.begin(), names.end(), [](const std::string& n) {
    return IsNumber(n) && !std::isinf(std::strtof(n.c_str(), nullptr));
  });
  std::sort(names.begin(), names.end());
  if (numbers) {
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
      const double x = std::strtod(a.c_str(), nullptr);
      const double y = std::strtod(b.c_str(), nullptr);
      return x != y ? x < y : a < b;
    });
  }
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
std::string Disagreement(const std::string& text, char separator, bool header,
                         const std::filesystem::path& file, size_t piece) {
  const Reading expected = ReadSimply(text, separator, header);
  CsvOptions options;
  options.task = Task::kClassify;
  options.delimiter = separator;
  options.header = header ? Header::kYes : Header::kNo;
  options.label_column = "0";
  options.skip_rows = 0;
  options.missing = Missing::kRefuse;
  options.decimal = Decimal::kPoint;
  const auto read = [&] { return ReadCsvInPieces(file, options, piece); };
  if (std::holds_alternative<Unsure>(expected)) {
    std::ignore = test::CsvOutcome(read);  // no crash
    return "";
  }
  try {
    const Dataset data = read();
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

std::string RandomTable(Random& random, char separator, bool header) {
  std::string text;
  const size_t columns = 2 + random.Below(12);
  const bool floats = random.Below(4) == 0;
  const bool quotes = random.Below(4) == 0;
  const char* const ends[] = {"\n", "\n", "\r\n", "\r"};
  const char* const end = ends[random.Below(4)];
  if (header) {
    const size_t label = random.Below(columns + 1);
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += separator;
      text += i == label ? std::string("0") : "c" + std::to_string(i);
    }
    text += end;
  }
  // With a few rows, a fault in one of them makes columns of text.
  for (size_t rows = 1 + random.Below(random.Below(3) == 0 ? 6 : 40); rows > 0; --rows) {
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
  // No letters that mean something with digits in front of them.
  char byte = bytes[random.Below(bytes.size())];
  if (random.Below(8) == 0) byte = static_cast<char>(random.Below(64));
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
    const bool header = random.Below(2) == 0;
    std::string text = RandomTable(random, separator, header);
    for (size_t i = random.Below(4); i > 0; --i) Mutate(text, separator, random);
    // A new file each time: some file systems flush one that is truncated and written again.
    const auto file = dir.WriteFile(std::to_string(seed) + ".csv", text);
    const size_t piece = random.Below(2) == 0 ? 1 + random.Below(40) : 4096;
    ASSERT_EQ(Disagreement(text, separator, header, file, piece), "")
        << "seed " << seed << ", pieces of " << piece << ": " << testing::PrintToString(text);
    std::filesystem::remove(file);
    const Reading reading = ReadSimply(text, separator, header);
    tables += std::holds_alternative<Table>(reading) ? 1u : 0u;
    faults += std::holds_alternative<size_t>(reading) ? 1u : 0u;
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
          EXPECT_EQ(Disagreement(part, separator, true, file, piece), "")
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
  const Reading reading = ReadSimply(text, ',', true);
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
  EXPECT_NE(Disagreement("label,a,b\n1,2,3\n2,5,x\n", ',', true, dir / "t.csv", 64), "");
  EXPECT_NE(
      Disagreement(text, ',', true, dir.WriteFile("bad.csv", "label,a,b\n1,2,3\n2,5,x\n"), 64), "");
  EXPECT_NE(Disagreement("label,a,b\n1,x,3\n2,5,6\n1,2,3\n", ',', true, dir / "bad.csv", 64), "")
      << "other row";
}

TEST(CsvMutationTest, TheSimpleReaderKnowsTheGrammar) {
  for (const char* text : {"0", "12", "-1", "+1", "1.", ".5", "1.5e3", "1E-3", "1e+3", "007"}) {
    EXPECT_TRUE(IsNumber(text)) << text;
  }
  for (const char* text :
       {"", "-", ".", "e1", "1e", "1e+", "--1", "1 ", " 1", "0x1", "nan", "1.2.3"}) {
    EXPECT_FALSE(IsNumber(text)) << text;
  }
  for (const char* text : {"", "?", "\x01", "x\xb1"}) {
    EXPECT_EQ(LabelOf(text), std::nullopt) << text;
  }
  for (const char* text : {"-7.00", "1e1", "007", "+-1", "-", "x y"}) {
    EXPECT_EQ(LabelOf(text), text);
  }
  EXPECT_EQ(LabelOf("?", true), "?");
  EXPECT_EQ(std::get<size_t>(ReadSimply("1,2\n1,2\n1,x\n", ',', false)), 3u);
  EXPECT_EQ(std::get<size_t>(ReadSimply("label,a\n", ',', true)), 0u);
}

}  // namespace
}  // namespace colonnade
