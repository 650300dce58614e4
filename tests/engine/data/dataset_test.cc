// SPDX-License-Identifier: Apache-2.0
#include "colonnade/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/dataset_builder.h"
#include "tests/support/errors.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;
using ::testing::ElementsAre;

Dataset Floats(const std::vector<float>& values, const std::vector<uint32_t>& labels,
               const Schema& schema) {
  return Dataset::FromMemory(std::span<const float>(values), labels, schema);
}

Dataset Bytes(const std::vector<uint8_t>& values, const std::vector<uint32_t>& labels,
              const Schema& schema) {
  return Dataset::FromMemory(std::span<const uint8_t>(values), labels, schema);
}

TEST(DatasetTest, CopiesFromMemory) {
  const Dataset data = Floats({1, 2.5F, -3, 4}, {2, 0}, {.features = 2});
  EXPECT_EQ(data.examples(), 2u);
  EXPECT_EQ(data.features(), 2u);
  EXPECT_EQ(data.classes(), 3u);
  EXPECT_THAT(data.schema().classes, ElementsAre("0", "1", "2"));
  EXPECT_THAT(data.labels(), ElementsAre(2, 0));
  ASSERT_EQ(data.element_type(), ElementType::kF32);
  EXPECT_EQ(data.bytes(), nullptr);
  const float* const second = data.floats() + data.stride();
  EXPECT_EQ(data.floats()[1], 2.5F);
  EXPECT_EQ(second[0], -3);
  EXPECT_EQ(second[1], 4);
  for (size_t i = 2; i < data.stride(); ++i) EXPECT_EQ(second[i], 0) << "padding";
}

TEST(DatasetTest, StoresFloatsThatAreBytesAsBytes) {
  const Dataset floats = Floats({0, 255, 7, 8}, {0, 1}, {.features = 2});
  const Dataset bytes = Bytes({0, 255, 7, 8}, {0, 1}, {.features = 2});
  EXPECT_EQ(floats.element_type(), ElementType::kU8);
  EXPECT_EQ(floats.Hash(), bytes.Hash());
}

TEST(DatasetTest, MovesWithItsMemory) {
  Dataset data = Bytes({1, 2}, {0}, {.features = 2});
  const uint8_t* const bytes = data.bytes();
  const Dataset moved = std::move(data);
  EXPECT_EQ(moved.bytes(), bytes);
}

TEST(DatasetTest, CopiesShareTheValues) {
  std::optional<Dataset> data = Bytes({1, 2, 3, 4}, {0, 1}, {.features = 2});
  const Dataset copy = *data;
  Dataset assigned = Bytes({9}, {0}, {.features = 1});
  assigned = copy;
  EXPECT_EQ(copy.bytes(), data->bytes());
  EXPECT_EQ(assigned.bytes(), data->bytes());
  const std::string hash = data->Hash();
  data.reset();
  EXPECT_EQ(copy.Hash(), hash);
  EXPECT_THAT(assigned.labels(), ElementsAre(0, 1));
}

TEST(DatasetTest, WeightsComeWithAnotherDataset) {
  const Dataset data = Bytes({1, 2, 3, 4, 5, 6}, {0, 1, 1}, {.features = 2});
  const std::string hash = data.Hash();
  const Dataset weighted = data.WithWeights(std::vector<float>{1, 0, 2});
  EXPECT_THAT(data.weights(), testing::IsEmpty());
  EXPECT_EQ(data.Hash(), hash);
  EXPECT_EQ(weighted.bytes(), data.bytes());
  EXPECT_THAT(weighted.weights(), ElementsAre(1, 0, 2));
  EXPECT_THAT(weighted.labels(), ElementsAre(0, 1, 1));
  EXPECT_THAT(weighted.schema().classes, ElementsAre("0", "1"));
  EXPECT_NE(weighted.Hash(), hash);
  const Dataset again = weighted.WithWeights(std::vector<float>{1, 1, 1});
  EXPECT_EQ(again.bytes(), data.bytes());
  const Dataset part = weighted.Part(std::vector<uint32_t>{2, 1});
  EXPECT_THAT(part.weights(), ElementsAre(2, 0));
  EXPECT_EQ(part.BytesOf(0)[1], 6);
  const Dataset weighted_part = part.WithWeights(std::vector<float>{5, 5});
  EXPECT_EQ(weighted_part.BytesOf(0)[1], 6);
  EXPECT_THAT(weighted_part.labels(), ElementsAre(1, 1));
  EXPECT_EQ(weighted_part.Select(std::vector<uint32_t>{1}).BytesOf(0)[0], 3);
}

