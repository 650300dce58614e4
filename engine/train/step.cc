#include "engine/train/step.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/data/storage.h"
#include "engine/model/forward.h"

namespace colonnade {
namespace {

// Columns of a register tile; blocks of columns are multiples of it.
constexpr size_t kTile = 6;

// The largest chunk with SparseExamples: what is computed of it takes some 5 MB with 10 units in
// each layer, and stays in the L3 cache. Fewer, larger chunks have fewer barriers to wait at.
constexpr size_t kMaxSparseColumns = 20480;

// Columns of a tile that phase A takes at a time through the layers after the first, so that what
// they pass on stays in the L1 cache.
constexpr size_t kPieceColumns = 40 * kTile;

// The most outputs of a first layer with SparseExamples. kernels/README.md has the measurement.
constexpr size_t kMaxSparseOutputs = 32;

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

// Tiles of a chunk with SparseExamples, and the most tasks of phase A otherwise: several per
// thread, since threads are not equally fast, and so few examples in one that what phase A computes
// of them stays in a core's cache.
size_t TilesPerChunk(size_t threads) { return 4 * std::max<size_t>(threads, 2); }

std::unique_ptr<SparseExamples> MakeSparse(const NetworkShape& shape, const Dataset& data,
                                           const Scaling& scaling, const BatchReader& reader,
                                           Execution& execution) {
  const float scale = CommonScale(data, scaling);
  // The lists are about as large as the values, which need not fit into memory if they are mapped.
  if (static_cast<double>(data.storage().MappedBytes()) > PhysicalMemory() / 4) return nullptr;
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
size_t ChunkColumns(const StepSettings& settings, const SparseExamples* sparse, size_t threads) {
  if (sparse != nullptr) {
    return std::min(settings.batch_size, sparse->tile() * TilesPerChunk(threads));
  }
  return std::min(settings.batch_size, settings.chunk_size);
}

// The sum of losses, every kLanes-th for itself, so that additions need not wait for each other.
class LossSum {
 public:
  // Adds so many that follow those added before; their number is a multiple of kLanes but for the
  // last.
  void Add(std::span<const float> losses) {
    for (; losses.size() >= kLanes; losses = losses.subspan(kLanes)) {
      for (size_t i = 0; i < kLanes; ++i) sums_[i] += static_cast<double>(losses[i]);
    }
    for (size_t i = 0; i < losses.size(); ++i) sums_[i] += static_cast<double>(losses[i]);
  }

  double Total() const { return std::accumulate(sums_.begin(), sums_.end(), 0.0); }

 private:
  static constexpr size_t kLanes = 8;

  std::array<double, kLanes> sums_{};
};

}  // namespace

TrainingStep::TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
                           const StepSettings& settings, std::vector<DenseParameters>& parameters,
                           OptimizerState& optimizer, Execution& execution, Profiler* profiler,
                           std::optional<LossFunction> loss)
    : shape_(shape),
      parameters_(parameters),
      optimizer_(optimizer),
      execution_(execution),
      profiler_(profiler),
      reader_(data, scaling),
      loss_(loss ? std::move(*loss) : LossFunction(TrainOptions(), data, {})) {
  const bool f32 = settings.precision == Precision::kF32;
  if (f32 && settings.zeros == Zeros::kSparse && !shape.batch_norm()) {
    sparse_ = MakeSparse(shape, data, scaling, reader_, execution);
  }
  data.storage().WillRead(settings.batch_size < data.examples() ? Access::kAtRandom
                                                                : Access::kInOrder);
  const size_t columns = ChunkColumns(settings, sparse_.get(), execution.threads());
  passes_ = f32 ? MakeF32Passes(shape, reader_, parameters, columns, settings.zeros, sparse_.get(),
                                settings.dropout)
                : MakeBf16Passes(shape, data, scaling, parameters, columns, settings.dropout);
  loss_.Reserve(columns);
  losses_.resize(columns);
  correct_.resize(TilesPerChunk(execution.threads()));
  const ParameterUpdate::Settings update = {
      .first_block_columns = sparse_ == nullptr ? 0 : SparseExamples::kBlockFeatures,
      .several_chunks = settings.batch_size > columns,
      .clip_norm = settings.clip_norm};
  update_.emplace(shape, update, *passes_, parameters, optimizer, execution, profiler);
  if (sparse_ != nullptr) {
    update_->Deal([&](const WeightBlock& block) {
      return block.layer == 0 ? sparse_->Entries(block.first / SparseExamples::kBlockFeatures)
                              : data.examples() * block.count / kernels::kSparseLanes;
    });
  }
}

BatchLoss TrainingStep::Run(std::span<const uint32_t> indices, double learning_rate,
                            bool measure_gradient) {
  const StepTimer step_timer(profiler_, indices.size());
  optimizer_.BeginStep(learning_rate);
  BatchLoss result;
  result.loss_weight = loss_.LossWeight(indices);
  result.weight = loss_.Weight(indices);
  const float scale = result.loss_weight > 0 ? 1.0f / static_cast<float>(result.loss_weight) : 0.0f;
  LossSum loss;
  for (size_t begin = 0; begin < indices.size(); begin += passes_->columns()) {
    const size_t columns = std::min(passes_->columns(), indices.size() - begin);
    const Chunk chunk{indices.subspan(begin, columns), scale};
    std::fill(correct_.begin(), correct_.end(), 0);
    passes_->Begin(chunk.indices.front());
    passes_->SetDropoutPlace({.step = static_cast<uint32_t>(optimizer_.steps()),
                              .first_column = static_cast<uint32_t>(begin)});
    if (sparse_ == nullptr && LayerByLayerPays(shape_, columns, execution_.threads())) {
      PhaseALayerByLayer(chunk);
    } else if (shape_.batch_norm()) {
      PhaseABetweenNorms(chunk);
    } else {
      PhaseA(chunk);
    }
    PhaseTimer timer(profiler_, 0);
    loss.Add({losses_.data(), columns});
    if (loss_.weighted()) {
      for (size_t c = 0; c < columns; ++c) result.correct += static_cast<double>(loss_.Hits()[c]);
    } else {
      for (const size_t correct : correct_) result.correct += static_cast<double>(correct);
    }
    timer.Done(Phase::kLoss);
    update_->Run({.columns = columns,
                  .is_first = begin == 0,
                  .is_last = begin + columns == indices.size(),
                  .measure = measure_gradient});
  }
  result.loss = loss.Total();
  result.gradient_norm = update_->gradient_norm();
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
    Read(chunk, first, count);
    timer.Done(Phase::kRead);
    passes_->Forward(0, {first, count, 0, shape_.layers.front().outputs});
    timer.Done(Phase::kForward, 0);
    const size_t piece = sparse_ == nullptr ? count : kPieceColumns;
    for (size_t done = 0; done < count; done += piece) {
      AfterFirstLayer(chunk, task, first + done, std::min(piece, count - done), timer);
    }
  });
}

