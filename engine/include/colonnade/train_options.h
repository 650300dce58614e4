// SPDX-License-Identifier: Apache-2.0
// The options of a training: TrainOptions has them, VisitOptions() below declares each by name; all
// else follows from it (colonnade/options.h). To add one, add a field and its entry.
#ifndef COLONNADE_TRAIN_OPTIONS_H_
#define COLONNADE_TRAIN_OPTIONS_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "colonnade/augmentation.h"
#include "colonnade/auto.h"
#include "colonnade/dataset.h"
#include "colonnade/evaluate.h"
#include "colonnade/loss.h"
#include "colonnade/model.h"
#include "colonnade/names.h"
#include "colonnade/network.h"
#include "colonnade/optimizer.h"
#include "colonnade/option.h"
#include "colonnade/profile.h"
#include "colonnade/scaling.h"
#include "colonnade/schedule.h"

namespace colonnade {

// The arithmetic of the matrix products of training. Parameters, sums and the optimizer are f32 in
// both; so is inference.
enum class Precision {
  kF32,
  kBf16,  // factors rounded to bfloat16; faster where the processor has dot products of them
};

inline constexpr NameRow<Precision> kPrecisions[] = {{Precision::kF32, "f32"},
                                                     {Precision::kBf16, "bf16"}};
constexpr std::span<const NameRow<Precision>> NamesOf(Precision) { return kPrecisions; }

// How parameters start. Biases are 0 except where noted, gammas of batch normalisation 1.
enum class Initialization {
  kHe,       // weights normal with variance 2 / inputs (He et al. 2015, eq. 10)
  kUniform,  // weights and biases uniform in [-0.5, 0.5)
};

inline constexpr NameRow<Initialization> kInitializations[] = {
    {Initialization::kHe, "he"}, {Initialization::kUniform, "uniform"}};
constexpr std::span<const NameRow<Initialization>> NamesOf(Initialization) {
  return kInitializations;
}

// What the networks of an ensemble differ by, beside their seeds.
enum class EnsembleBy {
  kSeeds,  // nothing
  kFolds,  // the examples: each learns from all folds but one, and is validated on that (bagging)
};

inline constexpr NameRow<EnsembleBy> kEnsembleBys[] = {{EnsembleBy::kSeeds, "seeds"},
                                                       {EnsembleBy::kFolds, "folds"}};
constexpr std::span<const NameRow<EnsembleBy>> NamesOf(EnsembleBy) { return kEnsembleBys; }

// One value for all hidden layers, or one for each of them.
template <class T>
class PerLayer {
 public:
  using value_type = T;

  PerLayer(T value) : values_{value} {}                        // for all
  PerLayer(std::initializer_list<T> each) : values_(each) {}   // one of them: for all
  PerLayer(std::vector<T> each) : values_(std::move(each)) {}  // likewise

  const std::vector<T>& values() const { return values_; }

  // Whether there is a value for each of so many layers.
  bool Fits(size_t layers) const { return values_.size() == 1 || values_.size() == layers; }

  T operator[](size_t layer) const { return values_.size() == 1 ? values_[0] : values_.at(layer); }

  bool operator==(const PerLayer&) const = default;

 private:
  std::vector<T> values_;
};

// How often: every so many epochs, or every so many steps. One of them is 0.
struct Interval {
  size_t epochs = 1;
  size_t steps = 0;

  bool operator==(const Interval&) const = default;
};

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
  const NetworkShape* network = nullptr;  // that is trained; only during the call
  // Where epoch_done, of the validation data, if any; else null. Only during the call.
  const Evaluation* validation = nullptr;
  // Of an ensemble: which of its networks, from 1, this is about, and of how many. Steps, examples
  // and seconds are then those of all together, the rest is its own.
  size_t member = 1;
  size_t members = 1;
};

// All that decides a training. colonnade/options.h has the names, ranges and what belongs together;
// the order here is the order there. What is Auto and not chosen, a rate, a weight decay or a
// number of epochs that is not there, kAuto: these follow kind and size of the data, see ForData().
struct TrainOptions {
  // ---- The network ----