TEST(DatasetTest, RefusesWhatDoesNotFit) {
  const auto fails = [](const std::string& message, const auto& f) {
    ExpectError(ErrorCode::kBadData, message, f);
  };
  fails("found 0 features, expected at least 1", [] { Bytes({}, {0}, {}); });
  fails("found 0 examples, expected 1 to 4294967295", [] { Bytes({}, {}, {.features = 1}); });
  fails("found 3 values, expected 2 features for each of 2 examples",
        [] { Bytes({1, 2, 3}, {0, 0}, {.features = 2}); });
  fails("found 4 values, expected 2 features for each of 3 examples",
        [] { Bytes({1, 2, 3, 4}, {0, 0, 0}, {.features = 2}); });
  fails("found 1 feature names, expected 2 or none",
        [] { Bytes({1, 2}, {0}, {.features = 2, .feature_names = {"a"}}); });
  fails("found the label at column 3, expected 0 to 2",
        [] { Bytes({1, 2}, {0}, {.features = 2, .label_index = 3}); });
  fails("example 1: found label 2, expected a class index 0 to 1",
        [] { Bytes({1, 2}, {0, 2}, {.features = 1, .classes = {"x", "y"}}); });
  fails("example 0: found label 65536, expected a class index 0 to 65535",
        [] { Bytes({1}, {65536}, {.features = 1}); });
  fails("example 1, feature 0: found nan, expected a finite number",
        [] { Floats({1, 2, NAN, 3}, {0, 0}, {.features = 2}); });
  fails("example 0, feature 1: found -inf, expected a finite number",
        [] { Floats({1.5F, -INFINITY}, {0}, {.features = 2}); });
}

TEST(DatasetTest, HashTellsDataApart) {
  const std::string hash = Bytes({1, 2, 3, 4}, {0, 1}, {.features = 2}).Hash();
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(Bytes({1, 2, 3, 4}, {0, 1}, {.features = 2}).Hash(), hash);
  EXPECT_NE(Bytes({1, 2, 3, 5}, {0, 1}, {.features = 2}).Hash(), hash);
  EXPECT_NE(Bytes({1, 2, 3, 4}, {1, 0}, {.features = 2}).Hash(), hash);
  EXPECT_NE(Bytes({1, 2, 3, 4}, {0, 1, 0, 0}, {.features = 1}).Hash(), hash);
  EXPECT_NE(Floats({1, 2, 3, 4.5F}, {0, 1}, {.features = 2}).Hash(), hash);
}

TEST(DatasetTest, HashTellsOffsetsApart) {
  const auto hash = [](double offset, double target_offset) {
    const Schema schema = {.features = 1, .offsets = {offset}, .target_offset = target_offset};
    // Their values and targets are the same.
    return Dataset::FromMemory(std::vector<double>{1.5 + offset, 2 + offset},
                               std::vector<double>{1 + target_offset, 2 + target_offset}, schema)
        .Hash();
  };
  EXPECT_NE(hash(0, 0), hash(1, 0));
  EXPECT_NE(hash(0, 0), hash(0, 1));
  EXPECT_NE(hash(1, 0), hash(0, 1));
  const std::vector<double> values = {1.5, 2};
  EXPECT_EQ(hash(0, 0), Dataset::FromMemory({values, 1}, std::vector<double>{1, 2}).Hash());
}

