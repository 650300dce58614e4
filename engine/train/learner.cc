// SPDX-License-Identifier: Apache-2.0
#include "engine/train/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/scaling.h"
#include "engine/data/target_scaling.h"
#include "engine/model/initialization.h"
#include "engine/runtime/aligned.h"
#include "engine/train/targets.h"

namespace colonnade {
namespace {

// Below this many floating-point operations a step takes less time than waking a second thread.
constexpr double kSerialFlops = 1e6;

// Batch normalisation takes the statistics of a whole batch, so that all of it goes through the
// network at once: its inputs, and of each layer products, outputs, their gradients and perhaps
// what the activation takes.
void RequireBatchMemory(const NetworkShape& shape, const Dataset& data,
                        const TrainOptions& options) {
  const size_t examples =
      options.batch_size == 0 ? data.examples() : std::min(*options.batch_size, data.examples());
  size_t values = shape.inputs();
  for (const Layer& layer : shape.layers) values += 4 * layer.outputs;
  const double needed = sizeof(float) * static_cast<double>(values * examples);
  const double present = PhysicalMemory();
  constexpr double kGiB = 1 << 30;
  if (needed <= present) return;
  throw Error(
      ErrorCode::kInvalidArgument,
      ErrorDetails{
          .subject = "batch-size",
          .found = fmt::format("{}, which needs {:.0f} GiB at once with batch normalisation",
                               examples, needed / kGiB),
          .expected =
              fmt::format("one that fits into the {:.0f} GiB of this machine", present / kGiB)});
}

std::vector<DenseParameters> StartParameters(const NetworkShape& shape,
                                             const TrainOptions& options) {
  if (!options.start) {
    return options.init == Initialization::kHe ? HeParameters(shape, options.seed)
                                               : UniformParameters(shape, options.seed);
  }
  const Model::Storage& start = options.start->storage();
  if (start.shape != shape) {
    const bool same_widths = start.shape.Widths() == shape.Widths();
    const char* const others = " of other activations, outputs or batch normalisation";
    throw Error(ErrorCode::kInvalidArgument,
                ErrorDetails{.subject = "start",
                             .found = fmt::format("a model {}{}", start.shape.Widths(),
                                                  same_widths ? others : ""),
                             .expected = shape.Widths()});
  }
  std::vector<DenseParameters> parameters = ZeroParameters(shape);
  CopyParameters(start.layers, parameters);
  return parameters;
}

// A start has to have been trained for the same of a number and its logarithm.
void RequireLink(const TrainOptions& options, const TargetScaling& target) {
  const bool found = target.transform == TargetTransform::kLog;
  if (!options.start || found == (options.loss == Loss::kPoisson)) return;
  throw Error(
      ErrorCode::kInvalidArgument,
      ErrorDetails{.subject = "start",
                   .found = fmt::format("a model {}of the loss poisson", found ? "" : "not "),
                   .expected = found ? "another" : "one of it"});
}

// With its starting parameters.
std::shared_ptr<Model::Storage> MakeModel(const Dataset& data, const TrainOptions& options,
                                          const Membership* of) {
  std::shared_ptr<Model::Storage> model;
  if (of == nullptr) {
    model = FitModel(data, options);
  } else {
    model = std::make_shared<Model::Storage>();
    model->shape = of->fit.shape;
    model->scaling = of->fit.scaling;
    model->schema = of->fit.schema;
    model->target = of->fit.target;
  }
  RequireMemory(model->shape, options);
  if (options.HasBatchNorm()) RequireBatchMemory(model->shape, data, options);
  model->layers = StartParameters(model->shape, options);
  return model;
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

double SumOfSquares(kernels::ConstMatrix matrix) {
  constexpr size_t kSums = 8;  // for the processor to work on at once
  static_assert(kernels::kPadFloats % kSums == 0);
  double sums[kSums] = {};
  for (size_t i = 0; i < matrix.stride * matrix.cols; i += kSums) {  // padding is zero
    for (size_t s = 0; s < kSums; ++s) {
      const auto x = static_cast<double>(matrix.data[i + s]);
      sums[s] += x * x;
    }
  }
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

}  // namespace

double MemoryFor(const NetworkShape& shape, const TrainOptions& options) {
  const char* const* moments = RowOf(*options.optimizer).moments;
  const bool two_moments = moments[0] != nullptr && moments[1] != nullptr;
  const double copies = (two_moments ? 5 : 4) + (options.early_stopping > 0 ? 1 : 0) +
                        (options.ema > 0 ? 2 : 0) +
                        (options.optimizer == Optimizer::kScheduleFree ? 1 : 0) +
                        (options.optimizer == Optimizer::kMuon ? 5 : 0);
  return copies * sizeof(float) * static_cast<double>(shape.parameters());
}

std::shared_ptr<Model::Storage> FitModel(const Dataset& data, const TrainOptions& options) {
  auto model = std::make_shared<Model::Storage>();
  model->shape = options.ShapeFor(data);
  model->schema = data.schema();
  const auto rebased = [&](auto scaling) {
    return Rebased(std::move(scaling), options.start->schema(), model->schema);
  };
  model->target =
      options.start ? rebased(options.start->target_scaling()) : FitTargets(options, data);
  model->target.levels = LevelsOf(options);
  model->target.smearing = 0;  // of this training's end
  RequireLink(options, model->target);
  CheckTargets(model->target, data);
  model->scaling = options.start && options.scale == Scale::kAuto
                       ? rebased(options.start->scaling())
                       : FitScaling(options.scale, data, options.embed, options.embed_pieces);
  model->shape.layers.front().inputs = model->scaling.inputs();
  return model;
}

// Asking for more would end the process without a word when the memory is touched.
void RequireMemory(const NetworkShape& shape, const TrainOptions& options, size_t at_once) {
  const size_t kept = options.ensemble > 1 ? 2 * *options.ensemble : 0;  // of each, and their model
  const double needed = MemoryFor(shape, options) * static_cast<double>(at_once) +
                        static_cast<double>(kept * sizeof(float) * shape.parameters());
  const double present = PhysicalMemory();
  constexpr double kGiB = 1 << 30;
  if (needed <= present) return;
  throw Error(
      ErrorCode::kInvalidArgument,
      ErrorDetails{
          .subject = "hidden",
          .found = fmt::format("a network of {}, which needs {:.0f} GiB{}", shape.Widths(),
                               needed / kGiB, options.ensemble > 1 ? " for an ensemble" : ""),
          .expected =
              fmt::format("one that fits into the {:.0f} GiB of this machine", present / kGiB)});
}

Learner::Learner(const Dataset& data, const TrainOptions& options, const Membership* of)
    : batch(options.ExamplesPerStep(data.examples())),
      model(MakeModel(data, options, of)),
      execution(FlopsPerStep(model->shape, batch) < kSerialFlops ? 1 : options.threads),
      optimizer(options, model->shape),
      average(optimizer.averages() ? CopyOf(*model) : nullptr) {}

const std::shared_ptr<Model::Storage>& Learner::Evaluated() {
  if (average == nullptr) return model;
  optimizer.Average(model->layers, average->layers);
  return average;
}

std::shared_ptr<Model::Storage> CopyOf(const Model::Storage& model) {
  auto copy = std::make_shared<Model::Storage>();
  copy->shape = model.shape;
  copy->layers = ZeroParameters(model.shape);
  CopyParameters(model.layers, copy->layers);
  copy->scaling = model.scaling;
  copy->target = model.target;
  copy->schema = model.schema;
  return copy;
}

StepSettings SettingsOf(const TrainOptions& options, size_t examples_per_step) {
  StepSettings settings;
  settings.batch_size = examples_per_step;
  if (options.accumulate > 1) {
    settings.chunk_size = std::min(*options.batch_size, StepSettings::kMaxChunk);
  }
  if (options.HasBatchNorm()) {
    settings.chunk_size = options.accumulate > 1 ? *options.batch_size : examples_per_step;
  }
  settings.clip_norm = options.clip_norm;
  settings.precision = options.precision;
  settings.dropout = {.probability = options.dropout, .seed = options.seed};
  settings.augment = options.augment;
  settings.augment_seed = options.seed;
  return settings;
}

double ParameterNorm(std::span<const DenseParameters> layers) {
  double sum = 0;  // of squares of f32: cannot overflow
  for (const DenseParameters& layer : layers) {
    sum += SumOfSquares(layer.weight.view()) + SumOfSquares(layer.bias.view()) +
           SumOfSquares(layer.gamma.view());
  }
  return std::sqrt(sum);
}

bool AreFinite(std::span<const DenseParameters> layers) {
  double sum = ParameterNorm(layers);
  for (const DenseParameters& layer : layers) {
    for (const auto& [name, matrix] : kRunningParts) sum += SumOfSquares((layer.*matrix).view());
  }
  return std::isfinite(sum);
}

void RequireMatch(const char* what, const Dataset& data, size_t features,
                  const NetworkShape& shape) {
  const auto fail = [&](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::kBadData,
                ErrorDetails{.subject = what, .found = found, .expected = expected});
  };
  if (data.features() != features) {
    fail(fmt::format("{} features", data.features()), fmt::to_string(features));
  }
  if (!data.labelled()) fail("no labels", "labels");
  if (data.regression() != (shape.output == OutputKind::kLinear)) {
    fail(data.regression() ? "numbers" : "classes", data.regression() ? "classes" : "numbers");
  }
  if (data.regression()) return;
  const size_t classes = shape.output == OutputKind::kSigmoid ? 2 : shape.outputs();
  const uint32_t largest = *std::ranges::max_element(data.labels());
  if (largest >= classes) {
    fail(fmt::format("class index {}", largest), fmt::format("at most {}", classes - 1));
  }
}

namespace {

[[noreturn]] void ThrowDiverged(const char* what, size_t step, double learning_rate,
                                std::span<const DenseParameters> layers) {
  std::string where;
  for (size_t l = 0; l < layers.size(); ++l) {
    if (AreFinite(layers.subspan(l, 1))) continue;
    where += fmt::format("{}{}", where.empty() ? " of layer " : ", ", l);
  }
  throw Error(
      ErrorCode::kDiverged,
      ErrorDetails{.problem = fmt::format(
                       "training diverged: {} after step {} (parameters that are not finite:{})",
                       what, step, where.empty() ? " none" : where),
                   .advice = fmt::format("try a lower learning rate (found {:.3g} at that step)",
                                         learning_rate)});
}

}  // namespace

void RequireFiniteLoss(const BatchLoss& loss, size_t step, double learning_rate,
                       std::span<const DenseParameters> layers) {
  if (!std::isfinite(loss.loss)) {
    ThrowDiverged("the loss is not finite", step, learning_rate, layers);
  }
}

void RequireFiniteParameters(size_t step, double learning_rate,
                             std::span<const DenseParameters> layers) {
  if (!AreFinite(layers)) {
    ThrowDiverged("a parameter is not finite", step, learning_rate, layers);
  }
}

}  // namespace colonnade
