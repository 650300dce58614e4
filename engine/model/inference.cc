// SPDX-License-Identifier: Apache-2.0
#include "engine/model/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/scaling.h"
#include "engine/data/storage.h"
#include "engine/model/forward.h"
#include "engine/model/kernel_names.h"
#include "kernels/activation.h"
#include "kernels/softmax.h"

namespace colonnade {

kernels::Matrix RunLayers(const Model::Storage& model, kernels::Matrix inputs,
                          kernels::ConstNonzeros nonzeros, Workspace& workspace) {
  kernels::Matrix a = inputs;
  for (size_t l = 0; l < model.layers.size(); ++l) {
    const Layer& layer = model.shape.layers[l];
    const kernels::Matrix z = workspace.Inputs(l + 1, layer.outputs, a.cols);
    const DenseParameters& parameters = model.ForInference(l);
    DenseForward(parameters.weight.view(), parameters.bias.view().data, layer.activation, a,
                 l == 0 ? nonzeros : kernels::ConstNonzeros{}, z);
    a = z;
  }
  return a;
}

void ForEachLogits(const Model::Storage& model, const Dataset& data, Execution& execution,
                   const std::function<void(size_t first, kernels::Matrix logits)>& visit) {
  const size_t features = model.shape.inputs();
  if (data.features() != features) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "data",
                             .found = fmt::format("{} features", data.features()),
                             .expected = fmt::format("{} (as the model has inputs)", features)});
  }
  data.storage().WillRead(Access::kInOrder);
  const BatchReader reader(data, Rebased(model.scaling, model.schema, data.schema()));
  const bool sparse = reader.Density() < kSkipDensity;
  const size_t blocks = (data.examples() + Workspace::kBlock - 1) / Workspace::kBlock;
  // One per worker, though there may be fewer blocks: any of the workers may get them.
  std::vector<Workspace> workspaces(execution.threads());
  for (Workspace& w : workspaces)
    w.Reserve(model.shape, std::min(Workspace::kBlock, data.examples()));
  execution.ForEach(blocks, [&](size_t task, size_t worker) {
    Workspace& workspace = workspaces[worker];
    const size_t first = task * Workspace::kBlock;
    const size_t columns = std::min(Workspace::kBlock, data.examples() - first);
    const kernels::Matrix inputs = workspace.Inputs(0, features, columns);
    kernels::Nonzeros nonzeros;
    if (sparse) nonzeros = workspace.Nonzeros(features, columns);
    reader.Read(workspace.Indices(first, columns), inputs, nonzeros);
    visit(first, RunLayers(model, inputs, nonzeros, workspace));
  });
}

void RequireKind(const Model& model, bool regression) {
  if (model.regression() == regression) return;
  throw Error(ErrorCode::kInvalidArgument,
              ErrorDetails{.subject = "model",
                           .problem = regression ? "predicts classes, not numbers"
                                                 : "predicts numbers, not classes"});
}

void StoreLogits(kernels::ConstMatrix z, float* to) {
  for (size_t c = 0; c < z.cols; ++c) std::copy_n(z.Column(c), z.rows, to + c * z.rows);
}

void LoadLogits(const float* from, kernels::Matrix z) {
  for (size_t c = 0; c < z.cols; ++c) std::copy_n(from + c * z.rows, z.rows, z.Column(c));
}

void StoreProbabilities(const NetworkShape& shape, kernels::Matrix z, float* to) {
  if (shape.output == OutputKind::kSoftmax) {
    kernels::Softmax(z);
    StoreLogits(z, to);
    return;
  }
  kernels::Apply(*KernelNonlinearity(Activation::kSigmoid), z, z);
  for (size_t c = 0; c < z.cols; ++c) {
    to[2 * c] = 1.0f - *z.Column(c);
    to[2 * c + 1] = *z.Column(c);
  }
}

void StoreClasses(const NetworkShape& shape, kernels::ConstMatrix z, uint32_t* to) {
  if (shape.output == OutputKind::kSoftmax) return kernels::ArgMax(z, to);
  for (size_t c = 0; c < z.cols; ++c) to[c] = *z.Column(c) > 0 ? 1 : 0;
}

namespace {

// The number of the table that an output stands for.
double ValueOf(const Model::Storage& model, float z) {
  const auto scaled = static_cast<double>(model.target.offset + model.target.scale * z);
  if (model.target.log) return std::expm1(scaled);
  // Without an offset not even the sign of 0 changes.
  return model.schema.target_offset == 0 ? scaled : model.schema.target_offset + scaled;
}

}  // namespace

void StoreValues(const Model::Storage& model, kernels::ConstMatrix z, float* to) {
  for (size_t c = 0; c < z.cols; ++c) to[c] = static_cast<float>(ValueOf(model, *z.Column(c)));
}

void StoreValues(const Model::Storage& model, kernels::ConstMatrix z, double* to) {
  for (size_t c = 0; c < z.cols; ++c) to[c] = ValueOf(model, *z.Column(c));
}

std::vector<float> Model::Logits(const Dataset& data, int threads) const {
  Execution execution(threads);
  const size_t outputs = shape().outputs();
  std::vector<float> logits(data.examples() * outputs);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreLogits(z, logits.data() + first * outputs);
  });
  return logits;
}

std::vector<float> Model::Probabilities(const Dataset& data, int threads) const {
  RequireKind(*this, false);
  Execution execution(threads);
  const size_t classes = ClassesOf(shape());
  std::vector<float> probabilities(data.examples() * classes);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreProbabilities(shape(), z, probabilities.data() + first * classes);
  });
  return probabilities;
}

std::vector<uint32_t> Model::Classes(const Dataset& data, int threads) const {
  RequireKind(*this, false);
  Execution execution(threads);
  std::vector<uint32_t> classes(data.examples());
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreClasses(shape(), z, classes.data() + first);
  });
  return classes;
}

std::vector<double> Model::Values(const Dataset& data, int threads) const {
  RequireKind(*this, true);
  Execution execution(threads);
  std::vector<double> values(data.examples());
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreValues(storage(), z, values.data() + first);
  });
  return values;
}

}  // namespace colonnade