  // Widths of the hidden layers; may be empty.
  Auto<std::vector<size_t>> hidden = Auto<std::vector<size_t>>::Open({192});
  // Of the hidden layers.
  Auto<PerLayer<Activation>> activation = Auto<PerLayer<Activation>>::Open(Activation::kRelu);
  // Batch normalisation of hidden layers before their activation (see Layer), as
  // torch.nn.BatchNorm1d: statistics of the whole batch, running averages with momentum 0.1. A
  // batch of one example, which the last of an epoch may be, takes the running averages instead.
  // For kF32 and batches of at least 2.
  PerLayer<bool> batch_norm = false;
  // [0, 1): the probability with which each output of a hidden layer is dropped in a step, all
  // others being scaled by 1 / (1 - dropout). Evaluation drops nothing.
  Auto<double> dropout = Auto<double>::Open(0);
  Initialization init = Initialization::kHe;
  // Fitted on the training data. With `start`, kAuto is what that model has, for both.
  Scale scale = Scale::kAuto;
  Embedding embed = Embedding::kAuto;                       // beside numbers
  Auto<size_t> embed_pieces = Auto<size_t>::Open(kPieces);  // 2 .. 256; for kPiecewise, at most
  // Of square pictures, by `seed`, epoch and place of the example; see RequirePictures() in
  // engine/data/augment.h for what else is refused.
  Augmentation augment = {};

  // ---- The loss ----

  Loss loss = Loss::kAuto;
  double huber_delta = 1;  // δ > 0 of kHuber, in units of the targets as they are scaled
  std::vector<double> quantiles = {0.1, 0.5, 0.9};  // of kQuantile: in (0, 1), ascending
  double label_smoothing = 0;  // [0, 1); for kCrossEntropy: this part of a label is spread evenly
                               // over all classes
  ClassWeights class_weight = {};                 // for classes
  TargetScale target_scale = TargetScale::kAuto;  // for numbers

  // ---- Learning ----

  size_t epochs = 0;                                 // 1 .. 10^6; 0: what EpochsFor() says
  Auto<size_t> batch_size = Auto<size_t>::Open(96);  // examples per step; 0: all of them
  // Batches per step (1 .. 10^6): their gradients accumulate. In f32 the bits are those of a batch
  // as large, in the memory for one (but not with batch normalisation, of each batch by itself);
  // the last step of an epoch takes what is left.
  size_t accumulate = 1;
  Auto<Optimizer> optimizer = Auto<Optimizer>::Open(Optimizer::kMomentum);
  std::optional<double> learning_rate;  // > 0; where there is none, what Rate() says
  // Of the optimizers whose rows in kOptimizers name them:
  double momentum = 0.9;  // [0, 1); decay of the velocity
  // [0, 1); decay of the mean gradient. Of kLion: of the mean that a step goes by, while that which
  // is kept has beta2. Of kScheduleFree, for which it is above 0: the share of the average in the
  // point at which gradients are taken.
  double beta1 = 0.9;
  std::optional<double> beta2;  // [0, 1); decay of the mean square; none: what Beta2() says
  double alpha = 0.99;          // [0, 1); decay of the mean square
  double epsilon = 1e-8;        // [1e-30, 1]; added to its root
  // ≥ 0; where there is none, what WeightDecay() says. Of weights and biases, as in PyTorch:
  // kAdamW, kLion, kScheduleFree and kMuon shrink them by rate · weight_decay a step, the others
  // add weight_decay · w to the gradient.
  std::optional<double> weight_decay;
  // The gradient of all parameters together is scaled down to this Euclidean norm where it is
  // larger (Pascanu et al. 2013; torch clip_grad_norm_); 0: never.
  double clip_norm = 0;
  // [0, 1): the model that is evaluated, also for early stopping, and results is an average of the
  // parameters over the steps, weighted by ema^(steps ago); 0: what the last step left. The steps
  // go on from their own parameters. Running statistics of batch normalisation are averaged
  // likewise. Not with kScheduleFree, which averages by itself.
  Auto<double> ema = Auto<double>::Open(0);
  std::optional<Schedule> schedule;  // where there is none, what ScheduleInForce() says
  size_t warmup = 0;                 // steps in which the rate grows to the first of the schedule
  double lr_decay = 0.1;             // (0, 1]; for kStep and kExponential
  size_t lr_decay_epochs = 0;        // for them; 0: a third of the epochs
  uint64_t seed = 0;
  // So many networks (1 .. 1000) as one model, which averages their predictions: trained side by
  // side, each as if it were alone, by seed, seed + 1, …, which it starts, shuffles and drops by. A
  // validation part is the same for all, and so is the scaling, of all data to train on. `start`
  // may have as many; or one that all start from.
  Auto<size_t> ensemble = Auto<size_t>::Open(1);
  // With kFolds, these are SplitFolds() by `seed`; what no network saw of the data is predicted
  // by the one that did not see it, and TrainResult::validation is of all these predictions, unless
  // there are validation data for the whole.
  Auto<EnsembleBy> ensemble_by = Auto<EnsembleBy>::Open(EnsembleBy::kSeeds);
  Precision precision = Precision::kF32;