TEST(DatasetTest, PartsKeepWhatBelongsToTheirExamples) {
  DatasetBuilder builder(1, LabelKind::kTargets, 4);
  for (int e = 0; e < 4; ++e) {
    builder.Add(std::vector<float>{static_cast<float>(e)}, {.target = static_cast<float>(e)});
  }
  std::unique_ptr<Dataset::Storage> storage = builder.Finish({.features = 1, .target_offset = 10});
  storage->exact_targets = AlignedBuffer<double>(4);
  storage->groups = AlignedBuffer<uint32_t>(4);
  storage->times = AlignedBuffer<double>(4);
  for (uint32_t e = 0; e < 4; ++e) {
    storage->exact_targets[e] = 10.1 + e;
    storage->groups[e] = 100 + e;
    storage->times[e] = 0.5 + e;
  }
  storage->texts = {{.name = "id", .values = {"a", "b", "c", "d"}}};
  storage->incomplete = {0, 2};
  storage->notes = {"note"};
  auto summary = std::make_shared<DataSummary>();
  summary->rows = 4;
  storage->summary = summary;
  const Dataset data(std::move(storage));
  const std::vector<uint32_t> indices = {3, 2, 2, 0};
  for (const Dataset& part : {data.Part(indices), data.Select(indices),
                              data.WithWeights(std::vector<float>{1, 2, 3, 4}).Part(indices),
                              data.Part(indices).Select(std::vector<uint32_t>{0, 1, 2, 3})}) {
    EXPECT_EQ(part.TargetOf(0), 13.1);
    EXPECT_EQ(part.TargetOf(3), 10.1);
    EXPECT_THAT(part.groups(), ElementsAre(103, 102, 102, 100));
    EXPECT_THAT(part.times(), ElementsAre(3.5, 2.5, 2.5, 0.5));
    EXPECT_THAT(part.incomplete(), ElementsAre(1, 2, 3));
    EXPECT_THAT(part.texts(), testing::IsEmpty());
    EXPECT_EQ(part.summary().rows, 4u);
  }
  const Dataset weighted = data.WithWeights(std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(weighted.texts()[0].values[3], "d");
  EXPECT_THAT(weighted.incomplete(), ElementsAre(0, 2));
  EXPECT_THAT(weighted.groups(), ElementsAre(100, 101, 102, 103));
  EXPECT_EQ(weighted.TargetOf(1), 11.1);
}

TEST(ToByteTest, TakesExactlyTheBytes) {
  for (int i = 0; i < 256; ++i) EXPECT_EQ(ToByte(static_cast<float>(i)), i);
  for (const float value : {-1.0F, 256.0F, 0.5F, -0.0F, 254.99998F, NAN, INFINITY, 1e-45F}) {
    EXPECT_EQ(ToByte(value), std::nullopt) << value;
  }
}

TEST(DatasetBuilderTest, GrowsBeyondItsCapacityInBothTypes) {
  constexpr size_t kFeatures = 70;
  DatasetBuilder builder(kFeatures, LabelKind::kCodes, 1);
  for (size_t e = 0; e < 1000; ++e) {
    if (e == 500) builder.Widen();
    if (e < 500) {
      std::fill_n(builder.NextBytes(), kFeatures, static_cast<uint8_t>(e % 256));
    } else {
      std::fill_n(builder.NextFloats(), kFeatures, static_cast<float>(e) + 0.5F);
    }
    builder.Append({.code = static_cast<uint32_t>(e)});
  }
  const Dataset data(
      builder.Finish({.features = kFeatures, .classes = std::vector<std::string>(1000, "class")}));
  ASSERT_EQ(data.examples(), 1000u);
  for (size_t e = 0; e < 1000; ++e) {
    EXPECT_EQ(data.labels()[e], e);
    for (size_t i = 0; i < data.stride(); ++i) {
      const float value = e < 500 ? static_cast<float>(e % 256) : static_cast<float>(e) + 0.5F;
      ASSERT_EQ(data.floats()[e * data.stride() + i], i < kFeatures ? value : 0) << e << ' ' << i;
    }
  }
}

// A bound that no machine has memory for is only a bound.
TEST(DatasetBuilderTest, SurvivesACapacityBeyondTheMemory) {
#ifdef COLONNADE_SANITIZED
  GTEST_SKIP() << "the sanitizer ends the program at such an allocation";
#endif
  DatasetBuilder builder(size_t{1} << 26, LabelKind::kCodes, kMaxExamples);
  std::fill_n(builder.NextBytes(), 1 << 26, uint8_t{1});
  builder.Append({.code = 0});
  EXPECT_EQ(builder.examples(), 1u);
}

}  // namespace
}  // namespace colonnade
