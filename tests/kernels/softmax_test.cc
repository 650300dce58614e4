// SPDX-License-Identifier: Apache-2.0
#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
const std::vector<size_t> kClasses = {1, 2, 3, 10, 15, 16, 17, 31, 32, 33, 64, 65, 100, 1000};

// Logits and labels of a batch.
struct Batch {
  FloatMatrix logits;
  IndexVector labels;
};

// The results of SoftmaxCrossEntropy, or what they should be.
template <class Elements>
struct Outcome {
  Elements gradient;
  Elements losses;
  size_t correct;
};

Outcome<FloatMatrix> Evaluate(const Batch& batch, float scale) {
  Outcome<FloatMatrix> result{batch.logits.Clone(), FloatMatrix::Vector(batch.labels.rows()), 0};
  result.correct = kernels::SoftmaxCrossEntropy(result.gradient, batch.labels.data(), scale,
                                                result.losses.data());
  EXPECT_TRUE(StaysInBounds(result.gradient));
  EXPECT_TRUE(StaysInBounds(result.losses));
  return result;
}

// The first index of the largest logit.
size_t Largest(const FloatMatrix& logits, size_t c) {
  size_t largest = 0;
  for (size_t r = 1; r < logits.rows(); ++r) {
    if (logits(r, c) > logits(largest, c)) largest = r;
  }
  return largest;
}

// Softmax of a column in double precision. Magnitudes are in proportion to the probability: its
// relative error comes from rounding z − max, for it and for each term of the sum by its weight.
struct Probabilities {
  std::vector<Reference> p;
  double log_sum;         // of exp(z − max)
  double mean_magnitude;  // of z − max, weighted by p, plus 1

  Probabilities(const FloatMatrix& logits, size_t c) : p(logits.rows()) {
    const double max = double{logits(Largest(logits, c), c)};
    double sum = 0;
    for (size_t r = 0; r < p.size(); ++r) sum += std::exp(double{logits(r, c)} - max);
    log_sum = std::log(sum);
    mean_magnitude = 1;
    for (size_t r = 0; r < p.size(); ++r) {
      const double x = double{logits(r, c)} - max;
      p[r].value = std::exp(x) / sum;
      p[r].magnitude = p[r].value * -x;
      mean_magnitude += p[r].magnitude;
    }
    // The smallest subnormals have an absolute error instead.
    for (Reference& e : p) e.magnitude += e.value * mean_magnitude + 0x1p-125;
  }
};

// Roundings on the way to one probability: those of 16 interleaved sums, the tree over them, the
// exponentials (1 ulp each) and the division.
size_t Roundings(size_t classes) { return classes / 16 + 12; }

References ExpectedSoftmax(const FloatMatrix& logits) {
  References expected(logits.rows(), logits.cols());
  for (size_t c = 0; c < logits.cols(); ++c) {
    const Probabilities column(logits, c);
    for (size_t r = 0; r < logits.rows(); ++r) expected(r, c) = column.p[r];
  }
  return expected;
}

Outcome<References> ExpectedOutcome(const Batch& batch, float scale) {
  const FloatMatrix& logits = batch.logits;
  Outcome<References> expected{References(logits.rows(), logits.cols()),
                               References(logits.cols(), 1), 0};
  for (size_t c = 0; c < logits.cols(); ++c) {
    const size_t label = batch.labels(c, 0);
    const Probabilities column(logits, c);
    for (size_t r = 0; r < logits.rows(); ++r) {
      Reference& e = expected.gradient(r, c);
      e = column.p[r];
      if (r == label) e.Add(-1);
      e.value *= double{scale};
      e.magnitude *= double{scale};
    }
    const size_t largest = Largest(logits, c);
    Reference& loss = expected.losses(c, 0);
    loss.Add(column.log_sum);
    loss.Add(double{logits(largest, c)} - double{logits(label, c)});
    // The sum has a relative error, which its logarithm turns into an absolute one; and 4 ulp.
    loss.magnitude += column.log_sum + (column.log_sum > 0 ? column.mean_magnitude : 0);
    expected.correct += largest == label ? 1 : 0;
  }
  return expected;
}

Batch RandomBatch(uint64_t seed, size_t classes, size_t count, float range) {
  Random random(seed);
  const size_t stride = kernels::PaddedRows(classes) + seed % 3 * 16;
  Batch batch{FloatMatrix::Uniform(random, classes, count, stride, -range, range),
              IndexVector::Vector(count)};
  batch.labels.Generate(
      [&](size_t, size_t) { return static_cast<uint32_t>(random.Below(classes)); });
  return batch;
}

