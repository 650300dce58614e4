// SPDX-License-Identifier: Apache-2.0
#include "engine/model/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/scaling.h"
#include "engine/data/storage.h"
#include "engine/data/target_scaling.h"
#include "engine/model/forward.h"
#include "engine/model/kernel_names.h"
#include "kernels/activation.h"
#include "kernels/softmax.h"

namespace colonnade {

namespace {

// The layers of one member. place(l, rows): where the inputs of layer `l` go.
template <class Place>
kernels::Matrix RunMember(const Model::Storage& model, size_t member, kernels::Matrix inputs,
                          kernels::ConstNonzeros nonzeros, const Place& place) {
  kernels::Matrix a = inputs;
  for (size_t l = 0; l < model.shape.layers.size(); ++l) {
    const Layer& layer = model.shape.layers[l];
    const kernels::Matrix z = place(l + 1, layer.outputs);
    const DenseParameters& parameters = model.ForInference(l, member);
    DenseForward(parameters.weight.view(), parameters.bias.view().data, layer.activation, a,
                 l == 0 ? nonzeros : kernels::ConstNonzeros{}, z);
    a = z;
  }
  return a;
}

// The layers of all members.
kernels::Matrix RunMembers(const Model::Storage& model, kernels::Matrix inputs,
                           kernels::ConstNonzeros nonzeros, Workspace& workspace) {
  const size_t columns = inputs.cols;
  const size_t members = model.members();
  const OutputKind output = model.shape.output;
  const bool numbers = output == OutputKind::kLinear;
  // A row per member; or a column per class for each example, of one member after the other.
  const kernels::Matrix all = numbers
                                  ? workspace.Outputs(members, columns)
                                  : workspace.Outputs(ClassesOf(model.shape), columns * members);
  for (size_t m = 0; m < members; ++m) {
    const size_t last = model.shape.layers.size();
    const auto place = [&](size_t l, size_t rows) {
      return l == last && output == OutputKind::kSoftmax
                 ? all.Columns(m * columns, columns)
                 : workspace.InputsOfMember(l, rows, columns);
    };
    const kernels::Matrix z = RunMember(model, m, inputs, nonzeros, place);
    for (size_t c = 0; c < columns && output != OutputKind::kSoftmax; ++c) {
      if (numbers) {
        all.Column(c)[m] = *z.Column(c);
      } else {  // to the softmax of two classes, 0 and z say what the sigmoid of z says
        float* const logits = all.Column(m * columns + c);
        std::fill_n(logits, kernels::PaddedRows(all.rows), 0.0f);
        logits[1] = *z.Column(c);
      }
    }
  }
  if (numbers) return all;
  kernels::Softmax(all);
  kernels::LogMean(all, members);
  const kernels::Matrix mean = all.Columns(0, columns);
  if (output == OutputKind::kSoftmax) return mean;
  const kernels::Matrix odds = workspace.InputsOfMember(1, 1, columns);
  for (size_t c = 0; c < columns; ++c) *odds.Column(c) = mean.Column(c)[1] - mean.Column(c)[0];
  return odds;
}

}  // namespace

kernels::Matrix RunLayers(const Model::Storage& model, kernels::Matrix inputs,
                          kernels::ConstNonzeros nonzeros, Workspace& workspace) {
  if (model.members() > 1) return RunMembers(model, inputs, nonzeros, workspace);
  return RunMember(model, 0, inputs, nonzeros,
                   [&](size_t l, size_t rows) { return workspace.Inputs(l, rows, inputs.cols); });
}

void ForEachLogits(const Model::Storage& model, const Dataset& data, Execution& execution,
                   const std::function<void(size_t first, kernels::Matrix logits)>& visit) {
  const size_t features = model.schema.features;
  if (data.features() != features) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = "data",
                             .found = fmt::format("{} features", data.features()),
                             .expected = fmt::format("{} (as the model has)", features)});
  }
  data.storage().WillRead(Access::kInOrder);
  const BatchReader reader(data, Rebased(model.scaling, model.schema, data.schema()));
  const bool sparse = reader.Density() < kSkipDensity;
  const size_t blocks = (data.examples() + Workspace::kBlock - 1) / Workspace::kBlock;
  // One per worker, though there may be fewer blocks: any of the workers may get them.
  std::vector<Workspace> workspaces(execution.threads());
  for (Workspace& w : workspaces)
    w.Reserve(model.shape, std::min(Workspace::kBlock, data.examples()), model.members());
  execution.ForEach(blocks, [&](size_t task, size_t worker) {
    Workspace& workspace = workspaces[worker];
    const size_t first = task * Workspace::kBlock;
    const size_t columns = std::min(Workspace::kBlock, data.examples() - first);
    const kernels::Matrix inputs = workspace.Inputs(0, model.shape.inputs(), columns);
    kernels::Nonzeros nonzeros;
    if (sparse) nonzeros = workspace.Nonzeros(inputs.rows, columns);
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

namespace {

// The mean of what the members' outputs say in a column: value(output).
template <class Value>
double MeanOf(kernels::ConstMatrix z, size_t column, const Value& value) {
  double sum = value(z.Column(column)[0]);
  for (size_t m = 1; m < z.rows; ++m) sum += value(z.Column(column)[m]);
  return sum / static_cast<double>(z.rows);
}

}  // namespace

void StoreLogits(kernels::ConstMatrix z, float* to) {
  for (size_t c = 0; c < z.cols; ++c) std::copy_n(z.Column(c), z.rows, to + c * z.rows);
}

void StoreOutputs(const NetworkShape& shape, kernels::ConstMatrix z, float* to) {
  if (shape.output != OutputKind::kLinear) return StoreLogits(z, to);
  for (size_t c = 0; c < z.cols; ++c) {
    to[c] = static_cast<float>(MeanOf(z, c, [](float output) -> double { return output; }));
  }
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

// Quantiles that cross are put in order (Chernozhukov et al. 2010): none gets worse by it.
template <class T>
void StoreNumbers(const Model::Storage& model, kernels::ConstMatrix z, T* to) {
  const auto less = [](T a, T b) { return a < b || (std::isnan(b) && !std::isnan(a)); };
  if (model.members() > 1) {
    const auto value = [&](float output) { return ValueOf(model.target, model.schema, output); };
    for (size_t c = 0; c < z.cols; ++c) to[c] = static_cast<T>(MeanOf(z, c, value));
    return;
  }
  for (size_t c = 0; c < z.cols; ++c, to += z.rows) {
    for (size_t r = 0; r < z.rows; ++r) {
      to[r] = static_cast<T>(ValueOf(model.target, model.schema, z.Column(c)[r]));
    }
    std::sort(to, to + z.rows, less);
  }
}

}  // namespace

void StoreValues(const Model::Storage& model, kernels::ConstMatrix z, float* to) {
  StoreNumbers(model, z, to);
}

void StoreValues(const Model::Storage& model, kernels::ConstMatrix z, double* to) {
  StoreNumbers(model, z, to);
}

std::vector<float> Model::Logits(const Dataset& data, int threads) const {
  Execution execution(threads);
  const size_t outputs = shape().outputs();
  std::vector<float> logits(data.examples() * outputs);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreOutputs(shape(), z, logits.data() + first * outputs);
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
  const size_t outputs = shape().outputs();
  std::vector<double> values(data.examples() * outputs);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreValues(storage(), z, values.data() + first * outputs);
  });
  return values;
}

}  // namespace colonnade
