// SPDX-License-Identifier: Apache-2.0
#include "engine/data/sparse_examples.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <span>

#include "engine/data/group_similar.h"

namespace colonnade {
namespace {

constexpr size_t kLanes = kernels::kSparseLanes;

// Examples that tell which features are alike.
constexpr size_t kSample = 2048;

size_t CeilDivide(size_t total, size_t each) { return (total + each - 1) / each; }

// Bit i tells whether byte i is not zero.
uint64_t NonzeroBytes(const uint8_t* bytes) {
  constexpr uint64_t kLow = 0x7F7F7F7F7F7F7F7F;
  uint64_t word = 0;
  for (size_t i = 0; i < 8; ++i) word |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  const uint64_t high = ((word & kLow) + kLow) | word;  // the highest bit of each byte
  // The sum of copies shifted by 7, 14, … bits has one bit from each byte in its highest byte.
  return (high >> 7 & 0x0101010101010101) * 0x0102040810204080 >> 56;
}

// Which features of each example are not zero.
BitSets FeaturesOfExamples(const Dataset& data, Execution& execution) {
  constexpr size_t kExamplesPerTask = 1024;
  BitSets sets(data.examples(), data.features());
  const size_t features = data.features();
  execution.ForEach(CeilDivide(data.examples(), kExamplesPerTask), [&](size_t task, size_t) {
    const size_t first = task * kExamplesPerTask;
    const size_t end = std::min(first + kExamplesPerTask, data.examples());
    for (size_t e = first; e < end; ++e) {
      // Padding, which is zero, makes whole groups of eight of the last features.
      const uint8_t* values = data.BytesOf(e);
      uint64_t* set = sets[e];
      for (size_t f = 0; f < features; f += 8) set[f / 64] |= NonzeroBytes(values + f) << (f % 64);
      // In mapped memory padding is what the file has now, whatever it was when it was checked.
      if (features % 64 != 0) set[features / 64] &= ~uint64_t{0} >> (64 - features % 64);
    }
  });
  return sets;
}

// The features, those of a block that are not zero in the same examples next to each other.
std::vector<uint32_t> OrderOfFeatures(const BitSets& of_examples, size_t examples,
                                      size_t features) {
  const size_t step = CeilDivide(examples, kSample);
  const size_t sample = CeilDivide(examples, step);
  BitSets of_features(features, sample);
  for (size_t i = 0; i < sample; ++i) {
    const uint64_t* of_example = of_examples[i * step];
    for (size_t f = 0; f < features; ++f) {
      of_features[f][i / 64] |= (of_example[f / 64] >> (f % 64) & 1) << (i % 64);
    }
  }
  std::vector<uint32_t> order(features);
  std::iota(order.begin(), order.end(), 0U);
  std::vector<int> distances(features);
  for (size_t first = 0; first < features; first += SparseExamples::kBlockFeatures) {
    const size_t count = std::min(SparseExamples::kBlockFeatures, features - first);
    GroupSimilar(of_features, kLanes, count, std::span(order).subspan(first, count), distances);
  }
  return order;
}

}  // namespace

// What is needed to make the matrices, and no longer.
struct SparseExamples::Builder {
  Builder(SparseExamples& of, const Dataset& from, Execution& execution)
      : to(of),
        data(from),
        values(from.examples()),
        nonzeros(FeaturesOfExamples(from, execution)),
        examples(from.examples()),
        features(OrderOfFeatures(nonzeros, from.examples(), from.features())) {
    for (size_t e = 0; e < values.size(); ++e) values[e] = from.BytesOf(e);
    std::iota(examples.begin(), examples.end(), 0U);
    std::vector<int> distances(from.examples());
    execution.ForEach(CeilDivide(examples.size(), to.tile_), [&](size_t t, size_t) {
      GroupSimilar(nonzeros, kLanes, kLanes, ExamplesOf(t), distances);
    });
  }

  std::span<uint32_t> ExamplesOf(size_t t) {
    const size_t first = t * to.tile_;
    return std::span(examples).subspan(first, std::min(to.tile_, examples.size() - first));
  }

  std::span<uint32_t> FeaturesOf(size_t block) {
    const size_t first = block * kBlockFeatures;
    return std::span(features).subspan(first, std::min(kBlockFeatures, features.size() - first));
  }

  // What the columns of a matrix are, group by group.
  std::span<uint32_t> ColumnsOf(size_t t, size_t number) {
    return number == 0 ? ExamplesOf(t) : FeaturesOf(number - 1);
  }

  // Calls entry(row, value) for the entries of a group of examples; value(i) is that of member i.
  template <class F>
  void ForEachFeature(std::span<const uint32_t> group, const F& entry) const {
    for (size_t w = 0; w < nonzeros.words(); ++w) {
      uint64_t any = 0;
      for (const uint32_t example : group) any |= nonzeros[example][w];
      for (; any != 0; any &= any - 1) {
        const size_t f = 64 * w + static_cast<size_t>(std::countr_zero(any));
        entry(f, [&](size_t i) { return values[group[i]][f]; });
      }
    }
  }

