// Training.
#ifndef COLONNADE_TRAIN_H_
#define COLONNADE_TRAIN_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/model.h"
#include "colonnade/network.h"
#include "colonnade/profile.h"

namespace colonnade {

// The update rules of torch.optim (SGD, SGD with momentum, with nesterov, Adam, AdamW, RMSprop);
// kernels/optimizer.h has the formulas.
enum class Optimizer { kSgd, kMomentum, kNesterov, kAdam, kAdamW, kRmsprop };

// The learning rate over the steps; engine/train/schedule.h has the formulas.
enum class Schedule {
  kConstant,
  kStep,         // times lr_decay every lr_decay_epochs
  kExponential,  // likewise, but a little at each step
  kCosine,       // half a period, from the learning rate down to 0
  kOneCycle,     // up from 1/25 of it in the first 3/10 of the steps, then down to nearly 0
};

// The arithmetic of the matrix products of training. Parameters, sums and the optimizer are f32 in
// both; so is inference.
enum class Precision {
  kF32,
  kBf16,  // factors rounded to bfloat16; faster where the processor has dot products of them
};

// How parameters start. Biases are 0 except where noted, gammas of batch normalisation 1.
enum class Initialization {
  kHe,       // weights normal with variance 2 / inputs (He et al. 2015, eq. 10)
  kUniform,  // weights and biases uniform in [-0.5, 0.5)
};

// PyTorch's losses, as means over the examples, weighted where they have weights.
enum class Loss {
  kAuto,                // cross-entropy for classes, squared error for numbers
  kCrossEntropy,        // of the softmax of one output per class
  kBinaryCrossEntropy,  // of the sigmoid of a single output, for two classes
  kSquared,             // (prediction − target)²
  kHuber,               // r² / 2 where r = |prediction − target| ≤ δ, else δ · (r − δ / 2)
};

// "auto", "cross-entropy", "bce", "squared" or "huber".
const char* Name(Loss loss);

// A moment of a training run, for the progress callback.
struct Progress {
  size_t epoch = 0;          // from 1
  size_t epochs = 0;         // planned
  size_t step = 0;           // steps done, over all epochs
  size_t steps = 0;          // planned
  size_t examples = 0;       // examples trained on, over all epochs
  bool epoch_done = false;   // this was the last step of its epoch
  double loss = 0;           // mean over the epoch so far, each batch before its update
  double accuracy = 0;       // likewise; NaN for regression
  double learning_rate = 0;  // of this step
  double seconds = 0;  // of training, those before the checkpoint that it resumed from included
  size_t resumed_step = 0;         // of that checkpoint; 0: none
  double examples_per_second = 0;  // over the epoch so far
  // Where epoch_done, with TrainOptions::measure_norms:
  double parameter_norm = 0;  // Euclidean, of all parameters together
  double gradient_norm = 0;   // likewise, of the last step of the epoch, before clipping
  // Where epoch_done, of TrainOptions::validation, if any; else null. Only during the call.
  const Evaluation* validation = nullptr;
};

struct TrainOptions {
  std::vector<size_t> hidden = {192};         // widths of the hidden layers; may be empty
  Activation activation = Activation::kRelu;  // of all hidden layers, unless:
  std::vector<Activation> activations = {};   // one per hidden layer, or none
  // [0, 1): the probability with which each output of a hidden layer is dropped in a step, all
  // others being scaled by 1 / (1 - dropout). Evaluation drops nothing.
  double dropout = 0;
  // Batch normalisation of each hidden layer before its activation (see Layer), as
  // torch.nn.BatchNorm1d: statistics of the whole batch, running averages with momentum 0.1. A
  // batch of one example, which the last of an epoch may be, takes the running averages instead.
  // For kF32 and batches of at least 2.
  bool batch_norm = false;             // of all hidden layers, unless:
  std::vector<bool> batch_norms = {};  // one per hidden layer, or none
  Initialization init = Initialization::kHe;

  Loss loss = Loss::kAuto;
  double huber_delta = 1;      // δ > 0 of kHuber, in units of the targets as they are scaled
  double label_smoothing = 0;  // [0, 1); for kCrossEntropy: this part of a label is spread evenly
                               // over all classes
  // How much the examples of each class count, for classes: one weight per class, ≥ 0, or none; or
  // n / (classes · examples of the class), such that all classes count the same.
  std::vector<double> class_weights = {};
  bool balance_classes = false;
  // For regression, scales the targets to mean 0 and variance 1 for the training; the model keeps
  // the scaling, and predicts in the units of the data.
  bool standardize_targets = true;

  size_t epochs = 0;       // 1 .. 10^6; 0: what EpochsFor() says
  size_t batch_size = 96;  // examples per step; 0: all of them
  // Batches per step (1 .. 10^6): their gradients accumulate. In f32 the bits are those of a batch
  // as large, in the memory for one (but not with batch normalisation, of each batch by itself);
  // the last step of an epoch takes what is left.
  size_t accumulate = 1;
  Optimizer optimizer = Optimizer::kMomentum;
  std::optional<double> learning_rate;  // > 0; where there is none, what Rate() says
  double momentum = 0.9;                // [0, 1); for kMomentum and kNesterov
  double beta1 = 0.9;                   // [0, 1); decay of the mean gradient; kAdam, kAdamW
  double beta2 = 0.999;                 // [0, 1); decay of the mean square; kAdam, kAdamW
  double alpha = 0.99;                  // [0, 1); decay of the mean square; kRmsprop
  double epsilon = 1e-8;                // [1e-30, 1]; added to its root; kAdam, kAdamW, kRmsprop
  // ≥ 0; where there is none, what WeightDecay() says. Of weights and biases, as in PyTorch: kAdamW
  // shrinks them by rate · weight_decay a step, the others add weight_decay · w to the gradient.
  std::optional<double> weight_decay;
  // The gradient of all parameters together is scaled down to this Euclidean norm where it is
  // larger (Pascanu et al. 2013; torch clip_grad_norm_); 0: never.
  double clip_norm = 0;
  Schedule schedule = Schedule::kCosine;
  size_t warmup = 0;           // steps in which the rate grows to the first of the schedule
  double lr_decay = 0.1;       // (0, 1]; for kStep and kExponential
  size_t lr_decay_epochs = 0;  // for them; 0: a third of the epochs
  uint64_t seed = 0;
  Precision precision = Precision::kF32;

