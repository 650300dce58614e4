#include "engine/model/inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/scaling.h"
#include "engine/data/storage.h"
#include "engine/model/forward.h"
#include "engine/runtime/floating_point.h"
#include "kernels/activation.h"
#include "kernels/convert.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

// Examples that go through the network together: enough for the matrix products to reuse the
// weights, few enough for the activations to stay in a core's cache.
constexpr size_t kBlock = 128;

// What a thread needs to run a block of examples. Grows when asked for more, never shrinks.
class Workspace {
 public:
  // Grows to what blocks of so many examples need.
  void Reserve(const NetworkShape& shape, size_t columns) {
    Inputs(0, shape.inputs(), columns);
    Nonzeros(shape.inputs(), columns);
    Indices(0, columns);
    for (size_t l = 0; l < shape.layers.size(); ++l) {
      Inputs(l + 1, shape.layers[l].outputs, columns);
    }
  }

  // The inputs of layer `l`. Layers of equal parity share memory, because none needs more than its
  // inputs and outputs.
  kernels::Matrix Inputs(size_t l, size_t rows, size_t columns) {
    const size_t stride = ColumnStride(rows, sizeof(float));
    return {Grown(values_[l % 2], stride * columns), rows, columns, stride};
  }

  kernels::Nonzeros Nonzeros(size_t rows, size_t columns) {
    const size_t words = kernels::NonzeroWords(rows);
    return {Grown(nonzeros_, words * columns), words, columns, words};
  }

  // Consecutive numbers from `first` on.
  const uint32_t* Indices(size_t first, size_t count) {
    uint32_t* indices = Grown(indices_, count);
    std::iota(indices, indices + count, static_cast<uint32_t>(first));
    return indices;
  }

 private:
  template <class T>
  static T* Grown(AlignedBuffer<T>& buffer, size_t size) {
    if (buffer.size() < size) buffer = AlignedBuffer<T>(size);
    return buffer.data();
  }

  AlignedBuffer<float> values_[2];
  AlignedBuffer<uint64_t> nonzeros_;
  AlignedBuffer<uint32_t> indices_;
};

// All layers over a block. nonzeros: of `inputs`, or with null data.
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

// Copies the columns of a block to their place in a dense result.
void StoreColumns(kernels::ConstMatrix columns, float* to) {
  for (size_t c = 0; c < columns.cols; ++c) {
    std::copy_n(columns.Column(c), columns.rows, to + c * columns.rows);
  }
}

// Calls visit(first, logits) for block after block of `examples`, on this thread. `results` is the
// size of the caller's output, of which each example takes `results_each`.
template <class Visit>
void ForEachLogits(const Model::Storage& model, std::span<const float> examples, size_t results,
                   size_t results_each, const Visit& visit) {
  const size_t features = model.shape.inputs();
  const size_t count = examples.size() / features;
  if (examples.size() != count * features) {
    throw Error(ErrorCode::kBadData,
                fmt::format("examples: found {} values, expected a multiple of {} (as the model "
                            "has inputs)",
                            examples.size(), features));
  }
  if (results != count * results_each) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("output: found room for {} values, expected {} ({} for each of {} "
                            "examples)",
                            results, count * results_each, results_each, count));
  }
  thread_local Workspace workspace;
  const ScopedFlushDenormals flush;  // as all loops of Execution do
  for (size_t first = 0; first < count; first += kBlock) {
    const size_t columns = std::min(kBlock, count - first);
    const kernels::Matrix inputs = workspace.Inputs(0, features, columns);
    // For one example, the product looks for zeros itself.
    kernels::Nonzeros nonzeros;
    if (columns > 1) nonzeros = workspace.Nonzeros(features, columns);
    kernels::Scale({examples.data() + first * features, features, columns, features},
                   model.padded_scaling.offset.data(), model.padded_scaling.scale.data(), inputs,
                   nonzeros);
    if (columns > 1 && Density(nonzeros, features) >= kSkipDensity) nonzeros = {};
    visit(first, RunLayers(model, inputs, nonzeros, workspace));
  }
}

}  // namespace