  // The same for a group of features of block b in tile t.
  template <class F>
  void ForEachExample(size_t t, size_t b, std::span<const uint32_t> group, const F& entry) const {
    // The words that have bits of the block, and the bits of the group in them.
    const size_t first_word = b * kBlockFeatures / 64;
    std::array<uint64_t, kBlockFeatures / 64 + 2> members{};
    for (const uint32_t f : group) members[f / 64 - first_word] |= uint64_t{1} << (f % 64);
    const size_t words = std::min(members.size(), nonzeros.words() - first_word);
    const size_t first = t * to.tile_;
    const size_t end = std::min(first + to.tile_, data.examples());
    for (size_t e = first; e < end; ++e) {
      const uint64_t* set = nonzeros[e] + first_word;
      uint64_t any = 0;
      for (size_t w = 0; w < words; ++w) any |= set[w] & members[w];
      if (any == 0) continue;
      entry(e - first, [&](size_t i) { return values[e][group[i]]; });
    }
  }

  // Calls entry(group, members, row, value) for all entries of a tile: the group, counted from the
  // first of the first tile, how many members it has, and value(i) for those.
  template <class F>
  void ForEachEntry(size_t t, const F& entry) {
    for (size_t number = 0; number < to.matrices_; ++number) {
      size_t g = to.first_group_[t * to.matrices_ + number];
      const std::span<const uint32_t> columns = ColumnsOf(t, number);
      for (size_t i = 0; i < columns.size(); i += kLanes, ++g) {
        const auto group = columns.subspan(i, std::min(kLanes, columns.size() - i));
        const auto of_group = [&](size_t row, const auto& value) {
          entry(g, group.size(), row, value);
        };
        if (number == 0) {
          ForEachFeature(group, of_group);
        } else {
          ForEachExample(t, number - 1, group, of_group);
        }
      }
    }
  }

  SparseExamples& to;
  const Dataset& data;
  std::vector<const uint8_t*> values;  // of each example
  BitSets nonzeros;                    // of the examples
  std::vector<uint32_t> examples;      // in the order of the groups
  std::vector<uint32_t> features;
};

SparseExamples::SparseExamples(const Dataset& data, float scale, size_t tile, Execution& execution)
    : tile_(tile), matrices_(1 + CeilDivide(data.features(), kBlockFeatures)), scale_(scale) {
  Builder builder(*this, data, execution);
  const size_t tiles = CeilDivide(data.examples(), tile);
  first_group_.push_back(0);
  for (size_t t = 0; t < tiles; ++t) {
    for (size_t number = 0; number < matrices_; ++number) {
      const size_t first = number == 0 ? t * tile : (number - 1) * kBlockFeatures;
      for (const uint32_t column : builder.ColumnsOf(t, number)) {
        columns_.push_back(column - static_cast<uint32_t>(first));
      }
      columns_.resize(kernels::RoundUp(columns_.size(), kLanes), kernels::kNoColumn);
      first_group_.push_back(columns_.size() / kLanes);
    }
  }

  // The entries are counted, and then written.
  bounds_.assign(first_group_.back() + 1, 0);
  execution.ForEach(tiles, [&](size_t t, size_t) {
    builder.ForEachEntry(t,
                         [&](size_t group, size_t, size_t, const auto&) { ++bounds_[group + 1]; });
  });
  std::partial_sum(bounds_.begin(), bounds_.end(), bounds_.begin());
  const size_t readable = bounds_.back() + 1;
  rows_ = AlignedBuffer<uint16_t>(readable);
  values_ = AlignedBuffer<uint8_t>(readable * kLanes);
  rows_[readable - 1] = 0;
  std::fill_n(values_.data() + (readable - 1) * kLanes, kLanes, uint8_t{0});
  execution.ForEach(tiles, [&](size_t t, size_t) {
    size_t next = bounds_[first_group_[t * matrices_]];
    builder.ForEachEntry(t, [&](size_t, size_t members, size_t row, const auto& value) {
      rows_[next] = static_cast<uint16_t>(row);
      uint8_t* values = values_.data() + next * kLanes;
      for (size_t i = 0; i < kLanes; ++i) values[i] = i < members ? value(i) : uint8_t{0};
      ++next;
    });
  });
}

size_t SparseExamples::Entries(size_t b) const {
  size_t entries = 0;
  for (size_t matrix = 1 + b; matrix + 1 < first_group_.size(); matrix += matrices_) {
    entries += bounds_[first_group_[matrix + 1]] - bounds_[first_group_[matrix]];
  }
  return entries;
}

}  // namespace colonnade
