// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_DATA_FORMATS_HALF_H_
#define COLONNADE_ENGINE_DATA_FORMATS_HALF_H_

#include <bit>
#include <cstdint>

namespace colonnade {

// A number of 16 bits as IEEE 754 has them.
inline float HalfToFloat(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000U} << 16;
  const uint32_t exponent = (half >> 10) & 0x1fU;
  const uint32_t mantissa = half & 0x3ffU;
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const uint32_t wide = exponent == 31 ? 255U : exponent + 112U;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_FORMATS_HALF_H_
