// SPDX-License-Identifier: Apache-2.0
// Prediction: how long one example takes, and how many a second a large batch gives.
#include <algorithm>
#include <string>
#include <vector>

#include "bench/probes.h"
#include "bench/support.h"
#include "colonnade/model.h"
#include "engine/runtime/random.h"
#include "tools/synthetic_digits.h"

namespace colonnade::bench {
namespace {

constexpr size_t kFeatures = 784;
constexpr size_t kClasses = 10;

// What the examples are: images, of which four values in five are zero, or bytes of which none is.
enum class Input { kDigits, kDense };
const char* Name(Input input) { return input == Input::kDigits ? "digits" : "dense"; }

std::vector<uint8_t> MakeExamples(Input input, size_t count) {
  std::vector<uint8_t> values = tools::MakeDigits(count, 1).pixels;
  if (input == Input::kDense) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(1 + i * 7 % 255);
  }
  return values;
}

// Random weights. Without ReLU for dense examples, so that no value on the way is zero either.
Model MakeModel(const std::vector<size_t>& hidden, Input input) {
  const NetworkShape shape =
      NetworkShape::Mlp(kFeatures, hidden, kClasses,
                        input == Input::kDense ? Activation::kIdentity : Activation::kRelu);
  std::vector<LayerParameters> parameters;
  for (const Layer& layer : shape.layers) {
    LayerParameters& to = parameters.emplace_back();
    to.weight.resize(layer.inputs * layer.outputs);
    to.bias.resize(layer.outputs);
    const auto seed = static_cast<uint32_t>(parameters.size());
    Random(seed, RandomStream::kWeights, 0).Uniform(to.weight, -0.1f, 0.1f);
    Random(seed, RandomStream::kWeights, 1).Uniform(to.bias, -0.1f, 0.1f);
  }
  Schema schema;
  schema.features = kFeatures;
  for (size_t k = 0; k < kClasses; ++k) schema.classes.push_back(std::to_string(k));
  const Scaling scaling{Scale::kUnit, std::vector<float>(kFeatures),
                        std::vector<float>(kFeatures, 1.0f / 255)};
  return Model(shape, parameters, scaling, schema);
}

Dataset MakeDataset(const std::vector<uint8_t>& examples, const Model& model) {
  const std::vector<uint32_t> labels(examples.size() / kFeatures);
  return Dataset::FromMemory(std::span<const uint8_t>(examples), labels, model.schema());
}

// Bytes of the weights, and of those of them that an example takes: in the first layer, only those
// of its nonzeros.
struct WeightBytes {
  WeightBytes(const NetworkShape& shape, const std::vector<uint8_t>& examples) {
    const auto nonzeros = examples.size() - static_cast<size_t>(std::ranges::count(examples, 0));
    for (const Layer& layer : shape.layers) {
      const auto column = static_cast<double>(kernels::PaddedRows(layer.outputs) * sizeof(float));
      const double bytes = column * static_cast<double>(layer.inputs);
      const double used = static_cast<double>(nonzeros) / static_cast<double>(examples.size());
      all += bytes;
      taken += &layer == shape.layers.data() ? bytes * used : bytes;
    }
  }

  double all = 0;
  double taken = 0;
};

// One example after the other, each call starting when the last has its result.
void BenchLatency(benchmark::State& state, const std::vector<size_t>& hidden, Input input) {
  constexpr size_t kExamples = 16;
  const Model model = MakeModel(hidden, input);
  const std::vector<uint8_t> bytes = MakeExamples(input, kExamples);
  const std::vector<float> examples(bytes.begin(), bytes.end());
  const std::vector<float> expected = model.Probabilities(MakeDataset(bytes, model), 1);
  std::vector<float> probabilities(kClasses);
  size_t e = 0;
  const auto run = [&] {
    model.Probabilities({examples.data() + e * kFeatures, kFeatures}, probabilities);
    e = (probabilities[0] > 2 ? e : e + 1) % kExamples;  // never 2, but the processor must wait
  };
  for (size_t i = 0; i < kExamples; ++i) {
    const auto* wanted = expected.data() + i * kClasses;
    run();
    if (!Verify(state, std::equal(probabilities.begin(), probabilities.end(), wanted), "one")) {
      return;
    }
  }
  const WeightBytes weights(model.shape(), bytes);
  TimeMemoryBound(state, weights.taken, weights.all, run);
}

void BenchThroughput(benchmark::State& state, Input input, int threads) {
  constexpr size_t kBatch = 10'000;
  const Model model = MakeModel({128}, input);
  const std::vector<uint8_t> bytes = MakeExamples(input, kBatch);
  const Dataset data = MakeDataset(bytes, model);
  const std::vector<uint32_t> classes = model.Classes(data, threads);
  for (size_t e = 0; e < kBatch; e += 97) {
    const std::vector<float> example(bytes.begin() + static_cast<ptrdiff_t>(e * kFeatures),
                                     bytes.begin() + static_cast<ptrdiff_t>((e + 1) * kFeatures));
    uint32_t alone = 0;
    model.Classes(example, {&alone, 1});
    if (!Verify(state, classes[e] == alone, "batch")) return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(model.Classes(data, threads));
  SetRate(state, "examples/s", kBatch);
}

}  // namespace

void RegisterInference() {
  for (const auto input : {Input::kDigits, Input::kDense}) {
    const std::string digits = std::string("784-128-10/") + Name(input);
    RegisterForTargets("latency/" + digits,
                       [=](benchmark::State& state) { BenchLatency(state, {128}, input); });
    for (const int threads : ThreadCounts()) {
      RegisterWithThreads(
          "throughput/" + digits + "/batch:10000", threads,
          [=](benchmark::State& state, Execution&) { BenchThroughput(state, input, threads); });
    }
  }
  RegisterForTargets("latency/784-1024-1024-10/dense", [](benchmark::State& state) {
    BenchLatency(state, {1024, 1024}, Input::kDense);
  });
}

}  // namespace colonnade::bench
