// SPDX-License-Identifier: Apache-2.0
// Muon, whose weights between hidden layers take their gradient as a whole.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "colonnade/train.h"
#include "engine/model/initialization.h"
#include "engine/train/optimizer.h"
#include "engine/train/orthogonalize.h"
#include "tests/support/datasets.h"
#include "tests/support/golden.h"
#include "tests/support/plain_options.h"
#include "tests/support/targets.h"

namespace colonnade {
namespace {

using test::FloatMatrix;

// tools/optimizer_golden.py made the numbers, in float64.
TEST(MuonTest, IsThatOfItsAuthorsAfterSixtySteps) {
  const test::GoldenFile golden("muon.safetensors");
  const std::vector<size_t> widths = golden.meta()["widths"];
  const std::vector<size_t> hidden(widths.begin() + 1, widths.end() - 1);
  const NetworkShape shape = NetworkShape::Mlp(widths.front(), hidden, widths.back());
  TrainOptions options;
  options.optimizer = Optimizer::kMuon;
  options.weight_decay = golden.meta()["options"]["weight_decay"].get<double>();
  const double rate = golden.meta()["options"]["rate"];
  const auto values = [&](const std::string& of, size_t layer, const char* part) {
    return golden.Values<float>(of + "." + std::to_string(layer) + "." + part);
  };
  std::vector<std::vector<float>> of_weight, of_bias;  // gradients of all steps, by layer
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    of_weight.push_back(values("gradients", l, "weight"));
    of_bias.push_back(values("gradients", l, "bias"));
  }
  for (const int threads : {1, 3}) {
    Execution execution(threads);
    test::ForEachTarget([&] {
      std::vector<DenseParameters> parameters = ZeroParameters(shape);
      std::vector<DenseParameters> gradient = ZeroParameters(shape);
      for (size_t l = 0; l < parameters.size(); ++l) {
        FromRowMajor(values("start", l, "weight"), parameters[l].weight.view());
        FromRowMajor(values("start", l, "bias"), parameters[l].bias.view());
      }
      OptimizerState optimizer(options, shape);
      EXPECT_TRUE(optimizer.takes_whole() && optimizer.TakesWhole(1) && optimizer.TakesWhole(2));
      EXPECT_FALSE(optimizer.TakesWhole(0) || optimizer.TakesWhole(3));
      for (size_t step = 0; step < golden.meta()["steps"]; ++step) {
        optimizer.BeginStep(rate);
        for (size_t l = 0; l < parameters.size(); ++l) {
          const kernels::Matrix weight = gradient[l].weight.view();
          const kernels::Matrix bias = gradient[l].bias.view();
          const size_t size = weight.rows * weight.cols;
          FromRowMajor(std::span(of_weight[l]).subspan(step * size, size), weight);
          FromRowMajor(std::span(of_bias[l]).subspan(step * bias.rows, bias.rows), bias);
          if (optimizer.TakesWhole(l)) optimizer.Direct(l, weight, execution);
          optimizer.UpdateWeight({l, 0, weight.cols, 0, weight.rows}, weight, parameters[l]);
          optimizer.UpdateBias(l, bias, parameters[l]);
        }
      }
      const auto expect_near = [](const std::vector<float>& found,
                                  const std::vector<float>& expected) {
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i) {
          ASSERT_NEAR(found[i], expected[i], 1e-5 * std::abs(expected[i]) + 2e-6) << i;
        }
      };
      for (size_t l = 0; l < parameters.size(); ++l) {
        expect_near(ToRowMajor(parameters[l].weight.view()), values("end", l, "weight"));
        expect_near(ToRowMajor(parameters[l].bias.view()), values("end", l, "bias"));
      }
      for (const OptimizerState::Tensor& tensor : optimizer.Tensors()) {
        if (tensor.name.starts_with("exp_avg.")) {
          expect_near(ToRowMajor(tensor.values), golden.Values<float>(tensor.name));
        }
      }
    });
  }
}

