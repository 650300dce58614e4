// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/runtime/utf8.h"

namespace colonnade {
namespace {

// Bytes of the printable UTF-8 character at the start of `text`; 0 if there is none (malformed,
// overlong, a surrogate, beyond U+10FFFF, or a control character, also of the C1 block).
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  switch (first) {
    case 0xc2:
      return second >= 0xa0 ? length : 0;
    case 0xe0:
      return second >= 0xa0 ? length : 0;
    case 0xed:
      return second < 0xa0 ? length : 0;
    case 0xf0:
      return second >= 0x90 ? length : 0;
    case 0xf4:
      return second < 0x90 ? length : 0;
    default:
      return length;
  }
}

}  // namespace

bool IsName(std::string_view text) {
  while (!text.empty()) {
    const bool space = text[0] == '\t' || text[0] == '\n' || text[0] == '\r';
    const size_t length = CharacterLength(text);
    if (length == 0 && !space) return false;
    text.remove_prefix(space ? 1 : length);
  }
  return true;
}

std::string Quoted(std::string_view text) {
  if (text.empty()) return "nothing";
  constexpr int kMaxCharacters = 40;
  std::string quoted = "'";
  for (int i = 0; i < kMaxCharacters && !text.empty(); ++i) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      quoted += fmt::format("\\x{:02X}", static_cast<uint8_t>(text[0]));
    } else {
      quoted += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return quoted + (text.empty() ? "'" : "…'");
}

std::string WithCommas(uint64_t number) {
  std::string digits = fmt::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      printable += ' ';
    } else {
      printable += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return printable;
}

std::string Abbreviated(const std::vector<std::string>& names) {
  constexpr size_t kMaxNames = 10;
  std::string list;
  for (size_t i = 0; i < std::min(names.size(), kMaxNames); ++i) {
    if (i > 0) list += ", ";
    list += names[i];
  }
  return names.size() > kMaxNames ? list + ", …" : list;
}

const char* EncodingAdvice(std::string_view text) {
  return FirstInvalidUtf8(text)
             ? "`encoding` says how the text is written, such as latin1 or windows-1252"
             : "";
}

void ThrowBadRow(const std::string& file, uint64_t row, ErrorDetails details) {
  details.file = file;
  details.row = row;
  throw Error(ErrorCode::kBadData, std::move(details));
}

}  // namespace colonnade
