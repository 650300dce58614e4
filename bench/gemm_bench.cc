// SPDX-License-Identifier: Apache-2.0
// The matrix products at the shapes of gemm_shapes.txt: this project's on every SIMD target and, on
// the best, with all threads; its peers' beside them.
#include <exception>
#include <string>

#include "bench/multipliers.h"
#include "bench/support.h"
#include "kernels/targets.h"

namespace colonnade::bench {
namespace {

void BenchProduct(benchmark::State& state, Execution& execution, const Multiplier& multiplier,
                  const Shape& shape) {
  GemmProblem problem(shape);
  Product product;
  try {
    product = FastestWay(multiplier, problem, execution);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
    return;
  }
  Settle(execution);
  const double peak = PeakFlops(execution, multiplier.arithmetic);
  const double seconds = TimeLoop(state, execution.threads(), product.run);
  SetFlops(state, shape.Flops(), seconds, peak);
  state.SetLabel(product.way);
  Settle(execution);
}

}  // namespace

void RegisterGemm() {
  for (const Multiplier& peer : {OpenBlas(), OneDnn()}) {
    benchmark::AddCustomContext(
        peer.name, peer.version.empty() ? "not found when this was built: tools/setup.sh --peers"
                                        : peer.version);
  }
  const std::vector<std::string> targets = kernels::SupportedTargets();
  for (const Shape& shape : ReadShapes()) {
    const std::string name = "gemm/" + shape.Name();
    for (const int threads : ThreadCounts()) {
      for (const std::string& target : targets) {
        if (threads > 1 && target != targets.front()) continue;
        RegisterWithTarget(name, target, threads, [=](auto& state, Execution& execution) {
          BenchProduct(state, execution, Colonnade(), shape);
        });
      }
      for (const Multiplier& peer : {ColonnadeBf16(), OpenBlas(), OneDnn()}) {
        if (peer.version.empty()) continue;
        RegisterWithThreads(name + "/" + peer.name, threads,
                            [=](auto& state, Execution& execution) {
                              BenchProduct(state, execution, peer, shape);
                            });
      }
    }
  }
}

}  // namespace colonnade::bench
