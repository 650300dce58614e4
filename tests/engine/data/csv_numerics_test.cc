// SPDX-License-Identifier: Apache-2.0
// The numbers that the CSV reader makes of text, against plain computations.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/csv/date.h"
#include "engine/data/csv/number.h"
#include "tests/support/csv_tables.h"
#include "tests/support/random.h"

namespace colonnade {
namespace {

using test::Column;
using test::ColumnTable;
using test::Random;
using test::ReadText;
using testing::ElementsAre;

// A number as C writes it, of any length and size.
std::string RandomNumber(Random& random) {
  std::string text;
  const auto digits = [&](size_t most) {
    for (size_t i = 1 + random.Below(most); i > 0; --i) {
      text += static_cast<char>('0' + random.Below(10));
    }
  };
  if (random.Below(3) == 0) text += "+-"[random.Below(2)];
  const size_t form = random.Below(4);
  if (form != 1) digits(random.Below(10) == 0 ? 40 : 9);
  if (form != 0) text += '.';
  if (form == 1 || form == 3) digits(random.Below(10) == 0 ? 40 : 9);
  if (random.Below(4) == 0) text += fmt::format("e{}", static_cast<int>(random.Below(100)) - 50);
  return text;
}

TEST(CsvNumericsTest, NumbersAreThoseOfStrtof) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    std::vector<std::string> fields;
    for (size_t i = 0; i < 100; ++i) {
      std::string field = RandomNumber(random);
      if (std::isfinite(std::strtof(field.c_str(), nullptr))) fields.push_back(std::move(field));
    }
    // Two columns, so that no offset is in order.
    std::string text = "a,b,label\n";
    for (const std::string& field : fields) text += field + ",1,x\n";
    text += "1e30,2,x\n";
    const Dataset data = ReadText(text);
    ASSERT_EQ(data.examples(), fields.size() + 1);
    for (size_t e = 0; e < fields.size(); ++e) {
      ASSERT_EQ(test::ValueOf(data, e, 0), std::strtof(fields[e].c_str(), nullptr)) << fields[e];
      double exact = 0;
      ASSERT_EQ(ParseNumber(fields[e], &exact), NumberError::kNone);
      ASSERT_EQ(exact, std::strtod(fields[e].c_str(), nullptr)) << fields[e];
    }
  }
}

// ---- Offsets ----

TEST(CsvNumericsTest, OffsetsAreTakenOffInDouble) {
  struct Case {
    double first;
    double step;
    int decimals;
  };
  for (const Case& c : std::vector<Case>{{1.7e9, 1, 0},
                                         {-122.4194155, 1e-7, 7},
                                         {20180130000.0, 3, 0},
                                         {-9.00719925e12, 1, 0},
                                         {100000.0001, 1e-4, 4}}) {
    std::string text = "a,label\n";
    std::string targets = "b,y\n";
    std::vector<double> numbers;
    for (size_t i = 0; i < 200; ++i) {
      const double number = c.first + c.step * static_cast<double>(i * i % 211);
      const std::string field = fmt::format("{:.{}f}", number, c.decimals);
      numbers.push_back(std::strtod(field.c_str(), nullptr));
      text += fmt::format("{},{}\n", field, i % 2);
      targets += fmt::format("{},{}\n", i % 7, field);
    }
    const Dataset data = ReadText(text, {.label_column = "label"});
    ASSERT_EQ(data.schema().offsets.size(), 1U) << c.first;
    const double offset = data.schema().offsets[0];
    EXPECT_LT(std::abs(offset - c.first), 300 * c.step);
    for (size_t e = 0; e < numbers.size(); ++e) {
      ASSERT_EQ(test::ValueOf(data, e, 0), static_cast<float>(numbers[e] - offset)) << numbers[e];
    }
    const Dataset regression = ReadText(targets, {.task = Task::kRegress});
    for (size_t e = 0; e < numbers.size(); ++e) {
      ASSERT_EQ(regression.TargetOf(e), numbers[e]);
      ASSERT_EQ(regression.targets()[e],
                static_cast<float>(numbers[e] - regression.schema().target_offset));
    }
  }
  // Whatever f32 tells apart stays as it is.
  EXPECT_TRUE(ReadText(ColumnTable({"16777216", "16777218", "16777220"})).schema().offsets.empty());
}

// An offset that only rows far behind the first ones need.
TEST(CsvNumericsTest, OffsetsGoByAllRows) {
  std::string text = "a,b,label\n";
  for (size_t i = 0; i < 200'000; ++i) {
    text += fmt::format("{},1.5,{}\n", 1'700'000'000 + (i < 190'000 ? 0 : i), i % 2);
  }
  const Dataset data = ReadText(text);
  ASSERT_FALSE(data.schema().offsets.empty());
  const double offset = data.schema().offsets[0];
  for (size_t e = 190'000; e < data.examples(); ++e) {
    ASSERT_EQ(static_cast<double>(test::ValueOf(data, e, 0)) + offset,
              1.7e9 + static_cast<double>(e));
  }
}

// ---- Dates ----