// aᵀ · a, or a · aᵀ where that is smaller, in double precision.
std::vector<double> GramOf(const FloatMatrix& a) {
  const bool tall = a.rows() > a.cols();
  const size_t side = std::min(a.rows(), a.cols());
  std::vector<double> gram(side * side);
  for (size_t i = 0; i < side; ++i) {
    for (size_t j = 0; j < side; ++j) {
      for (size_t k = 0; k < std::max(a.rows(), a.cols()); ++k) {
        gram[i * side + j] += static_cast<double>(tall ? a(k, i) : a(i, k)) *
                              static_cast<double>(tall ? a(k, j) : a(j, k));
      }
    }
  }
  return gram;
}

TEST(OrthogonalizerTest, SingularValuesComeNearOne) {
  Orthogonalizer orthogonalizer;
  for (const auto& [rows, cols] : {std::pair{100U, 130U}, {130U, 33U}, {1U, 7U}, {48U, 48U}}) {
    orthogonalizer.Reserve(rows, cols);
  }
  test::Random random(1);
  for (const auto& [rows, cols] : {std::pair{100U, 130U}, {130U, 33U}, {1U, 7U}, {48U, 48U}}) {
    SCOPED_TRACE(testing::Message() << rows << " × " << cols);
    const FloatMatrix start = FloatMatrix::Uniform(random, rows, cols);
    test::SameBitsWithFma same_bits;
    for (const int threads : {1, 4}) {
      Execution execution(threads);
      test::ForEachTarget([&] {
        FloatMatrix matrix = start.Clone();
        orthogonalizer.Run(matrix, execution);
        EXPECT_TRUE(test::StaysInBounds(matrix));
        EXPECT_TRUE(same_bits(matrix));
        // Their squares are the eigenvalues of the gram matrix, whose sum is its trace.
        const std::vector<double> gram = GramOf(matrix);
        const size_t side = std::min<size_t>(rows, cols);
        double trace = 0;
        for (size_t i = 0; i < side; ++i) trace += gram[i * side + i];
        EXPECT_NEAR(trace / static_cast<double>(side), 0.8, 0.4);
      });
    }
  }
}

TEST(OrthogonalizerTest, NothingStaysNothing) {
  Orthogonalizer orthogonalizer;
  orthogonalizer.Reserve(20, 30);
  Execution execution(1);
  FloatMatrix matrix(20, 30);
  matrix.Generate([](size_t, size_t) { return 0.0F; });
  orthogonalizer.Run(matrix, execution);
  for (size_t c = 0; c < 30; ++c) {
    for (size_t r = 0; r < 20; ++r) ASSERT_EQ(matrix(r, c), 0);
  }
}

TrainOptions Deep() {
  TrainOptions options = test::PlainOptions();
  options.hidden = {40, 30, 50};
  options.epochs = 3;
  options.batch_size = 64;
  options.optimizer = Optimizer::kMuon;
  return options;
}

TEST(MuonTest, LearnsAndDiffersFromAdamW) {
  const Dataset data = test::DigitsDataset(600, 1);
  TrainOptions options = Deep();
  options.epochs = 8;
  const TrainResult result = Train(data, options);
  EXPECT_GT(result.accuracy, 0.6);
  options.optimizer = Optimizer::kAdamW;
  EXPECT_NE(Train(data, options).model.ParametersHash(), result.model.ParametersHash());
}

// There is nothing between hidden layers where there is one of them.
TEST(MuonTest, OfOneHiddenLayerIsAdamW) {
  const Dataset data = test::DigitsDataset(200, 1);
  TrainOptions options = Deep();
  options.hidden = {20};
  const std::string hash = Train(data, options).model.ParametersHash();
  options.optimizer = Optimizer::kAdamW;
  EXPECT_EQ(Train(data, options).model.ParametersHash(), hash);
}

// Gradients that accumulate, and that are clipped, take other ways to the same update.
TEST(MuonTest, GoesWithAccumulationAndClipping) {
  const Dataset data = test::DigitsDataset(256, 1);
  TrainOptions options = Deep();
  const std::string hash = Train(data, options).model.ParametersHash();
  options.batch_size = 16;
  options.accumulate = 4;
  EXPECT_EQ(Train(data, options).model.ParametersHash(), hash);
  options.clip_norm = 1e20;
  EXPECT_EQ(Train(data, options).model.ParametersHash(), hash) << "never clipped";
  options.clip_norm = 1e-3;
  options.ema = 0.5;
  EXPECT_NE(Train(data, options).model.ParametersHash(), hash);
}

}  // namespace
}  // namespace colonnade