void ForEachLogits(const Model::Storage& model, const Dataset& data, Execution& execution,
                   const std::function<void(size_t first, kernels::Matrix logits)>& visit) {
  const size_t features = model.shape.inputs();
  if (data.features() != features) {
    throw Error(ErrorCode::kBadData,
                fmt::format("data: found {} features, expected {} (as the model has inputs)",
                            data.features(), features));
  }
  data.storage().WillRead(Access::kInOrder);
  const BatchReader reader(data, model.scaling);
  const bool sparse = reader.Density() < kSkipDensity;
  const size_t blocks = (data.examples() + kBlock - 1) / kBlock;
  // One per worker, though there may be fewer blocks: any of the workers may get them.
  std::vector<Workspace> workspaces(execution.threads());
  for (Workspace& w : workspaces) w.Reserve(model.shape, std::min(kBlock, data.examples()));
  execution.ForEach(blocks, [&](size_t task, size_t worker) {
    Workspace& workspace = workspaces[worker];
    const size_t first = task * kBlock;
    const size_t columns = std::min(kBlock, data.examples() - first);
    const kernels::Matrix inputs = workspace.Inputs(0, features, columns);
    kernels::Nonzeros nonzeros;
    if (sparse) nonzeros = workspace.Nonzeros(features, columns);
    reader.Read(workspace.Indices(first, columns), inputs, nonzeros);
    visit(first, RunLayers(model, inputs, nonzeros, workspace));
  });
}

namespace {

void RequireKind(const Model& model, bool regression) {
  if (model.regression() == regression) return;
  throw Error(ErrorCode::kInvalidArgument, regression ? "model: predicts classes, not numbers"
                                                      : "model: predicts numbers, not classes");
}

// The probabilities of a block, of all classes for each example, from its logits, which are lost.
void StoreProbabilities(const NetworkShape& shape, kernels::Matrix z, float* to) {
  if (shape.output == OutputKind::kSoftmax) {
    kernels::Softmax(z);
    StoreColumns(z, to);
    return;
  }
  kernels::Apply(kernels::Nonlinearity::kSigmoid, z, z);
  for (size_t c = 0; c < z.cols; ++c) {
    to[2 * c] = 1.0f - *z.Column(c);
    to[2 * c + 1] = *z.Column(c);
  }
}

void StoreValues(const TargetScaling& target, kernels::ConstMatrix z, float* to) {
  for (size_t c = 0; c < z.cols; ++c) to[c] = target.offset + target.scale * *z.Column(c);
}

}  // namespace

void StoreClasses(const NetworkShape& shape, kernels::ConstMatrix z, uint32_t* to) {
  if (shape.output == OutputKind::kSoftmax) return kernels::ArgMax(z, to);
  for (size_t c = 0; c < z.cols; ++c) to[c] = *z.Column(c) > 0 ? 1 : 0;
}

std::vector<float> Model::Logits(const Dataset& data, int threads) const {
  Execution execution(threads);
  const size_t outputs = shape().outputs();
  std::vector<float> logits(data.examples() * outputs);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreColumns(z, logits.data() + first * outputs);
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

std::vector<float> Model::Values(const Dataset& data, int threads) const {
  RequireKind(*this, true);
  Execution execution(threads);
  std::vector<float> values(data.examples());
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreValues(target_scaling(), z, values.data() + first);
  });
  return values;
}

void Model::Logits(std::span<const float> examples, std::span<float> logits) const {
  const size_t outputs = shape().outputs();
  ForEachLogits(storage(), examples, logits.size(), outputs, [&](size_t first, kernels::Matrix z) {
    StoreColumns(z, logits.data() + first * outputs);
  });
}

void Model::Probabilities(std::span<const float> examples, std::span<float> probabilities) const {
  RequireKind(*this, false);
  const size_t classes = ClassesOf(shape());
  ForEachLogits(storage(), examples, probabilities.size(), classes,
                [&](size_t first, kernels::Matrix z) {
                  StoreProbabilities(shape(), z, probabilities.data() + first * classes);
                });
}

void Model::Classes(std::span<const float> examples, std::span<uint32_t> classes) const {
  RequireKind(*this, false);
  ForEachLogits(storage(), examples, classes.size(), 1, [&](size_t first, kernels::Matrix z) {
    StoreClasses(shape(), z, classes.data() + first);
  });
}

void Model::Values(std::span<const float> examples, std::span<float> values) const {
  RequireKind(*this, true);
  ForEachLogits(storage(), examples, values.size(), 1, [&](size_t first, kernels::Matrix z) {
    StoreValues(target_scaling(), z, values.data() + first);
  });
}

}  // namespace colonnade
