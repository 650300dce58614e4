// SPDX-License-Identifier: Apache-2.0
// The activation functions and their derivatives against double precision, on every target.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "kernels/activation.h"
#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/reference_activations.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

// Every activation but those that the matrix products apply.
std::vector<Activation> Activations() {
  std::vector<Activation> activations;
  for (const auto& row : kActivations) {
    if (row.value != Activation::kIdentity && row.value != Activation::kRelu) {
      activations.push_back(row.value);
    }
  }
  return activations;
}

class NonlinearTest : public testing::TestWithParam<Activation> {
 protected:
  const ReferenceActivation& reference_ = ReferenceOf(GetParam());
  const kernels::Nonlinearity kernel_ = kernels::FindNonlinearity(Name(GetParam())).value();
};

// Both signs, from the smallest to beyond where everything is flat, dense where things happen.
FloatMatrix Inputs() {
  std::vector<float> values = {0.0f, -0.0f};
  for (float magnitude = 1e-30f; magnitude < 1e30f; magnitude *= 1.37f) values.push_back(magnitude);
  for (int i = 1; i < 30000; ++i) values.push_back(static_cast<float>(i) * 0x1.01p-10f);
  const size_t positive = values.size();
  for (size_t i = 2; i < positive; ++i) values.push_back(-values[i]);
  FloatMatrix z(values.size(), 1);
  z.Generate([&](size_t r, size_t) { return values[r]; });
  return z;
}

TEST_P(NonlinearTest, ValuesAreAsAccurateAsStated) {
  const FloatMatrix z = Inputs();
  SameBitsWithFma same_bits;
  ForEachTarget([&] {
    FloatMatrix a = FloatMatrix::Unset(z.rows(), 1);
    kernels::Apply(kernel_, z, a);
    EXPECT_TRUE(StaysInBounds(a));
    EXPECT_TRUE(same_bits(a));
    // Without FMA each product is rounded, and the extra bits of gelu's exponent are lost.
    const bool fma = kernels::CurrentTargetHasFma();
    double worst = 0;
    float at = 0;
    for (size_t r = 0; r < z.rows(); ++r) {
      const double expected = reference_.value(double{z(r, 0)});
      if (std::abs(expected) < 1.2e-38 && std::abs(a(r, 0)) < 1.2e-38f) continue;
      const double error = UlpError(expected, a(r, 0));
      if (!(error <= worst)) {
        worst = error;
        at = z(r, 0);
      }
    }
    EXPECT_LE(worst, fma ? reference_.ulps : 20 * reference_.ulps) << "at " << at;
  });
}

TEST_P(NonlinearTest, DerivativesAreAsAccurateAsStated) {
  const FloatMatrix z = Inputs();
  FloatMatrix ones(z.rows(), 1);
  ones.Generate([](size_t, size_t) { return 1.0f; });
  SameBitsWithFma same_bits;
  ForEachTarget([&] {
    FloatMatrix kept = z.Clone();
    if (!kernels::DerivativeTakesInput(kernel_)) kernels::Apply(kernel_, kept, kept);
    FloatMatrix dz = FloatMatrix::Unset(z.rows(), 1);
    kernels::ApplyGradient(kernel_, kept, ones, dz);
    EXPECT_TRUE(StaysInBounds(dz));
    EXPECT_TRUE(same_bits(dz));
    for (size_t r = 0; r < z.rows(); ++r) {
      // Where f falls below the smallest number, its value no longer tells the sign of z.
      if (!kernels::DerivativeTakesInput(kernel_) && kept(r, 0) == 0 && z(r, 0) != 0) continue;
      ASSERT_NEAR(dz(r, 0), reference_.derivative(double{z(r, 0)}), 4e-7) << "at " << z(r, 0);
    }
  });
}

TEST_P(NonlinearTest, ShapesPaddingAndPlace) {
  for (const size_t rows : {1u, 15u, 16u, 17u, 33u, 48u}) {
    for (const size_t cols : {0u, 1u, 3u}) {
      const size_t stride = kernels::PaddedRows(rows) + 16 * (cols % 2);
      Random random(rows + cols);
      const FloatMatrix z = FloatMatrix::Uniform(random, rows, cols, stride, -4, 4);
      const FloatMatrix da = FloatMatrix::Uniform(random, rows, cols, stride, -4, 4);
      ForEachTarget([&] {
        FloatMatrix a = FloatMatrix::Unset(rows, cols);
        kernels::Apply(kernel_, z, a);
        EXPECT_TRUE(StaysInBounds(a));
        FloatMatrix in_place = z.Clone();
        kernels::Apply(kernel_, in_place, in_place);
        EXPECT_TRUE(StaysInBounds(in_place));
        EXPECT_TRUE(SameBits(a.view(), in_place.view()));

        const FloatMatrix& kept = kernels::DerivativeTakesInput(kernel_) ? z : a;
        FloatMatrix dz = FloatMatrix::Unset(rows, cols);
        kernels::ApplyGradient(kernel_, kept, da, dz);
        EXPECT_TRUE(StaysInBounds(dz));
        FloatMatrix gradient_in_place = da.Clone();
        kernels::ApplyGradient(kernel_, kept, gradient_in_place, gradient_in_place);
        EXPECT_TRUE(StaysInBounds(gradient_in_place));
        EXPECT_TRUE(SameBits(dz.view(), gradient_in_place.view()));
        for (size_t c = 0; c < cols; ++c) {
          for (size_t r = 0; r < rows; ++r) {
            ASSERT_NEAR(a(r, c), reference_.value(double{z(r, c)}), 1e-5);
            ASSERT_NEAR(dz(r, c), double{da(r, c)} * reference_.derivative(double{z(r, c)}), 1e-5);
          }
        }
      });
    }
  }
}

TEST_P(NonlinearTest, NanStaysNan) {
  ForEachTarget([&] {
    for (size_t position = 0; position < 17; ++position) {
      FloatMatrix z(17, 1);
      z.Generate([&](size_t r, size_t) {
        return r == position ? std::numeric_limits<float>::quiet_NaN() : 1.0f;
      });
      FloatMatrix a = FloatMatrix::Unset(17, 1);
      kernels::Apply(kernel_, z, a);
      for (size_t r = 0; r < 17; ++r) EXPECT_EQ(std::isnan(a(r, 0)), r == position);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Functions, NonlinearTest, testing::ValuesIn(Activations()),
                         [](const auto& f) {
                           std::string name = Name(f.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(NonlinearNamesTest, OthersAreNotFound) {
  EXPECT_EQ(kernels::FindNonlinearity("relu"), std::nullopt);
  EXPECT_EQ(kernels::FindNonlinearity(""), std::nullopt);
}

}  // namespace
}  // namespace colonnade::test
