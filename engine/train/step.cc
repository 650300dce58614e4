#include "engine/train/step.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/model/forward.h"
#include "engine/model/initialization.h"
#include "kernels/softmax.h"

namespace colonnade {
namespace {

// Columns of a register tile; blocks of columns are multiples of it.
constexpr size_t kTile = 6;

// The largest chunk with SparseExamples: a column takes a few hundred bytes there. A barrier costs
// microseconds, a chunk some hundred of them.
constexpr size_t kMaxSparseColumns = 16384;

// The most outputs of a first layer with SparseExamples. bench/sparse_bench.cc has the measurement.
constexpr size_t kMaxSparseOutputs = 64;

// Weight columns per task of phase B: a multiple of the tile's columns and of a cache line of the
// transposed weights (16).
constexpr size_t kBlockColumns = 48;
constexpr size_t kMaxBlockColumns = std::max(kBlockColumns, SparseExamples::kBlockFeatures);

// Weight rows that a task of phase B takes at a time: their gradient (24 KiB) is still in the L1
// cache when the optimizer reads it.
constexpr size_t kBlockRows = 128;

// Rows per task where phase A goes layer by layer: the largest register tile's.
constexpr size_t kLayerRows = 64;

// What a thread computes, and what a parallel region costs, for the choice between the two ways of
// phase A; rough, because near the point where they are equal the choice hardly matters.
constexpr double kFlopsPerSecond = 5e10;
constexpr double kRegionSeconds = 5e-6;

size_t Tasks(size_t total, size_t each) { return (total + each - 1) / each; }

// Batch columns per task of phase A: whole register tiles, and two tasks per thread, so that a
// thread that comes late costs half as much.
size_t ColumnsPerTask(size_t columns, size_t threads) {
  if (threads == 1) return columns;
  return kernels::RoundUp(Tasks(columns, 2 * threads), kTile);
}

// Whether columns alone are too few tasks for the threads.
bool LayerByLayerPays(const NetworkShape& shape, size_t columns, size_t threads) {
  const size_t tasks = Tasks(columns, ColumnsPerTask(columns, threads));
  if (tasks >= threads) return false;
  const double flops = 4 * static_cast<double>(shape.parameters() * columns);
  const double idle = 1 / static_cast<double>(tasks) - 1 / static_cast<double>(threads);
  const double regions = 2 * static_cast<double>(shape.layers.size());
  return flops / kFlopsPerSecond * idle > regions * kRegionSeconds;
}

// Tiles of a chunk with SparseExamples: two per thread as above, and so few examples in one that
// what phase A computes of them stays in a core's cache.
size_t TilesPerChunk(size_t threads) { return 2 * std::max<size_t>(threads, 2); }

std::unique_ptr<SparseExamples> MakeSparse(const NetworkShape& shape, const Dataset& data,
                                           const Scaling& scaling, const BatchReader& reader,
                                           Execution& execution) {
  const float scale = CommonScale(data, scaling);
  if (scale == 0 || data.features() > SparseExamples::kMaxRows ||
      shape.layers.front().outputs > kMaxSparseOutputs || reader.Density() >= kSkipDensity) {
    return nullptr;
  }
  const size_t chunks = Tasks(data.examples(), kMaxSparseColumns);
  const size_t tiles = chunks * TilesPerChunk(execution.threads());
  const size_t tile = kernels::RoundUp(Tasks(data.examples(), tiles), kernels::kSparseLanes);
  return std::make_unique<SparseExamples>(data, scale, tile, execution);
}

// Columns of the largest chunk.
size_t ChunkColumns(size_t batch_size, const SparseExamples* sparse, size_t threads) {
  return std::min(batch_size, sparse == nullptr ? TrainingStep::kMaxColumns
                                                : sparse->tile() * TilesPerChunk(threads));
}

size_t BlockColumns(size_t layer, const SparseExamples* sparse) {
  return layer == 0 && sparse != nullptr ? SparseExamples::kBlockFeatures : kBlockColumns;
}

// The sum of losses, every kLanes-th for itself, so that additions need not wait for each other.
class LossSum {
 public:
  // Adds so many that follow those added before; their number is a multiple of kLanes but for the
  // last.
  void Add(std::span<const float> losses) {
    for (size_t c = 0; c < losses.size(); ++c) sums_[c % kLanes] += static_cast<double>(losses[c]);
  }

  double Total() const { return std::accumulate(sums_.begin(), sums_.end(), 0.0); }

