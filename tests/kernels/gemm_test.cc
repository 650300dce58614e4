// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/compare.h"
#include "tests/support/matrices.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::Activation;
using kernels::ConstMatrix;
using kernels::Matrix;
using kernels::Output;
using kernels::PaddedRows;

// The product of rows × depth and depth × cols, its matrices having `gap` rows more per column than
// they need.
struct Shape {
  size_t rows;
  size_t cols;
  size_t depth;
  size_t gap;
};

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << s.rows << " × " << s.cols << ", depth " << s.depth << ", gap " << s.gap;
}

using Sizes = std::vector<size_t>;

// All row counts around the tile heights with all column counts around the tile width, each with
// several depths and gaps; and depths around the block size with a few of each.
std::vector<Shape> Shapes() {
  const Sizes depths = {0, 1, 2, 3, 17, 64, 65};
  std::vector<Shape> shapes;
  for (const size_t rows : Sizes{1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 100, 128}) {
    for (const size_t cols : Sizes{1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 17}) {
      const size_t i = shapes.size();
      shapes.push_back({rows, cols, depths[i % depths.size()], i % 4 * kernels::kPadFloats});
    }
  }
  for (const size_t rows : Sizes{1, 33, 100}) {
    for (const size_t cols : Sizes{1, 5, 6, 13}) {
      for (const size_t depth : Sizes{1023, 1024, 1025, 2049})
        shapes.push_back({rows, cols, depth, 16});
    }
  }
  // Columns a page apart, and enough of them: panels of the left factor are packed.
  for (const size_t rows : Sizes{16, 33, 100}) {
    for (const size_t depth : Sizes{0, 1, 511, 512, 513, 1030}) {
      shapes.push_back({rows, 96 + depth % 13, depth, 1024});
    }
  }
  return shapes;
}

FloatMatrix Uniform(Random& random, size_t rows, size_t cols, size_t gap) {
  return FloatMatrix::Uniform(random, rows, cols, PaddedRows(rows) + gap);
}

FloatMatrix Unset(size_t rows, size_t cols, size_t gap) {
  return FloatMatrix::Unset(rows, cols, PaddedRows(rows) + gap);
}

// left · right, either of them given as a function of row and column.
template <class Left, class Right>
References Product(const Shape& s, const Left& left, const Right& right) {
  References result(s.rows, s.cols);
  for (size_t c = 0; c < s.cols; ++c) {
    for (size_t k = 0; k < s.depth; ++k) {
      for (size_t r = 0; r < s.rows; ++r) {
        result(r, c).Add(double{left(r, k)} * double{right(k, c)});
      }
    }
  }
  return result;
}

// One of the three products, with random arguments of a given shape, as all tests below see it.
// The right factor is read up to its last row only, so NaN lies behind it.
class Case {
 public:
  Case(const Shape& s, uint64_t seed) : shape(s), random(seed) {}
  virtual ~Case() = default;

  // Sets the columns from `first` on of the result, `z` having as many as are wanted.
  virtual void Run(size_t first, Matrix z) const = 0;
  // The same in double precision.
  virtual References Expected() const = 0;
  // The same by a scalar loop in the order that gemm.h promises.
  virtual float Sequential(size_t r, size_t c) const = 0;

  // All columns, into memory that was not set before, with a check of the bounds.
  FloatMatrix RunAll() const {
    FloatMatrix z = Unset(shape.rows, shape.cols, shape.gap);
    Run(0, z);
    EXPECT_TRUE(StaysInBounds(z));
    return z;
  }

  const Shape shape;

 protected:
  Random random;
};

// One step of a sum, as the current target takes it.
float MultiplyAdd(float a, float b, float sum) {
  return kernels::CurrentTargetHasFma() ? std::fma(a, b, sum) : sum + a * b;
}

float Relu(float x) { return x < 0 ? 0 : x; }

