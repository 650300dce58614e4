// SPDX-License-Identifier: Apache-2.0
#include "kernels/probe.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/probe.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Independent chains, as many as leave registers for two operands. Hiding a latency of 4 cycles at
// 2 instructions a cycle takes 8.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
inline constexpr size_t kChains = 24;
#else
inline constexpr size_t kChains = 12;
#endif

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

// Chains count their own steps, which proves that none was left out. They start from different
// numbers, or a compiler would see that they are all one.
HWY_INLINE void Start(FloatVector (&sum)[kChains]) {
  const FloatTag d;
  HWY_UNROLL(kChains)
  for (size_t c = 0; c < kChains; ++c) sum[c] = hn::Set(d, static_cast<float>(c));
}

HWY_INLINE double Counted(const FloatVector (&sum)[kChains]) {
  const FloatTag d;
  double counted = 0;
  HWY_UNROLL(kChains)
  for (size_t c = 0; c < kChains; ++c) {
    const auto steps = hn::Sub(sum[c], hn::Set(d, static_cast<float>(c)));
    counted += static_cast<double>(hn::ReduceSum(d, steps));  // exact: all lanes are equal
  }
  return counted;
}

double FmaProbeTarget(size_t iterations) {
  const FloatTag d;
  const volatile float unknown = 1;  // a compiler that knew it would leave the product out
  const auto factor = hn::Set(d, unknown);
  const auto one = hn::Set(d, 1.0f);
  FloatVector sum[kChains];
  Start(sum);
  for (size_t i = 0; i < iterations; ++i) {
    HWY_UNROLL(kChains)
    for (size_t c = 0; c < kChains; ++c) sum[c] = hn::MulAdd(sum[c], factor, one);
  }
  return 2 * Counted(sum);
}

double Bf16DotProbeTarget(size_t iterations) {
#if HWY_NATIVE_DOT_BF16
  const FloatTag d;
  const hn::Repartition<hwy::bfloat16_t, FloatTag> d16;
  const auto one = hn::Set(d16, hwy::ConvertScalarTo<hwy::bfloat16_t>(1.0f));
  FloatVector sum[kChains];
  Start(sum);
  for (size_t i = 0; i < iterations; ++i) {
    HWY_UNROLL(kChains)
    for (size_t c = 0; c < kChains; ++c) {
      auto rest = hn::Zero(d);  // native instructions leave it alone
      sum[c] = hn::ReorderWidenMulAccumulate(d, one, one, sum[c], rest);
    }
  }
  return 2 * Counted(sum);
#else
  (void)iterations;
  return 0;
#endif
}

float ReadProbeTarget(const float* data, size_t floats) {
  constexpr size_t kSums = 8;
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  FloatVector sum[kSums];
  HWY_UNROLL(kSums)
  for (size_t s = 0; s < kSums; ++s) sum[s] = hn::Zero(d);
  size_t i = 0;
  for (; i + kSums * lanes <= floats; i += kSums * lanes) {
    HWY_UNROLL(kSums)
    for (size_t s = 0; s < kSums; ++s) sum[s] = hn::Add(sum[s], hn::Load(d, data + i + s * lanes));
  }
  for (; i < floats; i += lanes) sum[0] = hn::Add(sum[0], hn::Load(d, data + i));
  HWY_UNROLL(kSums)
  for (size_t s = 1; s < kSums; ++s) sum[0] = hn::Add(sum[0], sum[s]);
  return hn::ReduceSum(d, sum[0]);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(FmaProbeTarget);
HWY_EXPORT(Bf16DotProbeTarget);
HWY_EXPORT(ReadProbeTarget);

double FmaProbe(size_t iterations) noexcept {
  return HWY_DYNAMIC_DISPATCH(FmaProbeTarget)(iterations);
}

double Bf16DotProbe(size_t iterations) noexcept {
  return HWY_DYNAMIC_DISPATCH(Bf16DotProbeTarget)(iterations);
}

float ReadProbe(const float* data, size_t floats) noexcept {
  return HWY_DYNAMIC_DISPATCH(ReadProbeTarget)(data, floats);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
