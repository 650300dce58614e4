// SPDX-License-Identifier: Apache-2.0
// What must not allocate: a training step, prediction by a Predictor, and prediction straight from
// memory but for a thread's first call. All allocation of this program is counted here.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "colonnade/model.h"
#include "colonnade/predictor.h"
#include "colonnade/train.h"
#include "tests/support/datasets.h"

namespace {

std::atomic<size_t> allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

// GCC takes the pair for mismatched where it sees only one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

extern "C" void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++allocations;
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}

namespace colonnade {
namespace {

Model ZeroModel(size_t features, size_t hidden, size_t members = 1) {
  const NetworkShape shape = NetworkShape::Mlp(features, std::vector<size_t>{hidden}, 3);
  std::vector<LayerParameters> parameters;
  for (size_t l = 0; l < members * shape.layers.size(); ++l) {
    const Layer& layer = shape.layers[l % shape.layers.size()];
    parameters.push_back({.weight = std::vector<float>(layer.inputs * layer.outputs),
                          .bias = std::vector<float>(layer.outputs)});
  }
  Schema schema;
  schema.features = features;
  schema.classes = {"a", "b", "c"};
  return Model(
      shape, parameters,
      {Scale::kNone, std::vector<float>(features, 0.0f), std::vector<float>(features, 1.0f)},
      schema);
}

// How many allocations calls on `count` examples make. predictor: the model, or a Predictor of it.
template <class P>
size_t AllocationsOf(P& predictor, const Model& model, size_t count) {
  const std::vector<float> examples(count * model.shape().inputs(), 1.0f);
  std::vector<float> outputs(count * 3);
  std::vector<uint32_t> classes(count);
  const size_t before = allocations;
  predictor.Logits(examples, outputs);
  predictor.Probabilities(examples, outputs);
  predictor.Classes(examples, classes);
  return allocations - before;
}

size_t AllocationsOf(const Model& model, size_t count) {
  return AllocationsOf(model, model, count);
}

// oneTBB allocates for itself where a thread first takes part in a loop, which may be in any step;
// a step that allocated by itself would do so every time.
TEST(TrainAllocation, NoneInAStep) {
  const Dataset data = test::DigitsDataset(400, 1);
  constexpr size_t kSteps = test::kSanitized ? 20 : 100;  // from 16 on, lists of nonzeros are made
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    for (const int threads : {1, 2, 8}) {  // with 8, phase A goes layer by layer
      for (const size_t batch_size : {20u, 400u}) {
        TrainOptions options;
        options.hidden = {224, 40};
        if (threads == 2) options.optimizer = Optimizer::kMuon;  // takes a whole layer at a time
        // Full batches by lists of nonzeros.
        if (precision == Precision::kF32 && batch_size == 400) options.hidden = {24, 224};
        options.batch_size = batch_size;
        options.precision = precision;
        options.threads = threads;
        options.epochs = batch_size == 400 ? kSteps : kSteps / 20;
        size_t last = 0;
        size_t steps = 0;
        size_t allocating_steps = 0;
        options.on_progress = [&](const Progress& p) {
          if (p.step > 1 && allocations != last) ++allocating_steps;
          last = allocations;
          steps = p.step;
          return true;
        };
        const size_t before = allocations;
        static_cast<void>(Train(data, options));
        EXPECT_GT(allocations, before) << "the count does not see the library's allocations";
        EXPECT_EQ(steps, kSteps);
        EXPECT_LE(allocating_steps, threads == 1 ? 0u : kSteps / 2) << threads << " threads";
      }
    }
  }
}

TEST(InferenceAllocation, OnlyInTheFirstCallOfAThread) {
  const Model small = ZeroModel(20, 30);
  const Model large = ZeroModel(500, 400);
  const Model several = ZeroModel(500, 400, 3);
  std::thread([&] {
    EXPECT_GT(AllocationsOf(small, 1), 0u) << "the count does not see the library's allocations";
    EXPECT_EQ(AllocationsOf(small, 1), 0u);
    EXPECT_GT(AllocationsOf(large, 1), 0u);
    EXPECT_EQ(AllocationsOf(small, 1), 0u);
    EXPECT_EQ(AllocationsOf(large, 1), 0u);
    EXPECT_GT(AllocationsOf(large, 3), 0u);
    EXPECT_EQ(AllocationsOf(large, 2), 0u);
    EXPECT_EQ(AllocationsOf(large, 3), 0u);
    // Blocks bound what many examples need.
    EXPECT_GT(AllocationsOf(large, 200), 0u);
    EXPECT_EQ(AllocationsOf(large, 1000), 0u);
    EXPECT_EQ(AllocationsOf(small, 1000), 0u);
    EXPECT_GT(AllocationsOf(several, 1000), 0u);
    EXPECT_EQ(AllocationsOf(several, 1000), 0u);
    EXPECT_EQ(AllocationsOf(several, 1), 0u);
  }).join();
}

// Not even in the first call of a thread, with more examples than there is room for.
TEST(PredictorAllocation, None) {
  for (const size_t members : {1u, 3u}) {
    const Model model = ZeroModel(500, 400, members);
    for (const size_t room : {1u, 2u, 300u}) {
      const size_t before = allocations;
      Predictor predictor(model, room);
      EXPECT_GT(allocations, before) << "the count does not see the library's allocations";
      std::thread([&] {
        for (const size_t count : {1u, 2u, 1000u}) {
          EXPECT_EQ(AllocationsOf(predictor, model, count), 0u) << count << ", room for " << room;
        }
      }).join();
    }
  }
}

}  // namespace
}  // namespace colonnade
