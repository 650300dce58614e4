// SPDX-License-Identifier: Apache-2.0
// Matrix products of bf16 factors, accumulated in f32, and conversions to their layouts.
//
// bf16 is the upper half of an f32: the same range, 8 significant bits. Numbers are rounded to it
// to the nearest, ties to even. An instruction takes two neighbours of the contraction at a time,
// so factors lie as *pairs*, 32 bits wide: the lower half is the element of even index.
//
//   Bf16Pairs    word (r, p) holds elements (r, 2p) and (r, 2p + 1): pairs along a row
//   Bf16Columns  plain column-major: pairs along a column
//
// A missing partner (odd size) is zero. Padding is as in matrix.h; the stride of Bf16Columns is a
// multiple of 32.
//
// Accumulation: each element of a result is one f32 sum that starts from zero and takes, for each
// pair in ascending order, one fused multiply-add of the odd elements, then one of the even ones.
// That is what x86's VDPBF16PS does, with denormals taken as zero; other targets do it in two
// instructions. So in a thread that flushes denormals all targets with FMA give the same bits.
#ifndef COLONNADE_KERNELS_BF16_H_
#define COLONNADE_KERNELS_BF16_H_

#include <cstdint>

#include "kernels/gemm.h"
#include "kernels/matrix.h"

namespace colonnade::kernels {

using Bf16Pairs = View<uint32_t>;  // rows × pairs of columns
using ConstBf16Pairs = View<const uint32_t>;
using Bf16Columns = View<uint16_t>;  // rows × columns
using ConstBf16Columns = View<const uint16_t>;

// Pairs that `size` elements make.
constexpr size_t PairsOf(size_t size) { return (size + 1) / 2; }

// Elements between the columns of Bf16Columns are a multiple of this.
inline constexpr size_t kPadBf16 = kAlignment / sizeof(uint16_t);

// Where a result goes, rounded, in both layouts that the products take.
struct Bf16Result {
  Bf16Columns columns;  // rows × cols
  Bf16Pairs pairs;      // rows × PairsOf(cols)
};

// Whether the current target has an instruction for it; else a product takes about as long as in
// f32.
bool Bf16IsNative() noexcept;

// z = activation(scale · w · a + bias), in f32 or rounded.
//
// w: outputs × inputs; a: inputs × batch; bias: as in Forward(); z: outputs × batch.
void Bf16Forward(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                 Activation activation, Matrix z) noexcept;
void Bf16Forward(ConstBf16Pairs w, ConstBf16Columns a, float scale, const float* bias,
                 Activation activation, Bf16Result z) noexcept;

// da = (wᵀ · dz) ∘ activation'(a), rounded. See InputGradient().
//
// wt: inputs × outputs; dz: outputs × batch; a, da: inputs × batch.
void Bf16InputGradient(ConstBf16Pairs wt, ConstBf16Columns dz, Activation activation,
                       ConstBf16Columns a, Bf16Result da) noexcept;

// dw = scale · dz · aᵀ, or dw += that, in f32. See WeightGradient().
//
// dz: outputs × batch; a: inputs × batch, may start at any row; dw: outputs × inputs. The partner
// of the last column of an odd batch must be zero in one of the factors.
void Bf16WeightGradient(ConstBf16Pairs dz, ConstBf16Pairs a, float scale, Output output, Matrix dw,
                        const ReadNext& next = {}) noexcept;

// db = row sums of dz, or db += row sums of dz, added in column order in f32.
//
// dz: outputs × batch; db: PaddedRows(outputs) floats, aligned.
void Bf16BiasGradient(ConstBf16Columns dz, Output output, float* db) noexcept;

// Rounds `from` (rows × cols) to both layouts.
void RoundToBf16(ConstMatrix from, Bf16Result to) noexcept;

// The layout of weights for the forward product. from: outputs × inputs; to: the same in pairs.
void RoundToBf16Pairs(ConstMatrix from, Bf16Pairs to) noexcept;

// The layout of weights for the gradient of the inputs. from: outputs × inputs; to: inputs ×
// PairsOf(outputs).
void RoundToTransposedBf16Pairs(ConstMatrix from, Bf16Pairs to) noexcept;

// As Gather() of convert.h, rounded.
void Bf16Gather(View<const uint8_t> from, const uint32_t* indices, const float* offset,
                const float* scale, Bf16Result to) noexcept;
void Bf16Gather(ConstMatrix from, const uint32_t* indices, const float* offset, const float* scale,
                Bf16Result to) noexcept;

}  // namespace colonnade::kernels

#endif  // COLONNADE_KERNELS_BF16_H_
