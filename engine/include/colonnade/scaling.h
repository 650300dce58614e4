// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_SCALING_H_
#define COLONNADE_SCALING_H_

#include <limits>
#include <span>
#include <vector>

#include "colonnade/names.h"

namespace colonnade {

// How raw feature values become network inputs, fitted on the training data.
enum class Scale {
  kAuto,      // kUnit for pixels, else kRobust
  kNone,      // x
  kUnit,      // x / 255
  kMinMax,    // to [0, 1] by the range of each feature
  kStandard,  // to mean 0 and variance 1; a constant feature to 0
  // z = (x − median) / (third − first quartile), or by half the range where the quartiles meet,
  // then z / √(1 + (z / 3)²), which outliers cannot leave far behind; categories and indicators of
  // missing values stay 0 and 1
  kRobust,
  // The standard normal quantile of the rank of x among up to 1000 quantiles, as scikit-learn's
  // QuantileTransformer(output_distribution="normal"): of one that several quantiles share the
  // middle of its ranks, -5.2 and 5.2 at the least and the greatest and beyond. A constant feature
  // to 0; categories and indicators of missing values stay 0 and 1
  kQuantile,
};

inline constexpr NameRow<Scale> kScales[] = {
    {Scale::kAuto, "auto"},        {Scale::kNone, "none"},         {Scale::kUnit, "unit"},
    {Scale::kMinMax, "minmax"},    {Scale::kStandard, "standard"}, {Scale::kRobust, "robust"},
    {Scale::kQuantile, "quantile"}};
constexpr std::span<const NameRow<Scale>> NamesOf(Scale) { return kScales; }

// What a network has as inputs beside each scaled number of a table.
enum class Embedding {
  kAuto,  // kPiecewise for tables, for small ones only where they are validated on something
  kNone,
  // The piecewise linear encoding (Gorishniy et al. 2022): the range of a number is cut where many
  // examples have one value and at quantiles of the rest, and there is an input per piece: how much
  // of it lies below the number
  kPiecewise,
};

// Of the range of a number, unless chosen.
inline constexpr size_t kPieces = 32;

inline constexpr NameRow<Embedding> kEmbeddings[] = {
    {Embedding::kAuto, "auto"}, {Embedding::kNone, "none"}, {Embedding::kPiecewise, "ple"}};
constexpr std::span<const NameRow<Embedding>> NamesOf(Embedding) { return kEmbeddings; }

// How raw feature values become network inputs. First comes an input per feature:
// z = (x − offset) · scale, and where there is a limit, z / √(1 + (z / limit)²); where there are
// quantiles, the score that kQuantile says, by these alone. Then, for each
// feature with edges e_0 < e_1 < …, one per piece between two of them: (x − e_i) / (e_{i+1} − e_i),
// but at least 0 (−1 in the first piece) and at most 1 (2 in the last), and of that, less 1 where
// the middle of the piece lies below the offset: most inputs are 0 then, which costs less.
struct Scaling {
  Scale method = Scale::kNone;                 // what it was fitted by; never kAuto
  std::vector<float> offset;                   // one per feature
  std::vector<float> scale;                    // likewise
  std::vector<float> limit = {};               // > 0, one per feature; 0: none; empty: none for all
  std::vector<std::vector<float>> edges = {};  // likewise: at least 2, or none; empty: none for all
  // Likewise: 2 to 1000 at equal distances of their ranks, none that descends.
  std::vector<std::vector<float>> quantiles = {};

  size_t features() const { return offset.size(); }
  size_t pieces() const;  // of all features
  size_t inputs() const { return features() + pieces(); }

  bool operator==(const Scaling&) const = default;
};

// What is learned of a number y, but for offset and scale.
enum class TargetTransform {
  kNone,      // y
  kLog1p,     // log(1 + y)
  kQuantile,  // its normal score: the standard normal quantile of its rank among the targets
  kLog,       // log(y), by a loss that takes the logarithm itself
};

inline constexpr NameRow<TargetTransform> kTargetTransforms[] = {
    {TargetTransform::kNone, "none"},
    {TargetTransform::kLog1p, "log1p"},
    {TargetTransform::kQuantile, "quantile"},
    {TargetTransform::kLog, "log"}};
constexpr std::span<const NameRow<TargetTransform>> NamesOf(TargetTransform) {
  return kTargetTransforms;
}

// How outputs z of a regression network become predictions: offset + scale · z is the transformed
// number.
struct TargetScaling {
  float offset = 0;
  float scale = 1;  // > 0
  TargetTransform transform = TargetTransform::kNone;
  // Outputs above count as this: an exponential of what lies far beyond the training targets would
  // be of any size.
  float ceiling = std::numeric_limits<float>::infinity();
  // Of kLog1p: added to the logarithm. The exponential of a mean is less than the mean of the
  // exponentials; this makes up for it (Duan 1983: smearing).
  float smearing = 0;
  // Of kQuantile: quantiles of the targets, as Dataset::targets() has them, at equal distances of
  // their ranks from the least to the greatest. At least 2, not descending.
  std::vector<float> knots = {};
  // Where each output is a quantile of the number, which: in (0, 1), ascending. Else empty, and
  // there is one output.
  std::vector<float> levels = {};

  bool operator==(const TargetScaling&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_SCALING_H_
