// SPDX-License-Identifier: Apache-2.0
// The nonzeros of a dataset, kept once, beside batches that are gathered: what kMaxSparseOutputs of
// the training step rests on.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "bench/support.h"
#include "engine/data/scaling.h"
#include "engine/data/sparse_examples.h"
#include "kernels/gemm.h"
#include "kernels/sparse.h"
#include "tools/synthetic_digits.h"

namespace colonnade::bench {
namespace {

constexpr size_t kExamples = 8192;
constexpr size_t kTile = 2048;
constexpr size_t kChunk = 1024;  // of the batches that are gathered
constexpr size_t kInputs = 784;

// Digits in all forms, and what a first layer of so many outputs needs and gives.
struct Layer {
  explicit Layer(size_t outputs)
      : digits(tools::MakeDigits(kExamples, 1)),
        data(Dataset::FromMemory(std::span<const uint8_t>(digits.pixels),
                                 std::vector<uint32_t>(kExamples), {.features = kInputs})),
        scaling(FitScaling(Scale::kUnit, data)),
        reader(data, scaling),
        execution(1),
        sparse(data, scaling.scale.front(), kTile, execution),
        indices(kExamples),
        gathered(kInputs, kChunk),
        words(kernels::NonzeroWords(kInputs)),
        bits(words * kChunk),
        weight(RandomMatrix(outputs, kInputs, 1)),
        bias(RandomMatrix(outputs, 1, 2)),
        z(outputs, kExamples),
        dz(RandomMatrix(outputs, kExamples, 3)),
        dw(outputs, kInputs) {
    std::iota(indices.begin(), indices.end(), 0U);
    for (const uint8_t pixel : digits.pixels) nonzeros += pixel != 0 ? 1 : 0;
  }

  kernels::Nonzeros chunk_bits() { return {bits.data(), words, kChunk, words}; }

  void Gather(size_t first) { reader.Read(&indices[first], gathered.view(), chunk_bits()); }

  void ForwardGathered() {
    for (size_t first = 0; first < kExamples; first += kChunk) {
      Gather(first);
      kernels::ForwardSkippingZeros(weight.view(), gathered.view(), chunk_bits(), bias.view().data,
                                    kernels::Activation::kRelu, z.view().Columns(first, kChunk));
    }
  }

  void ForwardSparse() {
    for (size_t first = 0; first < kExamples; first += kTile) {
      kernels::ForwardSparse(weight.view(), sparse.Examples(first / kTile), bias.view().data,
                             kernels::Activation::kRelu, z.view().Columns(first, kTile));
    }
  }

  // As often as there are chunks, on the chunk that was gathered last.
  void GradientGathered() {
    for (size_t first = 0; first < kExamples; first += kChunk) {
      kernels::WeightGradientSkippingZeros(
          dz.view().Columns(first, kChunk), gathered.view(), chunk_bits(), 0,
          first == 0 ? kernels::Output::kOverwrite : kernels::Output::kAccumulate, dw.view());
    }
  }

  void GradientSparse() {
    constexpr size_t kBlock = SparseExamples::kBlockFeatures;
    for (size_t block = 0; block < kInputs; block += kBlock) {
      for (size_t first = 0; first < kExamples; first += kTile) {
        kernels::WeightGradientSparse(
            dz.view().Columns(first, kTile), sparse.Features(first / kTile, block / kBlock),
            first == 0 ? kernels::Output::kOverwrite : kernels::Output::kAccumulate,
            dw.view().Columns(block, std::min(kBlock, kInputs - block)));
      }
    }
  }

  tools::Digits digits;
  Dataset data;
  Scaling scaling;
  BatchReader reader;
  Execution execution;
  SparseExamples sparse;
  std::vector<uint32_t> indices;
  OwnedMatrix gathered;
  size_t words;
  std::vector<uint64_t> bits;
  OwnedMatrix weight, bias, z, dz, dw;
  size_t nonzeros = 0;
};

bool SameValues(kernels::ConstMatrix a, kernels::ConstMatrix b) {
  return std::equal(a.data, a.data + a.stride * a.cols, b.data);
}

bool Right(benchmark::State& state, Layer& layer) {
  layer.ForwardSparse();
  OwnedMatrix z(layer.z.rows(), kExamples);
  std::swap(z, layer.z);
  layer.ForwardGathered();
  return Verify(state, SameValues(z.view(), layer.z.view()), "sparse differs from gathered");
}

void BenchSparse(benchmark::State& state, void (Layer::*run)(), size_t outputs) {
  Layer layer(outputs);
  if (!Right(state, layer)) return;
  const double seconds = TimeLoop(state, 1, [&] { (layer.*run)(); });
  state.counters["ns/nonzero"] = seconds / static_cast<double>(layer.nonzeros) * 1e9;
}

void BenchPreparation(benchmark::State& state, Execution& execution) {
  const Layer layer(1);
  const double seconds = TimeLoop(state, execution.threads(), [&] {
    const SparseExamples sparse(layer.data, layer.scaling.scale.front(), kTile, execution);
    benchmark::DoNotOptimize(sparse.tile());
  });
  state.counters["ns/nonzero"] = seconds / static_cast<double>(layer.nonzeros) * 1e9;
}

}  // namespace

void RegisterSparse() {
  const struct {
    const char* name;
    void (Layer::*run)();
  } runs[] = {{"sparse/forward/kept", &Layer::ForwardSparse},
              {"sparse/forward/gathered", &Layer::ForwardGathered},
              {"sparse/weight_gradient/kept", &Layer::GradientSparse},
              {"sparse/weight_gradient/gathered", &Layer::GradientGathered}};
  for (const auto& [name, run] : runs) {
    for (const size_t outputs : {10u, 16u, 32u, 64u, 128u}) {
      RegisterForTargets(
          std::string(name) + "/outputs:" + std::to_string(outputs),
          [run, outputs](benchmark::State& state) { BenchSparse(state, run, outputs); });
    }
  }
  for (const int threads : ThreadCounts()) {
    RegisterWithThreads("sparse/preparation", threads, BenchPreparation);
  }
}

}  // namespace colonnade::bench
