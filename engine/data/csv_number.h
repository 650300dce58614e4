// SPDX-License-Identifier: Apache-2.0
// The grammar of numbers in CSV files.
#ifndef COLONNADE_ENGINE_DATA_CSV_NUMBER_H_
#define COLONNADE_ENGINE_DATA_CSV_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace colonnade {

enum class NumberError { kNone, kEmpty, kNotANumber, kNotFinite, kOutOfRange };

// Parses all of `text` as [+-] digits [. digits] [e [+-] digits], with digits on at least one side
// of the point, rounded once, to the nearest f32; what is too small becomes 0 or subnormal.
NumberError ParseNumber(std::string_view text, float* value);

// What a message says was expected in place of the text that gave `error`.
std::string_view Expected(NumberError error);

// Whether `text` says that there is no value: empty, ?, NA, N/A, NaN or null, in capitals or not.
bool IsMissing(std::string_view text);

// What a field speaks for: a column of numbers (whatever their range), of text, or, being missing,
// for neither.
enum class FieldKind { kMissing, kNumber, kText };
FieldKind KindOf(std::string_view text);

// Parses all of `text` as [+-] digits [. zeros]; nothing where it is not that or beyond 64 bits.
std::optional<int64_t> ParseInteger(std::string_view text);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_NUMBER_H_
