// SPDX-License-Identifier: Apache-2.0
// Splitting into fields and decoding decimal numbers, against loops and strtof().
#include "kernels/csv_numbers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/guarded.h"
#include "tests/support/random.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

std::vector<uint32_t> EndsSimply(const std::string& text, char separator) {
  std::vector<uint32_t> ends;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator || text[i] == '\n') ends.push_back(static_cast<uint32_t>(i));
  }
  return ends;
}

TEST(CsvNumbers, FindsAllEndsAndReadsNothingElse) {
  const GuardedMemory from(4096);
  const GuardedMemory to(kernels::FieldEndsCapacity(4096) * sizeof(uint32_t));
  Random random(1);
  for (size_t size = 0; size <= 4096; size += size < 300 ? 1 : 61) {
    const size_t rarity = 1 + random.Below(9);
    std::string text(size, '1');
    for (char& c : text) {
      if (random.Below(rarity) == 0) c = ",;\n\x80\0"[random.Below(5)];
    }
    const std::vector<uint32_t> expected = EndsSimply(text, ';');
    ForEachTarget([&] {
      char* const place = from.Last(size);
      std::copy(text.begin(), text.end(), place);
      auto* const ends =
          reinterpret_cast<uint32_t*>(to.Last(kernels::FieldEndsCapacity(size) * sizeof(uint32_t)));
      const size_t count = kernels::FindFieldEnds(place, size, ';', ends);
      ASSERT_EQ(std::vector<uint32_t>(ends, ends + count), expected) << size;
    });
  }
}

// By the letter of the header, a byte at a time.
kernels::LineScan ScanSimply(const std::string& text, char separator, std::vector<uint32_t>* ends) {
  kernels::LineScan scan;
  bool inside = false;
  const auto at = [&](size_t i) { return i < text.size() ? text[i] : '\n'; };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool end = c == separator || c == '\n';
    scan.lines += c == '\n' ? 1 : 0;
    scan.inside += c == '\n' && inside ? 1 : 0;
    if (end && !inside) ends->push_back(static_cast<uint32_t>(i));
    if (c != '"') continue;
    scan.quotes = true;
    inside = !inside;
    if (inside) {
      const char before = i == 0 ? '\n' : text[i - 1];
      scan.regular &= before == separator || before == '\n' || before == '"';
    } else {
      const char next = at(i + 1);
      scan.regular &=
          next == separator || next == '\n' || next == '"' || (next == '\r' && at(i + 2) == '\n');
    }
  }
  scan.regular &= !inside;
  return scan;
}

TEST(CsvNumbers, ScansQuotesAndReadsNothingElse) {
  const GuardedMemory from(4096);
  const GuardedMemory to(kernels::FieldEndsCapacity(4096) * sizeof(uint32_t));
  Random random(2);
  size_t regular = 0;
  for (size_t turn = 0; turn < 3000; ++turn) {
    // Fields in quotes, mostly as they should be.
    const size_t size = 1 + random.Below(400);
    const size_t rarity = 1 + random.Below(300);
    std::string text;
    while (text.size() < size) {
      const bool quoted = random.Below(2) == 0;
      if (quoted) text += '"';
      for (size_t n = random.Below(6); n > 0; --n) {
        text +=
            quoted ? std::vector<std::string>{"a", ";", "\n", "\"\"", "\r"}[random.Below(5)] : "b";
      }
      if (quoted) text += '"';
      text += std::vector<std::string>{";", "\n", "\r\n"}[random.Below(3)];
    }
    for (char& c : text) {
      if (random.Below(rarity) == 0) c = "\";\n\ra"[random.Below(5)];
    }
    if (random.Below(3) == 0) text.resize(text.size() - random.Below(text.size()));
    std::vector<uint32_t> expected;
    const kernels::LineScan simple = ScanSimply(text, ';', &expected);
    regular += simple.regular ? 1 : 0;
    ForEachTarget([&] {
      char* const place = from.Last(text.size());
      std::copy(text.begin(), text.end(), place);
      const kernels::LineScan scan = kernels::ScanLines(place, text.size(), ';', '"');
      ASSERT_EQ(scan.lines, simple.lines) << text;
      ASSERT_EQ(scan.quotes, simple.quotes) << text;
      ASSERT_EQ(scan.inside, simple.inside) << text;
      ASSERT_EQ(scan.regular, simple.regular) << text;
      auto* const ends = reinterpret_cast<uint32_t*>(
          to.Last(kernels::FieldEndsCapacity(text.size()) * sizeof(uint32_t)));
      const size_t count = kernels::FindUnquotedEnds(place, text.size(), ';', '"', ends);
      ASSERT_EQ(std::vector<uint32_t>(ends, ends + count), expected) << text;
    });
  }
  EXPECT_GT(regular, 300u);
  EXPECT_LT(regular, 2700u);
}

// Whether DecodeNumbers() must take a field, by the letter of its header.
bool IsShortNumber(const std::string& field) {
  const size_t sign = field.starts_with('+') || field.starts_with('-') ? 1 : 0;
  const std::string rest = field.substr(sign);
  const auto points = std::count(rest.begin(), rest.end(), '.');
  return rest.size() <= 16 && points <= 1 && rest.size() > static_cast<size_t>(points) &&
         rest.find_first_not_of("0123456789.") == std::string::npos;
}

