// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compare.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iomanip>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace colonnade::test {
namespace {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

// Nothing may pass because its tolerance is generous.
constexpr double kLargestBound = 0x1p-10;

std::optional<std::string> ShapesDiffer(size_t rows, size_t cols, kernels::ConstMatrix actual) {
  if (rows == actual.rows && cols == actual.cols) return std::nullopt;
  return "shapes differ: expected " + std::to_string(rows) + " × " + std::to_string(cols) +
         ", actual " + std::to_string(actual.rows) + " × " + std::to_string(actual.cols);
}

bool Plausible(const Reference& reference) {
  if (!std::isfinite(reference.value)) return true;
  return std::isfinite(reference.magnitude) &&
         reference.magnitude >= std::fabs(reference.value) * (1 - 1e-9);
}

// Every comparison is written so that NaN makes it false.
bool IsNear(const Reference& expected, float actual, double bound) {
  if (std::isnan(expected.value)) return std::isnan(actual);
  if (std::isinf(expected.value)) return expected.value == static_cast<double>(actual);
  return std::fabs(static_cast<double>(actual) - expected.value) <= bound * expected.magnitude;
}

std::string Bits(float value) {
  std::ostringstream text;
  text << std::setprecision(9) << value << " (0x" << std::hex << std::setfill('0') << std::setw(8)
       << std::bit_cast<uint32_t>(value) << ")";
  return text.str();
}

}  // namespace

double RelativeBound(size_t roundings) {
  const double nu = static_cast<double>(roundings) * 0x1p-24;
  return nu < 1 ? nu / (1 - nu) : std::numeric_limits<double>::infinity();
}

AssertionResult IsNear(const References& expected, kernels::ConstMatrix actual, size_t roundings) {
  if (const auto difference = ShapesDiffer(expected.rows(), expected.cols(), actual)) {
    return AssertionFailure() << *difference;
  }
  const double bound = RelativeBound(roundings);
  if (!(bound <= kLargestBound)) {
    return AssertionFailure() << "tolerance too lax: relative bound " << bound;
  }
  bool any_nonzero = false;
  bool zeros_fail = false;
  size_t wrong = 0;
  std::ostringstream first;
  for (size_t c = 0; c < actual.cols; ++c) {
    for (size_t r = 0; r < actual.rows; ++r) {
      const Reference& reference = expected(r, c);
      if (!Plausible(reference)) {
        return AssertionFailure() << "tolerance without meaning: reference (" << r << ", " << c
                                  << ") is " << reference.value << " of magnitude "
                                  << reference.magnitude;
      }
      any_nonzero |= reference.value != 0;
      zeros_fail |= !IsNear(reference, 0.0f, bound);
      const float element = actual.Column(c)[r];
      if (!IsNear(reference, element, bound) && wrong++ == 0) {
        first << std::setprecision(17) << "(" << r << ", " << c << ") expected " << reference.value
              << " ± " << bound * reference.magnitude << ", actual " << Bits(element);
      }
    }
  }
  if (wrong > 0) return AssertionFailure() << wrong << " elements wrong, first " << first.str();
  if (any_nonzero && !zeros_fail) {
    return AssertionFailure() << "tolerance too lax: zeros would pass for every element";
  }
  return AssertionSuccess();
}

AssertionResult SameBits(kernels::ConstMatrix expected, kernels::ConstMatrix actual) {
  if (const auto difference = ShapesDiffer(expected.rows, expected.cols, actual)) {
    return AssertionFailure() << *difference;
  }
  size_t wrong = 0;
  std::ostringstream first;
  for (size_t c = 0; c < actual.cols; ++c) {
    for (size_t r = 0; r < actual.rows; ++r) {
      const float e = expected.Column(c)[r];
      const float a = actual.Column(c)[r];
      if (std::bit_cast<uint32_t>(e) != std::bit_cast<uint32_t>(a) && wrong++ == 0) {
        first << "(" << r << ", " << c << ") expected " << Bits(e) << ", actual " << Bits(a);
      }
    }
  }
  if (wrong > 0) return AssertionFailure() << wrong << " elements differ, first " << first.str();
  return AssertionSuccess();
}

double UlpError(double expected, float actual) {
  const double difference = std::fabs(static_cast<double>(actual) - expected);
  if (!(difference <= std::numeric_limits<float>::max())) {
    const bool same =
        static_cast<double>(actual) == expected || (std::isnan(actual) && std::isnan(expected));
    return same ? 0 : std::numeric_limits<double>::infinity();
  }
  const int exponent = expected == 0 ? -126 : std::max(std::ilogb(expected), -126);
  return difference / std::ldexp(1.0, exponent - 23);
}

}  // namespace colonnade::test