// Calls body(batch) for every count of classes, with logits from tame to absurd.
template <class Body>
void ForEachBatch(const Body& body) {
  uint64_t seed = 0;
  for (const size_t classes : kClasses) {
    for (const size_t count : std::vector<size_t>{0, 1, 7, 33}) {
      for (const float range : {1.0f, 20.0f, 1e4f}) {
        SCOPED_TRACE(std::to_string(classes) + " classes, batch " + std::to_string(count) +
                     ", range " + std::to_string(range) + ", seed " + std::to_string(++seed));
        body(RandomBatch(seed, classes, count, range));
      }
    }
  }
}

TEST(Softmax, IsNearTheProbabilitiesInDoublePrecision) {
  ForEachBatch([](const Batch& batch) {
    const References expected = ExpectedSoftmax(batch.logits);
    SameBitsWithFma same_bits;
    ForEachTarget([&] {
      FloatMatrix p = batch.logits.Clone();
      kernels::Softmax(p);
      EXPECT_TRUE(StaysInBounds(p));
      EXPECT_TRUE(IsNear(expected, p, Roundings(p.rows())));
      EXPECT_TRUE(same_bits(p));
    });
  });
}

TEST(SoftmaxCrossEntropy, IsNearLossAndGradientInDoublePrecision) {
  ForEachBatch([](const Batch& batch) {
    const float scale = 1.0f / 33;
    const Outcome<References> expected = ExpectedOutcome(batch, scale);
    const size_t roundings = Roundings(batch.logits.rows());
    SameBitsWithFma same_gradient;
    SameBitsWithFma same_losses;
    ForEachTarget([&] {
      const auto actual = Evaluate(batch, scale);
      EXPECT_TRUE(IsNear(expected.gradient, actual.gradient, roundings));
      EXPECT_TRUE(IsNear(expected.losses, actual.losses, roundings));
      EXPECT_EQ(expected.correct, actual.correct);
      EXPECT_TRUE(same_gradient(actual.gradient));
      EXPECT_TRUE(same_losses(actual.losses));
    });
  });
}

TEST(SoftmaxCrossEntropy, LossesAreNeverNegativeAndGradientsSumToZero) {
  ForEachBatch([](const Batch& batch) {
    ForEachTarget([&] {
      const auto actual = Evaluate(batch, 1);
      for (size_t c = 0; c < batch.logits.cols(); ++c) {
        EXPECT_GE(actual.losses(c, 0), 0) << "column " << c;
        double sum = 0;
        for (size_t r = 0; r < batch.logits.rows(); ++r) sum += double{actual.gradient(r, c)};
        EXPECT_LE(std::fabs(sum), RelativeBound(Roundings(batch.logits.rows()))) << "column " << c;
      }
    });
  });
}

// Short columns are computed many at a time, the rest of them and long ones one by one.
TEST(SoftmaxCrossEntropy, HasTheSameBitsHoweverTheBatchIsSplit) {
  constexpr size_t kColumns = 37;
  for (const size_t classes : kClasses) {
    for (const float range : {0.1f, 5.0f, 200.0f}) {
      SCOPED_TRACE(testing::Message() << classes << " classes, range " << range);
      const Batch batch = RandomBatch(classes, classes, kColumns, range);
      ForEachTarget([&] {
        const auto whole = Evaluate(batch, 1.0f / 3);
        for (const size_t each : {1u, 5u, 16u, 21u}) {
          FloatMatrix z = batch.logits.Clone();
          FloatMatrix losses = FloatMatrix::Vector(kColumns);
          size_t correct = 0;
          for (size_t first = 0; first < kColumns; first += each) {
            const size_t count = std::min(each, kColumns - first);
            correct += kernels::SoftmaxCrossEntropy(z.view().Columns(first, count),
                                                    batch.labels.data() + first, 1.0f / 3,
                                                    losses.data() + first);
          }
          EXPECT_EQ(whole.correct, correct);
          EXPECT_TRUE(SameBits(whole.gradient.view(), z.view()));
          EXPECT_TRUE(SameBits(whole.losses.view(), losses.view()));
        }
      });
    }
  }
}

