// Benchmarks of kernels, CSV reading and training. Each checks its result before it is timed.
#include <benchmark/benchmark.h>

#include "bench/support.h"
#include "engine/runtime/random.h"
#include "kernels/targets.h"

namespace colonnade::bench {

OwnedMatrix RandomMatrix(size_t rows, size_t cols, uint32_t seed) {
  OwnedMatrix matrix(rows, cols);
  for (size_t c = 0; c < cols; ++c) {
    Random(seed, RandomStream::kWeights, static_cast<uint32_t>(c))
        .Uniform({matrix.view().Column(c), rows}, -1, 1);
  }
  return matrix;
}

void RegisterForTargets(const std::string& name,
                        const std::function<void(benchmark::State&)>& body) {
  for (const std::string& target : kernels::SupportedTargets()) {
    benchmark::RegisterBenchmark((name + "/" + target).c_str(), [=](benchmark::State& state) {
      kernels::UseTarget(target);
      body(state);
      kernels::UseTarget({});
    });
  }
}

void SetRate(benchmark::State& state, const char* name, double per_iteration) {
  state.counters[name] = benchmark::Counter(per_iteration * static_cast<double>(state.iterations()),
                                            benchmark::Counter::kIsRate);
}

bool Verify(benchmark::State& state, bool good, const char* what) {
  if (!good) state.SkipWithError((std::string("wrong result: ") + what).c_str());
  return good;
}

}  // namespace colonnade::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  colonnade::bench::RegisterGemm();
  colonnade::bench::RegisterElementwise();
  colonnade::bench::RegisterCsv();
  colonnade::bench::RegisterTraining();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
