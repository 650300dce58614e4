// SPDX-License-Identifier: Apache-2.0
#include "kernels/encode.h"

#include <span>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/encode.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "kernels/convert-inl.h"

HWY_BEFORE_NAMESPACE();
namespace colonnade::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kPadFloats>;

// The values as floats, of which there may be none behind the last.
template <class T>
HWY_INLINE void CopyValues(const T* HWY_RESTRICT in, size_t count, float* HWY_RESTRICT out) {
  const Floats d;
  size_t r = 0;
  for (; r + hn::Lanes(d) <= count; r += hn::Lanes(d)) {
    hn::Store(LoadFloats(d, in + r), d, out + r);
  }
  for (; r < count; ++r) out[r] = static_cast<float>(in[r]);
}

HWY_INLINE void WriteBins(const Encoding& e, const float* HWY_RESTRICT values,
                          float* HWY_RESTRICT out, size_t room) {
  const Floats d;
  const hn::Rebind<int32_t, Floats> di;
  for (size_t b = 0; b < e.bins; b += hn::Lanes(d)) {
    const auto x = hn::GatherIndex(d, values, hn::Load(di, e.source + b));
    const auto part = hn::Mul(hn::Sub(x, hn::Load(d, e.edge + b)), hn::Load(d, e.slope + b));
    const auto filled = hn::Min(hn::Max(part, hn::Load(d, e.low + b)), hn::Load(d, e.high + b));
    const auto inside = hn::Sub(filled, hn::Load(d, e.base + b));
    if (HWY_LIKELY(b + hn::Lanes(d) <= room)) {
      hn::StoreU(inside, d, out + b);
    } else {
      hn::StoreN(inside, d, out + b, room - b);
    }
  }
}

template <class V>
HWY_INLINE V Polynomial(V x, std::span<const float> coefficients) {
  const Floats d;
  V value = hn::Set(d, coefficients.front());
  for (const float c : coefficients.subspan(1)) {
    value = hn::Add(hn::Mul(value, x), hn::Set(d, c));
  }
  return value;
}

// The natural logarithm of a normal number (FreeBSD's logf, without a fused product).
template <class V>
HWY_INLINE V Logarithm(V x) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  constexpr int32_t kRoot = 0x3f3504f3;  // of 1/2: the bits of the least mantissa
  const auto bits = hn::Add(hn::BitCast(di, x), hn::Set(di, 0x3f800000 - kRoot));
  const V exponent = hn::ConvertTo(d, hn::Sub(hn::ShiftRight<23>(bits), hn::Set(di, 127)));
  const auto mantissa = hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), hn::Set(di, kRoot));
  const V f = hn::Sub(hn::BitCast(d, mantissa), hn::Set(d, 1.0f));
  const V s = hn::Div(f, hn::Add(hn::Set(d, 2.0f), f));
  constexpr float kSeries[] = {0.24279078841f, 0.28498786688f, 0.40000972152f, 0.66666662693f,
                               0.0f};
  const V series = Polynomial(hn::Mul(s, s), kSeries);
  const V half = hn::Mul(hn::Mul(hn::Set(d, 0.5f), f), f);
  const V rest =
      hn::Add(hn::Mul(s, hn::Add(half, series)), hn::Mul(exponent, hn::Set(d, 9.0580006145e-6f)));
  return hn::Add(hn::Add(hn::Sub(rest, half), f), hn::Mul(exponent, hn::Set(d, 6.9313812256e-1f)));
}

// The standard normal quantile of a rank as Ranks tells it, by the inverse of the error function
// (Giles 2012, "Approximating the erfinv function"), which has the logarithm of 4 · rank ·
// (1 − rank).
template <class V>
HWY_INLINE V NormalScore(V rank) {
  const Floats d;
  constexpr float kMiddle[] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                               -4.39150654e-06f, 0.00021858087f,  -0.00125372503f,
                               -0.00417768164f,  0.246640727f,    1.50140941f};
  constexpr float kTails[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f,
                              -0.00367342844f,  0.00573950773f,  -0.0076224613f,
                              0.00943887047f,   1.00167406f,     2.83297682f};
  const V one = hn::Set(d, 1.0f);
  const V p = hn::Min(hn::Max(hn::Abs(rank), hn::Set(d, 1e-7f)), hn::Set(d, 0.5f));
  const V log = Logarithm(hn::Mul(hn::Mul(hn::Set(d, 4.0f), p), hn::Sub(one, p)));
  const V w = hn::Max(hn::Neg(log), hn::Zero(d));
  const V middle = Polynomial(hn::Sub(w, hn::Set(d, 2.5f)), kMiddle);
  const V tails = Polynomial(hn::Sub(hn::Sqrt(w), hn::Set(d, 3.0f)), kTails);
  const V factor = hn::IfThenElse(hn::Lt(w, hn::Set(d, 5.0f)), middle, tails);
  const V x = hn::Sub(one, hn::Add(p, p));
  const V size = hn::Mul(hn::Mul(factor, x), hn::Set(d, 1.41421356f));
  return hn::Sub(hn::Zero(d), hn::CopySign(size, rank));
}