template <Activation kActivation>
class ForwardCase : public Case {
 public:
  ForwardCase(const Shape& s, uint64_t seed) : Case(s, seed) {
    a_.FillPadding(std::numeric_limits<float>::quiet_NaN());
  }
  void Run(size_t first, Matrix z) const override {
    kernels::Forward(w_, a_.view().Columns(first, z.cols), bias_.data(), kActivation, z);
  }
  References Expected() const override {
    References expected = Product(shape, w_, a_);
    for (size_t c = 0; c < shape.cols; ++c) {
      for (size_t r = 0; r < shape.rows; ++r) {
        Reference& e = expected(r, c);
        e.Add(double{bias_(r, 0)});
        if (kActivation == Activation::kRelu) e.value = std::fmax(e.value, 0);
      }
    }
    return expected;
  }
  float Sequential(size_t r, size_t c) const override {
    float sum = bias_(r, 0);
    for (size_t k = 0; k < shape.depth; ++k) sum = MultiplyAdd(w_(r, k), a_(k, c), sum);
    return kActivation == Activation::kRelu ? Relu(sum) : sum;
  }

 private:
  FloatMatrix w_ = Uniform(random, shape.rows, shape.depth, shape.gap);
  FloatMatrix a_ = Uniform(random, shape.depth, shape.cols, shape.gap);
  FloatMatrix bias_ = Uniform(random, shape.rows, 1, 0);
};

template <Activation kActivation>
class InputGradientCase : public Case {
 public:
  InputGradientCase(const Shape& s, uint64_t seed) : Case(s, seed) {
    // A gate of ReLU outputs: many zeros, and one that is NaN, which must not let anything through.
    a_.Generate([&](size_t, size_t) { return Relu(random.Uniform(-1, 1)); });
    a_(0, 0) = std::numeric_limits<float>::quiet_NaN();
  }
  void Run(size_t first, Matrix da) const override {
    const ConstMatrix gate =
        kActivation == Activation::kIdentity ? ConstMatrix() : a_.view().Columns(first, da.cols);
    kernels::InputGradient(wt_, dz_.view().Columns(first, da.cols), kActivation, gate, da);
  }
  References Expected() const override {
    References expected = Product(shape, wt_, dz_);
    for (size_t c = 0; c < shape.cols; ++c) {
      for (size_t r = 0; r < shape.rows; ++r) {
        if (!Passes(r, c)) expected(r, c) = {};
      }
    }
    return expected;
  }
  float Sequential(size_t r, size_t c) const override {
    float sum = 0;
    for (size_t k = 0; k < shape.depth; ++k) sum = MultiplyAdd(wt_(r, k), dz_(k, c), sum);
    return Passes(r, c) ? sum : 0;
  }

 private:
  bool Passes(size_t r, size_t c) const {
    return kActivation == Activation::kIdentity || a_(r, c) > 0;
  }

  FloatMatrix wt_ = Uniform(random, shape.rows, shape.depth, shape.gap);
  FloatMatrix dz_ = Uniform(random, shape.depth, shape.cols, shape.gap);
  FloatMatrix a_ = Uniform(random, shape.rows, shape.cols, shape.gap);
};

template <Output kOutput>
class WeightGradientCase : public Case {
 public:
  WeightGradientCase(const Shape& s, uint64_t seed) : Case(s, seed) {
    a_.FillPadding(std::numeric_limits<float>::quiet_NaN());
  }
  // Columns of the result are rows of `a`, so `first` makes it start at any float.
  void Run(size_t first, Matrix dw) const override {
    if (kOutput == Output::kAccumulate) CopyInitial(first, dw);
    const ConstMatrix rows{a_.data() + first, dw.cols, a_.cols(), a_.stride()};
    kernels::WeightGradient(dz_, rows, kOutput, dw);
  }
  References Expected() const override {
    References expected = Product(shape, dz_, [this](size_t k, size_t c) { return a_(c, k); });
    if (kOutput == Output::kAccumulate) {
      for (size_t c = 0; c < shape.cols; ++c) {
        for (size_t r = 0; r < shape.rows; ++r) {
          expected(r, c).Add(double{initial_(r, c)});
        }
      }
    }
    return expected;
  }
  float Sequential(size_t r, size_t c) const override {
    float sum = kOutput == Output::kAccumulate ? initial_(r, c) : 0;
    for (size_t k = 0; k < shape.depth; ++k) sum = MultiplyAdd(dz_(r, k), a_(c, k), sum);
    return sum;
  }

 private:
  void CopyInitial(size_t first, Matrix dw) const {
    for (size_t c = 0; c < dw.cols; ++c) {
      const float* from = initial_.view().Column(first + c);
      std::copy(from, from + PaddedRows(dw.rows), dw.Column(c));
    }
  }

