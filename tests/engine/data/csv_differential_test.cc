// SPDX-License-Identifier: Apache-2.0
// One judge: all ways through the reader take a table alike, and CheckCsv() says what ReadCsv()
// does, on tables of all kinds with random damage.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/check.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/cutter.h"
#include "engine/data/csv/lines.h"
#include "engine/data/csv/reader.h"
#include "engine/data/csv/record.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::Random;
using test::TempDir;

size_t Cases(size_t usual) {
  const char* const wanted = std::getenv("COLONNADE_MUTATIONS");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

uint64_t FirstSeed() {
  const char* const wanted = std::getenv("COLONNADE_SEED");
  return wanted == nullptr ? 1 : std::strtoull(wanted, nullptr, 10);
}

// ---- Tables ----

template <size_t N>
std::string OneOf(Random& random, const std::array<const char*, N>& texts) {
  return texts[random.Below(N)];
}

// What a column is full of.
enum class Content {
  kByte,
  kInteger,
  kFraction,
  kLarge,
  kComma,
  kMoney,
  kThousands,
  kDate,
  kGermanDate,
  kTime,
  kWord,
  kCode,
  kBoolean,
  kIndex,
  kIdentifier,
  kNothing,
  kCount,
};

std::string Digits(Random& random, size_t most) {
  std::string digits;
  const size_t count = 1 + random.Below(most);
  for (size_t i = 0; i < count; ++i) digits += static_cast<char>('0' + random.Below(10));
  return digits;
}

std::string FieldOf(Content content, size_t row, Random& random) {
  switch (content) {
    case Content::kByte:
      return std::to_string(random.Below(256));
    case Content::kInteger:
      return (random.Below(4) == 0 ? "-" : "") + std::to_string(random.Below(100'000));
    case Content::kFraction:
      return fmt::format("{}.{}", random.Below(100), Digits(random, 3));
    case Content::kLarge:
      return fmt::format("{}", 1'700'000'000 + random.Below(1000));
    case Content::kComma:
      return fmt::format("{},{}", random.Below(100), Digits(random, 2));
    case Content::kMoney:
      return fmt::format("${}.{:02}", random.Below(1000), random.Below(100));
    case Content::kThousands:
      return fmt::format("{}.{:03},{}", 1 + random.Below(99), random.Below(1000), random.Below(10));
    case Content::kDate:
      return fmt::format("20{:02}-{:02}-{:02}", random.Below(30), 1 + random.Below(12),
                         1 + random.Below(28));
    case Content::kGermanDate:
      return fmt::format("{}.{:02}.2021", 1 + random.Below(28), 1 + random.Below(12));
    case Content::kTime:
      return fmt::format("2021-03-{:02}T{:02}:{:02}:00Z", 1 + random.Below(28), random.Below(24),
                         random.Below(60));
    case Content::kWord:
      return OneOf<7>(random, {"red", "green", "blue", "Köln", "New York", "a;b", "say \"x\""});
    case Content::kCode:
      return OneOf<6>(random, {"1", "2", "02", "+1", "1.0", "3"});
    case Content::kBoolean:
      return OneOf<4>(random, {"yes", "no", "Yes", "NO"});
    case Content::kIndex:
      return std::to_string(row);
    case Content::kIdentifier:
      return fmt::format("id-{:05}", random.Below(100'000));
    case Content::kNothing:
    case Content::kCount:
      return "";
  }
  return "";
}

std::string InQuotes(const std::string& text, char quote, char escape) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote || (escape != '\0' && c == escape)) quoted += escape == '\0' ? quote : escape;
    quoted += c;
  }
  return quoted + quote;
}

struct Input {
  std::string text;
  CsvOptions options;
};

// A table as a program might write it.
Input Table(Random& random) {
  Input input;
  CsvOptions& options = input.options;
  const std::string separator = OneOf<8>(random, {",", ",", ";", "\t", "|", " ", "::", ","});
  if (separator == "::" || random.Below(4) == 0) options.delimiter = Delimiter(separator);
  const char quote = random.Below(6) == 0 ? '\'' : '"';
  options.quote = random.Below(12) == 0 ? '\0' : quote;
  const char escape = random.Below(6) == 0 ? '\\' : '\0';
  if (escape != '\0') options.escape = escape;
  if (random.Below(5) == 0) options.comment = '#';
  const std::string end = OneOf<6>(random, {"\n", "\n", "\n", "\r\n", "\r\n", "\r"});
  const bool pad = random.Below(8) == 0;
  const bool trailing = random.Below(12) == 0;
  const bool quote_all = random.Below(8) == 0;
  const size_t columns = 1 + random.Below(6);
  const size_t rows = random.Below(8) == 0 ? random.Below(200) : random.Below(30);
  std::vector<Content> contents;
  const bool plain = random.Below(3) == 0;
  for (size_t i = 0; i < columns; ++i) {
    contents.push_back(
        plain ? Content::kByte
              : static_cast<Content>(random.Below(static_cast<size_t>(Content::kCount))));
  }
  const auto field = [&](const std::string& text) {
    const bool needs = text.find_first_of(" \t\r\n\"'") != std::string::npos ||
                       text.find(separator) != std::string::npos || text.empty();
    const bool quoted = quote_all || (needs && random.Below(8) != 0) || random.Below(60) == 0;
    std::string written = quoted ? InQuotes(text, quote, escape) : text;
    if (pad && random.Below(3) == 0) written = " " + written + " ";
    return written;
  };
  std::string& text = input.text;
  if (random.Below(20) == 0) text += "\xef\xbb\xbf";
  if (random.Below(30) == 0 && separator.size() == 1) text += "sep=" + separator + end;
  if (random.Below(12) == 0) text += "Report of the year" + end + (random.Below(2) == 0 ? end : "");
  if (random.Below(2) == 0) {
    for (size_t i = 0; i < columns; ++i) {
      text +=
          (i > 0 ? separator : "") + field(random.Below(10) == 0 ? "" : fmt::format("name {}", i));
    }
    text += (trailing ? separator : "") + end;
  }
  for (size_t r = 0; r < rows; ++r) {
    if (options.comment && random.Below(10) == 0) text += "# a \" note" + end;
    if (random.Below(30) == 0) text += end;
    for (size_t i = 0; i < columns; ++i) {
      if (i > 0) text += separator;
      if (random.Below(40) == 0) {
        text += OneOf<8>(random, {"", "NA", "?", "null", "\"\"", "-", "nan", "\" \""});
      } else {
        text += field(FieldOf(contents[i], r, random));
      }
    }
    text += (trailing ? separator : "") + end;
  }
  if (random.Below(4) == 0 && text.size() > end.size()) text.resize(text.size() - end.size());

  constexpr std::array kMissing = {Missing::kRefuse, Missing::kMean, Missing::kMedian,
                                   Missing::kZero, Missing::kDrop};
  if (random.Below(4) == 0) options.missing = kMissing[random.Below(kMissing.size())];
  if (random.Below(4) == 0) {
    options.bad_rows = random.Below(2) == 0 ? BadRows::kSkip : BadRows::kSkipAny;
  }
  if (random.Below(8) == 0) options.header = random.Below(2) == 0 ? Header::kYes : Header::kNo;
  if (random.Below(8) == 0) options.task = random.Below(2) == 0 ? Task::kClassify : Task::kRegress;
  if (random.Below(4) == 0) options.label_column = std::to_string(random.Below(columns));
  if (random.Below(12) == 0) options.weight_column = std::to_string(random.Below(columns));
  if (random.Below(12) == 0) options.group_column = std::to_string(random.Below(columns));
  if (random.Below(12) == 0) options.time_column = std::to_string(random.Below(columns));
  if (random.Below(12) == 0) options.ignore_columns = {std::to_string(random.Below(columns))};
  if (random.Below(12) == 0) options.categorical = {std::to_string(random.Below(columns))};
  if (random.Below(12) == 0) options.keep_columns = {std::to_string(random.Below(columns))};
  if (random.Below(12) == 0) options.na_values = {"red", "7", "0", "20"};
  if (random.Below(12) == 0) options.keep_na = true;
  if (random.Below(12) == 0) options.strict = true;
  if (random.Below(12) == 0) options.missing_indicator = true;
  if (random.Below(12) == 0) options.max_categories = 1 + random.Below(3);
  if (random.Below(12) == 0)
    options.decimal = random.Below(2) == 0 ? Decimal::kComma : Decimal::kPoint;
  if (random.Below(12) == 0) options.dates = random.Below(2) == 0 ? Dates::kNumber : Dates::kIgnore;
  if (random.Below(16) == 0) options.skip_rows = random.Below(3);
  return input;
}

// Bytes that matter to a reader, and some that should not.
void Damage(std::string* text, Random& random) {
  constexpr std::array<std::string_view, 36> kPieces = {
      ",",      ";",   "\t",  " ",    "\n",  "\r\n",  "\r",    "\"",   "\"\"",
      "'",      "\\",  "#",   "\"\n", ",\"", "\",",   ".",     "-",    "1e400",
      "1e-400", "inf", "nan", "NA",   "00",  "\xff",  "\xc3",  "\x80", "12",
      "\n\n",   " \"", "\" ", "|",    "0x1", "1.2.3", "1,234", "$",    "2021-02-30"};
  const size_t times = random.Below(4);
  for (size_t i = 0; i < times && !text->empty(); ++i) {
    const size_t at = random.Below(text->size() + 1);
    switch (random.Below(4)) {
      case 0:
        text->erase(at, 1 + random.Below(3));
        break;
      case 1:
        text->replace(at, std::min<size_t>(1, text->size() - at),
                      kPieces[random.Below(kPieces.size())]);
        break;
      default:
        text->insert(at, kPieces[random.Below(kPieces.size())]);
        break;
    }
  }
}

// ---- Outcomes ----

// What a reader makes of a file.
struct Outcome {
  std::string text;  // all that a dataset is, or the message
  bool read = false;
  ErrorDetails problem = {};
};

std::string TextOf(const Dataset& data) {
  const Schema& schema = data.schema();
  std::string text = data.Hash() + (data.element_type() == ElementType::kU8 ? " u8" : " f32");
  const auto add = [&](const auto& value) { text += fmt::format(" {}", value); };
  add(data.examples());
  add(schema.label_name);
  add(schema.label_index);
  add(Name(schema.missing));
  for (const std::string& name : schema.feature_names) add(name);
  for (const std::string& name : schema.classes) add(name);
  for (const CategoricalColumn& column : schema.categorical) {
    text += fmt::format(" [{} {} {} {}:", column.name, column.first, column.other, column.missing);
    for (const std::string& name : column.categories) add(name);
  }
  for (const DateColumn& column : schema.dates) {
    text += fmt::format(" <{} {} {} {} {}>", column.name, column.first, column.weekday, column.hour,
                        column.origin);
  }
  for (const IgnoredColumn& column : schema.ignored) {
    text += fmt::format(" ({} {} {})", column.name, column.index, column.reason);
  }
  for (const float mean : schema.means) add(mean);
  for (const double offset : schema.offsets) add(offset);
  add(schema.target_offset);
  text += " labels";
  for (const uint32_t label : data.labels()) add(label);
  for (size_t e = 0; data.regression() && e < data.examples(); ++e) add(data.TargetOf(e));
  text += " weights";
  for (const float weight : data.weights()) add(weight);
  text += " groups";
  for (const uint32_t group : data.groups()) add(group);
  text += " times";
  for (const double time : data.times()) add(time);
  for (const TextColumn& column : data.texts()) {
    for (const std::string& value : column.values) text += "{" + value + "}";
  }
  text += " incomplete";
  for (const uint32_t example : data.incomplete()) add(example);
  for (const std::string& note : data.notes()) text += "\n" + note;
  text += "\n" + ToJson(data.summary());
  for (size_t e = 0; e < data.examples(); ++e) {
    for (size_t i = data.features(); i < data.stride(); ++i) {
      const bool clean = data.element_type() == ElementType::kU8 ? data.BytesOf(e)[i] == 0
                                                                 : data.FloatsOf(e)[i] == 0;
      if (!clean) text += " dirty padding";
    }
  }
  return text;
}

Outcome OutcomeOf(const std::function<Dataset()>& read) {
  try {
    return {.text = TextOf(read()), .read = true};
  } catch (const Error& error) {
    return {.text = fmt::format("error {}: {}", Name(error.code()), error.what()),
            .problem = error.details()};
  }
}

std::string Shown(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n\n";
    } else if (c == '\r') {
      shown += "\\r";
    } else if (c == '\t') {
      shown += "\\t";
    } else if (byte < 0x20) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

// What CheckCsv() says, where it is not what ReadCsv() does; else nothing.
std::string CheckDisagreement(const std::filesystem::path& file, const CsvOptions& options,
                              const Outcome& read) {
  CsvReport report;
  try {
    report = CheckCsv(file, options);
  } catch (const Error& error) {
    if (!read.read && error.code() != ErrorCode::kBadData) {
      return error.what() == read.text.substr(read.text.find(": ") + 2)
                 ? ""
                 : fmt::format("check threw {}", error.what());
    }
    return fmt::format("check threw {}", error.what());
  }
  if (report.problem.has_value() == read.read) {
    return report.problem ? fmt::format("check refuses: {}", report.problem->what())
                          : "check takes it";
  }
  if (read.read) {
    DataSummary summary = report.summary;
    const Dataset data = ReadCsv(file, options);
    if (summary.rows != data.examples() || summary.classes != data.summary().classes ||
        summary.label != data.summary().label || summary.task != data.summary().task ||
        summary.special.size() != data.summary().special.size() ||
        summary.bad_rows != data.summary().bad_rows || summary.dropped != data.summary().dropped) {
      return "check: " + ToJson(summary) + "\nread: " + ToJson(data.summary());
    }
    return "";
  }
  if (!report.bad_cells.empty() && options.bad_rows == BadRows::kRefuse) {
    const BadCell& cell = report.bad_cells[0];
    if (cell.row != read.problem.row || cell.column != read.problem.column ||
        cell.found != read.problem.found || cell.expected != read.problem.expected) {
      return fmt::format("check: row {} column {}: {}, expected {}", cell.row, cell.column,
                         cell.found, cell.expected);
    }
  } else if (report.bad_cells.empty()) {
    if (report.problem->what() != read.text.substr(read.text.find(": ") + 2)) {
      return fmt::format("check: {}", report.problem->what());
    }
  }
  return "";
}

TEST(CsvDifferentialTest, AllWaysAgree) {
  const TempDir dir;
  const std::filesystem::path file = dir / "t.csv";
  const size_t cases = Cases(1000);
  size_t taken = 0;
  size_t failures = 0;
  for (uint64_t seed = FirstSeed(); seed < FirstSeed() + cases && failures < 20; ++seed) {
    Random random(seed);
    Input input = Table(random);
    Damage(&input.text, random);
    dir.WriteFile("t.csv", input.text);
    CsvOptions options = input.options;
    options.threads = 1;
    const Outcome exact = OutcomeOf([&] { return ReadCsv(file, options); });
    taken += exact.read ? 1 : 0;
    const auto expect = [&](const std::string& other, const std::string& how) {
      if (other == exact.text) return;
      ++failures;
      ADD_FAILURE() << "seed " << seed << " " << how << "\n--- " << other
                    << "\n--- ReadCsv: " << exact.text << "\n--- text\n"
                    << Shown(input.text);
    };
    for (const size_t piece : {size_t{1}, 1 + random.Below(64), size_t{4096}}) {
      expect(OutcomeOf([&] { return ReadCsvInPieces(file, options, piece); }).text,
             fmt::format("in pieces of {}", piece));
    }
    for (const int threads : {1, 2}) {
      CsvOptions threaded = options;
      threaded.threads = threads;
      for (const size_t chunk : {size_t{1}, 1 + random.Below(64)}) {
        expect(OutcomeOf([&] { return ReadCsvInChunks(file, threaded, chunk); }).text,
               fmt::format("in chunks of {} by {} threads", chunk, threads));
      }
    }
    const std::string check = CheckDisagreement(file, options, exact);
    if (check.empty()) continue;
    ++failures;
    ADD_FAILURE() << "seed " << seed << "\n--- " << check << "\n--- ReadCsv: " << exact.text
                  << "\n--- text\n"
                  << Shown(input.text);
  }
  RecordProperty("taken", fmt::format("{} of {}", taken, cases));
  if (cases >= 1000 && failures == 0) {
    EXPECT_GT(taken, cases / 8);
    EXPECT_LT(taken, cases - cases / 8);
  }
}

// ---- Where records end ----

TEST(CsvDifferentialTest, RecordsEndWhereTheParserSays) {
  constexpr std::array<std::string_view, 14> kPieces = {
      "\n", "\r\n", "\"", "\"\"", ",", ", \"", "\",", "a", " ", "\t", "\\", "#", "'", "\\\""};
  const size_t cases = Cases(20'000);
  for (uint64_t seed = FirstSeed(); seed < FirstSeed() + cases; ++seed) {
    Random random(seed);
    CsvDialect dialect;
    dialect.separator = ",; \t"[random.Below(4)];
    dialect.quote = "\"\"'\0"[random.Below(4)];
    if (random.Below(3) == 0) dialect.comment = '#';
    if (random.Below(3) == 0) dialect.escape = '\\';
    std::string text;
    const size_t pieces = random.Below(30);
    for (size_t i = 0; i < pieces; ++i) text += kPieces[random.Below(kPieces.size())];
    text += '\n';
    const bool all = random.Below(2) == 0;
    // What the parser says.
    std::string padded = text + std::string(64, '\n');
    RecordParser parser(dialect);
    std::vector<size_t> ends = {0};
    bool open = false;
    const char* const begin = padded.data();
    const char* const end = begin + text.size();
    for (const char* p = begin; p < end;) {
      if (parser.Parse(p, end, all) == RecordKind::kOpen) {
        open = true;
        break;
      }
      p = parser.next();
      ends.push_back(static_cast<size_t>(p - begin));
    }
    const RecordCutter cutter(dialect);
    for (size_t wanted = 1; wanted <= text.size(); ++wanted) {
      const auto place = std::ranges::lower_bound(ends, wanted);
      std::optional<size_t> expected;
      if (place != ends.end()) expected = *place;
      const auto cut = cutter.Cut({begin, text.size()}, wanted, all, false);
      ASSERT_EQ(cut.value_or(9999), expected.value_or(9999))
          << "seed " << seed << " wanted " << wanted << " all " << all << "\n"
          << Shown(text);
      const auto whole = cutter.Cut({begin, text.size()}, wanted, all, true);
      ASSERT_EQ(whole.value_or(9999), expected.value_or(ends.back())) << "seed " << seed;
    }
    ASSERT_FALSE(all && open) << seed;
  }
}

}  // namespace
}  // namespace colonnade
