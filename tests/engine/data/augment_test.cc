// SPDX-License-Identifier: Apache-2.0
#include "engine/data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "engine/data/scaling.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

namespace colonnade {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

// The same in double precision: each pixel asks for its four neighbours where it comes from.
std::vector<double> Reference(const std::vector<float>& from, const Motion& motion, int side) {
  using Place = std::complex<double>;
  const Place centre((side - 1) / 2.0, (side - 1) / 2.0);
  const Place moved(static_cast<double>(motion.right), static_cast<double>(motion.down));
  std::vector<double> to;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const Place place = (Place(x, y) - moved - centre) * std::polar(1.0, -motion.angle) + centre;
      double value = 0;
      for (int row = 0; row < side; ++row) {
        for (int column = 0; column < side; ++column) {
          const double weight = std::max(0.0, 1 - std::abs(place.real() - column)) *
                                std::max(0.0, 1 - std::abs(place.imag() - row));
          value += weight * from[static_cast<size_t>(row * side + column)];
        }
      }
      to.push_back(value);
    }
  }
  return to;
}

const std::vector<Motion> kMotions = {{0, 0, 0},
                                      {2, -1, 0},
                                      {-7, 7, 0},
                                      {0, 3, 0},
                                      {0, 0, 10 * kDegree},
                                      {2, 1, -7 * kDegree},
                                      {-1, 0, 45 * kDegree},
                                      {0, 0, 90 * kDegree},
                                      {1, 2, 180 * kDegree}};

TEST(AugmentTest, MovesAsTheReference) {
  for (const size_t side : {8U, 13U, 28U}) {
    test::Random random(side);
    std::vector<uint8_t> bytes(side * side);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
    std::vector<float> floats(bytes.begin(), bytes.end());
    for (const Motion& motion : kMotions) {
      const std::vector<double> expected = Reference(floats, motion, static_cast<int>(side));
      std::vector<uint8_t> moved_bytes(bytes.size(), 7);
      std::vector<float> moved_floats(bytes.size(), 7);
      Move(bytes.data(), motion, side, moved_bytes.data());
      Move(floats.data(), motion, side, moved_floats.data());
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(moved_floats[i], expected[i], 1e-4) << i;
        EXPECT_NEAR(moved_bytes[i], expected[i], 0.5001) << i;
        if (motion.angle != 0) continue;
        EXPECT_EQ(moved_floats[i], expected[i]) << i;
        EXPECT_EQ(moved_bytes[i], expected[i]) << i;
      }
    }
  }
}

TEST(AugmentTest, MotionsAreUniformAndOfTheirOwn) {
  const Augmentation augment = {.shift = 2, .rotate = 10};
  std::array<std::array<int, 5>, 5> counts = {};
  double sum = 0;
  double squares = 0;
  constexpr uint32_t kExamples = 25'000;
  for (uint32_t e = 0; e < kExamples; ++e) {
    const Motion motion = MotionOf(augment, 3, 7, e);
    ASSERT_LE(std::abs(motion.right), 2);
    ASSERT_LE(std::abs(motion.down), 2);
    ASSERT_LE(std::abs(motion.angle), 10 * kDegree);
    ++counts.at(static_cast<size_t>(motion.right + 2)).at(static_cast<size_t>(motion.down + 2));
    sum += motion.angle / kDegree;
    squares += motion.angle * motion.angle / (kDegree * kDegree);
  }
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, 1000, 150);  // five deviations are 155
  }
  EXPECT_NEAR(sum / kExamples, 0, 0.2);
  EXPECT_NEAR(squares / kExamples, 100.0 / 3, 1);

  const auto as_text = [&](uint64_t seed, uint32_t epoch, uint32_t example) {
    const Motion motion = MotionOf(augment, seed, epoch, example);
    return std::to_string(motion.right) + ' ' + std::to_string(motion.down) + ' ' +
           std::to_string(motion.angle);
  };
  EXPECT_EQ(as_text(1, 2, 3), as_text(1, 2, 3));
  EXPECT_EQ(
      (std::set<std::string>{as_text(1, 2, 3), as_text(2, 2, 3), as_text(1, 3, 3), as_text(1, 2, 4)}
           .size()),
      4U);
  EXPECT_EQ(MotionOf({.shift = 2}, 1, 2, 3).angle, 0);
  EXPECT_EQ(MotionOf({.rotate = 10}, 1, 2, 3).right, 0);
  EXPECT_EQ(MotionOf({.rotate = 10}, 1, 2, 3).angle, MotionOf(augment, 1, 2, 3).angle);
}