TEST(SoftmaxCrossEntropy, EqualLogitsGiveEqualProbabilities) {
  for (const size_t classes : kClasses) {
    for (const float logit : {0.0f, -1e4f, 1e4f, 3e38f, -3e38f}) {
      SCOPED_TRACE(std::to_string(classes) + " classes, logits " + std::to_string(logit));
      Batch batch = RandomBatch(1, classes, 3, 1);
      batch.logits.Generate([&](size_t, size_t) { return logit; });
      const Outcome<References> expected = ExpectedOutcome(batch, 1);
      ForEachTarget([&] {
        const auto actual = Evaluate(batch, 1);
        EXPECT_TRUE(IsNear(expected.gradient, actual.gradient, Roundings(classes)));
        EXPECT_TRUE(IsNear(expected.losses, actual.losses, Roundings(classes)));
        EXPECT_EQ(expected.correct, actual.correct);
      });
    }
  }
}

TEST(Softmax, IsFiniteForAnyFiniteLogits) {
  const float max = std::numeric_limits<float>::max();
  for (const size_t classes : kClasses) {
    for (const float others : {-max, -1e4f, 0.0f, max}) {
      FloatMatrix z(classes, 2);
      z.Generate([&](size_t r, size_t c) { return c == 0 && r + 1 == classes ? max : others; });
      const References expected = ExpectedSoftmax(z);
      ForEachTarget([&] {
        FloatMatrix p = z.Clone();
        kernels::Softmax(p);
        EXPECT_TRUE(StaysInBounds(p));
        EXPECT_TRUE(IsNear(expected, p, Roundings(classes))) << classes << ", " << others;
      });
    }
  }
}

TEST(SoftmaxCrossEntropy, ASingleClassIsCertain) {
  ForEachTarget([] {
    for (const float logit : {-1e4f, -0.0f, 1.0f, 1e4f}) {
      Batch batch{FloatMatrix(1, 1), IndexVector::Vector(1)};
      batch.logits(0, 0) = logit;
      batch.labels(0, 0) = 0;
      const auto actual = Evaluate(batch, 0.5f);
      EXPECT_EQ(actual.gradient(0, 0), 0);
      EXPECT_EQ(actual.losses(0, 0), 0);
      EXPECT_EQ(actual.correct, 1u);
    }
  });
}

// The losses of a batch that may hold what is not finite, so that its padding may, too.
FloatMatrix Losses(const Batch& batch) {
  FloatMatrix z = batch.logits.Clone();
  FloatMatrix losses = FloatMatrix::Vector(batch.labels.rows());
  kernels::SoftmaxCrossEntropy(z, batch.labels.data(), 1, losses.data());
  EXPECT_TRUE(z.CheckGuards());
  EXPECT_TRUE(StaysInBounds(losses));
  return losses;
}

// One column has a logit that is not finite: its loss and nobody else's says so.
void ExpectNanLoss(const Batch& batch, size_t bad_column) {
  ForEachTarget([&] {
    const FloatMatrix losses = Losses(batch);
    for (size_t c = 0; c < batch.labels.rows(); ++c) {
      EXPECT_TRUE(c == bad_column ? std::isnan(losses(c, 0)) : std::isfinite(losses(c, 0)))
          << "loss " << losses(c, 0) << " of column " << c;
    }
  });
}

TEST(SoftmaxCrossEntropy, LogitsThatAreNotFiniteGiveNanLoss) {
  for (const size_t classes : std::vector<size_t>{1, 2, 10, 16, 17}) {
    for (const size_t columns : {3u, 17u}) {
      for (size_t position = 0; position < classes; ++position) {
        for (uint32_t label = 0; label < classes; ++label) {
          Batch batch = RandomBatch(1, classes, columns, 1);
          batch.labels(1, 0) = label;
          for (const float bad : {kNan, -kNan, kInf, -kInf}) {
            SCOPED_TRACE(testing::Message() << bad << " at " << position << " of " << classes
                                            << ", label " << label << ", columns " << columns);
            batch.logits(position, 1) = bad;
            ExpectNanLoss(batch, 1);
          }
        }
      }
    }
  }
}

TEST(SoftmaxCrossEntropy, NanHidesNothingAmongManyClassesOrOtherNan) {
  for (const size_t position : std::vector<size_t>{0, 1, 15, 16, 500, 998, 999}) {
    Batch batch = RandomBatch(1, 1000, 1, 1e4f);
    batch.logits(position, 0) = kNan;
    ForEachTarget([&] { EXPECT_TRUE(std::isnan(Losses(batch)(0, 0))) << position; });
  }
  for (const float bad : {kNan, kInf, -kInf}) {
    Batch batch = RandomBatch(1, 17, 1, 1);
    batch.logits.Generate([&](size_t, size_t) { return bad; });
    ForEachTarget([&] { EXPECT_TRUE(std::isnan(Losses(batch)(0, 0))) << bad; });
  }
}