  // ---- What ends the training before `epochs` are done; 0: nothing ----

  // The fraction of the examples, of each class, that training does not see but evaluates after
  // every epoch: SplitStratified() by `seed`. 0: none. Or such examples from elsewhere, with the
  // features and classes of the training data; one of the two at most.
  Auto<double> validation = Auto<double>::Open(0);
  std::optional<Dataset> validation_data = {};
  // So many epochs in a row without a lower loss on the validation data; with TargetScale::kLog or
  // kQuantile, of the squared error on that scale. The result then has the
  // parameters of the epoch with the lowest, also where something else ended the training, other
  // than reaching target_accuracy.
  Auto<size_t> early_stopping = Auto<size_t>::Open(0);
  // Such an accuracy after an epoch, (0, 1]: on the validation data, without any the mean over the
  // epoch.
  double target_accuracy = 0;
  // So many seconds. The schedule then goes by steps or by seconds, whichever is further, so that
  // the rate arrives at its end either way; the result depends on the clock.
  double max_seconds = 0;

  // ---- What is kept, and what it goes on from ----

  // A file to keep the training in, for another to go on from it; empty: none. Written as a whole
  // or not at all, replacing the one before, every `checkpoint_every`, and at the end, also at that
  // by on_progress. Some 2 to 4 times the size of a model.
  std::filesystem::path checkpoint;
  Interval checkpoint_every = {};
  // Goes on from `checkpoint`, to the bits that a training without interruption gives (but for
  // max_seconds), for any number of threads; where the file does not exist, starts at the
  // beginning. Data and options must be those of the file, but for threads, the other options of
  // checkpoints, on_progress and profile, and for more epochs: then it goes on by the schedule of
  // these from where it is.
  bool resume = false;
  // The same without files: called with what would be written, whenever that is due; and such bytes
  // to go on from.
  std::function<void(std::string_view bytes)> on_checkpoint = {};
  std::string resume_from = {};

  // A model whose parameters and scaling the training starts from; the network must be of its
  // shape. See StartFrom().
  std::optional<Model> start = {};

  // ---- How it runs; the result has the same bits ----

  // 0: DefaultThreads(), but inside a caller's tbb::task_arena no more than it has. A network whose
  // steps are too short to share runs on one thread whatever this says.
  int threads = 0;

  // Called after every step, on the calling thread; false stops the training after this step. Of an
  // ensemble, after every epoch of every network and some times per second in between, on any
  // thread but never twice at a time; false stops all of them, though epochs that end meanwhile
  // are told.
  std::function<bool(const Progress&)> on_progress = {};

  bool measure_norms = false;  // whether the norms in Progress are wanted

