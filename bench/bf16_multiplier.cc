// SPDX-License-Identifier: Apache-2.0
// This project's products of bf16 factors.
#include <algorithm>
#include <bit>
#include <memory>

#include "bench/multipliers.h"
#include "engine/model/bf16_matrices.h"
#include "kernels/targets.h"

namespace colonnade::bench {
namespace {

// The factors of a problem in the layouts that they have in training, and room for a result.
struct Bf16Problem {
  explicit Bf16Problem(GemmProblem& p)
      : problem(p),
        left(p.left.rows(), p.left.cols()),
        right(p.right.rows(), p.right.cols()),
        rounded(p.result.rows(), p.result.cols()),
        bias(p.result.rows(), 1) {
    kernels::RoundToBf16Pairs(p.left.view(), left.view());
    kernels::RoundToBf16(p.right.view(), right.Columns(0, p.right.cols()));
  }

  // Activations of a hidden layer and their gradients are rounded, weight gradients are not.
  void Multiply(size_t first, size_t count) {
    constexpr auto kIdentity = kernels::Activation::kIdentity;
    switch (problem.shape.form) {
      case Form::kForward:
        kernels::Bf16Forward(left.view(), right.Columns(first, count).columns, 1, bias.view().data,
                             kIdentity, rounded.Columns(first, count));
        break;
      case Form::kInputGradient:
        kernels::Bf16InputGradient(left.view(), right.Columns(first, count).columns, kIdentity, {},
                                   rounded.Columns(first, count));
        break;
      case Form::kWeightGradient:
        kernels::Bf16WeightGradient(
            left.view(), right.Columns(0, problem.depth()).pairs.Rows(first, count), 1,
            kernels::Output::kOverwrite, problem.result.view().Columns(first, count));
        break;
    }
  }

  void Store() {
    const kernels::Bf16Columns columns = rounded.Columns(0, problem.result.cols()).columns;
    for (size_t c = 0; c < problem.result.cols(); ++c) {
      std::transform(
          columns.Column(c), columns.Column(c) + columns.rows, problem.result.view().Column(c),
          [](uint16_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); });
    }
  }

  GemmProblem& problem;
  OwnedPairs left;
  OwnedBf16 right;
  OwnedBf16 rounded;
  OwnedMatrix bias;
};

std::vector<Product> Ways(GemmProblem& p, Execution& execution) {
  const auto bf16 = std::make_shared<Bf16Problem>(p);
  const size_t columns = p.result.cols();
  const size_t block = ColumnsPerTask(columns, execution.threads());
  const bool rounded = p.shape.form != Form::kWeightGradient;
  return {{"",
           [=, &execution] {
             execution.ForEach((columns + block - 1) / block, [&](size_t task, size_t) {
               const size_t first = task * block;
               bf16->Multiply(first, std::min(block, columns - first));
             });
           },
           rounded ? std::function<void()>([bf16] { bf16->Store(); }) : std::function<void()>(),
           rounded}};
}

}  // namespace

Multiplier ColonnadeBf16() {
  return {"bf16", kernels::Bf16IsNative() ? kernels::CurrentTarget() : "", Arithmetic::kBf16Dot,
          Ways};
}

}  // namespace colonnade::bench
