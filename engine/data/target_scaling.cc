// SPDX-License-Identifier: Apache-2.0
#include "engine/data/target_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace colonnade {
namespace {

// Ranks closer to 0 or 1 than this count as this, so that their normal scores are finite.
constexpr double kLeastRank = 1e-7;

// The standard normal distribution function, and its inverse (Wichura 1988, algorithm AS 241,
// PPND16: 16 digits).
double NormalRank(double score) { return 0.5 * std::erfc(-score / std::numbers::sqrt2); }

double Polynomial(double x, std::span<const double> coefficients) {
  double value = 0;
  for (size_t i = coefficients.size(); i-- > 0;) value = value * x + coefficients[i];
  return value;
}

double NormalScore(double rank) {
  constexpr double kA[] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                           1.9715909503065514427e3, 1.3731693765509461125e4,
                           4.5921953931549871457e4, 6.7265770927008700853e4,
                           3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr double kB[] = {1.0,
                           4.2313330701600911252e1,
                           6.8718700749205790830e2,
                           5.3941960214247511077e3,
                           2.1213794301586595867e4,
                           3.9307895800092710610e4,
                           2.8729085735721942674e4,
                           5.2264952788528545610e3};
  constexpr double kC[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                           5.76949722146069140550e0,  3.64784832476320460504e0,
                           1.27045825245236838258e0,  2.41780725177450611770e-1,
                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double kD[] = {1.0,
                           2.05319162663775882187e0,
                           1.67638483018380384940e0,
                           6.89767334985100004550e-1,
                           1.48103976427480074590e-1,
                           1.51986665636164571966e-2,
                           5.47593808499534494600e-4,
                           1.05075007164441684324e-9};
  constexpr double kE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                           1.78482653991729133580e0,  2.96560571828504891230e-1,
                           2.65321895265761230930e-2, 1.24266094738807843860e-3,
                           2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double kF[] = {1.0,
                           5.99832206555887937690e-1,
                           1.36929880922735805310e-1,
                           1.48753612908506148525e-2,
                           7.86869131145613259100e-4,
                           1.84631831751005468180e-5,
                           1.42151175831644588870e-7,
                           2.04426310338993978564e-15};
  const double centred = rank - 0.5;
  if (std::abs(centred) <= 0.425) {
    const double r = 0.180625 - centred * centred;
    return centred * Polynomial(r, kA) / Polynomial(r, kB);
  }
  const double r = std::sqrt(-std::log(std::min(rank, 1 - rank)));
  const double size = r <= 5 ? Polynomial(r - 1.6, kC) / Polynomial(r - 1.6, kD)
                             : Polynomial(r - 5, kE) / Polynomial(r - 5, kF);
  return centred < 0 ? -size : size;
}

// Where in the order of the knots a number is, from 0 to 1; of knots that are equal the middle.
double RankOf(std::span<const float> knots, float y) {
  const auto last = static_cast<double>(knots.size() - 1);
  const auto [low, high] = std::ranges::equal_range(knots, y);
  const auto place = [&](auto knot) { return static_cast<double>(knot - knots.begin()); };
  if (low != high) return (place(low) + place(high - 1)) / (2 * last);
  if (low == knots.begin()) return 0;
  if (low == knots.end()) return 1;
  const auto below = static_cast<double>(*(low - 1));
  const double part = (static_cast<double>(y) - below) / (static_cast<double>(*low) - below);
  return (place(low - 1) + part) / last;
}

double ScoreOf(std::span<const float> knots, float y) {
  return NormalScore(std::clamp(RankOf(knots, y), kLeastRank, 1 - kLeastRank));
}

// Of a number, given with and without the offset of the table.
double Transformed(const TargetScaling& scaling, double value, float less_offset) {
  switch (scaling.transform) {
    case TargetTransform::kNone:
    case TargetTransform::kLog:
      break;
    case TargetTransform::kLog1p:
      return std::log1p(value);
    case TargetTransform::kQuantile:
      return ScoreOf(scaling.knots, less_offset);
  }
  return static_cast<double>(less_offset);
}

double AtRank(std::span<const float> knots, double rank) {
  if (rank <= kLeastRank) return static_cast<double>(knots.front());
  if (rank >= 1 - kLeastRank) return static_cast<double>(knots.back());
  const double place = rank * static_cast<double>(knots.size() - 1);
  const size_t knot = std::min(static_cast<size_t>(place), knots.size() - 2);
  const auto below = static_cast<double>(knots[knot]);
  const auto above = static_cast<double>(knots[knot + 1]);
  return below + (place - static_cast<double>(knot)) * (above - below);
}

}  // namespace

float Learned(const TargetScaling& scaling, const Dataset& data, size_t example) {
  if (scaling.transform == TargetTransform::kLog) {
    return static_cast<float>(data.TargetOf(example) /
                              std::exp(static_cast<double>(scaling.offset)));
  }
  return (Transformed(scaling, data, example) - scaling.offset) / scaling.scale;
}

float Transformed(const TargetScaling& scaling, const Dataset& data, size_t example) {
  return static_cast<float>(Transformed(scaling, data.TargetOf(example), data.targets()[example]));
}

double TransformedValue(const TargetScaling& scaling, const Schema& schema, double value) {
  return Transformed(scaling, value, static_cast<float>(value - schema.target_offset));
}

double ValueOf(const TargetScaling& scaling, const Schema& schema, float output) {
  const float z = std::min(output, scaling.ceiling);
  auto value = static_cast<double>(scaling.offset + scaling.scale * z);
  switch (scaling.transform) {
    case TargetTransform::kNone:
      break;
    case TargetTransform::kLog1p:
      return std::expm1(value + static_cast<double>(scaling.smearing));
    case TargetTransform::kQuantile:
      value = AtRank(scaling.knots, NormalRank(value));
      break;
    case TargetTransform::kLog:
      return std::exp(value);
  }
  // Without an offset not even the sign of 0 changes.
  return schema.target_offset == 0 ? value : schema.target_offset + value;
}

TargetScaling Rebased(TargetScaling scaling, const Schema& from, const Schema& to) {
  const double difference = from.target_offset - to.target_offset;
  const auto rebase = [&](float& number) {
    number = static_cast<float>(static_cast<double>(number) + difference);
  };
  switch (scaling.transform) {
    case TargetTransform::kNone:
      rebase(scaling.offset);
      break;
    case TargetTransform::kLog1p:  // they are of the numbers as the table has them
    case TargetTransform::kLog:
      break;
    case TargetTransform::kQuantile:
      std::ranges::for_each(scaling.knots, rebase);
      break;
  }
  return scaling;
}

std::vector<float> TargetKnots(const Dataset& data) {
  constexpr size_t kMost = 1000;
  std::vector<float> sorted(data.targets().begin(), data.targets().end());
  std::ranges::sort(sorted);
  if (sorted.size() <= kMost) {
    if (sorted.size() == 1) sorted.resize(2, sorted.front());
    return sorted;
  }
  std::vector<float> knots(kMost);
  for (size_t k = 0; k < kMost; ++k) {
    knots[k] =
        static_cast<float>(AtRank(sorted, static_cast<double>(k) / static_cast<double>(kMost - 1)));
  }
  return knots;
}

}  // namespace colonnade