  // Whether TrainResult::profile is wanted. Costs about a per cent of the time where a step takes
  // some 100 µs.
  bool profile = false;

  // These options with all that is left open, but for what depends on the loss, chosen by kind and
  // size of `data`: those that a training shall learn from and validate on. Pictures get what
  // serves them; tables the recipe of engine/train/RECIPES.md, which has the evidence for it.
  [[nodiscard]] TrainOptions ForData(const Dataset& data) const;

  // Whether there are several networks, each on folds of the data.
  bool HasFolds() const { return *ensemble > 1 && *ensemble_by == EnsembleBy::kFolds; }

  // Whether any layer has batch normalisation.
  bool HasBatchNorm() const;

  // Sets `start`, and the network to that of the model.
  void StartFrom(const Model& model);

  // The network for these data. Throws kInvalidArgument where options and data do not go together.
  NetworkShape ShapeFor(const Dataset& data) const;

  // Examples that a step takes of so many: batch_size · accumulate, but at most all.
  size_t ExamplesPerStep(size_t examples) const;

  // The passes over so many examples: `epochs`, or where that is 0, as many as give 2500 steps, but
  // at least 4 and at most 200.
  size_t EpochsFor(size_t examples) const;

  // `learning_rate`, or where there is none what kOptimizers has for the optimizer and the loss.
  double Rate() const;

  // `weight_decay`, or where there is none what kOptimizers has.
  double WeightDecay() const;

  // `beta2` and `schedule`, or where there is none what kOptimizers has.
  double Beta2() const;
  Schedule ScheduleInForce() const;

  // Throws kInvalidArgument, with the option, its value and its range, where one is out of range.
  // Train() does so first of all; for a program that wants to know before it loads data.
  void Check() const;

  // These options as they are in force for such data: what is left open (the loss, the learning
  // rate, the weight decay, beta2, the schedule, the epochs, the network of `start`, class weights
  // of a file) decided. Throws what Train() throws for options and data that do not go together.
  [[nodiscard]] TrainOptions Resolve(const Dataset& data) const;

  // The run that this project started from: one hidden layer of 10, full batch, rate 0.05,
  // 1000 iterations, uniform start.
  static TrainOptions Classic();
};

// Calls visit(info, field) for every option, in the order of the help. Every field of the struct is
// named here, also what is no option because it has no text: one that is forgotten does not
// compile.
template <class Options, class Visit>
  requires std::same_as<std::remove_const_t<Options>, TrainOptions>