TEST(AugmentTest, BatchesAreThePicturesMoved) {
  const Dataset digits = test::DigitsDataset(40, 1);
  const std::vector<uint32_t> chosen = {7, 30, 2, 11, 19};
  const Augmentation augment = {.shift = 3, .rotate = 20};
  for (const Dataset& data : {digits, digits.Part(chosen)}) {
    const bool part = data.examples() < digits.examples();
    AugmentedBatch batch(data, augment, 5, 4);
    EXPECT_EQ(test::ValuesOf(batch.data(), 3), test::ValuesOf(data, 3)) << "as it is, at first";
    batch.BeginEpoch(9);
    const std::vector<uint32_t> indices = {4, 0};
    const uint32_t* const places = batch.Fill(indices.data(), 1, 2);
    for (uint32_t i = 0; i < 2; ++i) {
      EXPECT_EQ(places[i], 1 + i);
      std::vector<uint8_t> expected(784);
      const uint32_t example = indices[i];
      Move(digits.BytesOf(part ? chosen[example] : example), MotionOf(augment, 5, 9, example), 28,
           expected.data());
      const uint8_t* const values = batch.data().BytesOf(places[i]);
      EXPECT_TRUE(std::ranges::equal(expected, std::span(values, 784)));
      EXPECT_TRUE(std::all_of(values + 784, values + batch.data().stride(),
                              [](uint8_t padding) { return padding == 0; }));
    }
  }
}

// What comes in from outside is what the scaling makes of 0.
TEST(AugmentTest, OutsideIsTheZeroOfTheTable) {
  test::Random random(4);
  std::vector<float> values(2 * 64);
  for (float& value : values) value = random.Uniform(5, 9);
  const Dataset data = Dataset::FromMemory(std::span<const float>(values),
                                           std::vector<uint32_t>{0, 1}, test::SchemaOf(64, 2));
  for (const Scale scale : {Scale::kNone, Scale::kMinMax, Scale::kStandard, Scale::kRobust}) {
    const Scaling scaling = FitScaling(scale, data);
    AugmentedBatch batch(data, {.shift = 7}, 1, 2);
    const std::vector<uint32_t> indices = {0, 1};
    const uint32_t* const places = batch.Fill(indices.data(), 0, 2);
    const std::vector<float> zeros(64, 0);
    const Dataset zero = Dataset::FromMemory(std::span<const float>(zeros),
                                             std::vector<uint32_t>{0}, test::SchemaOf(64, 2));
    OwnedMatrix moved(64, 2);
    OwnedMatrix background(64, 1);
    BatchReader(batch.data(), scaling).Read(places, moved.view());
    BatchReader(zero, scaling).Read(indices.data(), background.view());
    size_t outside = 0;
    for (size_t e = 0; e < 2; ++e) {
      for (size_t i = 0; i < 64; ++i) {
        if (batch.data().FloatsOf(e)[i] != 0) continue;
        ++outside;
        EXPECT_EQ(moved.view().Column(e)[i], background.view().Column(0)[i]);
      }
    }
    EXPECT_GT(outside, 0U);
  }
}

TEST(AugmentTest, WhatIsNoSquarePictureIsRefused) {
  const std::string expected =
      ", expected square pictures of one value per pixel, at least 8 · 8, such as 784 columns for "
      "28 · 28";
  const auto refused = [&](const Dataset& data, const std::string& found) {
    test::ExpectError(ErrorCode::kInvalidArgument, "augment: found " + found + expected,
                      [&] { RequirePictures(data, {.shift = 2}); });
  };
  refused(test::RandomDataset(5, 783, 2, 1), "783 features");
  refused(test::RandomDataset(5, 49, 2, 1), "49 features");
  refused(test::RandomDataset(5, 3 * 64, 2, 1), "192 features, as pictures in colour");
  Schema schema = test::SchemaOf(64, 2);
  schema.categorical = {{.name = "colour", .first = 0, .categories = {"red", "green"}}};
  const std::vector<float> values(64, 1);
  refused(Dataset::FromMemory(std::span<const float>(values), std::vector<uint32_t>{0}, schema),
          "columns that are no pixels");
  const Dataset smallest = test::RandomDataset(5, 64, 2, 1);
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "augment: found shift:8 for pictures of 8 · 8, expected at most shift:7",
                    [&] { RequirePictures(smallest, {.shift = 8}); });
  RequirePictures(smallest, {.shift = 7, .rotate = 180});
}

}  // namespace
}  // namespace colonnade
