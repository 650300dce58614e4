// The activation functions and their derivatives against double precision, on every target.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "kernels/activation.h"
#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::Nonlinearity;

double Phi(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }
double Sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

struct Function {
  const char* name;
  Nonlinearity kernel;
  double (*value)(double z);
  double (*derivative)(double z);
  double ulps;  // as activation.h states
};

void PrintTo(const Function& f, std::ostream* out) { *out << f.name; }

const Function kFunctions[] = {
    {"LeakyRelu", Nonlinearity::kLeakyRelu, [](double z) { return z < 0 ? double{0.01f} * z : z; },
     [](double z) { return z > 0 ? 1 : double{0.01f}; }, 0.5001},
    {"Elu", Nonlinearity::kElu, [](double z) { return z < 0 ? std::expm1(z) : z; },
     [](double z) { return z < 0 ? std::exp(z) : 1; }, 4},
    {"Gelu", Nonlinearity::kGelu, [](double z) { return z * Phi(z); },
     [](double z) { return Phi(z) + z * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); },
     7},
    {"Silu", Nonlinearity::kSilu, [](double z) { return z * Sigmoid(z); },
     [](double z) { return Sigmoid(z) * (1 + z * Sigmoid(-z)); }, 4},
    {"Tanh", Nonlinearity::kTanh, [](double z) { return std::tanh(z); },
     [](double z) { return 1 - std::tanh(z) * std::tanh(z); }, 4},
    {"Sigmoid", Nonlinearity::kSigmoid, Sigmoid, [](double z) { return Sigmoid(z) * Sigmoid(-z); },
     3},
};

class NonlinearTest : public testing::TestWithParam<Function> {};

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
  const Function& f = GetParam();
  const FloatMatrix z = Inputs();
  SameBitsWithFma same_bits;
  ForEachTarget([&] {
    FloatMatrix a = FloatMatrix::Unset(z.rows(), 1);
    kernels::Apply(f.kernel, z, a);
    EXPECT_TRUE(StaysInBounds(a));
    EXPECT_TRUE(same_bits(a));
    // Without FMA each product is rounded, and the extra bits of gelu's exponent are lost.
    const bool fma = kernels::CurrentTargetHasFma();
    double worst = 0;
    float at = 0;
    for (size_t r = 0; r < z.rows(); ++r) {
      const double expected = f.value(double{z(r, 0)});
      if (std::abs(expected) < 1.2e-38 && std::abs(a(r, 0)) < 1.2e-38f) continue;
      const double error = UlpError(expected, a(r, 0));
      if (!(error <= worst)) {
        worst = error;
        at = z(r, 0);
      }
    }
    EXPECT_LE(worst, fma ? f.ulps : 20 * f.ulps) << "at " << at;
  });
}

TEST_P(NonlinearTest, DerivativesAreAsAccurateAsStated) {
  const Function& f = GetParam();
  const FloatMatrix z = Inputs();
  FloatMatrix ones(z.rows(), 1);
  ones.Generate([](size_t, size_t) { return 1.0f; });
  SameBitsWithFma same_bits;
  ForEachTarget([&] {
    FloatMatrix kept = z.Clone();
    if (!kernels::DerivativeTakesInput(f.kernel)) kernels::Apply(f.kernel, kept, kept);
    FloatMatrix dz = FloatMatrix::Unset(z.rows(), 1);
    kernels::ApplyGradient(f.kernel, kept, ones, dz);
    EXPECT_TRUE(StaysInBounds(dz));
    EXPECT_TRUE(same_bits(dz));
    for (size_t r = 0; r < z.rows(); ++r) {
      // Where f falls below the smallest number, its value no longer tells the sign of z.
      if (!kernels::DerivativeTakesInput(f.kernel) && kept(r, 0) == 0 && z(r, 0) != 0) continue;
      ASSERT_NEAR(dz(r, 0), f.derivative(double{z(r, 0)}), 4e-7) << "at " << z(r, 0);
    }
  });
}

TEST_P(NonlinearTest, ShapesPaddingAndPlace) {
  const Function& f = GetParam();
  for (const size_t rows : {1u, 15u, 16u, 17u, 33u, 48u}) {
    for (const size_t cols : {0u, 1u, 3u}) {
      const size_t stride = kernels::PaddedRows(rows) + 16 * (cols % 2);
      Random random(rows + cols);
      const FloatMatrix z = FloatMatrix::Uniform(random, rows, cols, stride, -4, 4);
      const FloatMatrix da = FloatMatrix::Uniform(random, rows, cols, stride, -4, 4);
      ForEachTarget([&] {
        FloatMatrix a = FloatMatrix::Unset(rows, cols);
        kernels::Apply(f.kernel, z, a);
        EXPECT_TRUE(StaysInBounds(a));
        FloatMatrix in_place = z.Clone();
        kernels::Apply(f.kernel, in_place, in_place);
        EXPECT_TRUE(StaysInBounds(in_place));
        EXPECT_TRUE(SameBits(a.view(), in_place.view()));

        const FloatMatrix& kept = kernels::DerivativeTakesInput(f.kernel) ? z : a;
        FloatMatrix dz = FloatMatrix::Unset(rows, cols);
        kernels::ApplyGradient(f.kernel, kept, da, dz);
        EXPECT_TRUE(StaysInBounds(dz));
        FloatMatrix gradient_in_place = da.Clone();
        kernels::ApplyGradient(f.kernel, kept, gradient_in_place, gradient_in_place);
        EXPECT_TRUE(StaysInBounds(gradient_in_place));
        EXPECT_TRUE(SameBits(dz.view(), gradient_in_place.view()));
        for (size_t c = 0; c < cols; ++c) {
          for (size_t r = 0; r < rows; ++r) {
            ASSERT_NEAR(a(r, c), f.value(double{z(r, c)}), 1e-5);
            ASSERT_NEAR(dz(r, c), double{da(r, c)} * f.derivative(double{z(r, c)}), 1e-5);
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
      kernels::Apply(GetParam().kernel, z, a);
      for (size_t r = 0; r < 17; ++r) EXPECT_EQ(std::isnan(a(r, 0)), r == position);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Functions, NonlinearTest, testing::ValuesIn(kFunctions),
                         [](const auto& f) { return std::string(f.param.name); });

}  // namespace
}  // namespace colonnade::test