  FloatMatrix dz_ = Uniform(random, shape.rows, shape.depth, shape.gap);
  FloatMatrix a_ = Uniform(random, shape.cols, shape.depth, shape.gap);
  FloatMatrix initial_ = Uniform(random, shape.rows, shape.cols, 0);
};

template <class T>
class Gemm : public testing::Test {
 protected:
  // Calls body(case) for each shape; the seed is the number of the shape.
  template <class Body>
  void ForEachCase(const std::vector<Shape>& shapes, const Body& body) {
    ASSERT_FALSE(shapes.empty());
    for (size_t i = 0; i < shapes.size() && !this->HasFatalFailure(); ++i) {
      std::ostringstream trace;
      trace << shapes[i] << ", seed " << i;
      SCOPED_TRACE(trace.str());
      body(T(shapes[i], i));
    }
  }
};

struct CaseName {
  template <class T>
  static std::string GetName(int i) {
    return std::vector<std::string>{
        "Forward",           "ForwardRelu",    "InputGradient",
        "InputGradientRelu", "WeightGradient", "WeightGradientAccumulate"}[static_cast<size_t>(i)];
  }
};

using Cases =
    testing::Types<ForwardCase<Activation::kIdentity>, ForwardCase<Activation::kRelu>,
                   InputGradientCase<Activation::kIdentity>, InputGradientCase<Activation::kRelu>,
                   WeightGradientCase<Output::kOverwrite>, WeightGradientCase<Output::kAccumulate>>;
TYPED_TEST_SUITE(Gemm, Cases, CaseName);

TYPED_TEST(Gemm, IsNearTheProductInDoublePrecision) {
  this->ForEachCase(Shapes(), [](const Case& test) {
    const References expected = test.Expected();
    ForEachTarget([&] { EXPECT_TRUE(IsNear(expected, test.RunAll(), test.shape.depth + 1)); });
  });
}

TYPED_TEST(Gemm, HasTheSameBitsOnEveryTargetWithFma) {
  this->ForEachCase(Shapes(), [](const Case& test) {
    SameBitsWithFma same_bits;
    ForEachTarget([&] { EXPECT_TRUE(same_bits(test.RunAll())); });
  });
}

TYPED_TEST(Gemm, AddsInTheOrderOfTheContractionIndex) {
  const std::vector<Shape> shapes = {{17, 7, 0, 0}, {100, 13, 65, 0}, {33, 7, 1025, 16}};
  this->ForEachCase(shapes, [](const Case& test) {
    ForEachTarget([&] {
      FloatMatrix expected(test.shape.rows, test.shape.cols);
      expected.Generate([&](size_t r, size_t c) { return test.Sequential(r, c); });
      EXPECT_TRUE(SameBits(expected.view(), test.RunAll().view()));
    });
  });
}

TYPED_TEST(Gemm, HasTheSameBitsHoweverItsColumnsAreSplit) {
  const std::vector<Shape> shapes = {{17, 13, 65, 16}, {100, 19, 3, 0}, {48, 13, 1025, 0}};
  this->ForEachCase(shapes, [](const Case& test) {
    ForEachTarget([&] {
      const FloatMatrix whole = test.RunAll();
      for (size_t width = 1; width < test.shape.cols; ++width) {
        SCOPED_TRACE("width " + std::to_string(width));
        FloatMatrix parts = Unset(test.shape.rows, test.shape.cols, test.shape.gap);
        for (size_t first = 0; first < test.shape.cols; first += width) {
          const size_t count = std::min(width, test.shape.cols - first);
          test.Run(first, parts.view().Columns(first, count));
        }
        EXPECT_TRUE(StaysInBounds(parts));
        EXPECT_TRUE(SameBits(whole.view(), parts.view()));
      }
    });
  });
}

// Small integers, with which every sum below is exact.
FloatMatrix Integers(Random& random, size_t rows, size_t cols) {
  FloatMatrix matrix(rows, cols, PaddedRows(rows) + kernels::kPadFloats);
  matrix.Generate([&](size_t, size_t) { return static_cast<float>(random.Below(17)) - 8; });
  return matrix;
}