// Of features from r on, whose values are x; `others` where they are none by ranks.
template <class V>
HWY_INLINE V ScoreOf(const Ranks& e, size_t r, V x, V others) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  const auto first = hn::Load(di, e.first + r);
  const auto last = hn::Load(di, e.last + r);
  auto i = hn::Max(first, hn::Zero(di));
  for (int32_t step = e.reach; step > 0; step /= 2) {
    const auto next = hn::Min(hn::Add(i, hn::Set(di, step)), last);
    const auto passed = hn::Le(hn::GatherIndex(d, e.knot, next), x);
    i = hn::IfThenElse(hn::RebindMask(di, passed), next, i);
  }
  const V knot = hn::GatherIndex(d, e.knot, i);
  const V next = hn::GatherIndex(d, e.knot, hn::Min(hn::Add(i, hn::Set(di, 1)), last));
  const V slope = hn::GatherIndex(d, e.slope, i);
  const V below = hn::Add(hn::GatherIndex(d, e.below, i), hn::Mul(hn::Sub(x, knot), slope));
  const V above = hn::Add(hn::GatherIndex(d, e.above, i), hn::Mul(hn::Sub(next, x), slope));
  const V between = hn::IfThenElse(hn::Le(below, above), below, hn::Neg(above));
  const auto on_knot = hn::Or(hn::Le(x, knot), hn::RebindMask(d, hn::Eq(i, last)));
  const V score = NormalScore(hn::IfThenElse(on_knot, hn::GatherIndex(d, e.at, i), between));
  const auto ranked = hn::RebindMask(d, hn::Ge(first, hn::Zero(di)));
  return hn::IfThenElse(ranked, hn::IfThenElse(hn::Eq(x, x), score, x), others);
}

HWY_INLINE void ScaleInPlace(const Encoding& e, float* HWY_RESTRICT out) {
  const Floats d;
  for (size_t r = 0; r < e.features; r += hn::Lanes(d)) {
    const auto x = hn::Load(d, out + r);
    const auto z = hn::Mul(hn::Sub(x, hn::Load(d, e.offset + r)), hn::Load(d, e.scale + r));
    const auto limit = hn::Load(d, e.limit + r);
    const auto free = hn::Eq(limit, hn::Zero(d));
    const auto ratio = hn::Div(z, hn::IfThenElse(free, hn::Set(d, 1.0f), limit));
    const auto t = hn::Min(hn::Max(ratio, hn::Set(d, -1e18f)), hn::Set(d, 1e18f));
    const auto part = hn::Div(t, hn::Sqrt(hn::Add(hn::Set(d, 1.0f), hn::Mul(t, t))));
    auto input = hn::IfThenElse(free, z, hn::Mul(limit, part));
    if (e.ranks.first != nullptr) input = ScoreOf(e.ranks, r, x, input);
    if (HWY_LIKELY(r + hn::Lanes(d) <= e.features)) {
      hn::Store(input, d, out + r);
    } else {
      hn::StoreN(input, d, out + r, e.features - r);  // bins follow
    }
  }
}

template <class T>
HWY_INLINE void EncodeColumns(View<const T> from, const uint32_t* indices, const Encoding& e,
                              Matrix to, Nonzeros nonzeros) {
  const Floats d;
  const size_t padded = PaddedRows(to.rows);
  for (size_t c = 0; c < to.cols; ++c) {
    if (indices != nullptr && c + kPrefetchColumns < to.cols) {
      PrefetchColumn(from.Column(indices[c + kPrefetchColumns]), from.rows);
    }
    float* const out = to.Column(c);
    for (size_t r = padded - kPadFloats; r < padded; r += hn::Lanes(d)) {
      hn::Store(hn::Zero(d), d, out + r);
    }
    CopyValues(from.Column(indices == nullptr ? c : indices[c]), e.features, out);
    WriteBins(e, out, out + e.features, padded - e.features);
    ScaleInPlace(e, out);
    if (nonzeros.data != nullptr) FindNonzeros(out, padded, nonzeros.Column(c), nonzeros.rows);
  }
}

void EncodeBytesTarget(View<const uint8_t> from, const uint32_t* indices, const Encoding& encoding,
                       Matrix to, Nonzeros nonzeros) {
  EncodeColumns(from, indices, encoding, to, nonzeros);
}

void EncodeFloatsTarget(ConstMatrix from, const uint32_t* indices, const Encoding& encoding,
                        Matrix to, Nonzeros nonzeros) {
  EncodeColumns(from, indices, encoding, to, nonzeros);
}

}  // namespace colonnade::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace colonnade::kernels {

HWY_EXPORT(EncodeBytesTarget);
HWY_EXPORT(EncodeFloatsTarget);

void Encode(View<const uint8_t> from, const uint32_t* indices, const Encoding& encoding, Matrix to,
            Nonzeros nonzeros) noexcept {
  HWY_DYNAMIC_DISPATCH(EncodeBytesTarget)(from, indices, encoding, to, nonzeros);
}

void Encode(ConstMatrix from, const uint32_t* indices, const Encoding& encoding, Matrix to,
            Nonzeros nonzeros) noexcept {
  HWY_DYNAMIC_DISPATCH(EncodeFloatsTarget)(from, indices, encoding, to, nonzeros);
}

}  // namespace colonnade::kernels
#endif  // HWY_ONCE
