// SPDX-License-Identifier: Apache-2.0
#include "engine/train/step.h"

#include <algorithm>
#include <utility>

#include "engine/data/storage.h"
#include "engine/train/nonzero_lists.h"

namespace colonnade {

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
    passes_->Begin(chunk.indices.front());
    passes_->SetDropoutPlace({.step = static_cast<uint32_t>(optimizer_.steps()),
                              .first_column = static_cast<uint32_t>(begin)});
    PhaseA(chunk);
    PhaseTimer timer(profiler_, 0);
    loss.Add({losses_.data(), columns});
    AddCorrect(columns, result.correct);
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

// Between two regions all threads wait for each other.
void TrainingStep::PhaseA(const Chunk& chunk) {
  for (const Region& region : plan_.For(chunk.indices.size())) {
    execution_.ForEach(region.tasks, [&](size_t task, size_t worker) {
      PhaseTimer timer(profiler_, worker);
      region.ForEachStage(task, [&](const Stage& stage, const Block& block) {
        Compute(stage, block, chunk, worker, timer);
      });
    });
  }
}

void TrainingStep::Compute(const Stage& stage, const Block& block, const Chunk& chunk,
                           size_t worker, PhaseTimer& timer) {
  const size_t l = stage.layer;
  const uint32_t* const indices = chunk.indices.data() + block.first_column;
  switch (stage.kind) {
    case Stage::Kind::kRead:
      passes_->Read(
          augmented_ ? augmented_->Fill(indices, block.first_column, block.columns) : indices,
          block.first_column, block.columns);
      return timer.Done(Phase::kRead);
    case Stage::Kind::kForward:
      passes_->Forward(l, block);
      return timer.Done(Phase::kForward, l);
    case Stage::Kind::kNormalize:
      passes_->Normalize(l, block.columns, block.first_row, block.rows, parameters_[l]);
      return timer.Done(Phase::kForward, l);
    case Stage::Kind::kLoss:
      correct_[worker] +=
          loss_.Apply(passes_->logits().Columns(block.first_column, block.columns), indices,
                      block.first_column, chunk.loss_scale, losses_.data() + block.first_column);
      passes_->TakeLogitGradient(block.first_column, block.columns);
      return timer.Done(Phase::kLoss);
    case Stage::Kind::kBackward:
      passes_->Backward(l, block);
      return timer.Done(Phase::kBackward, l);
    case Stage::Kind::kNormalizeBackward:
      passes_->NormalizeBackward(l, block.columns, block.first_row, block.rows);
      return timer.Done(Phase::kBackward, l + 1);
  }
}

// Adds the weight of the correct predictions of a chunk; the next one is counted from 0.
void TrainingStep::AddCorrect(size_t columns, double& sum) {
  if (loss_.weighted()) {
    for (size_t c = 0; c < columns; ++c) sum += static_cast<double>(loss_.Hits()[c]);
  } else {
    for (const size_t count : correct_) sum += static_cast<double>(count);
  }
  std::fill(correct_.begin(), correct_.end(), 0);
}

namespace {

std::unique_ptr<SparseExamples> Lists(const NetworkShape& shape, const Dataset& data,
                                      const Scaling& scaling, const StepSettings& settings,
                                      const BatchReader& reader, Execution& execution) {
  const bool wanted = settings.precision == Precision::kF32 && settings.zeros == Zeros::kSparse &&
                      settings.augment.none();
  return wanted ? MakeNonzeroLists(shape, data, scaling, reader, execution) : nullptr;
}

std::optional<AugmentedBatch> Augmented(const Dataset& data, const StepSettings& settings) {
  if (settings.augment.none()) return {};
  return AugmentedBatch(data, settings.augment, settings.augment_seed,
                        std::min(settings.batch_size, settings.chunk_size));
}

}  // namespace

TrainingStep::TrainingStep(const NetworkShape& shape, const Dataset& data, const Scaling& scaling,
                           const StepSettings& settings, std::vector<DenseParameters>& parameters,
                           OptimizerState& optimizer, Execution& execution, Profiler* profiler,
                           std::optional<LossFunction> loss)
    : parameters_(parameters),
      optimizer_(optimizer),
      execution_(execution),
      profiler_(profiler),
      augmented_(Augmented(data, settings)),
      read_(augmented_ ? augmented_->data() : data),
      reader_(read_, scaling),
      sparse_(Lists(shape, data, scaling, settings, reader_, execution)),
      plan_(shape, execution.threads(), sparse_ == nullptr ? 0 : sparse_->tile()),
      loss_(loss ? std::move(*loss) : LossFunction(TrainOptions(), data, {})),
      correct_(execution.threads()) {
  data.storage().WillRead(settings.batch_size < data.examples() ? Access::kAtRandom
                                                                : Access::kInOrder);
  const size_t chunk =
      sparse_ == nullptr ? settings.chunk_size : LargestChunk(*sparse_, execution.threads());
  const size_t columns = std::min(settings.batch_size, chunk);
  passes_ = settings.precision == Precision::kF32
                ? MakeF32Passes(shape, reader_, parameters, columns, settings.zeros, sparse_.get(),
                                settings.dropout)
                : MakeBf16Passes(shape, read_, scaling, parameters, columns, settings.dropout);
  loss_.Reserve(columns);
  losses_.resize(columns);
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

}  // namespace colonnade
