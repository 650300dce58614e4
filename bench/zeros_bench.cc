// SPDX-License-Identifier: Apache-2.0
// The products that skip zeros beside those that do not.
#include <algorithm>
#include <string>

#include "bench/probes.h"
#include "bench/support.h"
#include "kernels/gemm.h"

namespace colonnade::bench {
namespace {

// A matrix of which `percent` in a hundred elements, anywhere, are not zero, and its bits.
struct SparseInputs {
  SparseInputs(size_t rows, size_t cols, size_t percent)
      : values(RandomMatrix(rows, cols, 3)),
        words(kernels::NonzeroWords(rows)),
        bits(AlignedBuffer<uint64_t>::Zeroed(words * cols)) {
    const OwnedMatrix choice = RandomMatrix(rows, cols, 4);  // uniform in [-1, 1)
    const float limit = static_cast<float>(percent) / 50.0f - 1.0f;
    for (size_t c = 0; c < cols; ++c) {
      for (size_t r = 0; r < rows; ++r) {
        float& value = values.view().Column(c)[r];
        if (choice.view().Column(c)[r] >= limit) value = 0;
        if (value != 0) bits[c * words + r / 64] |= uint64_t{1} << (r % 64);
      }
    }
  }

  kernels::ConstNonzeros nonzeros() const { return {bits.data(), words, values.cols(), words}; }

  OwnedMatrix values;
  size_t words;
  AlignedBuffer<uint64_t> bits;
};

bool SameValues(const OwnedMatrix& a, const OwnedMatrix& b) {
  const size_t count = a.view().stride * a.cols();
  return std::equal(a.view().data, a.view().data + count, b.view().data);
}

// The products that skip zeros and those that do not, at one density: what kSkipDensity of the
// training step rests on. FLOP count the zeros too.
void BenchZeros(benchmark::State& state, bool forward, bool skip, size_t percent) {
  constexpr size_t kOutputs = 128;
  constexpr size_t kBatch = 128;
  constexpr size_t kInputs = 784;
  const SparseInputs a(kInputs, kBatch, percent);
  const OwnedMatrix left = RandomMatrix(kOutputs, forward ? kInputs : kBatch, 1);
  const OwnedMatrix bias(kOutputs, 1);
  OwnedMatrix dense(kOutputs, forward ? kBatch : kInputs);
  OwnedMatrix skipping(kOutputs, forward ? kBatch : kInputs);
  const kernels::ConstMatrix inputs = a.values.view();
  const auto run_dense = [&] {
    if (forward) {
      kernels::Forward(left.view(), inputs, bias.view().data, kernels::Activation::kIdentity,
                       dense.view());
    } else {
      kernels::WeightGradient(left.view(), inputs, kernels::Output::kOverwrite, dense.view());
    }
  };
  const auto run_skipping = [&] {
    if (forward) {
      kernels::ForwardSkippingZeros(left.view(), inputs, a.nonzeros(), bias.view().data,
                                    kernels::Activation::kIdentity, skipping.view());
    } else {
      kernels::WeightGradientSkippingZeros(left.view(), inputs, a.nonzeros(), 0,
                                           kernels::Output::kOverwrite, skipping.view());
    }
  };
  run_dense();
  run_skipping();
  if (!Verify(state, SameValues(dense, skipping), "skipping differs from dense")) return;
  Execution execution(1);
  const double peak = PeakFlops(execution, Arithmetic::kF32);
  const double seconds = skip ? TimeLoop(state, 1, run_skipping) : TimeLoop(state, 1, run_dense);
  SetFlops(state, 2.0 * kOutputs * kBatch * kInputs, seconds, peak);
}

}  // namespace

void RegisterZeros() {
  for (const bool forward : {true, false}) {
    for (const size_t percent : {5u, 20u, 30u, 40u, 60u, 100u}) {
      for (const bool skip : {true, false}) {
        const std::string name = std::string("zeros/") + (forward ? "forward" : "weight_gradient") +
                                 "/nonzero:" + std::to_string(percent) + "%/" +
                                 (skip ? "skip" : "multiply");
        RegisterForTargets(
            name, [=](benchmark::State& state) { BenchZeros(state, forward, skip, percent); });
      }
    }
  }
}

}  // namespace colonnade::bench
