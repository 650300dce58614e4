// SPDX-License-Identifier: Apache-2.0
// OpenBLAS as a multiplier. Its matrices are column-major too.
#include "bench/multipliers.h"

#ifdef COLONNADE_OPENBLAS
#include <cblas.h>
#endif

namespace colonnade::bench {

#ifdef COLONNADE_OPENBLAS
namespace {

std::vector<Product> Ways(GemmProblem& p, Execution& execution) {
  openblas_set_num_threads(static_cast<int>(execution.threads()));
  const auto rows = static_cast<blasint>(p.result.rows());
  const auto cols = static_cast<blasint>(p.result.cols());
  const auto depth = static_cast<blasint>(p.depth());
  const auto lda = static_cast<blasint>(p.left.view().stride);
  const auto ldb = static_cast<blasint>(p.right.view().stride);
  const auto ldc = static_cast<blasint>(p.result.view().stride);
  const float* a = p.left.view().data;
  const float* b = p.right.view().data;
  float* c = p.result.view().data;
  const auto trans = p.right_is_transposed ? CblasTrans : CblasNoTrans;
  std::vector<Product> ways = {{"sgemm",
                                [=] {
                                  cblas_sgemm(CblasColMajor, CblasNoTrans, trans, rows, cols, depth,
                                              1, a, lda, b, ldb, 0, c, ldc);
                                },
                                {}}};
  if (cols == 1 && !p.right_is_transposed) {
    ways.push_back(
        {"sgemv",
         [=] { cblas_sgemv(CblasColMajor, CblasNoTrans, rows, depth, 1, a, lda, b, 1, 0, c, 1); },
         {}});
  }
  return ways;
}

}  // namespace

Multiplier OpenBlas() {
  return {"openblas", std::string(openblas_get_config()) + " " + openblas_get_corename(),
          Arithmetic::kF32, Ways};
}
#else
Multiplier OpenBlas() { return {"openblas", "", Arithmetic::kF32, {}}; }
#endif

}  // namespace colonnade::bench
