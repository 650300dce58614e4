// SPDX-License-Identifier: Apache-2.0
// What reading a CSV file gives, as text: for comparing the ways through the reader.
#ifndef COLONNADE_TESTS_SUPPORT_CSV_OUTCOME_H_
#define COLONNADE_TESTS_SUPPORT_CSV_OUTCOME_H_

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "colonnade/csv.h"
#include "colonnade/data_summary.h"
#include "colonnade/dataset.h"
#include "colonnade/error.h"
#include "engine/data/csv/reader.h"
#include "engine/data/schema_json.h"

namespace colonnade::test {

// A number with all of its bits.
template <class T>
std::string Exactly(T value) {
  return fmt::format(" {:a}", value);
}

// All that a dataset is and tells, padding included, or the message if read() throws.
template <class Read>
std::string CsvOutcome(const Read& read) {
  try {
    const Dataset data = read();
    const bool bytes = data.element_type() == ElementType::kU8;
    std::string text = data.Hash() + (bytes ? " u8" : " f32");
    for (size_t e = 0; e < data.examples(); ++e) {
      for (size_t i = e * data.stride() + data.features(); i < (e + 1) * data.stride(); ++i) {
        if ((bytes ? data.bytes()[i] : data.floats()[i]) != 0) {
          text += " dirty padding of example " + std::to_string(e);
        }
      }
    }
    text += "\n" + ToJson(data.schema()).dump() + "\n" + ToJson(data.summary());
    for (const std::string& note : data.notes()) text += "\nnote: " + note;
    text += "\nlabels:";
    for (const uint32_t label : data.labels()) text += " " + std::to_string(label);
    text += "\ntargets:";
    for (size_t e = 0; e < data.targets().size(); ++e) {
      text += Exactly(data.targets()[e]) + Exactly(data.TargetOf(e));
    }
    text += "\nweights:";
    for (const float weight : data.weights()) text += Exactly(weight);
    text += "\ngroups:";
    for (const uint32_t group : data.groups()) text += " " + std::to_string(group);
    text += "\ntimes:";
    for (const double time : data.times()) text += Exactly(time);
    text += "\nincomplete:";
    for (const uint32_t row : data.incomplete()) text += " " + std::to_string(row);
    for (const TextColumn& column : data.texts()) {
      text += "\ntexts of " + column.name + ":";
      for (const std::string& value : column.values) text += " '" + value + "'";
    }
    return text;
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }
}

// How an input of the fuzzer is read: its first byte chooses delimiter, header and one more
// option, the second one the size of the chunks, the third one how the text is written, the fourth
// one what it means; the rest is the text.
inline constexpr size_t kCsvFuzzBytes = 4;

inline CsvOptions CsvFuzzOptions(std::string_view input) {
  constexpr std::array<std::optional<char>, 8> kDelimiters = {
      std::nullopt, std::nullopt, ',', ';', '\t', ' ', '|', std::nullopt};
  constexpr std::array<Header, 4> kHeaders = {Header::kAuto, Header::kAuto, Header::kYes,
                                              Header::kNo};
  constexpr std::array<char, 4> kQuotes = {'"', '"', '\'', '\0'};
  constexpr std::array<std::optional<Missing>, 8> kMissings = {
      std::nullopt,     std::nullopt,   Missing::kRefuse, Missing::kMean,
      Missing::kMedian, Missing::kZero, Missing::kDrop,   Missing::kDrop};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(input[i]); };
  CsvOptions options;
  options.threads = 1 + byte(0) % 2;
  if (const auto& delimiter = kDelimiters[byte(0) / 2 % 8]) options.delimiter = *delimiter;
  options.header = kHeaders[byte(0) / 16 % 4];
  if (byte(0) / 64 == 1) options.label_column = "-1";
  if (byte(0) / 64 == 2) options.comment = '#';
  if (byte(0) / 64 == 3) options.ignore_columns = {"1"};
  options.quote = kQuotes[byte(2) % 4];
  if (byte(2) / 4 % 4 == 1) options.escape = '\\';
  if (byte(2) / 16 % 4 == 1) options.skip_rows = 1;
  if (byte(2) / 64 == 1) options.bad_rows = BadRows::kSkip;
  if (byte(2) / 64 == 2) options.bad_rows = BadRows::kSkipAny;
  if (byte(2) / 64 == 3) options.decimal = Decimal::kComma;
  options.missing = kMissings[byte(3) % 8];
  options.missing_indicator = byte(3) / 8 % 2 == 1;
  options.keep_na = byte(3) / 16 % 2 == 1;
  switch (byte(3) / 32) {
    case 1:
      options.categorical = {"-1"};
      break;
    case 2:
      options.weight_column = "-1";
      break;
    case 3:
      options.group_column = "-1";
      options.keep_columns = {"0"};
      break;
    case 4:
      options.time_column = "-1";
      break;
    case 5:
      options.max_categories = 2;
      break;
    case 6:
      options.na_values = {"x"};
      break;
    case 7:
      options.task = Task::kRegress;
      break;
    default:
      break;
  }
  return options;
}

// Whether both are errors, one of them that compressed data are damaged. Where that shows, before
// or after a row that is bad as well, depends on how much is decompressed at a time.
inline bool AreOfDamagedData(const std::string& a, const std::string& b) {
  const auto damaged = [](const std::string& outcome) {
    return outcome.find(" data is damaged") != std::string::npos ||
           outcome.find(" data ends early") != std::string::npos;
  };
  return a.starts_with("error: ") && b.starts_with("error: ") && (damaged(a) || damaged(b));
}

// A character that makes a reader go through its rows field by field, if it stands nowhere in the
// text: that of comments, which may start any line.
inline constexpr char kNowhere = '~';

// Nothing if all ways through the reader agree on a file, else what two of them say. chunk: the
// size of the pieces and chunks.
inline std::string CsvDisagreement(const std::filesystem::path& file, const CsvOptions& options,
                                   size_t chunk, bool nowhere) {
  const std::string whole = CsvOutcome([&] { return ReadCsvInPieces(file, options, 4096); });
  const auto differs = [&](const std::string& other) {
    return other != whole && !AreOfDamagedData(other, whole);
  };
  const std::string pieces = CsvOutcome([&] { return ReadCsvInPieces(file, options, chunk); });
  if (differs(pieces)) return "in pieces: " + pieces + "\nas a whole: " + whole;
  const std::string fast = CsvOutcome([&] { return ReadCsvInChunks(file, options, chunk); });
  if (differs(fast)) return "in chunks: " + fast + "\nas a whole: " + whole;
  if (!nowhere || options.comment) return "";
  CsvOptions with = options;
  with.comment = kNowhere;
  const std::string exact = CsvOutcome([&] { return ReadCsvInChunks(file, with, chunk); });
  if (exact.find("nothing but comments") != std::string::npos) return "";
  return differs(exact) ? "field by field: " + exact + "\nas a whole: " + whole : "";
}

// The same for an input of the fuzzer. `file` is overwritten.
inline std::string CsvFuzzDisagreement(std::string_view input, const std::filesystem::path& file) {
  if (input.size() < kCsvFuzzBytes) return "";
  const CsvOptions options = CsvFuzzOptions(input);
  const size_t chunk = size_t{1} + static_cast<uint8_t>(input[1]);
  const std::string_view text = input.substr(kCsvFuzzBytes);
  {
    std::ofstream stream(file, std::ios::binary);
    stream << text;
  }
  return CsvDisagreement(file, options, chunk, text.find(kNowhere) == text.npos);
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_CSV_OUTCOME_H_