// Decodes `fields`, and checks each that is taken against strtof(). Returns how many were.
size_t CheckFields(const std::vector<std::string>& fields) {
  const std::string slack(kernels::kNumberSlack, '7');
  std::string text = slack;
  std::vector<uint32_t> ends;
  for (const std::string& field : fields) {
    text += field;
    ends.push_back(static_cast<uint32_t>(text.size() - slack.size()));
    text += ',';
  }
  const GuardedMemory memory(text.size());
  char* const place = memory.First(text.size());
  std::copy(text.begin(), text.end(), place);
  char* const begin = place + slack.size();
  std::vector<float> values(fields.size(), -1);
  size_t taken = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t start = i == 0 ? 0 : ends[i - 1] + 1;
    const size_t done =
        kernels::DecodeNumbers(begin, start, ends.data() + i, fields.size() - i, values.data() + i);
    for (const size_t stop = i + done; i < stop; ++i) {
      const float expected = std::strtof(fields[i].c_str(), nullptr);
      EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(expected))
          << testing::PrintToString(fields[i]) << ": " << values[i];
      EXPECT_TRUE(IsShortNumber(fields[i])) << testing::PrintToString(fields[i]);
      ++taken;
    }
  }
  return taken;
}

TEST(CsvNumbers, TakesShortNumbersAndNothingElse) {
  const std::vector<std::string> good = {"0",
                                         "7",
                                         "-0",
                                         "+0",
                                         "12",
                                         "-12",
                                         "+12",
                                         ".5",
                                         "5.",
                                         "-.5",
                                         "-5.",
                                         "0.1",
                                         "3.14159",
                                         "-0.000001",
                                         "123456789012345",
                                         "16777217",
                                         "16777219",
                                         "33554435",
                                         "0.00000000000001",
                                         ".123456789012345",
                                         "9007199254740991",
                                         "0000000000000001",
                                         "16777216.5",
                                         "000.000"};
  const std::vector<std::string> bad = {"",
                                        "-",
                                        "+",
                                        ".",
                                        "-.",
                                        "+.",
                                        "1e5",
                                        "1 ",
                                        " 1",
                                        "--1",
                                        "+-1",
                                        "-+1",
                                        "1-",
                                        "1.2.3",
                                        "..",
                                        "x",
                                        "0x1",
                                        "nan",
                                        "12345678901234567",
                                        "-12345678901234567",
                                        "1.2345678901234567",
                                        "1\r",
                                        "9999999999999999",
                                        "\"1\"",
                                        "1/2",
                                        "1:2",
                                        "\x80",
                                        std::string(1, '\0'),
                                        std::string(40, '1')};
  ForEachTarget([&] {
    EXPECT_EQ(CheckFields(good), good.size());
    EXPECT_EQ(CheckFields(bad), 0u);
  });
}

// Numbers next to half-way points between floats, where rounding twice could go wrong.
TEST(CsvNumbers, RoundsOnceAtHalfWayPoints) {
  Random random(1);
  std::vector<std::string> fields;
  for (size_t i = 0; i < 3000; ++i) {
    const float value =
        std::bit_cast<float>(static_cast<uint32_t>(0x3a000000 + random.Below(0x12000000)));
    const float above = std::nextafter(value, 1e30F);
    const double middle = (static_cast<double>(value) + static_cast<double>(above)) / 2;
    for (const int digits : {6, 8, 9, 12, 15, 16}) {
      char text[64];
      std::snprintf(text, sizeof(text), "%.*f", digits, middle);
      fields.emplace_back(std::string(text).substr(0, 16));
    }
  }
  ForEachTarget([&] { EXPECT_GT(CheckFields(fields), fields.size() / 2); });
}

TEST(CsvNumbers, AgreesWithStrtofOnMutatedNumbers) {
  const char* const wanted = std::getenv("COLONNADE_MUTATIONS");
  const size_t mutations = wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 3000;
  ForEachTarget([&] {
    for (uint64_t seed = 0; seed < mutations / 50; ++seed) {
      Random random(seed);
      std::vector<std::string> fields;
      size_t numbers = 0;
      for (size_t i = 0; i < 50; ++i) {
        std::string field = random.Below(3) == 0 ? "-" : "";
        field += std::to_string(random.Next() >> (10 + random.Below(54)));
        if (random.Below(4) > 0) {
          field += "." + std::to_string(random.Next() >> (10 + random.Below(54)));
        }
        if (random.Below(3) == 0) {
          constexpr std::string_view kBytes = "0123456789.-+e \r\n\"x\x80";
          field[random.Below(field.size())] = kBytes[random.Below(kBytes.size())];
        }
        numbers += IsShortNumber(field) ? 1u : 0u;
        fields.push_back(field);
      }
      // Those that it leaves to another way are few: half-way points, or more than 2^53.
      const size_t taken = CheckFields(fields);
      ASSERT_GE(taken + 5, numbers) << "seed " << seed;
      ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    }
  });
}

}  // namespace
}  // namespace colonnade::test
