// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/date.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

namespace colonnade {
namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

// Reads digits off the front: at least `least`, at most `most`.
std::optional<unsigned> TakeNumber(std::string_view* text, size_t least, size_t most) {
  unsigned value = 0;
  size_t digits = 0;
  for (; digits < most && digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9';
       ++digits) {
    value = value * 10 + static_cast<unsigned>((*text)[digits] - '0');
  }
  if (digits < least) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

bool Take(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

std::optional<double> DaysOf(unsigned y, unsigned m, unsigned d) {
  const year_month_day date{year(static_cast<int>(y)), month(m), day(d)};
  if (y == 0 || !date.ok()) return std::nullopt;
  return static_cast<double>(sys_days(date).time_since_epoch().count());
}

// The fraction of a day that the text is, all of it.
std::optional<double> ParseTime(std::string_view text) {
  if (text.empty()) return 0.0;
  if (!Take(&text, 'T') && text[0] != ' ') return std::nullopt;
  while (Take(&text, ' ')) {
  }
  const auto hours = TakeNumber(&text, 1, 2);
  if (!hours || *hours > 23 || !Take(&text, ':')) return std::nullopt;
  const auto minutes = TakeNumber(&text, 2, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  double seconds = 0;
  if (Take(&text, ':')) {
    const auto whole = TakeNumber(&text, 2, 2);
    if (!whole || *whole > 60) return std::nullopt;
    seconds = *whole;
    if (Take(&text, '.') || Take(&text, ',')) {
      double unit = 0.1;
      size_t digits = 0;
      for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; ++digits, unit /= 10) {
        seconds += unit * (text[0] - '0');
        text.remove_prefix(1);
      }
      if (digits == 0) return std::nullopt;
    }
  }
  unsigned hour = *hours;
  // "1:05 PM"
  std::string_view rest = text;
  Take(&rest, ' ');
  if (rest.size() == 2 && (rest[1] == 'M' || rest[1] == 'm')) {
    const bool am = rest[0] == 'A' || rest[0] == 'a';
    if ((!am && rest[0] != 'P' && rest[0] != 'p') || hour == 0 || hour > 12) return std::nullopt;
    hour = hour % 12 + (am ? 0 : 12);
    text = {};
  }
  double offset = 0;
  if (!Take(&text, 'Z') && !text.empty()) {
    const bool west = text[0] == '-';
    if (!west && text[0] != '+') return std::nullopt;
    text.remove_prefix(1);
    const auto h = TakeNumber(&text, 2, 2);
    if (!h || *h > 23) return std::nullopt;
    Take(&text, ':');
    const auto m = text.empty() ? std::optional(0U) : TakeNumber(&text, 2, 2);
    if (!m || *m > 59) return std::nullopt;
    offset = (west ? -60.0 : 60.0) * (60.0 * *h + *m);
  }
  if (!text.empty()) return std::nullopt;
  return (3600.0 * hour + 60.0 * *minutes + seconds - offset) / 86400.0;
}

// Calls take(first, second, third, digits of the first, rest).
template <class F>
std::optional<double> Split(std::string_view text, const F& take) {
  const size_t size = text.size();
  if (size < 8 || size > 40 || text[0] < '0' || text[0] > '9') return std::nullopt;
  const auto first = TakeNumber(&text, 1, 4);
  const size_t digits = size - text.size();
  if (!first || text.empty()) return std::nullopt;
  const char separator = text[0];
  if (separator != '-' && separator != '/' && separator != '.') return std::nullopt;
  text.remove_prefix(1);
  const auto second = TakeNumber(&text, 1, 2);
  if (!second || !Take(&text, separator)) return std::nullopt;
  const size_t before = text.size();
  const auto third = TakeNumber(&text, 1, 4);
  if (!third || (digits == 4) == (before - text.size() == 4)) return std::nullopt;
  if (digits != 4 && (digits > 2 || before - text.size() != 4)) return std::nullopt;
  if (digits == 4 && before - text.size() > 2) return std::nullopt;
  return take(*first, *second, *third, digits, text);
}

}  // namespace

std::optional<double> ParseDate(std::string_view text, DateOrder order) {
  return Split(text,
               [&](unsigned a, unsigned b, unsigned c, size_t digits,
                   std::string_view rest) -> std::optional<double> {
                 std::optional<double> days;
                 if (digits == 4) {
                   days = DaysOf(a, b, c);
                 } else if (order == DateOrder::kDmy || (order == DateOrder::kAuto && a > 12)) {
                   days = DaysOf(c, b, a);
                 } else if (order == DateOrder::kMdy || (order == DateOrder::kAuto && b > 12)) {
                   days = DaysOf(c, a, b);
                 }
                 if (!days) return days;
                 const std::optional<double> time = ParseTime(rest);
                 return time ? std::optional(*days + *time) : std::nullopt;
               });
}

bool LooksLikeDate(std::string_view text) {
  return Split(text,
               [](unsigned, unsigned, unsigned, size_t, std::string_view rest) {
                 const bool ends = rest.empty() || rest[0] == 'T' || rest[0] == ' ';
                 return ends ? std::optional(0.0) : std::nullopt;
               })
      .has_value();
}

bool MayBeDate(std::string_view text) {
  return ParseDate(text, DateOrder::kDmy) || ParseDate(text, DateOrder::kMdy);
}

// 1970-01-01 was a Thursday.
double WeekdayOf(double days) {
  const double day = std::floor(days) + 3;
  return day - 7 * std::floor(day / 7);
}

double HourOf(double days) { return 24 * (days - std::floor(days)); }

std::string DateText(double days) {
  const double whole = std::floor(days);
  const year_month_day date{sys_days(std::chrono::days(static_cast<int64_t>(whole)))};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const auto milliseconds = static_cast<int64_t>(std::llround((days - whole) * 86'400'000.0));
  if (milliseconds == 0) return text;
  if (milliseconds >= 86'400'000) return DateText(whole + 1);
  const int64_t seconds = milliseconds / 1000;
  text += fmt::format("T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (milliseconds % 1000 != 0) text += fmt::format(".{:03}", milliseconds % 1000);
  return text;
}

}  // namespace colonnade
