// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

// All that the kernels read and write.
struct Layer {
  FloatMatrix gamma, beta, running_mean, running_variance, inverse_deviation;
  FloatMatrix z, y;
  FloatMatrix dy, dgamma, dbeta;

  Layer(Random& random, size_t rows, size_t columns)
      : gamma(FloatMatrix::Uniform(random, rows, 1, 0, 0.5f, 2)),
        beta(FloatMatrix::Uniform(random, rows, 1)),
        running_mean(FloatMatrix::Uniform(random, rows, 1)),
        running_variance(FloatMatrix::Uniform(random, rows, 1, 0, 0.1f, 2)),
        inverse_deviation(FloatMatrix::Unset(rows, 1)),
        z(FloatMatrix::Uniform(random, rows, columns, kernels::PaddedRows(rows) + 16, 1, 5)),
        y(FloatMatrix::Unset(rows, columns)),
        dy(FloatMatrix::Uniform(random, rows, columns, kernels::PaddedRows(rows) + 32)),
        dgamma(FloatMatrix::Unset(rows, 1)),
        dbeta(FloatMatrix::Unset(rows, 1)) {}

  Layer(const Layer& other)
      : gamma(other.gamma.Clone()),
        beta(other.beta.Clone()),
        running_mean(other.running_mean.Clone()),
        running_variance(other.running_variance.Clone()),
        inverse_deviation(other.inverse_deviation.Clone()),
        z(other.z.Clone()),
        y(other.y.Clone()),
        dy(other.dy.Clone()),
        dgamma(other.dgamma.Clone()),
        dbeta(other.dbeta.Clone()) {}

  // Rows [first, first + rows), forward and backward.
  void Run(size_t first, size_t rows) {
    const kernels::BatchNorm norm = {gamma.data() + first, beta.data() + first,
                                     running_mean.data() + first, running_variance.data() + first,
                                     inverse_deviation.data() + first};
    kernels::BatchNormForward(norm, z.view().Rows(first, rows), y.view().Rows(first, rows));
    const kernels::ConstMatrix normalized = z.view();
    kernels::BatchNormBackward(norm.gamma, norm.inverse_deviation, normalized.Rows(first, rows),
                               dy.view().Rows(first, rows), dgamma.data() + first,
                               dbeta.data() + first);
  }

  void Run() { Run(0, z.rows()); }

  std::vector<const FloatMatrix*> Results() const {
    return {&running_mean, &running_variance, &inverse_deviation, &z, &y, &dy, &dgamma, &dbeta};
  }
};

// A row by the formulas of the header, in double precision.
void ExpectRow(const Layer& before, const Layer& after, size_t r) {
  const size_t columns = before.z.cols();
  const auto n = static_cast<double>(columns);
  const auto near = [](double expected, float actual) {
    EXPECT_NEAR(static_cast<double>(actual), expected, 1e-5 * std::max(1.0, std::abs(expected)));
  };
  double mean = double{before.running_mean(r, 0)};
  double variance = double{before.running_variance(r, 0)};
  if (columns > 1) {
    mean = 0;
    for (size_t c = 0; c < columns; ++c) mean += double{before.z(r, c)} / n;
    double squares = 0;
    for (size_t c = 0; c < columns; ++c) squares += std::pow(double{before.z(r, c)} - mean, 2);
    variance = squares / n;
    near(0.9 * double{before.running_mean(r, 0)} + 0.1 * mean, after.running_mean(r, 0));
    near(0.9 * double{before.running_variance(r, 0)} + 0.1 * squares / (n - 1),
         after.running_variance(r, 0));
  } else {
    EXPECT_EQ(after.running_mean(r, 0), before.running_mean(r, 0));
    EXPECT_EQ(after.running_variance(r, 0), before.running_variance(r, 0));
  }
  const double inverse = 1 / std::sqrt(variance + 1e-5);
  const double gamma = double{before.gamma(r, 0)};
  // Roundings of z, which are up to 2^-22, grow as it is normalised.
  const double tolerance = 2e-6 + 1e-6 * inverse;
  std::vector<double> normalized(columns);
  double dgamma = 0;
  double dbeta = 0;
  for (size_t c = 0; c < columns; ++c) {
    normalized[c] = (double{before.z(r, c)} - mean) * inverse;
    EXPECT_NEAR(double{after.z(r, c)}, normalized[c], tolerance);
    EXPECT_NEAR(double{after.y(r, c)}, gamma * normalized[c] + double{before.beta(r, 0)},
                2 * tolerance);
    dgamma += double{before.dy(r, c)} * normalized[c];
    dbeta += double{before.dy(r, c)};
  }
  EXPECT_NEAR(double{after.dgamma(r, 0)}, dgamma, n * tolerance);
  EXPECT_NEAR(double{after.dbeta(r, 0)}, dbeta, n * 1e-6);
  const double share = columns > 1 ? 1 / n : 0;
  for (size_t c = 0; c < columns; ++c) {
    const double rest = double{before.dy(r, c)} - share * dbeta - share * dgamma * normalized[c];
    EXPECT_NEAR(double{after.dy(r, c)}, gamma * inverse * rest, 4 * gamma * inverse * tolerance);
  }
}