// Few different logits, so that most columns have ties for the largest.
Batch BatchWithTies(uint64_t seed, size_t classes, float offset) {
  Batch batch = RandomBatch(seed, classes, 200, 1);
  Random random(seed + 1000);
  batch.logits.Generate(
      [&](size_t, size_t) { return static_cast<float>(random.Below(3)) + offset; });
  return batch;
}

TEST(SoftmaxCrossEntropy, CountsTheFirstOfEqualLogitsOnly) {
  for (const size_t classes : kClasses) {
    for (const float offset : {-1.0f, 0.0f, -10.0f}) {
      const Batch batch = BatchWithTies(classes, classes, offset);
      size_t correct = 0;
      for (size_t c = 0; c < 200; ++c) correct += Largest(batch.logits, c) == batch.labels(c, 0);
      ForEachTarget([&] {
        EXPECT_EQ(Evaluate(batch, 1).correct, correct)
            << classes << " classes, offset " << offset << ", seed " << classes;
      });
    }
  }
}

void ExpectArgMax(const FloatMatrix& z) {
  ForEachTarget([&] {
    IndexVector indices = IndexVector::Vector(z.cols());
    kernels::ArgMax(z, indices.data());
    EXPECT_TRUE(StaysInBounds(indices));
    for (size_t c = 0; c < z.cols(); ++c) EXPECT_EQ(indices(c, 0), Largest(z, c)) << "column " << c;
  });
}

TEST(ArgMax, IsTheFirstOfTheLargest) {
  ForEachBatch([](const Batch& batch) { ExpectArgMax(batch.logits); });
  for (const size_t classes : kClasses) {
    SCOPED_TRACE(std::to_string(classes) + " classes with ties, seed " + std::to_string(classes));
    ExpectArgMax(BatchWithTies(classes, classes, -1).logits);
  }
}

// Zeros of the padding are larger than all of these, and equal to none.
TEST(ArgMax, IgnoresThePaddingBelowNegativeColumns) {
  for (const size_t classes : kClasses) {
    SCOPED_TRACE(std::to_string(classes) + " classes, seed " + std::to_string(classes));
    ExpectArgMax(BatchWithTies(classes, classes, -10).logits);
    FloatMatrix lowest(classes, 2);
    lowest.Generate(
        [](size_t, size_t c) { return c == 0 ? -kInf : std::numeric_limits<float>::lowest(); });
    ExpectArgMax(lowest);
  }
}

TEST(ArgMax, FindsTheLargestAtEveryPosition) {
  for (const size_t classes : std::vector<size_t>{1, 2, 10, 16, 17, 33}) {
    FloatMatrix z(classes, classes);
    z.Generate([](size_t r, size_t c) { return r == c ? kInf : -1.0f; });
    ExpectArgMax(z);
  }
}

TEST(ArgMax, StaysWithinTheRowsForNan) {
  for (size_t position = 0; position < 17; ++position) {
    FloatMatrix z(17, 2);
    z.Generate([&](size_t r, size_t c) { return c == 0 || r == position ? kNan : -1.0f; });
    ForEachTarget([&] {
      IndexVector indices = IndexVector::Vector(2);
      kernels::ArgMax(z, indices.data());
      for (size_t c = 0; c < 2; ++c) EXPECT_LT(indices(c, 0), 17u);
    });
  }
}

// Of any number of models, in place.
TEST(SoftmaxTest, LogMean) {
  Random random(3);
  for (const size_t classes : kClasses) {
    for (const size_t members : {1u, 2u, 5u}) {
      const size_t batch = 7;
      FloatMatrix p = FloatMatrix::Uniform(random, classes, members * batch,
                                           kernels::PaddedRows(classes), 0.0f, 1.0f);
      for (size_t m = 0; m < members; ++m) p(0, m * batch) = 0;  // of all members
      SameBitsWithFma same_bits;
      ForEachTarget([&] {
        FloatMatrix actual = p.Clone();
        kernels::LogMean(actual, members);
        EXPECT_TRUE(StaysInBounds(actual));
        for (size_t c = 0; c < batch; ++c) {
          for (size_t r = 0; r < classes; ++r) {
            double mean = 0;
            for (size_t m = 0; m < members; ++m) mean += double{p(r, c + m * batch)};
            mean = std::max(mean / static_cast<double>(members),
                            double{std::numeric_limits<float>::min()});
            EXPECT_NEAR(actual(r, c), std::log(mean), 1e-6 * (1 - std::log(mean)));
          }
        }
        EXPECT_TRUE(same_bits(actual));
      });
    }
  }
}

}  // namespace
}  // namespace colonnade::test
