#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "colonnade/error.h"
#include "colonnade/train.h"
#include "engine/data/scaling.h"
#include "engine/model/initialization.h"
#include "engine/runtime/aligned.h"
#include "engine/runtime/execution.h"
#include "engine/runtime/random.h"
#include "engine/train/loss.h"
#include "engine/train/optimizer.h"
#include "engine/train/profiler.h"
#include "engine/train/schedule.h"
#include "engine/train/step.h"

namespace colonnade {
namespace {

using Clock = std::chrono::steady_clock;

// Below this many floating-point operations a step takes less time than waking a second thread.
constexpr double kSerialFlops = 1e6;

// From this many full-batch steps on, keeping the nonzeros of the data pays: it takes as long as
// some of them.
constexpr size_t kSparseSteps = 16;

void Require(bool good, const char* option, double found, const char* expected) {
  if (good) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{}: found {}, expected {}", option, found, expected));
}

void CheckData(const Dataset& data) {
  if (!data.labelled()) throw Error(ErrorCode::kBadData, "training data: no labels");
  if (!data.regression() && data.classes() < 2) {
    throw Error(ErrorCode::kBadData, "training data: found " + std::to_string(data.classes()) +
                                         " class in the label column, expected at least 2");
  }
}

std::vector<DenseParameters> StartParameters(const NetworkShape& shape,
                                             const TrainOptions& options) {
  if (options.start == nullptr) {
    return options.init == Initialization::kHe ? HeParameters(shape, options.seed)
                                               : UniformParameters(shape, options.seed);
  }
  const Model::Storage& start = options.start->storage();
  if (start.shape != shape) {
    throw Error(ErrorCode::kInvalidArgument,
                "start: found a model " + start.shape.Widths() + ", expected " + shape.Widths());
  }
  std::vector<DenseParameters> parameters = ZeroParameters(shape);
  for (size_t l = 0; l < parameters.size(); ++l) {
    const auto copy = [](kernels::ConstMatrix from, kernels::Matrix to) {
      std::copy_n(from.data, from.stride * from.cols, to.data);
    };
    copy(start.layers[l].weight.view(), parameters[l].weight.view());
    copy(start.layers[l].bias.view(), parameters[l].bias.view());
  }
  return parameters;
}

// The loss is checked before each update; what the last update did is seen only here.
void RequireFinite(std::span<const DenseParameters> layers) {
  for (size_t l = 0; l < layers.size(); ++l) {
    for (const OwnedMatrix* matrix : {&layers[l].weight, &layers[l].bias}) {
      for (size_t c = 0; c < matrix->cols(); ++c) {
        const float* column = matrix->view().Column(c);
        if (std::all_of(column, column + matrix->rows(),
                        [](float x) { return std::isfinite(x); })) {
          continue;
        }
        throw Error(ErrorCode::kDiverged, "training diverged: a parameter of layer " +
                                              std::to_string(l) +
                                              " is not finite; try a lower learning rate");
      }
    }
  }
}

// Multiplications and additions of one step, with the gradient of the inputs left out.
double FlopsPerStep(const NetworkShape& shape, size_t batch_size) {
  double weights = 0;
  for (size_t l = 0; l < shape.layers.size(); ++l) {
    weights +=
        static_cast<double>(shape.layers[l].inputs * shape.layers[l].outputs) * (l == 0 ? 2 : 3);
  }
  return 2 * weights * static_cast<double>(batch_size);
}

}  // namespace

TrainOptions TrainOptions::Classic() {
  TrainOptions options;
  options.hidden = {10};
  options.init = Initialization::kUniform;
  options.epochs = 1000;
  options.batch_size = 0;
  options.optimizer = Optimizer::kSgd;
  options.learning_rate = 0.05;
  options.schedule = Schedule::kConstant;
  return options;
}

namespace {

NetworkShape Shape(const TrainOptions& options, size_t inputs, size_t outputs) {
  return options.activations.empty()
             ? NetworkShape::Mlp(inputs, options.hidden, outputs, options.activation)
             : NetworkShape::Mlp(inputs, options.hidden, outputs, options.activations);
}

}  // namespace

NetworkShape TrainOptions::ShapeFor(const Dataset& data) const {
  const Loss chosen = ResolveLoss(*this, data);
  const bool per_class = chosen == Loss::kCrossEntropy;
  NetworkShape shape = Shape(*this, data.features(), per_class ? data.classes() : 1);
  shape.output = per_class                             ? OutputKind::kSoftmax
                 : chosen == Loss::kBinaryCrossEntropy ? OutputKind::kSigmoid
                                                       : OutputKind::kLinear;
  return shape;
}

size_t TrainOptions::ExamplesPerStep(size_t examples) const {
  if (batch_size == 0 || batch_size >= examples) return examples;
  return std::min(batch_size * accumulate, examples);
}

size_t TrainOptions::EpochsFor(size_t examples) const {
  constexpr size_t kSteps = 2500;
  if (epochs != 0) return epochs;
  const size_t batch = ExamplesPerStep(examples);
  const size_t steps_per_epoch = (examples + batch - 1) / batch;
  return std::clamp<size_t>((kSteps + steps_per_epoch - 1) / steps_per_epoch, 4, 200);
}

double TrainOptions::Rate() const {
  const bool adaptive = optimizer == Optimizer::kAdam || optimizer == Optimizer::kAdamW ||
                        optimizer == Optimizer::kRmsprop;
  // The squared error bends as much more steeply than the cross-entropy as its outputs are larger.
  const bool numbers = loss == Loss::kSquared || loss == Loss::kHuber;
  return learning_rate.value_or(adaptive ? 0.001 : numbers ? 0.003 : 0.15);
}

double TrainOptions::WeightDecay() const {
  return weight_decay.value_or(optimizer == Optimizer::kAdamW ? 0.01 : 0);
}

void TrainOptions::Check() const {
  Require(epochs <= 1'000'000, "epochs", static_cast<double>(epochs), "0 to 1000000");
  const double rate = Rate();
  Require(std::isfinite(rate) && rate > 0 && rate <= 1e6, "learning rate", rate,
          "a number above 0, at most 1000000");
  for (const auto& [option, value] :
       {std::pair{"momentum", momentum}, {"beta1", beta1}, {"beta2", beta2}, {"alpha", alpha}}) {
    Require(value >= 0 && value < 1, option, value, "a number in [0, 1)");
  }
  Require(lr_decay > 0 && lr_decay <= 1, "learning rate decay", lr_decay,
          "a number above 0, at most 1");
  Require(lr_decay_epochs <= 1'000'000, "learning rate decay epochs",
          static_cast<double>(lr_decay_epochs), "0 to 1000000");
  Require(accumulate >= 1 && accumulate <= 1'000'000, "accumulate", static_cast<double>(accumulate),
          "1 to 1000000");
  Require(accumulate == 1 || batch_size != 0, "accumulate", static_cast<double>(accumulate),
          "1 with full batches");
  Require(clip_norm >= 0 && clip_norm <= 1e30, "clip norm", clip_norm,
          "0 (no limit) or a number up to 1e30");
  Require(epsilon >= 1e-30 && epsilon <= 1, "epsilon", epsilon, "a number in [1e-30, 1]");
  Require(WeightDecay() >= 0 && WeightDecay() <= 1e6, "weight decay", WeightDecay(),
          "a number in [0, 1000000]");
  Require(threads >= 0 && threads <= 1024, "threads", threads, "0 to 1024");
  Shape(*this, 1, 1);
  CheckLossOptions(*this);
  CheckScalingMethod(scale);
}

namespace {

// Parameters, their starting values, transposed copy and optimizer state must fit into the machine:
// asking for more would end the process without a word when the memory is touched.
void RequireMemory(const NetworkShape& shape, Optimizer method) {
  const bool adam = method == Optimizer::kAdam || method == Optimizer::kAdamW;
  const double copies = adam ? 5 : 4;
  const double needed = copies * sizeof(float) * static_cast<double>(shape.parameters());
  const double present = PhysicalMemory();
  constexpr double kGiB = 1 << 30;
  if (needed <= present) return;
  throw Error(
      ErrorCode::kInvalidArgument,
      fmt::format("hidden: found a network of {}, which needs {:.0f} GiB, expected one that "
                  "fits into the {:.0f} GiB of this machine",
                  shape.Widths(), needed / kGiB, present / kGiB));
}

}  // namespace

TrainResult Train(const Dataset& data, const TrainOptions& given) {
  given.Check();
  CheckData(data);
  TrainOptions options = given;
  options.loss = ResolveLoss(given, data);
  const size_t examples = data.examples();
  const size_t batch = options.ExamplesPerStep(examples);
  const bool full_batch = batch == examples;
  const size_t steps_per_epoch = (examples + batch - 1) / batch;

  auto model = std::make_shared<Model::Storage>();
  model->shape = options.ShapeFor(data);
  model->target = FitTargets(options, data);
  RequireMemory(model->shape, options.optimizer);
  model->schema = data.schema();
  model->scaling = FitScaling(options.scale, data);
  model->layers = StartParameters(model->shape, options);

  Execution execution(FlopsPerStep(model->shape, batch) < kSerialFlops ? 1 : options.threads);
  OptimizerState optimizer(options, model->shape);
  std::optional<Profiler> profiler;
  if (options.profile != nullptr) {
    profiler.emplace(model->shape, options.precision, execution, *options.profile);
  }
  const Clock::time_point start = Clock::now();
  const bool sparse = full_batch && options.EpochsFor(examples) >= kSparseSteps;
  StepSettings settings;
  settings.batch_size = batch;
  if (options.accumulate > 1) {
    settings.chunk_size = std::min(options.batch_size, StepSettings::kMaxChunk);
  }
  settings.clip_norm = options.clip_norm;
  settings.zeros = sparse ? Zeros::kSparse : Zeros::kAuto;
  settings.precision = options.precision;
  TrainingStep step(model->shape, data, model->scaling, settings, model->layers, optimizer,
                    execution, profiler ? &*profiler : nullptr,
                    LossFunction(options, data, model->target));

  std::vector<uint32_t> order(examples);
  std::iota(order.begin(), order.end(), 0u);
  Progress progress;
  progress.epochs = options.EpochsFor(examples);
  progress.steps = progress.epochs * steps_per_epoch;
  if (options.warmup >= progress.steps) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("warm-up: found {} steps, expected fewer than the {} of this training",
                            options.warmup, progress.steps));
  }
  const RateSchedule schedule(options, progress.epochs, steps_per_epoch);
  bool stopped = false;

  execution.Run([&] {
    for (size_t epoch = 0; epoch < progress.epochs && !stopped; ++epoch) {
      if (!full_batch) {
        Random(options.seed, RandomStream::kShuffle, static_cast<uint32_t>(epoch))
            .Permutation(order);
      }
      BatchLoss sum;
      for (size_t begin = 0; begin < examples && !stopped; begin += batch) {
        const size_t end = std::min(begin + batch, examples);
        progress.learning_rate =
            schedule.At(static_cast<double>(progress.step), static_cast<double>(progress.steps));
        const BatchLoss result =
            step.Run({order.data() + begin, end - begin}, progress.learning_rate);
        ++progress.step;
        if (!std::isfinite(result.loss)) {
          throw Error(ErrorCode::kDiverged,
                      "training diverged: the loss is not finite after step " +
                          std::to_string(progress.step) + " of epoch " + std::to_string(epoch + 1) +
                          "; try a lower learning rate");
        }
        sum.loss += result.loss;
        sum.loss_weight += result.loss_weight;
        sum.correct += result.correct;
        sum.weight += result.weight;
        progress.epoch = epoch + 1;
        progress.epoch_done = end == examples;
        progress.examples += end - begin;
        progress.loss = sum.MeanLoss();
        progress.accuracy = data.regression() ? std::nan("") : sum.Accuracy();
        progress.seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (options.on_progress && !options.on_progress(progress)) stopped = true;
      }
    }
  });

  RequireFinite(model->layers);
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (profiler) profiler->Finish(start, seconds, step.skips_zeros());
  return {.model = Model(std::move(model)),
          .epochs = progress.epoch_done ? progress.epoch : progress.epoch - 1,
          .steps = progress.step,
          .stopped = stopped && progress.step < progress.steps,
          .loss = progress.loss,
          .accuracy = progress.accuracy,
          .seconds = seconds,
          .threads = static_cast<int>(execution.threads())};
}

}  // namespace colonnade
