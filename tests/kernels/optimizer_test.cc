// SPDX-License-Identifier: Apache-2.0
#include "kernels/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

constexpr float kRate = 0.05f;
constexpr float kMomentum = 0.9f;

// Parameters and what updates them.
struct State {
  FloatMatrix w;
  FloatMatrix gradient;
  FloatMatrix velocity;
  FloatMatrix square;  // ≥ 0

  State Clone() const { return {w.Clone(), gradient.Clone(), velocity.Clone(), square.Clone()}; }
};

// Calls body(state) for shapes around the vector lengths, each matrix with another stride.
template <class Body>
void ForEachState(const Body& body) {
  uint64_t seed = 0;
  for (const size_t rows :
       std::vector<size_t>{1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 100, 128}) {
    for (const size_t cols : std::vector<size_t>{0, 1, 2, 7, 17}) {
      SCOPED_TRACE(std::to_string(rows) + " × " + std::to_string(cols) + ", seed " +
                   std::to_string(++seed));
      Random random(seed);
      const size_t padded = kernels::PaddedRows(rows);
      body(State{FloatMatrix::Uniform(random, rows, cols, padded + seed % 3 * 16),
                 FloatMatrix::Uniform(random, rows, cols, padded + seed % 2 * 16),
                 FloatMatrix::Uniform(random, rows, cols, padded + seed % 5 * 16),
                 FloatMatrix::Uniform(random, rows, cols, padded + seed % 4 * 16, 0, 2)});
    }
  }
}

// sum + a · b as the current target computes it.
float MultiplyAdd(float a, float b, float sum) {
  return kernels::CurrentTargetHasFma() ? std::fma(a, b, sum) : sum + a * b;
}

void Sgd(State& s) { kernels::SgdUpdate(s.w, s.gradient, {.rate = kRate}); }

void Momentum(State& s) {
  kernels::MomentumUpdate(s.w, s.gradient, s.velocity, {.rate = kRate, .momentum = kMomentum});
}

TEST(SgdUpdate, IsNearTheUpdateInDoublePrecision) {
  ForEachState([](const State& before) {
    References w(before.w.rows(), before.w.cols());
    for (size_t c = 0; c < w.cols(); ++c) {
      for (size_t r = 0; r < w.rows(); ++r) {
        w(r, c).Add(double{before.w(r, c)});
        w(r, c).Add(-double{kRate} * double{before.gradient(r, c)});
      }
    }
    SameBitsWithFma same_bits;
    ForEachTarget([&] {
      State s = before.Clone();
      Sgd(s);
      EXPECT_TRUE(StaysInBounds(s.w));
      EXPECT_TRUE(IsNear(w, s.w, 2));
      EXPECT_TRUE(same_bits(s.w));
    });
  });
}

TEST(MomentumUpdate, IsNearTheUpdateInDoublePrecision) {
  ForEachState([](const State& before) {
    References w(before.w.rows(), before.w.cols());
    References velocity(before.w.rows(), before.w.cols());
    for (size_t c = 0; c < w.cols(); ++c) {
      for (size_t r = 0; r < w.rows(); ++r) {
        Reference& v = velocity(r, c);
        v.Add(double{kMomentum} * double{before.velocity(r, c)});
        v.Add(double{before.gradient(r, c)});
        w(r, c).Add(double{before.w(r, c)});
        w(r, c).value -= double{kRate} * v.value;
        w(r, c).magnitude += double{kRate} * v.magnitude;
      }
    }
    SameBitsWithFma same_w;
    SameBitsWithFma same_velocity;
    ForEachTarget([&] {
      State s = before.Clone();
      Momentum(s);
      EXPECT_TRUE(StaysInBounds(s.w));
      EXPECT_TRUE(StaysInBounds(s.velocity));
      EXPECT_TRUE(IsNear(velocity, s.velocity, 2));
      EXPECT_TRUE(IsNear(w, s.w, 4));
      EXPECT_TRUE(same_w(s.w));
      EXPECT_TRUE(same_velocity(s.velocity));
    });
  });
}