// Whether product = left · right exactly, all being integers. C · t = A · (B · t) for a vector t
// tells in quadratic time.
template <class Right>
testing::AssertionResult IsExactProduct(const FloatMatrix& left, const Right& right,
                                        const FloatMatrix& product) {
  Random random(7);
  const FloatMatrix t = Integers(random, product.cols(), 1);
  std::vector<double> right_t(left.cols()), expected(left.rows()), actual(left.rows());
  for (size_t k = 0; k < left.cols(); ++k) {
    for (size_t c = 0; c < product.cols(); ++c) right_t[k] += double{right(k, c)} * double{t(c, 0)};
  }
  for (size_t r = 0; r < left.rows(); ++r) {
    for (size_t k = 0; k < left.cols(); ++k) expected[r] += double{left(r, k)} * right_t[k];
    for (size_t c = 0; c < product.cols(); ++c) {
      actual[r] += double{product(r, c)} * double{t(c, 0)};
    }
    if (!(actual[r] == expected[r])) {
      return testing::AssertionFailure()
             << "row " << r << " times t is " << actual[r] << " instead of " << expected[r];
    }
  }
  return testing::AssertionSuccess();
}

TEST(LargeGemm, IsExactForIntegers) {
  constexpr size_t kRows = 500;
  constexpr size_t kCols = 101;
  constexpr size_t kDepth = 2100;
  Random random(1);
  const FloatMatrix left = Integers(random, kRows, kDepth);
  const FloatMatrix right = Integers(random, kDepth, kCols);
  FloatMatrix right_transposed(kCols, kDepth);
  kernels::Transpose(right, right_transposed);
  const FloatMatrix zeros = FloatMatrix::Uniform(random, kRows, 1, 0, 0, 0);
  ForEachTarget([&] {
    FloatMatrix product = FloatMatrix::Unset(kRows, kCols);
    kernels::Forward(left, right, zeros.data(), Activation::kIdentity, product);
    EXPECT_TRUE(IsExactProduct(left, right, product));
    product = FloatMatrix::Unset(kRows, kCols);
    kernels::InputGradient(left, right, Activation::kIdentity, {}, product);
    EXPECT_TRUE(IsExactProduct(left, right, product));
    product = FloatMatrix::Unset(kRows, kCols);
    kernels::WeightGradient(left, right_transposed, Output::kOverwrite, product);
    EXPECT_TRUE(IsExactProduct(left, right, product));
  });
}

TEST(Forward, WithoutColumnsTouchesNothing) {
  ForEachTarget([] {
    Random random(1);
    const FloatMatrix w = FloatMatrix::Uniform(random, 20, 3);
    const FloatMatrix a(3, 0);
    const FloatMatrix bias = FloatMatrix::Uniform(random, 20, 1);
    FloatMatrix z(20, 0);
    kernels::Forward(w, a, bias.data(), Activation::kRelu, z);
    EXPECT_TRUE(z.CheckGuards());
  });
}

TEST(Forward, KeepsNanInItsColumn) {
  ForEachTarget([] {
    Random random(1);
    const FloatMatrix w = FloatMatrix::Uniform(random, 20, 9);
    const FloatMatrix bias = FloatMatrix::Uniform(random, 20, 1);
    FloatMatrix a = FloatMatrix::Uniform(random, 9, 14);
    a(8, 5) = std::numeric_limits<float>::quiet_NaN();
    FloatMatrix z = FloatMatrix::Unset(20, 14);
    kernels::Forward(w, a, bias.data(), Activation::kRelu, z);
    for (size_t c = 0; c < 14; ++c) {
      for (size_t r = 0; r < 20; ++r) EXPECT_EQ(std::isnan(z(r, c)), c == 5) << r << ", " << c;
    }
  });
}

TEST(WeightGradient, HasTheSameBitsHoweverTheBatchIsSplit) {
  constexpr size_t kOutputs = 33;
  constexpr size_t kInputs = 13;
  constexpr size_t kBatch = 70;
  Random random(1);
  const FloatMatrix dz = FloatMatrix::Uniform(random, kOutputs, kBatch);
  const FloatMatrix a = FloatMatrix::Uniform(random, kInputs, kBatch);
  ForEachTarget([&] {
    FloatMatrix whole = FloatMatrix::Unset(kOutputs, kInputs);
    kernels::WeightGradient(dz, a, Output::kOverwrite, whole);
    for (size_t split = 0; split <= kBatch; ++split) {
      SCOPED_TRACE("split " + std::to_string(split));
      FloatMatrix parts = FloatMatrix::Unset(kOutputs, kInputs);
      kernels::WeightGradient(dz.view().Columns(0, split), a.view().Columns(0, split),
                              Output::kOverwrite, parts);
      kernels::WeightGradient(dz.view().Columns(split, kBatch - split),
                              a.view().Columns(split, kBatch - split), Output::kAccumulate, parts);
      EXPECT_TRUE(StaysInBounds(parts));
      EXPECT_TRUE(SameBits(whole.view(), parts.view()));
    }
  });
}

