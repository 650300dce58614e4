// SPDX-License-Identifier: Apache-2.0
// Matrix products to measure, whoever computes them.
#ifndef COLONNADE_BENCH_GEMM_PROBLEM_H_
#define COLONNADE_BENCH_GEMM_PROBLEM_H_

#include <string>
#include <vector>

#include "engine/runtime/aligned.h"

namespace colonnade::bench {

enum class Form { kForward, kInputGradient, kWeightGradient };  // as in kernels/gemm.h

struct Shape {
  Form form;
  size_t outputs, batch, inputs;

  std::string Name() const;  // "forward/128x128x784"
  double Flops() const { return 2.0 * static_cast<double>(outputs * batch * inputs); }
};

// The shapes of gemm_shapes.txt. Throws std::runtime_error where it has none, or a bad line.
std::vector<Shape> ReadShapes();

// result = left · right, or left · rightᵀ, column-major, of random numbers that bf16 holds exactly.
struct GemmProblem {
  explicit GemmProblem(const Shape& s);

  size_t depth() const { return left.cols(); }

  // Whether `result` is right, for a sample of elements that has the corners: within the rounding
  // of f32, in any order of addition, and where `rounded` of the result to bf16.
  bool SampleIsRight(bool rounded) const;

  Shape shape;
  OwnedMatrix left;
  OwnedMatrix right;
  bool right_is_transposed;
  OwnedMatrix result;  // NaN at first
};

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_GEMM_PROBLEM_H_