TEST(BatchNorm, IsNearTheFormulasInDoublePrecisionOnEveryTarget) {
  uint64_t seed = 0;
  for (const size_t rows : {1u, 10u, 16u, 17u, 64u, 100u, 150u}) {
    for (const size_t columns : {1u, 2u, 3u, 63u, 64u, 65u, 200u}) {
      SCOPED_TRACE(std::to_string(rows) + " × " + std::to_string(columns));
      Random random(++seed);
      const Layer before(random, rows, columns);
      std::vector<SameBitsWithFma> same_bits(before.Results().size());
      ForEachTarget([&] {
        Layer after(before);
        after.Run();
        for (size_t i = 0; i < same_bits.size(); ++i) {
          const FloatMatrix& result = *after.Results()[i];
          EXPECT_TRUE(result.CheckGuards()) << "result " << i;
          EXPECT_TRUE(&result == &after.inverse_deviation || result.CheckPaddingZero()) << i;
          EXPECT_TRUE(same_bits[i](result)) << "result " << i;
        }
        for (size_t r = 0; r < rows; ++r) ExpectRow(before, after, r);
      });
    }
  }
}

TEST(BatchNorm, RowsHaveTheSameBitsAlone) {
  Random random(5);
  const Layer before(random, 150, 70);
  ForEachTarget([&] {
    Layer whole(before);
    whole.Run();
    Layer parts(before);
    parts.Run(0, 16);
    parts.Run(16, 96);
    parts.Run(112, 38);
    for (size_t i = 0; i < whole.Results().size(); ++i) {
      EXPECT_TRUE(SameBits(whole.Results()[i]->view(), parts.Results()[i]->view()));
    }
  });
}

// The mean of a whole dataset, far from 0: f32 sums that only grew would lose digits.
TEST(BatchNorm, SumsOfManyColumnsKeepTheirDigits) {
  Random random(6);
  Layer layer(random, 16, 60'000);
  layer.z.Generate([&](size_t, size_t) { return random.Uniform(100, 101); });
  std::vector<double> means(16);
  for (size_t c = 0; c < 60'000; ++c) {
    for (size_t r = 0; r < 16; ++r) means[r] += double{layer.z(r, c)} / 60'000;
  }
  layer.running_mean.Generate([](size_t, size_t) { return 0.0f; });
  layer.running_variance.Generate([](size_t, size_t) { return 0.0f; });
  layer.Run();
  for (size_t r = 0; r < 16; ++r) {
    EXPECT_NEAR(double{layer.running_mean(r, 0)}, 0.1 * means[r], 1e-4);
    EXPECT_NEAR(double{layer.running_variance(r, 0)}, 0.1 / 12, 1e-4);
  }
}

}  // namespace
}  // namespace colonnade::test