  // "none"; "unit": x / 255; "minmax": to [0, 1] by the range of each feature; "standard": to mean
  // 0 and variance 1, a constant feature to 0. "auto": "unit" for pixels (bytes, most features of
  // which exceed 127 somewhere), else "standard". Fitted on the training data. With `start`, "auto"
  // is what that model has.
  std::string scale = "auto";

  // 0: DefaultThreads(), but inside a caller's tbb::task_arena no more than it has. A network whose
  // steps are too short to share runs on one thread whatever this says.
  int threads = 0;

  // Parameters to start from instead of `init`; its shape must match. May be null.
  const Model* start = nullptr;

  // Evaluated after every epoch, if not null: examples that training does not see.
  // SplitStratified() makes some; must have the features and classes of the training data.
  const Dataset* validation = nullptr;

  // What ends the training before `epochs` are done; 0: nothing.
  // So many epochs in a row without a lower loss on `validation`. The result then has the
  // parameters of the epoch with the lowest, also where something else ended the training, other
  // than reaching target_accuracy.
  size_t early_stopping = 0;
  // Such an accuracy after an epoch, (0, 1]: on `validation`, without it the mean over the epoch.
  double target_accuracy = 0;
  // So many seconds. The schedule then goes by steps or by seconds, whichever is further, so that
  // the rate arrives at its end either way; the result depends on the clock.
  double max_seconds = 0;

  // A file to keep the training in, for another to go on from it; empty: none. Written as a whole
  // or not at all, replacing the one before, after so many epochs, after so many steps (0: not by
  // these), and at the end, also at that by on_progress. Some 2 to 4 times the size of a model.
  std::filesystem::path checkpoint;
  size_t checkpoint_epochs = 1;
  size_t checkpoint_steps = 0;
  // Goes on from `checkpoint`, to the bits that a training without interruption gives (but for
  // max_seconds), for any number of threads; where the file does not exist, starts at the
  // beginning. Data and options must be those of the file, but for threads, the other options of
  // checkpoints, on_progress and profile.
  bool resume = false;

  // Called after every step, on the calling thread; false stops the training after this step.
  std::function<bool(const Progress&)> on_progress;

  // Whether the norms in Progress are wanted; the result has the same bits.
  bool measure_norms = false;

  // Where the time of the training goes, filled by Train() when it is done; may be null. The result
  // has the same bits. Costs about a per cent of the time where a step takes some 100 µs.
  Profile* profile = nullptr;

  // Whether any layer has batch normalisation.
  bool HasBatchNorm() const;

  // The network for these data. Throws kInvalidArgument where options and data do not go together.
  NetworkShape ShapeFor(const Dataset& data) const;

  // Examples that a step takes of so many: batch_size · accumulate, but at most all.
  size_t ExamplesPerStep(size_t examples) const;

  // The passes over so many examples: `epochs`, or where that is 0, as many as give 2500 steps, but
  // at least 4 and at most 200.
  size_t EpochsFor(size_t examples) const;

  // `learning_rate`, or where there is none: 0.001 for kAdam, kAdamW and kRmsprop; for others 0.003
  // with Loss::kSquared and kHuber, else 0.15.
  double Rate() const;

  // `weight_decay`, or where there is none: 0.01 for kAdamW, as in PyTorch, 0 for the others.
  double WeightDecay() const;

  // Throws kInvalidArgument, naming the option, its value and its range, where one is out of range.
  // Train() does so first of all; for a program that wants to know before it loads data.
  void Check() const;

  // The run that this project started from: one hidden layer of 10, full batch, rate 0.05,
  // 1000 iterations, uniform start.
  static TrainOptions Classic();
};

// What ended a training.
enum class StopReason { kEpochs, kCallback, kEarlyStopping, kTargetAccuracy, kMaxSeconds };

struct TrainResult {
  Model model;
  StopReason reason = StopReason::kEpochs;
  size_t epochs = 0;        // completed
  size_t steps = 0;         // completed
  size_t resumed_step = 0;  // of the checkpoint that it went on from; 0: none
  bool stopped = false;     // by the callback, before its time
  double loss = 0;          // mean over the last epoch, each batch before its update
  double accuracy = 0;      // likewise; NaN for regression
  double seconds = 0;       // as in Progress
  int threads = 0;          // that took part
  // The epoch that the parameters are from, where early stopping chose one; else 0.
  size_t best_epoch = 0;
  std::optional<Evaluation> validation;  // of `model`
};

// Trains a network to tell classes or to predict numbers. The result depends on the data, the
// options and the seed alone: not on the number of threads, nor on the instruction set as long as
// it has FMA. Throws kInvalidArgument for options out of range, kBadData for data without labels or
// with fewer than two classes or validation data that do not fit, kDiverged when the loss or a
// parameter leaves the finite numbers. With a checkpoint: kIo where it cannot be read or written,
// kBadModel where it is damaged or belongs to another training.
TrainResult Train(const Dataset& data, const TrainOptions& options = {});

}  // namespace colonnade

#endif  // COLONNADE_TRAIN_H_