// db by a scalar loop in column order, from `initial` on.
FloatMatrix RowSums(const FloatMatrix& dz, const FloatMatrix& initial) {
  FloatMatrix sums = initial.Clone();
  for (size_t c = 0; c < dz.cols(); ++c) {
    for (size_t r = 0; r < dz.rows(); ++r) sums(r, 0) += dz(r, c);
  }
  return sums;
}

TEST(BiasGradient, AddsInColumnOrderOnEveryTarget) {
  for (const Shape& s : Shapes()) {
    std::ostringstream trace;
    trace << s << ", seed " << s.rows;
    SCOPED_TRACE(trace.str());
    Random random(s.rows);
    const FloatMatrix dz = Uniform(random, s.rows, s.depth, s.gap);
    const FloatMatrix initial = FloatMatrix::Uniform(random, s.rows, 1);
    const FloatMatrix zeros = FloatMatrix::Uniform(random, s.rows, 1, 0, 0, 0);
    ForEachTarget([&] {
      FloatMatrix db = FloatMatrix::Unset(s.rows, 1);
      kernels::BiasGradient(dz, Output::kOverwrite, db.data());
      EXPECT_TRUE(StaysInBounds(db));
      EXPECT_TRUE(SameBits(RowSums(dz, zeros).view(), db.view()));

      db = initial.Clone();
      kernels::BiasGradient(dz, Output::kAccumulate, db.data());
      EXPECT_TRUE(StaysInBounds(db));
      EXPECT_TRUE(SameBits(RowSums(dz, initial).view(), db.view()));
    });
  }
}

TEST(BiasGradient, IsNearTheSumInDoublePrecision) {
  Random random(1);
  const FloatMatrix dz = FloatMatrix::Uniform(random, 100, 1025);
  References expected(100, 1);
  for (size_t c = 0; c < dz.cols(); ++c) {
    for (size_t r = 0; r < dz.rows(); ++r) expected(r, 0).Add(double{dz(r, c)});
  }
  ForEachTarget([&] {
    FloatMatrix db = FloatMatrix::Unset(100, 1);
    kernels::BiasGradient(dz, Output::kOverwrite, db.data());
    EXPECT_TRUE(IsNear(expected, db, dz.cols()));
  });
}

TEST(BiasGradient, HasTheSameBitsHoweverTheBatchIsSplit) {
  Random random(1);
  const FloatMatrix dz = FloatMatrix::Uniform(random, 33, 20);
  ForEachTarget([&] {
    FloatMatrix whole = FloatMatrix::Unset(33, 1);
    kernels::BiasGradient(dz, Output::kOverwrite, whole.data());
    for (size_t split = 0; split <= 20; ++split) {
      FloatMatrix parts = FloatMatrix::Unset(33, 1);
      kernels::BiasGradient(dz.view().Columns(0, split), Output::kOverwrite, parts.data());
      kernels::BiasGradient(dz.view().Columns(split, 20 - split), Output::kAccumulate,
                            parts.data());
      EXPECT_TRUE(SameBits(whole.view(), parts.view())) << "split " << split;
    }
  });
}

TEST(Transpose, MovesEveryElement) {
  for (const Shape& s : Shapes()) {
    std::ostringstream trace;
    trace << s << ", seed " << s.cols;
    SCOPED_TRACE(trace.str());
    Random random(s.cols);
    const FloatMatrix from = Uniform(random, s.rows, s.depth, s.gap);
    FloatMatrix expected(s.depth, s.rows);
    expected.Generate([&](size_t r, size_t c) { return from(c, r); });
    FloatMatrix to = Unset(s.depth, s.rows, s.gap);
    kernels::Transpose(from, to);
    EXPECT_TRUE(StaysInBounds(to));
    EXPECT_TRUE(SameBits(expected.view(), to.view()));
  }
}

}  // namespace
}  // namespace colonnade::test
