// SPDX-License-Identifier: Apache-2.0
// The comparison of the matrix products with those of the peers.
#ifndef COLONNADE_BENCH_GEMM_TABLE_H_
#define COLONNADE_BENCH_GEMM_TABLE_H_

#include <string>

namespace colonnade::bench {

// Times the products of gemm_shapes.txt whose names, like "forward/128x128x784/threads:1", contain
// a match of the regular expression `filter`: all multipliers in turn, `rounds` times. Prints a
// table for each number of threads, then the same for bf16 beside f32.
void PrintGemmTable(const std::string& filter, int rounds);

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_GEMM_TABLE_H_
