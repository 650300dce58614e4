// SPDX-License-Identifier: Apache-2.0
#include "bench/multipliers.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/support.h"
#include "kernels/gemm.h"
#include "kernels/targets.h"

namespace colonnade::bench {

size_t ColumnsPerTask(size_t columns, size_t threads) {
  return kernels::RoundUp((columns + threads - 1) / threads, 6);
}

namespace {

void MultiplyColumns(GemmProblem& p, const float* bias, size_t first, size_t count) {
  const kernels::ConstMatrix left = p.left.view();
  const kernels::ConstMatrix right = p.right.view();
  const kernels::Matrix result = p.result.view().Columns(first, count);
  constexpr auto kIdentity = kernels::Activation::kIdentity;
  switch (p.shape.form) {
    case Form::kForward:
      kernels::Forward(left, right.Columns(first, count), bias, kIdentity, result);
      break;
    case Form::kInputGradient:
      kernels::InputGradient(left, right.Columns(first, count), kIdentity, {}, result);
      break;
    case Form::kWeightGradient:
      kernels::WeightGradient(left, {right.data + first, count, right.cols, right.stride},
                              kernels::Output::kOverwrite, result);
      break;
  }
}

std::vector<Product> ColonnadeWays(GemmProblem& p, Execution& execution) {
  const auto bias = std::make_shared<OwnedMatrix>(p.shape.outputs, 1);
  const size_t columns = p.result.cols();
  const size_t block = ColumnsPerTask(columns, execution.threads());
  return {{"",
           [=, &p, &execution] {
             execution.ForEach((columns + block - 1) / block, [&](size_t task, size_t) {
               const size_t first = task * block;
               MultiplyColumns(p, bias->view().data, first, std::min(block, columns - first));
             });
           },
           {}}};
}

// The least seconds per call of a few short trials.
double LeastSeconds(const Product& product, size_t threads) {
  double least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < 5; ++trial) {
    const Stopwatch watch(threads);
    int calls = 0;
    double seconds = 0;
    do {
      product.run();
      ++calls;
      seconds = watch.Seconds();
    } while (seconds < 0.5e-3);
    least = std::min(least, seconds / calls);
  }
  return least;
}

}  // namespace

Multiplier Colonnade() {
  return {"colonnade", kernels::CurrentTarget(), Arithmetic::kF32, ColonnadeWays};
}

Product FastestWay(const Multiplier& multiplier, GemmProblem& problem, Execution& execution) {
  std::vector<Product> ways = multiplier.ways(problem, execution);
  for (const Product& way : ways) {
    way.run();
    if (way.store) way.store();
    if (!problem.SampleIsRight(way.rounded)) {
      throw std::runtime_error("wrong result: " + multiplier.name + " " + way.way);
    }
  }
  if (ways.size() == 1) return ways[0];
  std::vector<double> seconds(ways.size());
  std::transform(ways.begin(), ways.end(), seconds.begin(),
                 [&](const Product& way) { return LeastSeconds(way, execution.threads()); });
  const auto fastest = std::min_element(seconds.begin(), seconds.end()) - seconds.begin();
  return ways[static_cast<size_t>(fastest)];
}

void Settle(const Execution& execution) {
  // OpenBLAS spins for 2^26 cycles.
  if (execution.threads() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(40));
}

}  // namespace colonnade::bench
