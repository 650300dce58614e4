// The matrix products, at the shapes of gemm_shapes.txt.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "bench/support.h"
#include "kernels/gemm.h"

namespace colonnade::bench {
namespace {

struct Shape {
  std::string form;
  size_t outputs, batch, inputs;
};

std::vector<Shape> ReadShapes(const std::string& file) {
  std::ifstream in(file);
  std::vector<Shape> shapes;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    Shape shape;
    std::istringstream fields(line);
    if (!(fields >> shape.form >> shape.outputs >> shape.batch >> shape.inputs)) {
      throw std::runtime_error(file + ": expected form, outputs, batch, inputs, found: " + line);
    }
    shapes.push_back(shape);
  }
  if (shapes.empty()) throw std::runtime_error(file + ": no shapes");
  return shapes;
}

// Σ_k a(r, k) b(k, c) within the rounding of f32, for a sample of elements that has the corners.
template <class Left, class Right>
bool SampleIsRight(kernels::ConstMatrix result, size_t depth, const Left& a, const Right& b) {
  const size_t row_step = std::max<size_t>(1, result.rows / 7);
  const size_t col_step = std::max<size_t>(1, result.cols / 7);
  for (size_t c = 0; c < result.cols;
       c = c + 1 == result.cols ? c + 1 : std::min(c + col_step, result.cols - 1)) {
    for (size_t r = 0; r < result.rows;
         r = r + 1 == result.rows ? r + 1 : std::min(r + row_step, result.rows - 1)) {
      double sum = 0;
      double magnitude = 0;
      for (size_t k = 0; k < depth; ++k) {
        const double term = static_cast<double>(a(r, k)) * static_cast<double>(b(k, c));
        sum += term;
        magnitude += std::abs(term);
      }
      const double bound = static_cast<double>(depth + 1) * 0x1p-24 * magnitude;
      if (!(std::abs(static_cast<double>(result.Column(c)[r]) - sum) <= bound)) return false;
    }
  }
  return true;
}

void BenchForward(benchmark::State& state, const Shape& s) {
  const OwnedMatrix w = RandomMatrix(s.outputs, s.inputs, 1);
  const OwnedMatrix a = RandomMatrix(s.inputs, s.batch, 2);
  const OwnedMatrix bias(s.outputs, 1);
  OwnedMatrix z(s.outputs, s.batch);
  const auto run = [&] {
    kernels::Forward(w.view(), a.view(), bias.view().data, kernels::Activation::kIdentity,
                     z.view());
  };
  run();
  if (!Verify(state,
              SampleIsRight(
                  z.view(), s.inputs, [&](size_t r, size_t k) { return w.view().Column(k)[r]; },
                  [&](size_t k, size_t c) { return a.view().Column(c)[k]; }),
              "forward")) {
    return;
  }
  for (auto _ : state) run();
}

void BenchInputGradient(benchmark::State& state, const Shape& s) {
  const OwnedMatrix wt = RandomMatrix(s.inputs, s.outputs, 1);
  const OwnedMatrix dz = RandomMatrix(s.outputs, s.batch, 2);
  OwnedMatrix da(s.inputs, s.batch);
  const auto run = [&] {
    kernels::InputGradient(wt.view(), dz.view(), kernels::Activation::kIdentity, {}, da.view());
  };
  run();
  if (!Verify(state,
              SampleIsRight(
                  da.view(), s.outputs, [&](size_t r, size_t k) { return wt.view().Column(k)[r]; },
                  [&](size_t k, size_t c) { return dz.view().Column(c)[k]; }),
              "input gradient")) {
    return;
  }
  for (auto _ : state) run();
}

void BenchWeightGradient(benchmark::State& state, const Shape& s) {
  const OwnedMatrix dz = RandomMatrix(s.outputs, s.batch, 1);
  const OwnedMatrix a = RandomMatrix(s.inputs, s.batch, 2);
  OwnedMatrix dw(s.outputs, s.inputs);
  const auto run = [&] {
    kernels::WeightGradient(dz.view(), a.view(), kernels::Output::kOverwrite, dw.view());
  };
  run();
  if (!Verify(state,
              SampleIsRight(
                  dw.view(), s.batch, [&](size_t r, size_t k) { return dz.view().Column(k)[r]; },
                  [&](size_t k, size_t c) { return a.view().Column(k)[c]; }),
              "weight gradient")) {
    return;
  }
  for (auto _ : state) run();
}

// A matrix of which `percent` in a hundred elements, anywhere, are not zero, and its bits.
struct SparseInputs {
  SparseInputs(size_t rows, size_t cols, size_t percent)
      : values(RandomMatrix(rows, cols, 3)),
        words(kernels::NonzeroWords(rows)),
        bits(AlignedBuffer<uint64_t>::Zeroed(words * cols)) {
    const OwnedMatrix choice = RandomMatrix(rows, cols, 4);  // uniform in [-1, 1)
    const float limit = static_cast<float>(percent) / 50.0f - 1.0f;
    for (size_t c = 0; c < cols; ++c) {
      for (size_t r = 0; r < rows; ++r) {
        float& value = values.view().Column(c)[r];
        if (choice.view().Column(c)[r] >= limit) value = 0;
        if (value != 0) bits[c * words + r / 64] |= uint64_t{1} << (r % 64);
      }
    }
  }