void VisitOptions(Options& options, const Visit& visit) {
  auto& [hidden, activation, batch_norm, dropout, init, scale, embed, embed_pieces, augment,  //
         loss, huber_delta, quantiles, label_smoothing, class_weight, target_scale,           //
         epochs, batch_size, accumulate, optimizer, learning_rate, momentum, beta1, beta2, alpha,
         epsilon, weight_decay, clip_norm, ema, schedule, warmup, lr_decay, lr_decay_epochs, seed,
         ensemble, ensemble_by, precision,                                           //
         validation, validation_data, early_stopping, target_accuracy, max_seconds,  //
         checkpoint, checkpoint_every, resume, on_checkpoint, resume_from, start,    //
         threads, on_progress, measure_norms, profile] = options;
  // No options: callbacks, and data and models, which the identity has by their hashes.
  static_cast<void>(validation_data);
  static_cast<void>(on_checkpoint);
  static_cast<void>(resume_from);
  static_cast<void>(start);
  static_cast<void>(on_progress);
  static_cast<void>(measure_norms);
  static_cast<void>(profile);

  using enum Effect;
  using enum Commands;
  constexpr Range kFraction = {.lowest = 0, .highest = 1, .below = true};  // [0, 1)
  constexpr Range kMillion = {.lowest = 1, .highest = 1e6};

  visit(OptionInfo{.name = "scale",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "How features become network inputs; robust: by median and quartiles,\n"
                           "outliers within limits; quantile: the normal score of their rank"},
        scale);
  visit(OptionInfo{.name = "embed",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kTraining,
                   .help =
                       "What the network takes beside each number: ple, how much of each of some\n"
                       "pieces of its range lies below it"},
        embed);
  visit(OptionInfo{.name = "embed-pieces",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Of ple: the most pieces that the range of a number is cut into",
                   .unset = "32 where ple is chosen, else one for every 500 examples, 8 to 32",
                   .range = {.lowest = 2, .highest = 256}},
        embed_pieces);
  visit(OptionInfo{.name = "validation",
                   .group = "Data",
                   .effect = kData,
                   .commands = kFixed,
                   .help = "Fraction of the examples, of each class, that training does not see;\n"
                           "evaluated after every epoch; 0: none",
                   .value = "FRACTION",
                   .unset = "none, for folds are; for one network 0.15 of a table of 5,000\n"
                            "examples or more",
                   .range = kFraction},
        validation);
  visit(OptionInfo{.name = "augment",
                   .group = "Data",
                   .effect = kResult,
                   .commands = kTraining,
                   .help =
                       "Move square pictures by up to so many pixels in each direction, and turn\n"
                       "them by up to so many degrees, anew in every epoch; in training alone",
                   .value = "shift:N[,rotate:D]",
                   .nothing = "none"},
        augment);

  visit(OptionInfo{.name = "hidden",
                   .group = "Network",
                   .effect = kNetwork,
                   .commands = kTraining,
                   .help = "Widths of the hidden layers, such as 128 or 256,64",
                   .value = "N[,N…]|none",
                   .nothing = "none",
                   .unset = "192",
                   .range = {.lowest = 1, .highest = 1 << 20}},
        hidden);
  visit(OptionInfo{.name = "activation",
                   .group = "Network",
                   .effect = kNetwork,
                   .commands = kTraining,
                   .help = "Activation of the hidden layers; or one for each, such as relu,tanh",
                   .unset = "relu; silu for a table of 5,000 examples or more"},
        activation);
  visit(OptionInfo{.name = "batch-norm",
                   .group = "Network",
                   .effect = kNetwork,
                   .commands = kTraining,
                   .help =
                       "Batch normalisation of the hidden layers before their activation; or one\n"
                       "for each, such as on,off",
                   .value = "on|off[,…]"},
        batch_norm);
  visit(OptionInfo{.name = "dropout",
                   .group = "Network",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Part of the outputs of hidden layers that each step drops",
                   .unset = "0; of a table of classes 0.2, from 5,000 examples on 0.1",
                   .range = kFraction},
        dropout);
  visit(OptionInfo{.name = "init",
                   .group = "Network",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "How weights start"},
        init);

  visit(OptionInfo{.name = "loss",
                   .group = "Loss",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "For classes cross-entropy, or bce with a single output for two; the\n"
                           "others for numbers",
                   .unset = "cross-entropy or squared"},
        loss);
  visit(OptionInfo{.name = "huber-delta",
                   .group = "Loss",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Where it turns from square to linear, in standard deviations of the\n"
                           "targets (with `target-scale` none in their units)",
                   .range = {.lowest = 1e-6, .highest = 1e6}},
        huber_delta);
  visit(OptionInfo{.name = "quantiles",
                   .group = "Loss",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Which quantiles of the number are predicted, such as 0.05,0.95",
                   .value = "X[,X…]",
                   .range = {.lowest = 0, .highest = 1, .above = true, .below = true}},
        quantiles);
  visit(OptionInfo{.name = "label-smoothing",
                   .group = "Loss",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Part of each label that is spread over all classes",
                   .range = kFraction},
        label_smoothing);
  visit(OptionInfo{.name = "class-weight",
                   .group = "Loss",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "How much each class counts. balanced: all the same, however many\n"
                           "examples they have; or a CSV file with lines of class,weight; or the\n"
                           "weights in the order of the classes",
                   .value = "balanced|FILE|X,X…",
                   .unset = "all the same"},
        class_weight);
  visit(
      OptionInfo{.name = "target-scale",
                 .group = "Loss",
                 .effect = kResult,
                 .commands = kTraining,
                 .help = "How numbers are scaled for the training: standard (mean 0, variance 1),\n"
                         "none, log (log(1 + y) to mean 0, variance 1), quantile (normal scores)\n"
                         "or auto (standard; for heavy tails what predicts best in a trial);\n"
                         "predictions are in the units of the data"},
      target_scale);

  visit(OptionInfo{.name = "epochs",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Passes over the training data",
                   .unset = "as many as give 2500 steps, 4 to 200; of a table at most 5000, 4 to\n"
                            "1000, from 5,000 examples on 6000, 15 to 200",
                   .range = kMillion},
        epochs);
  visit(OptionInfo{.name = "batch-size",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Examples per step",
                   .value = "N|full",
                   .nothing = "full",
                   .unset = "96",
                   .range = {.lowest = 1, .highest = 4294967295}},
        batch_size);
  visit(
      OptionInfo{.name = "accumulate",
                 .group = "Learning",
                 .effect = kResult,
                 .commands = kTraining,
                 .help = "Batches whose gradients are added up for a step: as a batch N times as\n"
                         "large, in the memory for one",
                 .value = "N",
                 .range = kMillion},
      accumulate);
  visit(
      OptionInfo{.name = "optimizer",
                 .group = "Learning",
                 .effect = kResult,
                 .commands = kTraining,
                 .help =
                     "Update rule, as PyTorch defines it; lion, schedule-free and\n"
                     "muon (of weights between hidden layers; adamw of all else) as their authors",
                 .unset = "momentum for pictures, adamw for tables"},
      optimizer);
  visit(OptionInfo{.name = "lr",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Learning rate at its highest",
                   .unset = "that of the optimizer",
                   .range = {.lowest = 0, .highest = 1e6, .above = true},
                   .key = "learning_rate"},
        learning_rate);
  visit(OptionInfo{.name = "momentum",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Decay of the velocity",
                   .range = kFraction},
        momentum);
  visit(OptionInfo{.name = "beta1",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Decay of the mean gradient; of schedule-free: share of the average in\n"
                           "the point at which gradients are taken",
                   .range = kFraction},
        beta1);
  visit(OptionInfo{.name = "beta2",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Decay of the mean square; of lion: of the mean gradient that is kept",
                   .unset = "that of the optimizer",
                   .range = kFraction},
        beta2);
  visit(OptionInfo{.name = "alpha",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Decay of the mean square",
                   .range = kFraction},
        alpha);
  visit(OptionInfo{.name = "epsilon",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Added to the root of the mean square",
                   .range = {.lowest = 1e-30, .highest = 1}},
        epsilon);
  visit(
      OptionInfo{.name = "weight-decay",
                 .group = "Learning",
                 .effect = kResult,
                 .commands = kTraining,
                 .help = "Pulls weights and biases towards 0: adamw, lion, schedule-free and muon\n"
                         "by rate · X · w a step, the others by adding X · w to the gradient",
                 .unset = "that of the optimizer",
                 .range = {.lowest = 0, .highest = 1e6}},
      weight_decay);
  visit(OptionInfo{.name = "clip-norm",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Largest norm of the gradient of all parameters; scaled down to it;\n"
                           "0: no limit",
                   .range = {.lowest = 0, .highest = 1e30}},
        clip_norm);
  visit(OptionInfo{.name = "ema",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Take for the model an average of the parameters over the steps, with\n"
                           "the weight X^(steps ago), such as 0.99; 0: those of the last step",
                   .unset = "0; of a table under 5,000 examples that has folds 0.98",
                   .range = kFraction},
        ema);
  visit(OptionInfo{.name = "schedule",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Learning rate over time",
                   .unset = "that of the optimizer"},
        schedule);
  visit(OptionInfo{.name = "warmup",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Steps in which the learning rate grows to the schedule's first",
                   .value = "STEPS"},
        warmup);
  visit(OptionInfo{.name = "lr-decay",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Factor every `lr-decay-epochs`",
                   .range = {.lowest = 0, .highest = 1, .above = true}},
        lr_decay);
  visit(OptionInfo{.name = "lr-decay-epochs",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Epochs per factor",
                   .unset = "a third of them",
                   .range = kMillion},
        lr_decay_epochs);
  visit(OptionInfo{.name = "seed",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Seed of all random numbers, up to 2^64 - 1",
                   .value = "N"},
        seed);
  visit(
      OptionInfo{.name = "ensemble",
                 .group = "Learning",
                 .effect = kResult,
                 .commands = kTraining,
                 .help = "So many networks, by consecutive seeds, as one model: their predictions\n"
                         "are averaged",
                 .value = "N",
                 .unset = "1; of a table 5, from 5,000 examples on 4, from 100,000 on 1",
                 .range = {.lowest = 1, .highest = static_cast<double>(kMaxMembers)}},
      ensemble);
  visit(OptionInfo{.name = "ensemble-by",
                   .group = "Learning",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "What they learn from. seeds: all of the data; folds: each from all\n"
                           "folds of them but one, on which it is validated",
                   .unset = "folds where a table has room for them, else seeds"},
        ensemble_by);
  visit(
      OptionInfo{.name = "precision",
                 .group = "Learning",
                 .effect = kResult,
                 .commands = kTraining,
                 .help = "Of the factors in matrix products. bf16: bfloat16 factors, f32 sums and\n"
                         "parameters; faster where the processor has dot products of it"},
      precision);

  visit(OptionInfo{.name = "early-stopping",
                   .group = "Stopping",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Stop after so many epochs without a lower validation loss, and take\n"
                           "the parameters of the epoch with the lowest; 0: never",
                   .value = "EPOCHS",
                   .unset = "10 for a table, from 5,000 examples on 5; never where nothing is\n"
                            "validated on",
                   .range = {.lowest = 0}},
        early_stopping);
  visit(OptionInfo{.name = "target-accuracy",
                   .group = "Stopping",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Stop after the epoch that reaches it, on the validation data if any,\n"
                           "else on the training data",
                   .value = "0..1",
                   .unset = "never",
                   .range = {.lowest = 0, .highest = 1, .above = true}},
        target_accuracy);
  visit(OptionInfo{.name = "max-seconds",
                   .group = "Stopping",
                   .effect = kResult,
                   .commands = kTraining,
                   .help = "Stop training after so many seconds, the schedule coming to its end\n"
                           "by then; the result depends on the clock",
                   .value = "S",
                   .unset = "no limit",
                   .range = {.lowest = 0, .above = true}},
        max_seconds);
  visit(OptionInfo{.name = "checkpoint",
                   .group = "Stopping",
                   .effect = kNone,
                   .commands = kTrain,
                   .help = "File to keep the training in, for `resume` to go on from",
                   .value = "FILE",
                   .unset = "none"},
        checkpoint);
  visit(OptionInfo{.name = "checkpoint-every",
                   .group = "Stopping",
                   .effect = kNone,
                   .commands = kTrain,
                   .help = "How often to write it: every N epochs, or Ns: every N steps",
                   .value = "N|Ns"},
        checkpoint_every);
  visit(OptionInfo{.name = "resume",
                   .group = "Stopping",
                   .effect = kNone,
                   .commands = kTrain,
                   .help = "Go on from the checkpoint, to the same bits as without the break, or\n"
                           "to more `epochs` than it was for; start from the beginning if there\n"
                           "is none yet"},
        resume);

  visit(OptionInfo{.name = "threads",
                   .group = "Run",
                   .effect = kNone,
                   .commands = kFixed,
                   .help = "Threads; 0: what the machine and its quota allow",
                   .range = {.lowest = 0, .highest = 1024}},
        threads);
}

}  // namespace colonnade

#endif  // COLONNADE_TRAIN_OPTIONS_H_
