// SPDX-License-Identifier: Apache-2.0
// Whether text is UTF-8.
#ifndef COLONNADE_ENGINE_RUNTIME_UTF8_H_
#define COLONNADE_ENGINE_RUNTIME_UTF8_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace colonnade {

// The byte order mark that may precede UTF-8.
inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

// Where in `text` the first byte is that does not belong to a character in UTF-8 (RFC 3629: the
// shortest form, no surrogates, up to U+10FFFF), or to one that `text` cuts off; nothing if all of
// it is UTF-8.
std::optional<size_t> FirstInvalidUtf8(std::string_view text);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_UTF8_H_