// The rest of phase A for columns that have gone through the first layer.
void TrainingStep::AfterFirstLayer(const Chunk& chunk, size_t task, size_t first, size_t count,
                                   PhaseTimer& timer) {
  const auto all_rows = [&](size_t layer) {
    return Block{first, count, 0, shape_.layers[layer].outputs};
  };
  for (size_t l = 1; l < shape_.layers.size(); ++l) {
    passes_->Forward(l, all_rows(l));
    timer.Done(Phase::kForward, l);
  }
  Loss(chunk, task, first, count);
  timer.Done(Phase::kLoss);
  for (size_t l = shape_.layers.size() - 1; l > 0; --l) {
    passes_->Backward(l, all_rows(l - 1));
    timer.Done(Phase::kBackward, l);
  }
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
    if (shape_.layers[l].batch_norm) Normalize(chunk, l);
  }
  execution_.ForEach(Tasks(columns, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    Loss(chunk, task, task * each, columns_of(task));
    timer.Done(Phase::kLoss);
  });
  for (size_t l = shape_.layers.size() - 1; l > 0; --l) {
    ForEachBlock(columns, shape_.layers[l].inputs, Phase::kBackward, l,
                 [&](const Block& block) { passes_->Backward(l, block); });
    if (shape_.layers[l - 1].batch_norm) NormalizeBackward(chunk, l - 1);
  }
}