 private:
  static constexpr size_t kLanes = 8;

  std::array<double, kLanes> sums_{};
};

}  // namespace

TrainingStep::TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
                           size_t batch_size, std::vector<DenseParameters>& parameters,
                           OptimizerState& optimizer, Execution& execution, Zeros zeros,
                           Precision precision, Profiler* profiler)
    : shape_(shape),
      data_(data),
      parameters_(parameters),
      optimizer_(optimizer),
      execution_(execution),
      profiler_(profiler),
      reader_(data, scaling) {
  const bool f32 = precision == Precision::kF32;
  if (f32 && zeros == Zeros::kSparse) {
    sparse_ = MakeSparse(shape, data, scaling, reader_, execution);
  }
  const size_t columns = ChunkColumns(batch_size, sparse_.get(), execution.threads());
  passes_ = f32 ? MakeF32Passes(shape, reader_, parameters, columns, zeros, sparse_.get())
                : MakeBf16Passes(shape, data, scaling, parameters, columns);
  labels_.resize(columns);
  losses_.resize(columns);
  correct_.resize(columns);
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l];
    const size_t each = BlockColumns(l, sparse_.get());
    for (size_t first = 0; first < layer.inputs; first += each) {
      blocks_.push_back({l, first, std::min(each, layer.inputs - first), 0, layer.outputs});
    }
  }
  if (batch_size > columns) {
    gradients_ = ZeroParameters(shape);
  } else {
    size_t widest = 0;
    for (const Layer& layer : shape.layers) widest = std::max(widest, layer.outputs);
    for (size_t w = 0; w < execution.threads(); ++w) {
      // A block's gradient, and the bias gradient in a column of its own.
      scratch_.emplace_back(widest, kMaxBlockColumns + 1);
    }
  }
}

BatchLoss TrainingStep::Run(std::span<const uint32_t> indices, double learning_rate) {
  const StepTimer step_timer(profiler_, indices.size());
  optimizer_.BeginStep(learning_rate);
  BatchLoss result;
  LossSum loss;
  for (size_t begin = 0; begin < indices.size(); begin += passes_->columns()) {
    const size_t columns = std::min(passes_->columns(), indices.size() - begin);
    const Chunk chunk{indices.subspan(begin, columns), indices.size(), begin == 0,
                      begin + columns == indices.size()};
    std::fill(correct_.begin(), correct_.end(), 0);
    passes_->Begin(chunk.indices.front());
    if (sparse_ == nullptr && LayerByLayerPays(shape_, columns, execution_.threads())) {
      PhaseALayerByLayer(chunk);
    } else {
      PhaseA(chunk);
    }
    PhaseTimer timer(profiler_, 0);
    loss.Add({losses_.data(), columns});
    for (const size_t correct : correct_) result.correct += correct;
    timer.Done(Phase::kLoss);
    PhaseB(chunk);
  }
  result.loss = loss.Total();
  return result;
}

size_t TrainingStep::TaskColumns(size_t columns) const {
  return sparse_ != nullptr ? sparse_->tile() : ColumnsPerTask(columns, execution_.threads());
}

void TrainingStep::PhaseA(const Chunk& chunk) {
  const size_t columns = chunk.indices.size();
  const size_t each = TaskColumns(columns);
  execution_.ForEach(Tasks(columns, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    const size_t first = task * each;
    const size_t count = std::min(each, columns - first);
    const auto all_rows = [&](size_t layer) {
      return Block{first, count, 0, shape_.layers[layer].outputs};
    };
    Read(chunk, first, count);
    timer.Done(Phase::kRead);
    for (size_t l = 0; l < shape_.layers.size(); ++l) {
      passes_->Forward(l, all_rows(l));
      timer.Done(Phase::kForward, l);
    }
    Loss(chunk, task, first, count);
    timer.Done(Phase::kLoss);
    for (size_t l = shape_.layers.size() - 1; l > 0; --l) {
      passes_->Backward(l, all_rows(l - 1));
      timer.Done(Phase::kBackward, l);
    }
  });
}

