// SPDX-License-Identifier: Apache-2.0
#include "engine/data/sparse_examples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/datasets.h"

namespace colonnade {
namespace {

struct Shape {
  size_t examples, features, tile;
};

// A matrix of bytes, features × examples, put together from pieces.
class Bytes {
 public:
  Bytes(size_t features, size_t examples) : features_(features), values_(features * examples) {}

  // Adds one value, which must not be there yet.
  void Add(size_t feature, size_t example, uint8_t value) {
    uint8_t& present = values_.at(example * features_ + feature);
    EXPECT_EQ(present, 0);
    present = value;
  }

  void ExpectEqual(const Dataset& data) const {
    for (size_t e = 0; e < data.examples(); ++e) {
      for (size_t f = 0; f < features_; ++f) {
        ASSERT_EQ(values_[e * features_ + f], data.bytes()[e * data.stride() + f])
            << "feature " << f << " of example " << e;
      }
    }
  }

 private:
  size_t features_;
  std::vector<uint8_t> values_;
};

// Checks a piece and calls add(row, column, value) for what is not zero. Each of `columns` columns
// must be there once, and no entry may be all zeros.
template <class F>
void ReadPiece(const kernels::SparseBytes& piece, size_t columns, const F& add) {
  std::vector<int> seen(columns);
  for (size_t g = 0; g < piece.groups; ++g) {
    const uint32_t* of_group = piece.columns + g * kernels::kSparseLanes;
    bool ended = false;
    for (size_t i = 0; i < kernels::kSparseLanes; ++i) {
      if (of_group[i] == kernels::kNoColumn) {
        ended = true;
      } else {
        ASSERT_FALSE(ended);
        ++seen.at(of_group[i]);
      }
    }
    for (size_t n = piece.bounds[g]; n < piece.bounds[g + 1]; ++n) {
      if (n > piece.bounds[g]) {
        ASSERT_LT(piece.rows[n - 1], piece.rows[n]);
      }
      const uint8_t* values = piece.values + n * kernels::kSparseLanes;
      ASSERT_TRUE(std::any_of(values, values + kernels::kSparseLanes,
                              [](uint8_t value) { return value != 0; }));
      for (size_t i = 0; i < kernels::kSparseLanes; ++i) {
        if (values[i] == 0) continue;
        ASSERT_NE(of_group[i], kernels::kNoColumn);
        add(piece.rows[n], of_group[i], values[i]);
      }
    }
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<ptrdiff_t>(columns));
}

// Entries() is the sum over the tiles.
void ExpectEntries(const SparseExamples& sparse, const Shape& s) {
  for (size_t b = 0; b * SparseExamples::kBlockFeatures < s.features; ++b) {
    size_t entries = 0;
    for (size_t t = 0; t * s.tile < s.examples; ++t) {
      const kernels::SparseBytes piece = sparse.Features(t, b);
      entries += piece.bounds[piece.groups] - piece.bounds[0];
    }
    EXPECT_EQ(sparse.Entries(b), entries) << "block " << b;
  }
}

TEST(SparseExamples, HoldTheDatasetInBothForms) {
  for (const Shape& s :
       {Shape{1, 1, 8}, Shape{7, 3, 8}, Shape{8, 64, 8}, Shape{100, 95, 24}, Shape{33, 96, 16},
        Shape{50, 97, 56}, Shape{3000, 130, 800}, Shape{41, 784, 1024}, Shape{20, 200, 16}}) {
    for (const float density : {0.0f, 0.2f, 1.0f}) {
      for (const int threads : {1, 3}) {
        SCOPED_TRACE(testing::Message() << s.examples << " × " << s.features << ", tiles of "
                                        << s.tile << ", density " << density);
        const Dataset data = test::SparseDataset(s.examples, s.features, 2, density, 1);
        Execution execution(threads);
        const SparseExamples sparse(data, 0.5f, s.tile, execution);
        Bytes by_example(s.features, s.examples);
        Bytes by_feature(s.features, s.examples);
        for (size_t first = 0; first < s.examples; first += s.tile) {
          const size_t t = first / s.tile;
          const size_t count = std::min(s.tile, s.examples - first);
          EXPECT_EQ(sparse.Examples(t).scale, 0.5f);
          ReadPiece(sparse.Examples(t), count, [&](size_t row, size_t column, uint8_t value) {
            by_example.Add(row, first + column, value);
          });
          constexpr size_t kBlock = SparseExamples::kBlockFeatures;
          for (size_t feature = 0; feature < s.features; feature += kBlock) {
            ReadPiece(sparse.Features(t, feature / kBlock), std::min(kBlock, s.features - feature),
                      [&](size_t row, size_t column, uint8_t value) {
                        ASSERT_LT(row, count);
                        by_feature.Add(feature + column, first + row, value);
                      });
          }
        }
        ExpectEntries(sparse, s);
        by_example.ExpectEqual(data);
        by_feature.ExpectEqual(data);
      }
    }
  }
}

}  // namespace
}  // namespace colonnade
