// The matrix products, at the shapes of gemm_shapes.txt.
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

}  // namespace

void RegisterGemm() {
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