// The formulas of the header, element by element.
void ScalarSgd(State& s, float decay) {
  s.w.Generate([&](size_t r, size_t c) {
    const float g = MultiplyAdd(decay, s.w(r, c), s.gradient(r, c));
    return MultiplyAdd(-kRate, g, s.w(r, c));
  });
}

void ScalarMomentum(State& s, float decay, bool nesterov) {
  s.w.Generate([&](size_t r, size_t c) {
    const float g = MultiplyAdd(decay, s.w(r, c), s.gradient(r, c));
    float& velocity = s.velocity(r, c);
    velocity = MultiplyAdd(kMomentum, velocity, g);
    const float way = nesterov ? MultiplyAdd(kMomentum, velocity, g) : velocity;
    return MultiplyAdd(-kRate, way, s.w(r, c));
  });
}

constexpr kernels::AdamStep kAdam = {.rate = 0.2f,
                                     .root_scale = 3,
                                     .mean_share = 0.1f,
                                     .square_keep = 0.99f,
                                     .square_share = 0.01f,
                                     .epsilon = 1e-3f,
                                     .decay = 0.07f,
                                     .keep = 0.97f};

void ScalarAdam(State& s) {
  s.w.Generate([&](size_t r, size_t c) {
    const float g = MultiplyAdd(kAdam.decay, s.w(r, c), s.gradient(r, c));
    float& mean = s.velocity(r, c);
    float& square = s.square(r, c);
    mean = MultiplyAdd(kAdam.mean_share, g - mean, mean);
    square = MultiplyAdd(kAdam.square_keep, square, kAdam.square_share * g * g);
    const float way = mean / MultiplyAdd(std::sqrt(square), kAdam.root_scale, kAdam.epsilon);
    return MultiplyAdd(-kAdam.rate, way, kAdam.keep * s.w(r, c));
  });
}

constexpr kernels::RmspropStep kRmsprop = {
    .rate = 0.2f, .square_keep = 0.9f, .square_share = 0.1f, .epsilon = 1e-3f, .decay = 0.07f};

void ScalarRmsprop(State& s) {
  s.w.Generate([&](size_t r, size_t c) {
    const float g = MultiplyAdd(kRmsprop.decay, s.w(r, c), s.gradient(r, c));
    float& square = s.square(r, c);
    square = MultiplyAdd(kRmsprop.square_keep, square, kRmsprop.square_share * g * g);
    return MultiplyAdd(-kRmsprop.rate, g / (std::sqrt(square) + kRmsprop.epsilon), s.w(r, c));
  });
}

constexpr kernels::LionStep kLion = {.rate = 0.2f,
                                     .way_keep = 0.9f,
                                     .way_share = 0.1f,
                                     .mean_keep = 0.99f,
                                     .mean_share = 0.01f,
                                     .keep = 0.97f};

void ScalarLion(State& s) {
  s.w.Generate([&](size_t r, size_t c) {
    const float g = s.gradient(r, c);
    float& mean = s.velocity(r, c);
    const float way = MultiplyAdd(kLion.way_share, g, kLion.way_keep * mean);
    mean = MultiplyAdd(kLion.mean_share, g, kLion.mean_keep * mean);
    const float sign = way > 0 ? 1.0f : way < 0 ? -1.0f : way;
    return MultiplyAdd(-kLion.rate, sign, kLion.keep * s.w(r, c));
  });
}

kernels::ScheduleFreeStep ScheduleFree(bool first) {
  return {.rate = 0.2f,
          .root_scale = 3,
          .square_keep = 0.99f,
          .square_share = 0.01f,
          .epsilon = 1e-3f,
          .decay = 0.07f,
          .share = 0.4f,
          .pull = -0.1f,
          .first = first};
}

