// SPDX-License-Identifier: Apache-2.0
#include "engine/data/scaling.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <span>
#include <vector>

#include "engine/data/offsets.h"
#include "kernels/convert.h"
#include "kernels/encode.h"

namespace colonnade {
Scaling Rebased(Scaling scaling, const Schema& from, const Schema& to) {
  for (size_t f = 0; f < scaling.offset.size(); ++f) {
    const double difference = OffsetOf(from, f) - OffsetOf(to, f);
    if (difference == 0) continue;
    const auto shift = [&](float& x) {
      x = static_cast<float>(static_cast<double>(x) + difference);
    };
    shift(scaling.offset[f]);
    if (!scaling.edges.empty()) std::ranges::for_each(scaling.edges[f], shift);
    if (!scaling.quantiles.empty()) std::ranges::for_each(scaling.quantiles[f], shift);
  }
  return scaling;
}

size_t Scaling::pieces() const {
  size_t pieces = 0;
  for (const std::vector<float>& of_feature : edges) {
    pieces += of_feature.empty() ? 0 : of_feature.size() - 1;
  }
  return pieces;
}

PaddedScaling::PaddedScaling(const Scaling& scaling)
    : offset(AlignedBuffer<float>::Zeroed(kernels::PaddedRows(scaling.features()))),
      scale(AlignedBuffer<float>::Zeroed(kernels::PaddedRows(scaling.features()))) {
  std::ranges::copy(scaling.offset, offset.data());
  std::ranges::copy(scaling.scale, scale.data());
  if (scaling.limit.empty() && scaling.edges.empty() && scaling.quantiles.empty()) return;
  limit_ = AlignedBuffer<float>::Zeroed(scale.size());
  std::ranges::copy(scaling.limit, limit_.data());
  ranks_ = RankTables(scaling.quantiles);
  const size_t bins = scaling.pieces();
  source_ = AlignedBuffer<int32_t>::Zeroed(kernels::PaddedRows(bins));
  for (AlignedBuffer<float>* of_bins : {&edge_, &slope_, &low_, &high_, &base_}) {
    *of_bins = AlignedBuffer<float>::Zeroed(kernels::PaddedRows(bins));
  }
  encoding_ = {.features = scaling.features(),
               .offset = offset.data(),
               .scale = scale.data(),
               .limit = limit_.data(),
               .bins = bins,
               .source = source_.data(),
               .edge = edge_.data(),
               .slope = slope_.data(),
               .low = low_.data(),
               .high = high_.data(),
               .base = base_.data(),
               .ranks = ranks_.view()};
  size_t b = 0;
  for (size_t f = 0; f < scaling.edges.size(); ++f) {
    const std::vector<float>& edges = scaling.edges[f];
    for (size_t e = 0; e + 1 < edges.size(); ++e, ++b) {
      source_[b] = static_cast<int32_t>(f);
      edge_[b] = edges[e];
      slope_[b] = 1 / (edges[e + 1] - edges[e]);
      low_[b] = e == 0 ? -1.0F : 0.0F;
      high_[b] = e + 2 == edges.size() ? 2.0F : 1.0F;
      const double middle = (static_cast<double>(edges[e]) + static_cast<double>(edges[e + 1])) / 2;
      base_[b] = middle < static_cast<double>(scaling.offset[f]) ? 1.0F : 0.0F;
    }
  }
}

float CommonScale(const Dataset& data, const Scaling& scaling) {
  if (data.element_type() != ElementType::kU8) return 0;
  if (!scaling.limit.empty() || !scaling.edges.empty() || !scaling.quantiles.empty()) return 0;
  const auto same = [](const std::vector<float>& v, float value) {
    return std::all_of(v.begin(), v.end(), [value](float x) { return x == value; });
  };
  const float scale = scaling.scale.front();
  return same(scaling.offset, 0) && same(scaling.scale, scale) ? scale : 0;
}

BatchReader::BatchReader(const Dataset& data, const Scaling& scaling)
    : data_(data), columns_(data.examples()), inputs_(scaling.inputs()), scaling_(scaling) {
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
  ForColumns(indices, to.cols, [&](size_t first, size_t count, const uint32_t* columns) {
    const kernels::Matrix block = to.Columns(first, count);
    const kernels::Nonzeros block_nonzeros =
        nonzeros.data == nullptr ? nonzeros : nonzeros.Columns(first, count);
    const auto read = [&](const auto& stored) {
      if (const kernels::Encoding* encoding = scaling_.encoding()) {
        kernels::Encode(stored, columns, *encoding, block, block_nonzeros);
      } else {
        kernels::Gather(stored, columns, scaling_.offset.data(), scaling_.scale.data(), block,
                        block_nonzeros);
      }
    };
    if (data_.element_type() == ElementType::kU8) {
      read(Stored(data_.bytes()));
    } else {
      read(Stored(data_.floats()));
    }
  });
}

void BatchReader::Read(const uint32_t* indices, const kernels::Bf16Result& to) const {
  if (scaling_.encoding() != nullptr) {
    OwnedMatrix inputs(to.columns.rows, to.columns.cols);
    Read(indices, inputs.view());
    return kernels::RoundToBf16(inputs.view(), to);
  }
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
  const size_t words = kernels::NonzeroWords(inputs_);
  std::vector<uint32_t> indices(examples);
  std::iota(indices.begin(), indices.end(), 0U);
  std::vector<uint64_t> bits(words * examples);
  const kernels::Nonzeros nonzeros{bits.data(), words, examples, words};
  OwnedMatrix batch(inputs_, examples);
  Read(indices.data(), batch.view(), nonzeros);
  return colonnade::Density(nonzeros, inputs_);
}

}  // namespace colonnade
