// SPDX-License-Identifier: Apache-2.0
#include "engine/data/scaling.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "engine/data/offsets.h"
#include "engine/data/storage.h"
#include "kernels/convert.h"

namespace colonnade {
namespace {

// Per feature, over all examples, in double and in the order of the examples.
struct Moments {
  explicit Moments(size_t features)
      : low(features, std::numeric_limits<double>::infinity()),
        high(features, -std::numeric_limits<double>::infinity()),
        mean(features),
        deviation(features) {}

  std::vector<double> low, high, mean, deviation;
};

// values(e): those of example e.
template <class Values>
Moments ComputeMoments(const Dataset& data, const Values& values) {
  const size_t features = data.features();
  const auto examples = static_cast<double>(data.examples());
  Moments m(features);
  for (size_t e = 0; e < data.examples(); ++e) {
    const auto* const example = values(e);
    for (size_t f = 0; f < features; ++f) {
      const auto x = static_cast<double>(example[f]);
      m.low[f] = std::min(m.low[f], x);
      m.high[f] = std::max(m.high[f], x);
      m.mean[f] += x;
    }
  }
  for (double& mean : m.mean) mean /= examples;
  // A second pass, because the difference of sums of squares cancels where the mean is large.
  for (size_t e = 0; e < data.examples(); ++e) {
    const auto* const example = values(e);
    for (size_t f = 0; f < features; ++f) {
      const double x = static_cast<double>(example[f]) - m.mean[f];
      m.deviation[f] += x * x;
    }
  }
  for (double& deviation : m.deviation) deviation = std::sqrt(deviation / examples);
  return m;
}

// Whether bytes are the brightness of pixels rather than ages, counts or flags that happen to fit
// into a byte: most of the features that vary at all reach into the upper half of the range. The
// first examples tell.
bool LooksLikePixels(const Dataset& data) {
  if (HasOffsets(data.schema())) return false;
  constexpr size_t kSample = 1000;
  std::vector<uint8_t> low(data.features(), 255);
  std::vector<uint8_t> high(data.features(), 0);
  for (size_t e = 0; e < std::min(data.examples(), kSample); ++e) {
    const uint8_t* example = data.BytesOf(e);
    for (size_t f = 0; f < data.features(); ++f) {
      low[f] = std::min(low[f], example[f]);
      high[f] = std::max(high[f], example[f]);
    }
  }
  size_t varying = 0;
  size_t bright = 0;
  for (size_t f = 0; f < data.features(); ++f) {
    if (low[f] == high[f]) continue;
    ++varying;
    if (high[f] > 127) ++bright;
  }
  return 2 * bright > varying;
}

}  // namespace

Scaling FitScaling(Scale method, const Dataset& data) {
  const bool bytes = data.element_type() == ElementType::kU8;
  Scaling fit;
  fit.method = method != Scale::kAuto           ? method
               : bytes && LooksLikePixels(data) ? Scale::kUnit
                                                : Scale::kStandard;
  fit.offset.assign(data.features(), 0.0f);
  fit.scale.assign(data.features(), 1.0f);
  if (fit.method == Scale::kNone || fit.method == Scale::kUnit) {
    if (fit.method == Scale::kUnit) std::ranges::fill(fit.scale, 1.0F / 255.0F);
    // They are of the table's numbers.
    for (size_t f = 0; f < data.features(); ++f) {
      fit.offset[f] = static_cast<float>(0 - OffsetOf(data.schema(), f));
    }
    return fit;
  }
  data.storage().WillRead(Access::kInOrder);
  const Moments m = bytes ? ComputeMoments(data, [&](size_t e) { return data.BytesOf(e); })
                          : ComputeMoments(data, [&](size_t e) { return data.FloatsOf(e); });
  for (size_t f = 0; f < data.features(); ++f) {
    const bool range = fit.method == Scale::kMinMax;
    const double offset = range ? m.low[f] : m.mean[f];
    const double width = range ? m.high[f] - m.low[f] : m.deviation[f];
    // A constant feature carries nothing. The test is on the range: the deviation of equal values
    // can come out as rounding noise instead of 0. A scale that f32 cannot hold as a normal number
    // is no use either; the offset goes with it, because (x − offset) might overflow.
    const auto scale = static_cast<float>(1 / width);
    const bool useful = m.high[f] > m.low[f] && std::isnormal(scale);
    fit.offset[f] = useful ? static_cast<float>(offset) : 0.0f;
    fit.scale[f] = useful ? scale : 0.0f;
  }
  return fit;
}

Scaling Rebased(Scaling scaling, const Schema& from, const Schema& to) {
  for (size_t f = 0; f < scaling.offset.size(); ++f) {
    const double difference = OffsetOf(from, f) - OffsetOf(to, f);
    if (difference == 0) continue;
    scaling.offset[f] = static_cast<float>(static_cast<double>(scaling.offset[f]) + difference);
  }
  return scaling;
}

TargetScaling Rebased(TargetScaling scaling, const Schema& from, const Schema& to) {
  if (scaling.log) return scaling;  // it is of the numbers as the table has them
  const double difference = from.target_offset - to.target_offset;
  scaling.offset = static_cast<float>(static_cast<double>(scaling.offset) + difference);
  return scaling;
}

PaddedScaling::PaddedScaling(const Scaling& scaling)
    : offset(AlignedBuffer<float>::Zeroed(kernels::PaddedRows(scaling.offset.size()))),
      scale(AlignedBuffer<float>::Zeroed(kernels::PaddedRows(scaling.scale.size()))) {
  std::copy(scaling.offset.begin(), scaling.offset.end(), offset.data());
  std::copy(scaling.scale.begin(), scaling.scale.end(), scale.data());
}

float CommonScale(const Dataset& data, const Scaling& scaling) {
  if (data.element_type() != ElementType::kU8) return 0;
  const auto same = [](const std::vector<float>& v, float value) {
    return std::all_of(v.begin(), v.end(), [value](float x) { return x == value; });
  };
  const float scale = scaling.scale.front();
  return same(scaling.offset, 0) && same(scaling.scale, scale) ? scale : 0;
}

BatchReader::BatchReader(const Dataset& data, const Scaling& scaling)
    : data_(data), columns_(data.examples()), scaling_(scaling) {
  if (!data.columns().empty()) columns_ = std::ranges::max(data.columns()) + 1;
}

template <class Visit>
void BatchReader::ForColumns(const uint32_t* indices, size_t count, const Visit& visit) const {
  const std::span<const uint32_t> columns = data_.columns();
  if (columns.empty()) return visit(0, count, indices);
  std::array<uint32_t, 256> block;  // even, for pairs of columns to stay together
  for (size_t first = 0; first < count; first += block.size()) {
    const size_t size = std::min(block.size(), count - first);
    for (size_t i = 0; i < size; ++i) block[i] = columns[indices[first + i]];
    visit(first, size, block.data());
  }
}

void BatchReader::Read(const uint32_t* indices, kernels::Matrix to,
                       kernels::Nonzeros nonzeros) const {
  const float* const offset = scaling_.offset.data();
  const float* const scale = scaling_.scale.data();
  ForColumns(indices, to.cols, [&](size_t first, size_t count, const uint32_t* columns) {
    const kernels::Matrix block = to.Columns(first, count);
    const kernels::Nonzeros block_nonzeros =
        nonzeros.data == nullptr ? nonzeros : nonzeros.Columns(first, count);
    if (data_.element_type() == ElementType::kU8) {
      kernels::Gather(Stored(data_.bytes()), columns, offset, scale, block, block_nonzeros);
    } else {
      kernels::Gather(Stored(data_.floats()), columns, offset, scale, block, block_nonzeros);
    }
  });
}

void BatchReader::Read(const uint32_t* indices, const kernels::Bf16Result& to) const {
  const float* const offset = scaling_.offset.data();
  const float* const scale = scaling_.scale.data();
  ForColumns(indices, to.columns.cols, [&](size_t first, size_t count, const uint32_t* columns) {
    const kernels::Bf16Result block = {to.columns.Columns(first, count),
                                       to.pairs.Columns(first / 2, kernels::PairsOf(count))};
    if (data_.element_type() == ElementType::kU8) {
      kernels::Bf16Gather(Stored(data_.bytes()), columns, offset, scale, block);
    } else {
      kernels::Bf16Gather(Stored(data_.floats()), columns, offset, scale, block);
    }
  });
}

double Density(kernels::ConstNonzeros nonzeros, size_t rows) {
  size_t count = 0;
  for (size_t c = 0; c < nonzeros.cols; ++c) {
    const uint64_t* words = nonzeros.Column(c);
    for (size_t w = 0; w < nonzeros.rows; ++w) {
      count += static_cast<size_t>(std::popcount(words[w]));
    }
  }
  return static_cast<double>(count) / static_cast<double>(rows * nonzeros.cols);
}

double BatchReader::Density() const {
  constexpr size_t kSample = 64;
  const size_t examples = std::min(kSample, data_.examples());
  const size_t words = kernels::NonzeroWords(data_.features());
  std::vector<uint32_t> indices(examples);
  std::iota(indices.begin(), indices.end(), 0U);
  std::vector<uint64_t> bits(words * examples);
  const kernels::Nonzeros nonzeros{bits.data(), words, examples, words};
  OwnedMatrix batch(data_.features(), examples);
  Read(indices.data(), batch.view(), nonzeros);
  return colonnade::Density(nonzeros, data_.features());
}

}  // namespace colonnade
