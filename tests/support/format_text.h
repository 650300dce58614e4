// SPDX-License-Identifier: Apache-2.0
// Files of other formats as text, for tests and for the fuzzer.
#ifndef COLONNADE_TESTS_SUPPORT_FORMAT_TEXT_H_
#define COLONNADE_TESTS_SUPPORT_FORMAT_TEXT_H_

#include <algorithm>
#include <string>
#include <string_view>

#include "colonnade/error.h"
#include "engine/data/formats/formats.h"
#include "engine/data/formats/npy.h"
#include "engine/data/formats/through_csv.h"

namespace colonnade::test {

// The bytes as what they seem to be, as text for the CSV reader; of NPY arrays an item a line.
// Ends early after some MB, since little can be made to stand for much.
inline std::string FormatText(std::string_view bytes, const CsvOptions& options = {}) {
  constexpr size_t kMost = size_t{1} << 22;
  InputFile input("t", [rest = bytes](std::span<char> to) mutable {
    const size_t count = std::min(rest.size(), to.size());
    std::copy_n(rest.data(), count, to.data());
    rest.remove_prefix(count);
    return count;
  });
  const FileStart start{.bytes = bytes.substr(0, kStartSize)};
  std::string text;
  if (IsNpy(start)) {
    const NpyArray array =
        ReadNpyArray([&](std::span<char> to) { return input.Read(to); }, input.name());
    for (size_t i = 0; i < array.items() && text.size() < kMost; ++i) {
      array.AppendText(i, text);
      text += '\n';
    }
    return text;
  }
  const TableText table = IsArrow(start)  ? ArrowText(input, options)
                          : IsArff(start) ? ArffText(input, options)
                                          : LibsvmText(input, options);
  while (text.size() < kMost && table.make(text)) continue;
  return text;
}

// The same, or the message if it is refused.
inline std::string FormatOutcome(std::string_view bytes) {
  try {
    return FormatText(bytes);
  } catch (const Error& error) {
    return std::string("error: ") + error.what();
  }
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_FORMAT_TEXT_H_