void ScalarScheduleFree(State& s, const kernels::ScheduleFreeStep& step) {
  s.w.Generate([&](size_t r, size_t c) {
    const float g = s.gradient(r, c);
    const float old = s.w(r, c);
    float& z = s.velocity(r, c);
    float& square = s.square(r, c);
    if (step.first) z = old;
    square = MultiplyAdd(step.square_keep, square, step.square_share * g * g);
    const float root = MultiplyAdd(std::sqrt(square), step.root_scale, step.epsilon);
    const float way = MultiplyAdd(step.decay, old, g / root);
    const float y = MultiplyAdd(step.pull, way, MultiplyAdd(step.share, z - old, old));
    z = MultiplyAdd(-step.rate, way, z);
    return y;
  });
}

// Several steps, so that what one leaves behind goes into the next.
template <class Update, class Scalar>
void ExpectSameBitsAsScalar(const Update& update, const Scalar& scalar) {
  ForEachState([&](const State& before) {
    ForEachTarget([&] {
      State expected = before.Clone();
      State actual = before.Clone();
      for (int step = 0; step < 3; ++step) {
        scalar(expected);
        update(actual);
      }
      EXPECT_TRUE(StaysInBounds(actual.w));
      EXPECT_TRUE(StaysInBounds(actual.velocity));
      EXPECT_TRUE(StaysInBounds(actual.square));
      EXPECT_TRUE(SameBits(expected.w.view(), actual.w.view()));
      EXPECT_TRUE(SameBits(expected.velocity.view(), actual.velocity.view()));
      EXPECT_TRUE(SameBits(expected.square.view(), actual.square.view()));
      EXPECT_TRUE(SameBits(before.gradient.view(), actual.gradient.view()));
    });
  });
}

constexpr float kDecay = 0.03f;

TEST(SgdUpdate, SameBitsAsScalar) {
  ExpectSameBitsAsScalar(Sgd, [](State& s) { ScalarSgd(s, 0); });
  ExpectSameBitsAsScalar(
      [](State& s) { kernels::SgdUpdate(s.w, s.gradient, {.rate = kRate, .decay = kDecay}); },
      [](State& s) { ScalarSgd(s, kDecay); });
}

TEST(MomentumUpdate, SameBitsAsScalar) {
  for (const float decay : {0.0f, kDecay}) {
    const kernels::SgdStep step = {.rate = kRate, .momentum = kMomentum, .decay = decay};
    ExpectSameBitsAsScalar(
        [&](State& s) { kernels::MomentumUpdate(s.w, s.gradient, s.velocity, step); },
        [&](State& s) { ScalarMomentum(s, decay, false); });
  }
}

TEST(NesterovUpdate, SameBitsAsScalar) {
  for (const float decay : {0.0f, kDecay}) {
    const kernels::SgdStep step = {.rate = kRate, .momentum = kMomentum, .decay = decay};
    ExpectSameBitsAsScalar(
        [&](State& s) { kernels::NesterovUpdate(s.w, s.gradient, s.velocity, step); },
        [&](State& s) { ScalarMomentum(s, decay, true); });
  }
}

TEST(AdamUpdate, SameBitsAsScalar) {
  ExpectSameBitsAsScalar(
      [](State& s) { kernels::AdamUpdate(s.w, s.gradient, s.velocity, s.square, kAdam); },
      ScalarAdam);
}

TEST(RmspropUpdate, SameBitsAsScalar) {
  ExpectSameBitsAsScalar(
      [](State& s) { kernels::RmspropUpdate(s.w, s.gradient, s.square, kRmsprop); }, ScalarRmsprop);
}

TEST(LionUpdate, SameBitsAsScalar) {
  ExpectSameBitsAsScalar([](State& s) { kernels::LionUpdate(s.w, s.gradient, s.velocity, kLion); },
                         ScalarLion);
}

