// SPDX-License-Identifier: Apache-2.0
// How good the models of the defaults are: tables as people have them, of which nothing is said but
// the label. tests/data/tables/README.md tells where they are from.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/evaluate.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "tests/support/paths.h"
#include "tests/support/random.h"

namespace colonnade {
namespace {

struct Quality {
  double loss = 0;      // mean over the test examples; of numbers the RMSE
  double accuracy = 0;  // of numbers R²
};

// Of models of three quarters of the examples on the rest, over three splits.
Quality QualityOn(const Dataset& data) {
  constexpr std::array<uint64_t, 3> kSeeds = {1, 2, 3};
  Quality mean;
  for (const uint64_t seed : kSeeds) {
    const Split split = SplitStratified(data, 0.25, seed);
    const TrainResult result = Train(split.train);
    const Evaluation e = Evaluate(result.model, split.validation);
    mean.loss += (e.regression ? e.regression->rmse : e.loss) / kSeeds.size();
    mean.accuracy += (e.regression ? e.regression->r2 : e.accuracy) / kSeeds.size();
  }
  std::cout << mean.loss << ' ' << mean.accuracy << '\n';
  return mean;
}

struct Table {
  const char* name;
  const char* label;
  std::vector<std::string> ignored;
  double most_loss;
  double least_accuracy;
};

class DefaultModelsTest : public testing::TestWithParam<Table> {};

TEST_P(DefaultModelsTest, AreGood) {
  const Table& table = GetParam();
  CsvOptions options;
  options.label_column = table.label;
  options.ignore_columns = table.ignored;
  const Dataset data =
      ReadCsv(test::TestData() / "tables" / (std::string(table.name) + ".csv"), options);
  const Quality quality = QualityOn(data);
  EXPECT_LT(quality.loss, table.most_loss);
  EXPECT_GT(quality.accuracy, table.least_accuracy);
}

INSTANTIATE_TEST_SUITE_P(Tables, DefaultModelsTest,
                         testing::Values(Table{"penguins", "species", {}, 0.08, 0.97},
                                         Table{"glass", "type", {}, 1.0, 0.62},
                                         Table{"pima", "cls", {}, 0.52, 0.74},
                                         Table{"titanic", "survived", {"name"}, 0.5, 0.76},
                                         Table{"diabetes", "target", {}, 60, 0.4},
                                         Table{"hitters", "Salary", {}, 340, 0.4}),
                         [](const auto& test) { return std::string(test.param.name); });

// A table of the size from which on numbers are cut into pieces, with steps and corners that a
// smooth function of the numbers does not have.
TEST(DefaultLargeModelTest, IsGood) {
  test::Random random(1);
  std::vector<float> values;
  std::vector<float> targets;
  for (int e = 0; e < 8000; ++e) {
    std::array<double, 5> x{};
    for (double& v : x) v = random.Uniform(0, 1);
    const double step = x[0] > 0.4 ? 3 : 0;
    const double corner = std::fabs(x[1] - 0.7) * 8;
    const double wave = 2 * std::sin(9 * x[2] * x[3]);
    for (const double v : x) values.push_back(static_cast<float>(std::exp(4 * v)));
    targets.push_back(static_cast<float>(step + corner + wave + 0.3 * random.Uniform(-1, 1)));
  }
  Schema schema;
  schema.features = 5;
  const Dataset data =
      Dataset::FromMemory(std::span<const float>(values), std::span<const float>(targets), schema);
  EXPECT_GT(QualityOn(data).accuracy, 0.97);
}

}  // namespace
}  // namespace colonnade
