// SPDX-License-Identifier: Apache-2.0
#include "engine/data/formats/zip_members.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace colonnade {
namespace {

// A little-endian number of `size` bytes; 0 beyond the end.
uint64_t NumberAt(std::string_view bytes, uint64_t at, size_t size) {
  if (at > bytes.size() || bytes.size() - at < size) return 0;
  uint64_t number = 0;
  for (size_t i = size; i-- > 0;) number = number << 8 | static_cast<uint8_t>(bytes[at + i]);
  return number;
}

bool HasAt(std::string_view bytes, uint64_t at, std::string_view what) {
  return at <= bytes.size() && bytes.substr(at).starts_with(what);
}

// Where the directory starts.
std::optional<uint64_t> Directory(std::string_view zip) {
  constexpr size_t kEnd = 22;              // bytes of the record at the end
  constexpr size_t kComment = UINT16_MAX;  // the most that may be behind it
  constexpr size_t kLocator = 20;
  if (zip.size() < kEnd) return std::nullopt;
  for (size_t at = zip.size() - kEnd + 1; at-- > 0;) {
    if (zip.size() - at > kEnd + kComment) break;
    if (!HasAt(zip, at, "PK\x05\x06")) continue;
    const uint64_t directory = NumberAt(zip, at + 16, 4);
    if (directory != UINT32_MAX || at < kLocator) return directory;
    // Of zip64.
    if (!HasAt(zip, at - kLocator, "PK\x06\x07")) return directory;
    const uint64_t end = NumberAt(zip, at - kLocator + 8, 8);
    return HasAt(zip, end, "PK\x06\x06") ? std::optional(NumberAt(zip, end + 48, 8)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ZipMembers(std::string_view zip) {
  constexpr size_t kEntry = 46;
  std::vector<std::string> names;
  const std::optional<uint64_t> directory = Directory(zip);
  if (!directory) return names;
  for (uint64_t at = *directory; HasAt(zip, at, "PK\x01\x02");) {
    const uint64_t length = NumberAt(zip, at + 28, 2);
    if (zip.size() - at < kEntry || zip.size() - at - kEntry < length) break;
    names.emplace_back(zip.substr(at + kEntry, length));
    at += kEntry + length + NumberAt(zip, at + 30, 2) + NumberAt(zip, at + 32, 2);
  }
  return names;
}

}  // namespace colonnade
