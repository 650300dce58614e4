// SPDX-License-Identifier: Apache-2.0
// Predicts by the library, and one example at a time by ONNX Runtime beside it, for
// tools/compare_peers.py: prints the times as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/onnxruntime.h"
#include "bench/support.h"
#include "colonnade/machine.h"
#include "colonnade/model.h"

namespace colonnade::bench {
namespace {

constexpr const char* kUsage =
    R"(usage: colonnade_prediction MODEL.safetensors EXAMPLES.f32 ROUNDS [LIBRARY NAME=MODEL.onnx ...]

EXAMPLES.f32: raw feature values, one example after the other. In each round all take their turn:
the library with the first 100 examples one by one, each of the ONNX models with the same (LIBRARY
is that of ONNX Runtime; it gets the values scaled), the library with all examples at once. A NAME
with "trivial" in it stands for a graph of which no result is expected. Prints
{"one": {"Colonnade": [seconds per example, for each round], NAME: ...}, "all": [seconds per batch],
"onnxruntime": VERSION}. Times of "one" are processor time of the thread, of "all" by the clock, on
all threads.
)";

// The examples that are predicted one by one: they and the weights fit into an L2 cache of 1 MiB,
// as where an example has just been made.
constexpr size_t kOneByOne = 100;

std::vector<float> ReadFloats(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (!in || bytes.empty()) throw std::runtime_error("cannot read " + file);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

std::vector<float> Scaled(std::span<const float> values, const Scaling& scaling) {
  std::vector<float> scaled(values.begin(), values.end());
  for (size_t i = 0; i < scaled.size(); ++i) {
    const size_t f = i % scaling.offset.size();
    scaled[i] = (scaled[i] - scaling.offset[f]) * scaling.scale[f];
  }
  return scaled;
}

// Predicts example `e`; the outputs, until the next call.
using PredictOne = std::function<std::span<const float>(size_t e)>;

// Seconds per example.
double TimeOne(const PredictOne& predict) {
  constexpr int kPasses = 5;
  const Stopwatch watch(1);
  for (int pass = 0; pass < kPasses; ++pass) {
    for (size_t e = 0; e < kOneByOne; ++e) benchmark::DoNotOptimize(predict(e).data());
  }
  return watch.Seconds() / static_cast<double>(kPasses * kOneByOne);
}

void RequireSame(const PredictOne& predict, std::span<const float> expected, size_t classes) {
  for (size_t e = 0; e < kOneByOne; ++e) {
    const std::span<const float> found = predict(e);
    for (size_t k = 0; k < classes; ++k) {
      if (!(std::abs(found[k] - expected[e * classes + k]) < 1e-4f)) {
        throw std::runtime_error(fmt::format("example {}, class {}: found {}, expected {}", e, k,
                                             found[k], expected[e * classes + k]));
      }
    }
  }
}

void Run(std::span<char*> arguments) {
  const Model model = Model::Load(arguments[0]);
  const std::vector<float> values = ReadFloats(arguments[1]);
  const int rounds = std::max(1, std::atoi(arguments[2]));
  const size_t features = model.shape().inputs();
  const size_t classes = model.shape().outputs();
  const std::vector<uint32_t> labels(values.size() / features);
  const Dataset data = Dataset::FromMemory(std::span<const float>(values), labels, model.schema());
  if (data.examples() < kOneByOne) throw std::runtime_error("too few examples");
  const std::vector<float> expected = model.Probabilities(data);

  const std::span<const float> some = std::span(values).first(kOneByOne * features);
  std::vector<float> scaled = Scaled(some, model.scaling());
  std::vector<float> probabilities(classes);
  std::vector<std::unique_ptr<OnnxRuntime>> peers;
  std::vector<std::pair<std::string, PredictOne>> contestants;
  nlohmann::ordered_json result;
  contestants.emplace_back("Colonnade", [&](size_t e) {
    model.Probabilities(some.subspan(e * features, features), probabilities);
    return std::span<const float>(probabilities);
  });
  for (size_t i = 4; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    const size_t equals = argument.find('=');
    auto peer = std::make_unique<OnnxRuntime>(arguments[3], argument.substr(equals + 1), scaled,
                                              features, classes);
    contestants.emplace_back(argument.substr(0, equals),
                             [p = peer.get()](size_t e) { return p->Predict(e); });
    result["onnxruntime"] = peer->version();
    peers.push_back(std::move(peer));
  }
  for (const auto& [name, predict] : contestants) {
    if (name.find("trivial") == std::string::npos) RequireSame(predict, expected, classes);
  }

  for (int round = 0; round < rounds; ++round) {
    for (const auto& [name, predict] : contestants) result["one"][name].push_back(TimeOne(predict));
    const Stopwatch watch(static_cast<size_t>(DefaultThreads()));
    benchmark::DoNotOptimize(model.Probabilities(data));
    result["all"].push_back(watch.Seconds());
  }
  std::puts(result.dump().c_str());
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) try {
  if (argc < 4 || argc == 5) {
    std::fputs(colonnade::bench::kUsage, stderr);
    return 2;
  }
  colonnade::bench::Run({argv + 1, static_cast<size_t>(argc - 1)});
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "colonnade_prediction: %s\n", error.what());
  return 1;
}
