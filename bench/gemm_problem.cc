// SPDX-License-Identifier: Apache-2.0
#include "bench/gemm_problem.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "bench/support.h"

namespace colonnade::bench {
namespace {

constexpr struct {
  Form form;
  const char* name;
} kForms[] = {{Form::kForward, "forward"},
              {Form::kInputGradient, "input_gradient"},
              {Form::kWeightGradient, "weight_gradient"}};

// Of 0 .. count-1 some, the first and the last among them.
std::vector<size_t> Sample(size_t count) {
  std::vector<size_t> sample;
  for (size_t i = 0; i + 1 < count; i += std::max<size_t>(1, count / 7)) sample.push_back(i);
  sample.push_back(count - 1);
  return sample;
}

// Numbers in [-1, 1) with 8 significant bits.
OwnedMatrix RandomFactor(size_t rows, size_t cols, uint32_t seed) {
  OwnedMatrix matrix = RandomMatrix(rows, cols, seed);
  for (size_t c = 0; c < cols; ++c) {
    float* column = matrix.view().Column(c);
    for (size_t r = 0; r < rows; ++r) {
      column[r] = std::bit_cast<float>(std::bit_cast<uint32_t>(column[r]) & 0xFFFF0000u);
    }
  }
  return matrix;
}

Shape ParseShape(const std::string& line) {
  std::istringstream fields(line);
  std::string name;
  Shape shape{};
  if (fields >> name >> shape.outputs >> shape.batch >> shape.inputs &&
      std::min({shape.outputs, shape.batch, shape.inputs}) > 0) {
    for (const auto& form : kForms) {
      shape.form = form.form;
      if (name == form.name) return shape;
    }
  }
  throw std::runtime_error("gemm_shapes.txt: expected form, outputs, batch, inputs, found: " +
                           line);
}

}  // namespace

std::string Shape::Name() const {
  return std::string(kForms[static_cast<size_t>(form)].name) + "/" + std::to_string(outputs) + "x" +
         std::to_string(batch) + "x" + std::to_string(inputs);
}

std::vector<Shape> ReadShapes() {
  std::ifstream in(COLONNADE_GEMM_SHAPES);
  std::vector<Shape> shapes;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') shapes.push_back(ParseShape(line));
  }
  if (shapes.empty()) throw std::runtime_error(COLONNADE_GEMM_SHAPES ": no shapes");
  return shapes;
}

GemmProblem::GemmProblem(const Shape& s)
    : shape(s), right_is_transposed(s.form == Form::kWeightGradient) {
  switch (s.form) {
    case Form::kForward:
      left = RandomFactor(s.outputs, s.inputs, 1);
      right = RandomFactor(s.inputs, s.batch, 2);
      result = OwnedMatrix(s.outputs, s.batch);
      break;
    case Form::kInputGradient:
      left = RandomFactor(s.inputs, s.outputs, 1);
      right = RandomFactor(s.outputs, s.batch, 2);
      result = OwnedMatrix(s.inputs, s.batch);
      break;
    case Form::kWeightGradient:
      left = RandomFactor(s.outputs, s.batch, 1);
      right = RandomFactor(s.inputs, s.batch, 2);
      result = OwnedMatrix(s.outputs, s.inputs);
      break;
  }
  for (size_t c = 0; c < result.cols(); ++c) {
    std::fill_n(result.view().Column(c), result.rows(), std::numeric_limits<float>::quiet_NaN());
  }
}

bool GemmProblem::SampleIsRight(bool rounded) const {
  for (const size_t c : Sample(result.cols())) {
    for (const size_t r : Sample(result.rows())) {
      double sum = 0;
      double magnitude = 0;
      for (size_t k = 0; k < depth(); ++k) {
        const float b = right_is_transposed ? right.view().Column(k)[c] : right.view().Column(c)[k];
        const double term = static_cast<double>(left.view().Column(k)[r]) * static_cast<double>(b);
        sum += term;
        magnitude += std::abs(term);
      }
      const double bound = static_cast<double>(depth() + 1) * 0x1p-24 * magnitude +
                           (rounded ? 0x1p-8 * std::abs(sum) : 0);
      const double error = std::abs(static_cast<double>(result.view().Column(c)[r]) - sum);
      if (!(error <= bound)) return false;
    }
  }
  return true;
}

}  // namespace colonnade::bench
