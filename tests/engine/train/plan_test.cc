// SPDX-License-Identifier: Apache-2.0
// Every way of phase A computes each element of each result once, and each stage after those that
// it needs.
#include "engine/train/plan.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

namespace colonnade {
namespace {

using Kind = Stage::Kind;
using Cut = Region::Cut;

NetworkShape Shape(std::vector<bool> batch_norms, std::vector<size_t> hidden = {70, 33}) {
  NetworkShape shape = NetworkShape::Mlp(20, hidden, 3);
  for (size_t l = 0; l < batch_norms.size(); ++l) shape.layers[l].batch_norm = batch_norms[l];
  return shape;
}

std::vector<Cut> CutsOf(std::span<const Region> regions) {
  std::vector<Cut> cuts;
  for (const Region& region : regions) cuts.push_back(region.cut);
  return cuts;
}

// Does all tasks, last one first, and looks at what they cover.
void ExpectEachOnce(std::span<const Region> regions, size_t columns) {
  for (const Region& region : regions) {
    std::map<std::pair<Kind, size_t>, std::vector<int>> times;  // of each element, by stage
    for (size_t task = region.tasks; task-- > 0;) {
      region.ForEachStage(task, [&](const Stage& stage, const Block& block) {
        std::vector<int>& of = times[{stage.kind, stage.layer}];
        of.resize(stage.rows * columns);
        ASSERT_LE(block.first_row + block.rows, stage.rows);
        ASSERT_LE(block.first_column + block.columns, columns);
        EXPECT_EQ(block.first_row % kernels::kPadFloats, 0u);
        EXPECT_EQ(block.first_column % 2, 0u);
        for (size_t c = 0; c < block.columns; ++c) {
          for (size_t r = 0; r < block.rows; ++r) {
            ++of[(block.first_column + c) * stage.rows + block.first_row + r];
          }
        }
      });
    }
    EXPECT_EQ(times.size(), region.stages.size());
    for (const auto& [stage, of] : times) EXPECT_EQ(of, std::vector<int>(of.size(), 1));
  }
}

TEST(PlanTest, CoversAChunkOnce) {
  for (const std::vector<bool>& norms : {std::vector<bool>{}, {true, false}, {true, true}}) {
    for (const size_t threads : {1u, 2u, 7u, 64u}) {
      Plan plan(Shape(norms), threads, 0);
      for (const size_t columns : {1u, 5u, 96u, 1000u, 96u}) {
        SCOPED_TRACE(testing::Message() << threads << " threads, " << columns << " columns");
        ExpectEachOnce(plan.For(columns), columns);
      }
    }
  }
  Plan tiles(Shape({}), 2, 304);
  for (const size_t columns : {3000u, 304u, 100u}) ExpectEachOnce(tiles.For(columns), columns);
}

TEST(PlanTest, OneRegionWithoutBarriersWhereColumnsAreEnough) {
  Plan plan(Shape({}), 2, 0);
  const std::span<const Region> regions = plan.For(96);
  ASSERT_EQ(CutsOf(regions), std::vector{Cut::kColumns});
  std::vector<Kind> kinds;
  for (const Stage& stage : regions.front().stages) kinds.push_back(stage.kind);
  EXPECT_EQ(kinds, (std::vector{Kind::kRead, Kind::kForward, Kind::kForward, Kind::kForward,
                                Kind::kLoss, Kind::kBackward, Kind::kBackward}));
  EXPECT_EQ(regions.front().tasks, 4u) << "two for each thread";
}

TEST(PlanTest, NormalisedLayersCutIt) {
  Plan plan(Shape({true, false}), 2, 0);
  EXPECT_EQ(CutsOf(plan.For(96)),
            (std::vector{Cut::kColumns, Cut::kRows, Cut::kColumns, Cut::kRows}));
}

TEST(PlanTest, LayerByLayerWhereColumnsAreTooFew) {
  Plan plan(Shape({}, {2000, 2000}), 8, 0);
  const std::span<const Region> regions = plan.For(12);
  EXPECT_EQ(CutsOf(regions), (std::vector{Cut::kColumns, Cut::kBlocks, Cut::kBlocks, Cut::kBlocks,
                                          Cut::kColumns, Cut::kBlocks, Cut::kBlocks}));
  EXPECT_GE(regions[2].tasks, 16u);
  EXPECT_EQ(CutsOf(plan.For(500)), std::vector{Cut::kColumns});
}

TEST(PlanTest, TilesAreTasksWhoseColumnsGoOnInPieces) {
  Plan plan(Shape({}), 2, 512);
  const Region& region = plan.For(2048).front();
  EXPECT_EQ(region.tasks, 4u);
  std::vector<size_t> forward;
  region.ForEachStage(1, [&](const Stage& stage, const Block& block) {
    if (stage.kind == Kind::kForward) forward.push_back(block.columns);
  });
  EXPECT_EQ(forward, (std::vector<size_t>{512, 240, 240, 240, 240, 32, 32}));
}

}  // namespace
}  // namespace colonnade
