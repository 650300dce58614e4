// SPDX-License-Identifier: Apache-2.0
#include "kernels/encode.h"

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

HWY_INLINE void ScaleInPlace(const Encoding& e, float* HWY_RESTRICT out) {
  const Floats d;
  for (size_t r = 0; r < e.features; r += hn::Lanes(d)) {
    const auto z =
        hn::Mul(hn::Sub(hn::Load(d, out + r), hn::Load(d, e.offset + r)), hn::Load(d, e.scale + r));
    const auto limit = hn::Load(d, e.limit + r);
    const auto free = hn::Eq(limit, hn::Zero(d));
    const auto ratio = hn::Div(z, hn::IfThenElse(free, hn::Set(d, 1.0f), limit));
    const auto t = hn::Min(hn::Max(ratio, hn::Set(d, -1e18f)), hn::Set(d, 1e18f));
    const auto part = hn::Div(t, hn::Sqrt(hn::Add(hn::Set(d, 1.0f), hn::Mul(t, t))));
    const auto curbed = hn::IfThenElse(free, z, hn::Mul(limit, part));
    if (HWY_LIKELY(r + hn::Lanes(d) <= e.features)) {
      hn::Store(curbed, d, out + r);
    } else {
      hn::StoreN(curbed, d, out + r, e.features - r);  // bins follow
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
