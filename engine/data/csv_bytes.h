// SPDX-License-Identifier: Apache-2.0
// The common case of CSV, integers 0..255 and nothing else, fast.
#ifndef COLONNADE_ENGINE_DATA_CSV_BYTES_H_
#define COLONNADE_ENGINE_DATA_CSV_BYTES_H_

#include <cstddef>
#include <cstdint>

namespace colonnade {

// Both functions parse fields of 1 to 3 digits from `p` on, and return where the next field starts,
// or null for anything else, whatever it is: then the slower parser looks at the row again and
// finds the words. They stop at a '\n', which must come, and may read LineReader::kSlack bytes
// beyond it.

// `count` fields of values 0..255, each followed by `separator`.
const char* ParseByteFields(const char* p, size_t count, char separator, uint8_t* to) noexcept;

// One field of a value 0..999 before `terminator`, a separator or '\n'; a '\r' may precede the
// latter.
const char* ParseSmallField(const char* p, char terminator, uint32_t* value) noexcept;

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_BYTES_H_
