// SPDX-License-Identifier: Apache-2.0
// What unpacking and transcoding make of any bytes, for fuzzing and for the replay of its corpus.
#ifndef COLONNADE_TESTS_SUPPORT_SOURCE_OUTCOME_H_
#define COLONNADE_TESTS_SUPPORT_SOURCE_OUTCOME_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "colonnade/error.h"
#include "engine/runtime/transcoder.h"
#include "engine/runtime/utf8.h"
#include "engine/runtime/zip.h"

namespace colonnade::test {

inline Decompressor::Source SourceOf(std::string_view bytes) {
  return [bytes](std::span<char> to) mutable {
    const size_t count = std::min(to.size(), bytes.size());
    std::copy_n(bytes.data(), count, to.data());
    bytes.remove_prefix(count);
    return count;
  };
}

inline SourceAt SourceAtOf(std::string_view bytes) {
  return [bytes](std::span<char> to, uint64_t offset) {
    const auto rest = bytes.substr(std::min<uint64_t>(offset, bytes.size()));
    const size_t count = std::min(to.size(), rest.size());
    std::copy_n(rest.data(), count, to.data());
    return count;
  };
}

// The first MiB that a reader made by `make` gives, in pieces; or "refused".
template <class Make>
std::string ReadOutcome(const Make& make, size_t piece) {
  try {
    const auto reader = make();
    std::string text, part(piece, '\0');
    while (text.size() < size_t{1} << 20) {
      const size_t got = reader->Read(part);
      text.append(part, 0, got);
      if (got < piece) break;
    }
    return "read: " + text;
  } catch (const Error& error) {
    // Of several faults, the first to be met may depend on the pieces.
    return error.code() == ErrorCode::kBadData ? "refused" : error.what();
  }
}

// Empty, or what is wrong with how an archive is read.
inline std::string ZipFault(std::string_view bytes) {
  const auto by_directory = [&] { return ReadZip(SourceAtOf(bytes), bytes.size(), "x.zip"); };
  const auto in_order = [&] { return ReadZip(SourceOf(bytes), "x.zip"); };
  if (ReadOutcome(by_directory, 1) != ReadOutcome(by_directory, 4096)) return "by its directory";
  if (ReadOutcome(in_order, 1) != ReadOutcome(in_order, 4096)) return "from front to back";
  return {};
}

// The same of text, in an encoding that the first byte chooses.
inline std::string TranscodingFault(std::string_view bytes) {
  constexpr const char* kEncodings[] = {"utf-16le",    "utf-16be",     "utf-16",  "utf-32le",
                                        "latin1",      "shift_jis",    "gb18030", "utf-7",
                                        "iso-2022-jp", "windows-1252", "utf-8"};
  if (bytes.empty()) return {};
  const std::string encoding =
      kEncodings[static_cast<uint8_t>(bytes.front()) % std::size(kEncodings)];
  bytes.remove_prefix(1);
  const auto make = [&] {
    return std::make_unique<Transcoder>(SourceOf(bytes), encoding, "x.csv");
  };
  const std::string outcome = ReadOutcome(make, 4096);
  if (ReadOutcome(make, 1) != outcome) return encoding + ": depends on the pieces";
  if (FirstInvalidUtf8(outcome)) return encoding + ": not UTF-8";
  return {};
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_SOURCE_OUTCOME_H_
