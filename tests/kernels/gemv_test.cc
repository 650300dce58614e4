// SPDX-License-Identifier: Apache-2.0
// The product for one example gives the bits of the product for many.
#include "kernels/gemv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/gemm.h"
#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::Activation;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Shape {
  size_t outputs, inputs;
};

// Around the vectors of all targets and what of them fits into registers, around the blocks of
// inputs, around the rows whose sums are kept together.
const std::vector<Shape> kShapes = {
    {1, 1},    {10, 128}, {16, 16},    {17, 15},  {32, 17},   {33, 100}, {48, 784},  {64, 784},
    {65, 3},   {80, 31},  {96, 32},    {112, 33}, {128, 784}, {129, 5},  {192, 200}, {200, 1023},
    {3, 1024}, {5, 1025}, {130, 2100}, {2048, 7}, {2049, 9},  {4200, 4}, {20, 0},
};

class ForwardOneTest : public testing::TestWithParam<float> {};  // density of the input

TEST_P(ForwardOneTest, HasTheBitsOfTheProductForMany) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(testing::Message() << s.outputs << " outputs, " << s.inputs << " inputs");
    Random random(11);
    const FloatMatrix w =
        FloatMatrix::Uniform(random, s.outputs, s.inputs, kernels::PaddedRows(s.outputs) + 16);
    const FloatMatrix bias = FloatMatrix::Uniform(random, s.outputs, 1);
    FloatMatrix x(s.inputs, 1);
    x.Generate([&](size_t, size_t) {
      if (random.Uniform(0, 1) < GetParam()) return random.Uniform(-1, 1);
      return random.Below(4) == 0 ? -0.0f : 0.0f;
    });
    x.FillPadding(kNan);
    for (const Activation activation : {Activation::kIdentity, Activation::kRelu}) {
      ForEachTarget([&] {
        FloatMatrix many = FloatMatrix::Unset(s.outputs, 1);
        kernels::Forward(w, x, bias.data(), activation, many);
        FloatMatrix one = FloatMatrix::Unset(s.outputs, 1);
        kernels::ForwardOne(w, x.data(), bias.data(), activation, one.data());
        EXPECT_TRUE(SameBits(many.view(), one.view()));
        EXPECT_TRUE(StaysInBounds(one));
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Densities, ForwardOneTest, testing::Values(0.0f, 0.2f, 0.5f, 1.0f));

TEST(ForwardOne, DoesNotReadTheWeightsOfZeros) {
  for (const size_t outputs : {10u, 128u, 300u}) {
    Random random(12);
    FloatMatrix w = FloatMatrix::Uniform(random, outputs, 40);
    const FloatMatrix bias = FloatMatrix::Uniform(random, outputs, 1);
    FloatMatrix x = FloatMatrix::Uniform(random, 40, 1);
    for (const size_t zero : {0u, 7u, 8u, 39u}) x(zero, 0) = 0;
    FloatMatrix poisoned = w.Clone();
    for (const size_t zero : {0u, 7u, 8u, 39u}) {
      for (size_t r = 0; r < outputs; ++r) poisoned(r, zero) = kNan;
    }
    ForEachTarget([&] {
      FloatMatrix expected = FloatMatrix::Unset(outputs, 1);
      kernels::ForwardOne(w, x.data(), bias.data(), Activation::kIdentity, expected.data());
      FloatMatrix z = FloatMatrix::Unset(outputs, 1);
      kernels::ForwardOne(poisoned, x.data(), bias.data(), Activation::kIdentity, z.data());
      EXPECT_TRUE(SameBits(expected.view(), z.view()));
    });
  }
}

TEST(ForwardOne, PassesNanOn) {
  FloatMatrix w(2, 3);
  w.Generate([](size_t, size_t) { return 1.0f; });
  FloatMatrix x(3, 1);
  x.Generate([](size_t r, size_t) { return r == 1 ? kNan : 0.0f; });
  FloatMatrix bias(2, 1);
  bias.Generate([](size_t, size_t) { return 0.0f; });
  ForEachTarget([&] {
    FloatMatrix z = FloatMatrix::Unset(2, 1);
    kernels::ForwardOne(w, x.data(), bias.data(), Activation::kRelu, z.data());
    EXPECT_TRUE(std::isnan(z(0, 0)) && std::isnan(z(1, 0)));
  });
}

}  // namespace
}  // namespace colonnade::test
