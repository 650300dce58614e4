// SPDX-License-Identifier: Apache-2.0
// The grammar of numbers in CSV files.
#ifndef COLONNADE_ENGINE_DATA_CSV_NUMBER_H_
#define COLONNADE_ENGINE_DATA_CSV_NUMBER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "colonnade/dataset.h"

namespace colonnade {

enum class NumberError { kNone, kEmpty, kNotANumber, kNotFinite, kOutOfRange };

// Parses all of `text` as [+-] digits [. digits] [e [+-] digits], with digits on at least one side
// of the point, rounded once, to the nearest f32; what is too small becomes 0 or subnormal.
NumberError ParseNumber(std::string_view text, float* value);

// What a message says was expected in place of the text that gave `error`.
std::string_view Expected(NumberError error);

// The same, rounded to the nearest double; what f32 does not hold as a finite number is out of
// range.
NumberError ParseNumber(std::string_view text, double* value);

// The same for numbers that are written otherwise. unit: whether every number has the unit, or any
// may. What is not so written is no number.
NumberError ParseNumber(std::string_view text, const NumberFormat& format, bool unit,
                        double* value);

// 1 or 0 for true, yes, t, y, false, no, f, n, in capitals or not; else nothing.
std::optional<bool> ParseBoolean(std::string_view text);

// Parses all of `text` as [+-] digits [. zeros]; nothing where it is not that or beyond 64 bits.
std::optional<int64_t> ParseInteger(std::string_view text);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_NUMBER_H_
