// SPDX-License-Identifier: Apache-2.0
#include "engine/data/offsets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <vector>

#include "tests/support/random.h"

namespace colonnade {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// How many different numbers there are, in double and in f32 less an offset.
size_t Different(const std::vector<double>& values) {
  return std::set<double>(values.begin(), values.end()).size();
}
size_t Different(const std::vector<double>& values, double offset) {
  std::set<float> rounded;
  for (const double value : values) rounded.insert(static_cast<float>(value - offset));
  return rounded.size();
}

OffsetFilter Filtered(const std::vector<double>& values) {
  OffsetFilter filter;
  for (const double value : values) filter.Add(value);
  return filter;
}

TEST(OffsetsTest, NumbersThatF32TellsApartHaveNone) {
  EXPECT_EQ(OffsetFor({}), std::nullopt);
  EXPECT_EQ(OffsetFor(std::vector<double>{1700000007}), std::nullopt) << "nothing to tell apart";
  EXPECT_EQ(OffsetFor(std::vector<double>{1700000007, 1700000007}), std::nullopt);
  EXPECT_EQ(OffsetFor(std::vector<double>{100.1, 100.2, 100.3}), std::nullopt);
  EXPECT_EQ(OffsetFor(std::vector<double>{1e9, 1e9 + 64}), std::nullopt);
  EXPECT_EQ(OffsetFor(std::vector<double>{0.1, 0.1 + 1e-12, -5}), std::nullopt)
      << "no offset helps";
  EXPECT_EQ(OffsetFor(std::vector<double>{1e300, 1.5e300}), std::nullopt) << "beyond f32";
}

TEST(OffsetsTest, OthersHaveOneThatIsShort) {
  EXPECT_EQ(OffsetFor(std::vector<double>{20240101, 20240102, 20240103, 20240104}), 20240102.5);
  EXPECT_EQ(OffsetFor(std::vector<double>{1700000007, 1700000011, 1700000046}), 1700000026);
  EXPECT_EQ(OffsetFor(std::vector<double>{-1700000007, -1700000011}), -1700000009);
  EXPECT_EQ(OffsetFor(std::vector<double>{5800000.094, 5800000.041, kNan, 5800000.158}),
            5800000.09765625);
  EXPECT_EQ(OffsetFor(std::vector<double>{20000000, 40000000, 20000001}), 30408704);
}

TEST(OffsetsTest, TheOrderDoesNotMatter) {
  test::Random random(1);
  std::vector<double> values(100);
  for (double& value : values) value = 1.7e9 + static_cast<double>(random.Below(100000));
  const std::optional<double> offset = OffsetFor(values);
  ASSERT_TRUE(offset);
  std::ranges::sort(values);
  EXPECT_EQ(OffsetFor(values), offset);
  std::ranges::reverse(values);
  EXPECT_EQ(OffsetFor(values), offset);
}

TEST(OffsetsTest, AnOffsetAlwaysHelpsAndIsExact) {
  test::Random random(2);
  size_t found = 0;
  for (int round = 0; round < 2000; ++round) {
    const double base = static_cast<double>(random.Uniform(-1, 1)) *
                        std::pow(10, static_cast<double>(random.Below(16)) - 3);
    const double range = std::pow(10, static_cast<double>(random.Below(12)) - 5);
    std::vector<double> values(1 + random.Below(50));
    for (double& value : values) {
      value = base + range * static_cast<double>(random.Uniform(0, 1));
      if (random.Below(2) == 0) value = std::round(value);
      if (random.Below(40) == 0) value = kNan;
    }
    const std::optional<double> offset = OffsetFor(values);
    EXPECT_TRUE(!offset || Filtered(values).MayNeedOffset()) << round;
    std::erase_if(values, [](double value) { return std::isnan(value); });
    if (!offset) continue;
    ++found;
    EXPECT_LT(Different(values, 0), Different(values)) << round;
    EXPECT_GT(Different(values, *offset), Different(values, 0)) << round;
    for (const double value : values) {
      ASSERT_EQ((value - *offset) + *offset, value) << round;
    }
  }
  EXPECT_GT(found, 100u);
}

TEST(OffsetsTest, TheFilterKnowsNumbersByParts) {
  OffsetFilter whole;
  OffsetFilter first;
  OffsetFilter second;
  for (const double value : {3.5, 1700000001.0, kNan}) first.Add(value);
  for (const double value : {1700000002.0, -1.0}) second.Add(value);
  for (const double value : {3.5, 1700000001.0, 1700000002.0, -1.0}) whole.Add(value);
  first.Add(second);
  EXPECT_EQ(first.low, whole.low);
  EXPECT_EQ(first.high, whole.high);
  EXPECT_EQ(first.inexact, whole.inexact);
  EXPECT_FALSE(OffsetFilter().MayNeedOffset());
}

TEST(OffsetsTest, TargetsAreExact) {
  test::Random random(3);
  for (int round = 0; round < 100; ++round) {
    const double base = static_cast<double>(random.Below(3)) * 1e9;
    std::vector<double> numbers(20);
    for (double& number : numbers) {
      number = base + static_cast<double>(random.Below(1000)) / (round % 2 == 0 ? 1 : 10);
    }
    Dataset::Storage storage;
    storage.examples = numbers.size();
    StoreTargets(numbers, OffsetFor(numbers).value_or(0), storage);
    const bool exact = storage.exact_targets.size() == 0;
    EXPECT_TRUE(exact || round % 2 != 0);
    const Dataset data(std::make_shared<Dataset::Storage>(std::move(storage)));
    for (size_t e = 0; e < numbers.size(); ++e) EXPECT_EQ(data.TargetOf(e), numbers[e]);
  }
}

}  // namespace
}  // namespace colonnade
