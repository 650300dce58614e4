// SPDX-License-Identifier: Apache-2.0
// Synthetic handwritten digits: a stand-in for MNIST where it cannot be had, and test data whose
// bytes are known. Example i of a seed is a function of (seed, i) alone, computed in integers, so
// that every machine, compiler and number of examples gives the same bytes.
#ifndef COLONNADE_TOOLS_SYNTHETIC_DIGITS_H_
#define COLONNADE_TOOLS_SYNTHETIC_DIGITS_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

namespace colonnade::tools {

inline constexpr std::size_t kDigitSide = 28;
inline constexpr std::size_t kDigitPixels = kDigitSide * kDigitSide;

struct Digits {
  std::vector<std::uint8_t> pixels;  // examples x 784, one image after the other, row-major
  std::vector<std::uint8_t> labels;  // examples, 0..9
};

// Throws std::bad_alloc or std::length_error if the examples do not fit in memory.
Digits MakeDigits(std::size_t examples, std::uint64_t seed);

// Writes the CSV text that mnist_train.csv has: the header `label,1x1,1x2,...,28x28`, one line for
// each example, each ended by LF. A failed write shows in the stream's state.
void WriteDigitsCsv(std::ostream& out, const Digits& digits);

}  // namespace colonnade::tools

#endif  // COLONNADE_TOOLS_SYNTHETIC_DIGITS_H_
