// SPDX-License-Identifier: Apache-2.0
// Kernels that are limited by memory: activations, loss, updates, conversion.
#include <cmath>
#include <numeric>
#include <vector>

#include "bench/probes.h"
#include "bench/support.h"
#include "kernels/activation.h"
#include "kernels/convert.h"
#include "kernels/optimizer.h"
#include "kernels/softmax.h"

namespace colonnade::bench {
namespace {

constexpr size_t kUnits = 1024;
constexpr size_t kBatch = 256;
constexpr double kMatrixBytes = static_cast<double>(kUnits * kBatch * sizeof(float));

void BenchRelu(benchmark::State& state) {
  const OwnedMatrix z = RandomMatrix(kUnits, kBatch, 1);
  OwnedMatrix a(kUnits, kBatch);
  kernels::Relu(z.view(), a.view());
  for (size_t r = 0; r < kUnits; ++r) {
    const float x = z.view().Column(5)[r];
    if (!Verify(state, a.view().Column(5)[r] == (x > 0 ? x : 0), "relu")) return;
  }
  TimeMemoryBound(state, 2 * kMatrixBytes, 2 * kMatrixBytes,
                  [&] { kernels::Relu(z.view(), a.view()); });
}

void BenchReluGradient(benchmark::State& state) {
  const OwnedMatrix a = RandomMatrix(kUnits, kBatch, 1);
  const OwnedMatrix da = RandomMatrix(kUnits, kBatch, 2);
  OwnedMatrix dz(kUnits, kBatch);
  kernels::ReluGradient(a.view(), da.view(), dz.view());
  for (size_t r = 0; r < kUnits; ++r) {
    const float expected = a.view().Column(5)[r] > 0 ? da.view().Column(5)[r] : 0;
    if (!Verify(state, dz.view().Column(5)[r] == expected, "relu gradient")) return;
  }
  TimeMemoryBound(state, 3 * kMatrixBytes, 3 * kMatrixBytes,
                  [&] { kernels::ReluGradient(a.view(), da.view(), dz.view()); });
}

// Logits are restored by the benchmark itself from one column that stays in L1.
void BenchSoftmax(benchmark::State& state, size_t classes) {
  constexpr size_t kColumns = 128;
  const OwnedMatrix logits = RandomMatrix(classes, kColumns, 1);
  OwnedMatrix z(classes, kColumns);
  std::vector<uint32_t> labels(kColumns);
  for (size_t c = 0; c < kColumns; ++c) labels[c] = static_cast<uint32_t>(c % classes);
  std::vector<float> losses(kColumns);
  const auto run = [&] {
    std::copy_n(logits.view().data, logits.view().stride * kColumns, z.view().data);
    benchmark::DoNotOptimize(
        kernels::SoftmaxCrossEntropy(z.view(), labels.data(), 1, losses.data()));
  };
  run();
  for (size_t c = 0; c < kColumns; ++c) {
    double sum = 0;
    for (size_t k = 0; k < classes; ++k) {
      sum += std::exp(static_cast<double>(logits.view().Column(c)[k]));
    }
    const double expected = std::log(sum) - static_cast<double>(logits.view().Column(c)[labels[c]]);
    if (!Verify(state, std::abs(static_cast<double>(losses[c]) - expected) < 1e-5, "loss")) return;
  }
  for (auto _ : state) run();
  SetRate(state, "examples/s", kColumns);
}

void BenchMomentum(benchmark::State& state) {
  OwnedMatrix w = RandomMatrix(kUnits, kBatch, 1);
  const OwnedMatrix gradient = RandomMatrix(kUnits, kBatch, 2);
  OwnedMatrix velocity(kUnits, kBatch);
  const float before = w.view().Column(3)[4];
  kernels::MomentumUpdate(w.view(), gradient.view(), velocity.view(),
                          {.rate = 0.1f, .momentum = 0.9f});
  const float expected = before - 0.1f * gradient.view().Column(3)[4];
  if (!Verify(state, std::abs(w.view().Column(3)[4] - expected) < 1e-6f, "momentum")) return;
  TimeMemoryBound(state, 5 * kMatrixBytes, 3 * kMatrixBytes, [&] {
    kernels::MomentumUpdate(w.view(), gradient.view(), velocity.view(),
                            {.rate = 1e-6f, .momentum = 0.9f});
  });
}

void BenchGather(benchmark::State& state) {
  constexpr size_t kFeatures = 784;
  constexpr size_t kExamples = 4096;
  const size_t stride = ColumnStride(kFeatures, 1);
  auto bytes = AlignedBuffer<uint8_t>::Zeroed(stride * kExamples);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 % 256);
  const kernels::View<const uint8_t> from{bytes.data(), kFeatures, kExamples, stride};
  std::vector<uint32_t> indices(kBatch);
  for (size_t c = 0; c < kBatch; ++c) indices[c] = static_cast<uint32_t>(c * 1597 % kExamples);
  const OwnedMatrix offset(kFeatures, 1);
  OwnedMatrix scale(kFeatures, 1);
  std::fill_n(scale.view().data, kFeatures, 1 / 255.0f);
  OwnedMatrix to(kFeatures, kBatch);
  const auto run = [&] {
    kernels::Gather(from, indices.data(), offset.view().data, scale.view().data, to.view(), {});
  };
  run();
  for (size_t r = 0; r < kFeatures; ++r) {
    const float expected = static_cast<float>(from.Column(indices[9])[r]) * (1 / 255.0f);
    if (!Verify(state, to.view().Column(9)[r] == expected, "gather")) return;
  }
  constexpr auto kMoved = static_cast<double>(kFeatures * kBatch * (1 + sizeof(float)));
  TimeMemoryBound(state, kMoved, kMoved, run);
}

}  // namespace

void RegisterElementwise() {
  RegisterForTargets("relu/1024x256", BenchRelu);
  RegisterForTargets("relu_gradient/1024x256", BenchReluGradient);
  for (const size_t classes : {10u, 1000u}) {
    RegisterForTargets("softmax_cross_entropy/" + std::to_string(classes) + "x128",
                       [classes](benchmark::State& state) { BenchSoftmax(state, classes); });
  }
  RegisterForTargets("momentum_update/1024x256", BenchMomentum);
  RegisterForTargets("gather_u8/784x256", BenchGather);
}

}  // namespace colonnade::bench
