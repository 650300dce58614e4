#include "engine/model/inference.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "colonnade/error.h"
#include "engine/data/scaling.h"
#include "engine/model/forward.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

// Examples that go through the network together: enough for the matrix products to reuse the
// weights, few enough for the activations to stay in a core's cache.
constexpr size_t kBlock = 128;

// What one thread needs to run a block.
struct Workspace {
  Workspace(const NetworkShape& shape, size_t columns)
      : activations(shape, columns), indices(columns) {}

  Activations activations;
  std::vector<uint32_t> indices;
};

// Copies the columns of a block to their place in a dense result.
void StoreColumns(kernels::ConstMatrix columns, float* to) {
  for (size_t c = 0; c < columns.cols; ++c) {
    std::copy_n(columns.Column(c), columns.rows, to + c * columns.rows);
  }
}

}  // namespace

void ForEachLogits(const Model::Storage& model, const Dataset& data, Execution& execution,
                   const std::function<void(size_t first, kernels::Matrix logits)>& visit) {
  if (data.features() != model.shape.inputs()) {
    throw Error(ErrorCode::kBadData,
                "data: found " + std::to_string(data.features()) + " features, expected " +
                    std::to_string(model.shape.inputs()) + " (as the model has inputs)");
  }
  const BatchReader reader(data, model.scaling);
  const size_t block = std::min(kBlock, data.examples());
  const size_t blocks = block == 0 ? 0 : (data.examples() + block - 1) / block;
  std::vector<Workspace> workspaces;
  workspaces.reserve(execution.threads());
  // One per worker, though there may be fewer blocks: any of the workers may get them.
  for (size_t w = 0; w < execution.threads(); ++w) workspaces.emplace_back(model.shape, block);
  execution.ForEach(blocks, [&](size_t task, size_t worker) {
    Workspace& workspace = workspaces[worker];
    const size_t first = task * block;
    const size_t count = std::min(block, data.examples() - first);
    std::iota(workspace.indices.begin(), workspace.indices.end(), static_cast<uint32_t>(first));
    reader.Read(workspace.indices.data(), workspace.activations.inputs().Columns(0, count));
    ForwardPass(model.shape, model.layers, workspace.activations, 0, count);
    visit(first, workspace.activations.logits().Columns(0, count));
  });
}

std::vector<float> Model::Logits(const Dataset& data, int threads) const {
  Execution execution(threads);
  const size_t classes = shape().outputs();
  std::vector<float> logits(data.examples() * classes);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    StoreColumns(z, logits.data() + first * classes);
  });
  return logits;
}

std::vector<float> Model::Probabilities(const Dataset& data, int threads) const {
  Execution execution(threads);
  const size_t classes = shape().outputs();
  std::vector<float> probabilities(data.examples() * classes);
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    kernels::Softmax(z);
    StoreColumns(z, probabilities.data() + first * classes);
  });
  return probabilities;
}

std::vector<uint32_t> Model::Classes(const Dataset& data, int threads) const {
  Execution execution(threads);
  std::vector<uint32_t> classes(data.examples());
  ForEachLogits(storage(), data, execution, [&](size_t first, kernels::Matrix z) {
    kernels::ArgMax(z, classes.data() + first);
  });
  return classes;
}

}  // namespace colonnade