// Nothing to go by is no way; what is not a number must not look like one.
TEST(LionUpdate, ZeroStaysAndNanShows) {
  ForEachTarget([] {
    FloatMatrix w(2, 1);
    FloatMatrix gradient(2, 1);
    FloatMatrix mean(2, 1);
    for (FloatMatrix* m : {&w, &gradient, &mean}) m->Generate([](size_t, size_t) { return 0.0f; });
    gradient(1, 0) = std::numeric_limits<float>::quiet_NaN();
    kernels::LionUpdate(w, gradient, mean, kLion);
    EXPECT_EQ(w(0, 0), 0);
    EXPECT_TRUE(std::isnan(w(1, 0)));
  });
}

TEST(ScheduleFreeUpdate, SameBitsAsScalar) {
  for (const bool first : {true, false}) {
    const kernels::ScheduleFreeStep step = ScheduleFree(first);
    ExpectSameBitsAsScalar(
        [&](State& s) { kernels::ScheduleFreeUpdate(s.w, s.gradient, s.velocity, s.square, step); },
        [&](State& s) { ScalarScheduleFree(s, step); });
  }
}

TEST(Interpolate, SameBitsAsScalar) {
  for (const float share : {0.0f, 0.3f, 1.0f, -0.25f}) {
    ExpectSameBitsAsScalar([&](State& s) { kernels::Interpolate(s.w, s.velocity, share, s.w); },
                           [&](State& s) {
                             s.w.Generate([&](size_t r, size_t c) {
                               return MultiplyAdd(share, s.velocity(r, c) - s.w(r, c), s.w(r, c));
                             });
                           });
  }
}

TEST(Combine, SameBitsAsScalar) {
  ExpectSameBitsAsScalar([](State& s) { kernels::Combine(0.7f, s.w, -0.3f, s.velocity, s.w); },
                         [](State& s) {
                           s.w.Generate([&](size_t r, size_t c) {
                             return MultiplyAdd(-0.3f, s.velocity(r, c), 0.7f * s.w(r, c));
                           });
                         });
}

TEST(MomentumUpdate, WithoutMomentumIsSgd) {
  Random random(1);
  const FloatMatrix w = FloatMatrix::Uniform(random, 33, 7);
  const FloatMatrix gradient = FloatMatrix::Uniform(random, 33, 7);
  ForEachTarget([&] {
    FloatMatrix by_sgd = w.Clone();
    kernels::SgdUpdate(by_sgd, gradient, {.rate = kRate});
    FloatMatrix by_momentum = w.Clone();
    FloatMatrix velocity = FloatMatrix::Uniform(random, 33, 7);
    kernels::MomentumUpdate(by_momentum, gradient, velocity, {.rate = kRate});
    EXPECT_TRUE(SameBits(by_sgd.view(), by_momentum.view()));
    EXPECT_TRUE(SameBits(gradient.view(), velocity.view()));
  });
}

TEST(SquaresOfColumns, AreNearThoseInDoublePrecision) {
  ForEachState([](const State& state) {
    const FloatMatrix& m = state.w;
    References expected(m.cols(), 1);
    for (size_t c = 0; c < m.cols(); ++c) {
      for (size_t r = 0; r < m.rows(); ++r) {
        expected(c, 0).Add(double{m(r, c)} * double{m(r, c)});
      }
    }
    SameBitsWithFma same_bits;
    ForEachTarget([&] {
      FloatMatrix sums = FloatMatrix::Vector(m.cols());
      kernels::SquaresOfColumns(m, sums.data());
      EXPECT_TRUE(sums.CheckGuards());
      EXPECT_TRUE(IsNear(expected, sums, 16));
      EXPECT_TRUE(same_bits(sums));
    });
  });
}

TEST(ScaleGradient, MultipliesEachElement) {
  ForEachState([](const State& state) {
    FloatMatrix expected = state.w.Clone();
    expected.Generate([&](size_t r, size_t c) { return state.w(r, c) * 0.3f; });
    ForEachTarget([&] {
      FloatMatrix actual = state.w.Clone();
      kernels::ScaleGradient(actual, 0.3f);
      EXPECT_TRUE(StaysInBounds(actual));
      EXPECT_TRUE(SameBits(expected.view(), actual.view()));
    });
  });
}

}  // namespace
}  // namespace colonnade::test