void TrainingStep::PhaseALayerByLayer(const Chunk& chunk) {
  const size_t columns = chunk.indices.size();
  const size_t each = TaskColumns(columns);
  const auto columns_of = [&](size_t task) { return std::min(each, columns - task * each); };
  execution_.ForEach(Tasks(columns, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    Read(chunk, task * each, columns_of(task));
    timer.Done(Phase::kRead);
  });
  for (size_t l = 0; l < shape_.layers.size(); ++l) {
    ForEachBlock(columns, shape_.layers[l].outputs, Phase::kForward, l,
                 [&](const Block& block) { passes_->Forward(l, block); });
  }
  execution_.ForEach(Tasks(columns, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    Loss(chunk, task, task * each, columns_of(task));
    timer.Done(Phase::kLoss);
  });
  for (size_t l = shape_.layers.size() - 1; l > 0; --l) {
    ForEachBlock(columns, shape_.layers[l].inputs, Phase::kBackward, l,
                 [&](const Block& block) { passes_->Backward(l, block); });
  }
}

// Calls f for blocks that cover a result, at least two per thread where it is large enough.
template <class F>
void TrainingStep::ForEachBlock(size_t columns, size_t rows, Phase phase, size_t layer,
                                const F& f) {
  const size_t down = Tasks(rows, kLayerRows);
  const size_t wanted = std::max<size_t>(1, 2 * execution_.threads() / down);
  const size_t each = kernels::RoundUp(Tasks(columns, wanted), kTile);
  execution_.ForEach(down * Tasks(columns, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    const size_t first_row = task % down * kLayerRows;
    const size_t first_column = task / down * each;
    f(Block{first_column, std::min(each, columns - first_column), first_row,
            std::min(kLayerRows, rows - first_row)});
    timer.Done(phase, layer);
  });
}

void TrainingStep::Read(const Chunk& chunk, size_t first, size_t count) {
  const uint32_t* indices = chunk.indices.data() + first;
  const std::span<const uint32_t> labels = data_.labels();
  for (size_t c = 0; c < count; ++c) labels_[first + c] = labels[indices[c]];
  passes_->Read(indices, first, count);
}

void TrainingStep::Loss(const Chunk& chunk, size_t task, size_t first, size_t count) {
  const float scale = 1.0f / static_cast<float>(chunk.batch_size);
  correct_[task] =
      kernels::SoftmaxCrossEntropy(passes_->logits().Columns(first, count), labels_.data() + first,
                                   scale, losses_.data() + first);
  passes_->TakeLogitGradient(first, count);
}

void TrainingStep::PhaseB(const Chunk& chunk) {
  execution_.ForEach(blocks_.size(), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    WeightBlock block = blocks_[task];
    const size_t rows = block.rows;
    for (; block.first_row < rows; block.first_row += kBlockRows) {
      block.rows = std::min(kBlockRows, rows - block.first_row);
      Update(block, worker, chunk, timer);
    }
  });
}

void TrainingStep::Update(const WeightBlock& block, size_t worker, const Chunk& chunk,
                          PhaseTimer& timer) {
  const size_t l = block.layer;
  const size_t columns = chunk.indices.size();
  const auto output = chunk.is_first ? kernels::Output::kOverwrite : kernels::Output::kAccumulate;

  // The gradient goes to memory only where it must outlive the chunk.
  const bool keep = !gradients_.empty();
  const kernels::Matrix weight_gradient =
      keep ? gradients_[l]
                 .weight.view()
                 .Columns(block.first, block.count)
                 .Rows(block.first_row, block.rows)
           : scratch_[worker].view().Columns(0, block.count).Rows(0, block.rows);
  passes_->WeightGradient(
      block, columns, output, weight_gradient,
      chunk.is_last ? optimizer_.Reads(block, parameters_[l]) : kernels::ReadNext());
  timer.Done(Phase::kWeightGradient, l);
  if (chunk.is_last) {
    optimizer_.UpdateWeight(block, weight_gradient, parameters_[l]);
    passes_->TakeWeights(block);
    timer.Done(Phase::kUpdate, l);
  }
  if (block.first == 0 && block.first_row == 0) {
    const size_t outputs = shape_.layers[l].outputs;
    const kernels::Matrix bias_gradient =
        keep ? gradients_[l].bias.view()
             : scratch_[worker].view().Columns(kMaxBlockColumns, 1).Rows(0, outputs);
    passes_->BiasGradient(l, columns, output, bias_gradient.data);
    timer.Done(Phase::kWeightGradient, l);
    if (chunk.is_last) {
      optimizer_.UpdateBias(l, bias_gradient, parameters_[l]);
      timer.Done(Phase::kUpdate, l);
    }
  }
}

}  // namespace colonnade