  kernels::ConstNonzeros nonzeros() const { return {bits.data(), words, values.cols(), words}; }

  OwnedMatrix values;
  size_t words;
  AlignedBuffer<uint64_t> bits;
};

bool SameValues(const OwnedMatrix& a, const OwnedMatrix& b) {
  const size_t count = a.view().stride * a.cols();
  return std::equal(a.view().data, a.view().data + count, b.view().data);
}

// The products that skip zeros and those that do not, at one density: what kSkipDensity of the
// training step rests on. FLOP/s count the zeros too.
void BenchZeros(benchmark::State& state, bool forward, bool skip, size_t percent) {
  constexpr size_t kOutputs = 128;
  constexpr size_t kBatch = 128;
  constexpr size_t kInputs = 784;
  const SparseInputs a(kInputs, kBatch, percent);
  const OwnedMatrix left = RandomMatrix(kOutputs, forward ? kInputs : kBatch, 1);
  const OwnedMatrix bias(kOutputs, 1);
  OwnedMatrix dense(kOutputs, forward ? kBatch : kInputs);
  OwnedMatrix skipping(kOutputs, forward ? kBatch : kInputs);
  const kernels::ConstMatrix inputs = a.values.view();
  const auto run_dense = [&] {
    if (forward) {
      kernels::Forward(left.view(), inputs, bias.view().data, kernels::Activation::kIdentity,
                       dense.view());
    } else {
      kernels::WeightGradient(left.view(), inputs, kernels::Output::kOverwrite, dense.view());
    }
  };
  const auto run_skipping = [&] {
    if (forward) {
      kernels::ForwardSkippingZeros(left.view(), inputs, a.nonzeros(), bias.view().data,
                                    kernels::Activation::kIdentity, skipping.view());
    } else {
      kernels::WeightGradientSkippingZeros(left.view(), inputs, a.nonzeros(), 0,
                                           kernels::Output::kOverwrite, skipping.view());
    }
  };
  run_dense();
  run_skipping();
  if (!Verify(state, SameValues(dense, skipping), "skipping differs from dense")) return;
  if (skip) {
    for (auto _ : state) run_skipping();
  } else {
    for (auto _ : state) run_dense();
  }
  SetRate(state, "FLOP/s", 2.0 * kOutputs * kBatch * kInputs);
}

void RegisterZeros() {
  for (const bool forward : {true, false}) {
    for (const size_t percent : {5u, 20u, 30u, 40u, 60u, 100u}) {
      for (const bool skip : {true, false}) {
        const std::string name = std::string("zeros/") + (forward ? "forward" : "weight_gradient") +
                                 "/nonzero:" + std::to_string(percent) + "%/" +
                                 (skip ? "skip" : "multiply");
        RegisterForTargets(
            name, [=](benchmark::State& state) { BenchZeros(state, forward, skip, percent); });
      }
    }
  }
}

}  // namespace

void RegisterGemm() {
  RegisterZeros();
  for (const Shape& s : ReadShapes(COLONNADE_GEMM_SHAPES)) {
    const std::string name = "gemm/" + s.form + "/" + std::to_string(s.outputs) + "x" +
                             std::to_string(s.batch) + "x" + std::to_string(s.inputs);
    const auto body = s.form == "forward"           ? BenchForward
                      : s.form == "input_gradient"  ? BenchInputGradient
                      : s.form == "weight_gradient" ? BenchWeightGradient
                                                    : nullptr;
    if (body == nullptr) throw std::runtime_error("gemm_shapes.txt: unknown form " + s.form);
    RegisterForTargets(name, [s, body](benchmark::State& state) {
      body(state, s);
      const double flops = 2.0 * static_cast<double>(s.outputs * s.batch * s.inputs);
      SetRate(state, "FLOP/s", flops);
    });
  }
}

}  // namespace colonnade::bench