// Days since 1970-01-01, by Python's datetime.
constexpr std::pair<const char*, int> kDays[] = {
    {"1600-01-01", -135140}, {"1600-02-28", -135082}, {"1600-03-01", -135080},
    {"1602-07-19", -134210}, {"1607-08-17", -132355}, {"1618-10-28", -128265},
    {"1641-08-20", -119933}, {"1674-06-07", -107954}, {"1700-02-28", -98557},
    {"1700-03-01", -98556},  {"1703-04-03", -97428},  {"1746-05-18", -81677},
    {"1762-07-02", -75788},  {"1781-11-13", -68714},  {"1789-10-28", -65808},
    {"1799-03-12", -62386},  {"1825-02-25", -52905},  {"1829-02-07", -51462},
    {"1861-05-12", -39680},  {"1900-02-28", -25509},  {"1900-03-01", -25508},
    {"1911-02-08", -21512},  {"1953-12-11", -5865},   {"1957-07-03", -4565},
    {"1957-11-26", -4419},   {"1966-09-05", -1214},   {"1969-12-31", -1},
    {"1970-01-01", 0},       {"2000-02-28", 11015},   {"2000-03-01", 11017},
    {"2001-03-08", 11389},   {"2100-02-28", 47540},   {"2100-03-01", 47541},
    {"2114-08-29", 52835},   {"2133-09-09", 59786},   {"2146-07-23", 64486},
    {"2159-01-07", 69037},   {"2185-11-17", 78848},   {"2238-07-17", 98082},
    {"2268-05-18", 108980},  {"2273-04-29", 110787},  {"2360-11-05", 142753},
    {"2380-07-17", 149947},  {"2400-12-31", 157419}};

TEST(CsvNumericsTest, DaysAreThoseOfTheCalendar) {
  for (const auto& [text, days] : kDays) {
    const std::string iso = text;
    const std::string y = iso.substr(0, 4);
    const std::string m = iso.substr(5, 2);
    const std::string d = iso.substr(8, 2);
    EXPECT_EQ(ParseDate(iso, DateOrder::kAuto), days) << text;
    EXPECT_EQ(ParseDate(y + "/" + m + "/" + d, DateOrder::kYmd), days) << text;
    EXPECT_EQ(ParseDate(d + "." + m + "." + y, DateOrder::kDmy), days) << text;
    EXPECT_EQ(ParseDate(m + "/" + d + "/" + y, DateOrder::kMdy), days) << text;
    EXPECT_EQ(ParseDate(iso + "T18:00:00Z", DateOrder::kYmd), days + 0.75) << text;
    EXPECT_EQ(ParseDate(iso + " 06:00 PM", DateOrder::kYmd), days + 0.75) << text;
    EXPECT_EQ(ParseDate(iso + "T00:00+12:00", DateOrder::kYmd), days - 0.5) << text;
  }
  // Every day is the one after the day before.
  int days = -135140;  // 1600-01-01
  for (int year = 1600; year <= 2400; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const std::array<int, 12> lengths = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                         31};
    for (int month = 1; month <= 12; ++month) {
      const int length = lengths[static_cast<size_t>(month - 1)];
      for (int day = 1; day <= length; ++day) {
        const std::string text = fmt::format("{:04}-{:02}-{:02}", year, month, day);
        ASSERT_EQ(ParseDate(text, DateOrder::kYmd), days++) << text;
      }
      const std::string none = fmt::format("{:04}-{:02}-{:02}", year, month, length + 1);
      ASSERT_FALSE(ParseDate(none, DateOrder::kYmd)) << none;
      ASSERT_TRUE(LooksLikeDate(none));
    }
  }
}

// ---- What stands for missing values ----

TEST(CsvNumericsTest, MeansAndMediansAreThoseOfNumPy) {
  // np.mean and np.median of [2.5, -7.25, 0.1, 13, 6.125, 6.125] in double, rounded to f32.
  const std::vector<std::string> fields = {"2.5", "-7.25", "", "0.1", "13", "NA", "6.125", "6.125"};
  const auto with = [&](Missing missing) {
    return Column(ReadText(ColumnTable(fields), {.missing = missing}), 0)[2];
  };
  EXPECT_FLOAT_EQ(with(Missing::kMean), 3.4333333333333336F);
  EXPECT_FLOAT_EQ(with(Missing::kMedian), 4.3125F);
  // Of an even number the middle of two, of an odd one the middle one.
  EXPECT_THAT(
      Column(ReadText(ColumnTable({"1", "2", "4", "", "9"}), {.missing = Missing::kMedian}), 0),
      ElementsAre(1, 2, 4, 3, 9));
  EXPECT_THAT(Column(ReadText(ColumnTable({"9", "2", "4", ""}), {.missing = Missing::kMedian}), 0),
              ElementsAre(9, 2, 4, 4));
  // With an offset, too.
  const Dataset data = ReadText(ColumnTable({"1700000001", "1700000004", "", "1700000002"}));
  EXPECT_NEAR(static_cast<double>(test::ValueOf(data, 2, 0)) + data.schema().offsets.at(0),
              1700000002.3333333, 1e-5);
}

TEST(CsvNumericsTest, CategoriesAreInOrder) {
  // np.unique of texts; integers by value.
  EXPECT_THAT(ReadText(ColumnTable({"b", "B", "a", "\xc3\xa4", "10", "9"}))
                  .schema()
                  .categorical.at(0)
                  .categories,
              ElementsAre("10", "9", "B", "a", "b", "\xc3\xa4"));
  EXPECT_THAT(ReadText(ColumnTable({"10", "-1", "9", "+3"}), {.categorical = {"a"}})
                  .schema()
                  .categorical.at(0)
                  .categories,
              ElementsAre("-1", "+3", "9", "10"));
}

}  // namespace
}  // namespace colonnade
