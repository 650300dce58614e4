// SPDX-License-Identifier: Apache-2.0
// Dates and times in fields.
#ifndef COLONNADE_ENGINE_DATA_CSV_DATE_H_
#define COLONNADE_ENGINE_DATA_CSV_DATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "colonnade/dataset.h"

namespace colonnade {

// Days since 1970-01-01, the time of the day being the fraction, in UTC where the text has an
// offset. Text: a date of the Gregorian calendar, years 1 to 9999, as YYYY-MM-DD, YYYY/MM/DD or
// YYYY.MM.DD, or in `order`, with any of the three separators, month and day in one digit or two;
// then nothing, or 'T' or spaces and HH:MM, HH:MM:SS or HH:MM:SS.f…, and then nothing, AM or PM,
// 'Z' or ±HH:MM. With kAuto a date whose day and month show, the day being above 12; else nothing.
std::optional<double> ParseDate(std::string_view text, DateOrder order);

// Whether a text is written as a date is, there being such a day or not: "2021-02-30".
bool LooksLikeDate(std::string_view text);

// Whether the text is one with any order.
bool MayBeDate(std::string_view text);

// Of days since 1970-01-01: the day of the week, from Monday (0) on, and the hour of the day.
double WeekdayOf(double days);
double HourOf(double days);

// A day as YYYY-MM-DD, with a time as YYYY-MM-DDTHH:MM:SS, to the millisecond.
std::string DateText(double days);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_DATE_H_
