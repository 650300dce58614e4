// SPDX-License-Identifier: Apache-2.0
// What reading a CSV file gives, as text: for comparing the ways through the reader.
#ifndef COLONNADE_TESTS_SUPPORT_CSV_OUTCOME_H_
#define COLONNADE_TESTS_SUPPORT_CSV_OUTCOME_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv_reader.h"

namespace colonnade::test {

// All that a dataset is, padding included, or the message if read() throws.
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
    text += " " + data.schema().label_name + " " + std::to_string(data.schema().label_index);
    for (const std::string& name : data.schema().feature_names) text += " " + name;
    for (const std::string& name : data.schema().classes) text += " " + name;
    return text;
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }
}

// How an input of the fuzzer is read: its first byte chooses the options, the second one the size
// of the chunks, the rest is the text.
inline constexpr size_t kCsvFuzzBytes = 2;

inline CsvOptions CsvFuzzOptions(uint8_t choice) {
  constexpr std::array<std::optional<char>, 8> kDelimiters = {
      std::nullopt, std::nullopt, ',', ';', '\t', ' ', '|', std::nullopt};
  constexpr std::array<Header, 4> kHeaders = {Header::kAuto, Header::kAuto, Header::kYes,
                                              Header::kNo};
  CsvOptions options;
  options.threads = 1 + choice % 2;
  options.delimiter = kDelimiters[choice / 2 % 8];
  options.header = kHeaders[choice / 16 % 4];
  if (choice / 64 == 1) options.label_column = "-1";
  if (choice / 64 == 2) options.comment = '#';
  if (choice / 64 == 3) options.ignore_columns = {"1"};
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

// Nothing if both readers agree on an input of the fuzzer, else what each of them says. `file` is
// overwritten.
inline std::string CsvFuzzDisagreement(std::string_view input, const std::filesystem::path& file) {
  if (input.size() < kCsvFuzzBytes) return "";
  const CsvOptions options = CsvFuzzOptions(static_cast<uint8_t>(input[0]));
  const size_t chunk = size_t{1} + static_cast<uint8_t>(input[1]);
  {
    std::ofstream stream(file, std::ios::binary);
    stream << input.substr(kCsvFuzzBytes);
  }
  const std::string exact = CsvOutcome([&] { return ReadCsvInPieces(file, options, 4096); });
  const auto differs = [&](const std::string& other) {
    return other != exact && !AreOfDamagedData(other, exact);
  };
  const std::string pieces = CsvOutcome([&] { return ReadCsvInPieces(file, options, chunk); });
  if (differs(pieces)) return "in pieces: " + pieces + "\nexact: " + exact;
  const std::string fast = CsvOutcome([&] { return ReadCsvInChunks(file, options, chunk); });
  return differs(fast) ? "in chunks: " + fast + "\nexact: " + exact : "";
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_CSV_OUTCOME_H_