// Phase A of a network with batch normalisation: a thread takes its columns through all layers from
// one normalisation to the next.
void TrainingStep::PhaseABetweenNorms(const Chunk& chunk) {
  const size_t columns = chunk.indices.size();
  const size_t layers = shape_.layers.size();
  for (size_t begin = 0; begin < layers;) {
    size_t norm = begin;  // the next layer with batch normalisation
    while (norm < layers && !shape_.layers[norm].batch_norm) ++norm;
    ForEachColumns(columns, [&](size_t task, size_t first, size_t count, PhaseTimer& timer) {
      if (begin == 0) {
        Read(chunk, first, count);
        timer.Done(Phase::kRead);
      }
      for (size_t l = begin; l <= std::min(norm, layers - 1); ++l) {
        passes_->Forward(l, {first, count, 0, shape_.layers[l].outputs});
        timer.Done(Phase::kForward, l);
      }
      if (norm < layers) return;
      Loss(chunk, task, first, count);
      timer.Done(Phase::kLoss);
      BackwardToNorm(layers - 1, first, count, timer);
    });
    if (norm < layers) Normalize(chunk, norm);
    begin = norm + 1;
  }
  for (size_t l = layers - 1; l-- > 0;) {
    if (!shape_.layers[l].batch_norm) continue;
    NormalizeBackward(chunk, l);
    if (l == 0) return;
    ForEachColumns(columns, [&](size_t, size_t first, size_t count, PhaseTimer& timer) {
      BackwardToNorm(l, first, count, timer);
    });
  }
}

// The backward pass from a layer back to one whose normalisation comes next, or to the first.
void TrainingStep::BackwardToNorm(size_t layer, size_t first, size_t count, PhaseTimer& timer) {
  for (; layer > 0; --layer) {
    passes_->Backward(layer, {first, count, 0, shape_.layers[layer - 1].outputs});
    timer.Done(Phase::kBackward, layer);
    if (shape_.layers[layer - 1].batch_norm) return;
  }
}

void TrainingStep::Normalize(const Chunk& chunk, size_t layer) {
  ForEachRows(shape_.layers[layer].outputs, [&](size_t first, size_t rows, PhaseTimer& timer) {
    passes_->Normalize(layer, chunk.indices.size(), first, rows, parameters_[layer]);
    timer.Done(Phase::kForward, layer);
  });
}

void TrainingStep::NormalizeBackward(const Chunk& chunk, size_t layer) {
  ForEachRows(shape_.layers[layer].outputs, [&](size_t first, size_t rows, PhaseTimer& timer) {
    passes_->NormalizeBackward(layer, chunk.indices.size(), first, rows);
    timer.Done(Phase::kBackward, layer + 1);
  });
}

// Calls f(task, first, count, timer) for the columns of all tasks.
template <class F>
void TrainingStep::ForEachColumns(size_t columns, const F& f) {
  const size_t each = TaskColumns(columns);
  execution_.ForEach(Tasks(columns, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    f(task, task * each, std::min(each, columns - task * each), timer);
  });
}

// Calls f(first, rows, timer) for parts of so many rows, one per thread where that makes them small
// enough for what is computed of them to stay in the cache.
template <class F>
void TrainingStep::ForEachRows(size_t rows, const F& f) {
  const size_t share = kernels::RoundUp(Tasks(rows, execution_.threads()), kernels::kPadFloats);
  const size_t each = std::min(share, kLayerRows);
  execution_.ForEach(Tasks(rows, each), [&](size_t task, size_t worker) {
    PhaseTimer timer(profiler_, worker);
    f(task * each, std::min(each, rows - task * each), timer);
  });
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
  passes_->Read(chunk.indices.data() + first, first, count);
}

void TrainingStep::Loss(const Chunk& chunk, size_t task, size_t first, size_t count) {
  correct_[task] +=
      loss_.Apply(passes_->logits().Columns(first, count), chunk.indices.data() + first, first,
                  chunk.loss_scale, losses_.data() + first);
  passes_->TakeLogitGradient(first, count);
}

}  // namespace colonnade
