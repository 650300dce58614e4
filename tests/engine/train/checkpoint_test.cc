// SPDX-License-Identifier: Apache-2.0
// Trainings that are broken off and go on: to the same bits, from files that are whole.
#include "engine/train/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "colonnade/split.h"
#include "colonnade/train.h"
#include "engine/model/storage.h"
#include "engine/train/learner.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/plain_options.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::ReadFile;
using test::TempDir;

struct Case {
  const char* name;
  std::function<void(TrainOptions&)> change;
};

void PrintTo(const Case& run, std::ostream* out) { *out << run.name; }

class ResumeTest : public ::testing::TestWithParam<Case> {
 protected:
  ResumeTest() : split_(SplitStratified(test::DigitsDataset(250, 1), 0.2, 1)) {
    options_.hidden = {30};
    options_.batch_size = 32;
    options_.epochs = 5;
    options_.validation_data = split_.validation;
    options_.checkpoint_every.epochs = 1000;  // at the end only: a disk takes its time
    GetParam().change(options_);
  }

  // Trains until that step is done, as if killed right after it.
  void RunUntil(size_t step, const std::filesystem::path& file, bool resume) {
    TrainOptions options = options_;
    options.checkpoint = file;
    options.resume = resume;
    options.on_progress = [&](const Progress& p) { return p.step < step; };
    static_cast<void>(Train(split_.train, options));
  }

  Split split_;
  TrainOptions options_ = test::PlainOptions();
  const TempDir dir_;
};

TEST_P(ResumeTest, GivesTheBitsOfATrainingWithoutBreak) {
  const TrainResult whole = Train(split_.train, options_);
  for (const size_t step : {1u, 6u, 7u, 20u}) {
    for (const int threads : {1, 2, 3}) {
      const auto file = dir_ / "c";
      std::filesystem::remove(file);
      RunUntil(step, file, false);
      RunUntil(step + 4, file, true);  // twice
      TrainOptions options = options_;
      options.checkpoint = file;
      options.resume = true;
      options.threads = threads;
      const TrainResult resumed = Train(split_.train, options);
      SCOPED_TRACE("step " + std::to_string(step) + ", threads " + std::to_string(threads));
      EXPECT_EQ(resumed.resumed_step, std::min(step + 4, whole.steps));
      EXPECT_EQ(resumed.model.ParametersHash(), whole.model.ParametersHash());
      EXPECT_EQ(resumed.steps, whole.steps);
      EXPECT_EQ(resumed.epochs, whole.epochs);
      EXPECT_EQ(resumed.loss, whole.loss);
      EXPECT_EQ(resumed.accuracy, whole.accuracy);
      EXPECT_EQ(resumed.best_epoch, whole.best_epoch);
      EXPECT_EQ(resumed.reason, whole.reason);
      EXPECT_EQ(resumed.validation->loss, whole.validation->loss);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Runs, ResumeTest,
    ::testing::Values(Case{"Momentum", [](TrainOptions&) {}},
                      Case{"Adam", [](TrainOptions& o) { o.optimizer = Optimizer::kAdam; }},
                      Case{"FullBatch",
                           [](TrainOptions& o) {
                             o.batch_size = 0;
                             o.epochs = 40;
                           }},
                      Case{"EarlyStopping",
                           [](TrainOptions& o) {
                             o.early_stopping = 2;
                             o.optimizer = Optimizer::kRmsprop;
                             o.schedule = Schedule::kConstant;
                             o.learning_rate = 0.01;
                           }},
                      Case{"OneCycle",
                           [](TrainOptions& o) {
                             o.schedule = Schedule::kOneCycle;
                             o.warmup = 3;
                             o.optimizer = Optimizer::kNesterov;
                           }},
                      Case{"ClippedAndAccumulated",
                           [](TrainOptions& o) {
                             o.accumulate = 2;
                             o.epochs = 12;
                             o.clip_norm = 0.5;
                             o.optimizer = Optimizer::kAdamW;
                           }},
                      Case{"BatchNorm",
                           [](TrainOptions& o) {
                             o.hidden = {30, 20};
                             o.batch_norm = {true, false};
                             o.dropout = 0.1;
                             o.early_stopping = 3;
                             o.optimizer = Optimizer::kAdam;
                           }},
                      Case{"Lion", [](TrainOptions& o) { o.optimizer = Optimizer::kLion; }},
                      Case{"ScheduleFree",
                           [](TrainOptions& o) {
                             o.optimizer = Optimizer::kScheduleFree;
                             o.warmup = 3;
                             o.early_stopping = 2;
                             o.learning_rate = 0.05;
                           }},
                      Case{"Muon",
                           [](TrainOptions& o) {
                             o.hidden = {30, 20};
                             o.optimizer = Optimizer::kMuon;
                           }},
                      Case{"Average",
                           [](TrainOptions& o) {
                             o.hidden = {30, 20};
                             o.batch_norm = {true, false};
                             o.ema = 0.9;
                             o.early_stopping = 3;
                             o.optimizer = Optimizer::kAdam;
                           }},
                      Case{"Augmented",
                           [](TrainOptions& o) {
                             o.augment = {.shift = 2, .rotate = 10};
                             o.dropout = 0.1;
                           }},
                      Case{"Bf16", [](TrainOptions& o) { o.precision = Precision::kBf16; }}),
    [](const auto& run) { return run.param.name; });

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() {
    options_.hidden = {3};
    options_.batch_size = 8;
    options_.epochs = 4;
    options_.checkpoint = dir_ / "c";
  }

  TrainResult Run() { return Train(data_, options_); }

  Dataset data_ = test::RandomDataset(20, 4, 3, 5);
  TrainOptions options_ = test::PlainOptions();
  const TempDir dir_;
};

TEST_F(CheckpointTest, IsWrittenAsOftenAsAskedAndAtTheEnd) {
  const struct {
    size_t epochs, steps, stop;
    std::vector<size_t> expected;  // steps at which the file is new
  } cases[] = {{1, 0, 100, {3, 6, 9, 12}},
               {3, 0, 100, {9, 12}},
               {0, 5, 100, {5, 10, 12}},
               {2, 4, 7, {4, 6, 7}}};
  for (const auto& [epochs, steps, stop, expected] : cases) {
    options_.checkpoint_every.epochs = epochs;
    options_.checkpoint_every.steps = steps;
    std::filesystem::remove(options_.checkpoint);
    std::vector<size_t> written;
    const auto look = [&] {
      if (!std::filesystem::exists(options_.checkpoint)) return;
      const size_t step = Checkpoint::Load(options_.checkpoint).state().step;
      if (written.empty() || written.back() != step) written.push_back(step);
    };
    options_.on_progress = [&](const Progress& p) {
      look();
      return p.step < stop;
    };
    Run();
    look();
    EXPECT_EQ(written, expected);
  }
  EXPECT_EQ(dir_.List(), std::vector<std::string>{"c"});
}

TEST_F(CheckpointTest, AFinishedTrainingIsNotContinued) {
  const TrainResult whole = Run();
  options_.resume = true;
  options_.on_progress = [](const Progress&) {
    ADD_FAILURE() << "trained on";
    return true;
  };
  const TrainResult again = Run();
  EXPECT_EQ(again.model.ParametersHash(), whole.model.ParametersHash());
  EXPECT_EQ(again.steps, 12u);
  EXPECT_EQ(again.loss, whole.loss);
  EXPECT_FALSE(again.stopped);
}

TEST_F(CheckpointTest, WithoutAFileResumeStartsAtTheBeginning) {
  const std::string hash = Run().model.ParametersHash();
  std::filesystem::remove(options_.checkpoint);
  options_.resume = true;
  const TrainResult result = Run();
  EXPECT_EQ(result.model.ParametersHash(), hash);
  EXPECT_EQ(result.resumed_step, 0u);
}

TEST_F(CheckpointTest, SecondsAndProgressGoOn) {
  double before = 0;
  options_.on_progress = [&](const Progress& p) {
    before = p.seconds;
    return p.step < 5;
  };
  Run();
  options_.resume = true;
  options_.on_progress = [&](const Progress& p) {
    EXPECT_EQ(p.resumed_step, 5u);
    EXPECT_GE(p.step, 6u);
    EXPECT_EQ(p.examples, 20 * (p.epoch - 1) + std::min<size_t>(20, (p.step - 1) % 3 * 8 + 8));
    EXPECT_GT(p.seconds, before);
    return true;
  };
  EXPECT_GT(Run().seconds, before);
}

TEST_F(CheckpointTest, BelongsToOneTraining) {
  options_.on_progress = [](const Progress& p) { return p.step < 5; };
  Run();
  const Dataset other = test::RandomDataset(20, 4, 3, 6);
  const Model start = Run().model;
  const std::string content = ReadFile(options_.checkpoint);
  const struct {
    const char* option;
    std::function<void(TrainOptions&)> change;
  } changes[] = {
      {"network \"4-3 relu-3 identity\", expected \"4-4 relu-3 identity\"",
       [](TrainOptions& o) { o.hidden = {4}; }},
      {"network", [](TrainOptions& o) { o.activation = Activation::kTanh; }},
      {"network \"4-3 relu-3 identity\", expected \"4-3 batch-norm relu-3 identity\"",
       [](TrainOptions& o) { o.batch_norm = true; }},
      {"validation data", [&](TrainOptions& o) { o.validation_data = other; }},
      {"start", [&](TrainOptions& o) { o.start = start; }},
      {"dropout", [](TrainOptions& o) { o.dropout = 0.5; }},
      {"label-smoothing", [](TrainOptions& o) { o.label_smoothing = 0.1; }},
      {"class-weight", [](TrainOptions& o) { o.class_weight.values = {1, 2, 1}; }},
      {"class-weight", [](TrainOptions& o) { o.class_weight.balanced = true; }},
      {"init", [](TrainOptions& o) { o.init = Initialization::kUniform; }},
      {"epochs \"4\", expected \"3\"", [](TrainOptions& o) { o.epochs = 3; }},
      {"batch-size", [](TrainOptions& o) { o.batch_size = 9; }},
      {"accumulate", [](TrainOptions& o) { o.accumulate = 2; }},
      {"clip-norm", [](TrainOptions& o) { o.clip_norm = 2; }},
      {"optimizer", [](TrainOptions& o) { o.optimizer = Optimizer::kNesterov; }},
      {"lr \"0.15\", expected \"0.1\"", [](TrainOptions& o) { o.learning_rate = 0.1; }},
      {"momentum", [](TrainOptions& o) { o.momentum = 0.8; }},
      {"beta1", [](TrainOptions& o) { o.beta1 = 0.8; }},
      {"beta2", [](TrainOptions& o) { o.beta2 = 0.8; }},
      {"alpha", [](TrainOptions& o) { o.alpha = 0.8; }},
      {"epsilon", [](TrainOptions& o) { o.epsilon = 1e-6; }},
      {"weight-decay", [](TrainOptions& o) { o.weight_decay = 0.1; }},
      {"ema", [](TrainOptions& o) { o.ema = 0.9; }},
      {"schedule", [](TrainOptions& o) { o.schedule = Schedule::kStep; }},
      {"warmup", [](TrainOptions& o) { o.warmup = 2; }},
      {"lr-decay \"", [](TrainOptions& o) { o.lr_decay = 0.5; }},
      {"lr-decay-epochs", [](TrainOptions& o) { o.lr_decay_epochs = 2; }},
      {"seed \"0\", expected \"1\"", [](TrainOptions& o) { o.seed = 1; }},
      {"precision", [](TrainOptions& o) { o.precision = Precision::kBf16; }},
      {"scale", [](TrainOptions& o) { o.scale = Scale::kMinMax; }},
      {"target-accuracy", [](TrainOptions& o) { o.target_accuracy = 0.99; }},
      {"max-seconds", [](TrainOptions& o) { o.max_seconds = 1000; }},
  };
  const auto problem = [&](const Dataset& data, TrainOptions options) {
    options.resume = true;
    options.on_progress = [](const Progress&) {
      ADD_FAILURE() << "trained";
      return false;
    };
    try {
      static_cast<void>(Train(data, options));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadModel);
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string prefix = options_.checkpoint.string() + ": belongs to another training: found ";
  for (const auto& [option, change] : changes) {
    TrainOptions options = options_;
    change(options);
    const std::string message = problem(data_, options);
    EXPECT_TRUE(message.starts_with(prefix + option)) << message << "\nexpected: " << option;
  }
  EXPECT_TRUE(problem(other, options_).starts_with(prefix + "training data"));
  EXPECT_TRUE(ReadFile(options_.checkpoint) == content) << "the file was touched";
}

TEST_F(CheckpointTest, GoesOnToMoreEpochs) {
  const TrainResult four = Train(data_, options_);
  TrainOptions longer = options_;
  longer.epochs = 6;
  longer.resume = true;
  const TrainResult six = Train(data_, longer);
  EXPECT_EQ(six.resumed_step, four.steps);
  EXPECT_EQ(six.epochs, 6u);
  EXPECT_EQ(six.reason, StopReason::kEpochs);
  EXPECT_NE(six.model.ParametersHash(), four.model.ParametersHash());
  EXPECT_EQ(Train(data_, longer).model.ParametersHash(), six.model.ParametersHash())
      << "it has come to its end";
  // Where the rate does not depend on the epochs, it is the longer training.
  std::filesystem::remove(options_.checkpoint);
  longer.schedule = options_.schedule = Schedule::kConstant;
  static_cast<void>(Train(data_, options_));
  const TrainResult constant = Train(data_, longer);
  std::filesystem::remove(options_.checkpoint);
  EXPECT_EQ(constant.model.ParametersHash(), Train(data_, longer).model.ParametersHash());
}

TEST_F(CheckpointTest, OfNumbersGoesOnAndBelongsToOneTraining) {
  const Dataset data = test::RandomTargets(20, 4, 5);
  options_.loss = Loss::kHuber;
  const TrainResult whole = Train(data, options_);
  std::filesystem::remove(options_.checkpoint);
  TrainOptions part = options_;
  part.on_progress = [](const Progress& p) { return p.step < 5; };
  static_cast<void>(Train(data, part));
  options_.resume = true;
  const struct {
    const char* option;
    std::function<void(TrainOptions&)> change;
  } changes[] = {
      {"loss", [](TrainOptions& o) { o.loss = Loss::kSquared; }},
      {"huber-delta \"1\", expected \"2\"", [](TrainOptions& o) { o.huber_delta = 2; }},
      {"target-scale", [](TrainOptions& o) { o.target_scale = TargetScale::kNone; }},
  };
  for (const auto& [option, change] : changes) {
    TrainOptions options = options_;
    change(options);
    try {
      static_cast<void>(Train(data, options));
      ADD_FAILURE() << option;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadModel);
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string("found ") + option));
    }
  }
  Dataset weighted = test::RandomTargets(20, 4, 5);
  weighted = weighted.WithWeights(std::vector<float>(20, 2));
  EXPECT_THROW(static_cast<void>(Train(weighted, options_)), Error) << "other weights";
  const TrainResult resumed = Train(data, options_);
  EXPECT_EQ(resumed.resumed_step, 5u);
  EXPECT_EQ(resumed.model.ParametersHash(), whole.model.ParametersHash());
}

TEST_F(CheckpointTest, DamageIsNoticedWhereverItIs) {
  options_.on_progress = [](const Progress& p) { return p.step < 5; };
  Run();
  const std::string good = ReadFile(options_.checkpoint);
  const auto accepts = [](const std::string& content) {
    try {
      const Checkpoint checkpoint(content, "f");
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadModel) << error.what();
      EXPECT_TRUE(std::string(error.what()).starts_with("f: ")) << error.what();
      return false;
    }
  };
  ASSERT_TRUE(accepts(good));
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(accepts(good.substr(0, i))) << "cut at " << i;
    std::string flipped = good;
    for (const int bit : {0, 3, 7}) {
      flipped[i] = static_cast<char>(good[i] ^ (1 << bit));
      EXPECT_FALSE(accepts(flipped)) << "bit " << bit << " of byte " << i;
    }
  }
  EXPECT_FALSE(accepts(good + '\0'));
  Run().model.Save(dir_ / "model");
  EXPECT_FALSE(accepts(ReadFile(dir_ / "model")));
}

TEST_F(CheckpointTest, PlacesThatATrainingDoesNotHaveAreRefused) {
  options_.on_progress = [](const Progress& p) { return p.step < 5; };
  Run();
  const Identity identity = Identify(data_, options_.ShapeFor(data_), options_.Resolve(data_));
  const RunState good = Checkpoint::Load(options_.checkpoint).state();
  options_.resume = true;
  for (const auto& change : std::vector<std::function<void(RunState&)>>{
           [](RunState& s) { s.in_epoch = 1'000'000; }, [](RunState& s) { s.in_epoch = 5; },
           [](RunState& s) { s.epoch = 5; }, [](RunState& s) { s.step = 6; },
           [](RunState& s) { s.best_epoch = 1; }}) {
    RunState state = good;
    change(state);
    SaveCheckpoint(options_.checkpoint, identity, state, {});
    EXPECT_THROW(Run(), Error);
  }
  SaveCheckpoint(options_.checkpoint, identity, good, {});
  test::ExpectError(ErrorCode::kBadModel,
                    options_.checkpoint.string() + ": found 0 tensors, expected 8", [&] { Run(); });
}

TEST_F(CheckpointTest, InMemoryItIsWhatTheFileIs) {
  Run();
  const std::string file = ReadFile(options_.checkpoint);
  const Checkpoint loaded(file, "f");
  EXPECT_EQ(loaded.version(), 2u);
  // The tensors' values, and what else is asked of it, can be read and written again.
  OwnedMatrix weight(3, 4);
  weight.view().Column(1)[2] = 5;
  const OptimizerState::Tensor tensor{"w", weight.view()};
  const Identity identity = {{"seed", "7"}};
  const std::string bytes = CheckpointBytes(identity, loaded.state(), {&tensor, 1});
  SaveCheckpoint(options_.checkpoint, identity, loaded.state(), {&tensor, 1});
  EXPECT_EQ(ReadFile(options_.checkpoint), bytes);
  const Checkpoint copy = Checkpoint(Checkpoint(bytes, "f"));
  weight.view().Column(1)[2] = 0;
  copy.Read({&tensor, 1});
  EXPECT_EQ(weight.view().Column(1)[2], 5);
  copy.RequireIdentity(identity, {});
  // What came after the file counts as its default.
  const Identity newer = {{"seed", "7"}, {"later", "0"}};
  EXPECT_THROW(copy.RequireIdentity(newer, {}), Error);
  EXPECT_THROW(copy.RequireIdentity(newer, {{"later", "1"}}), Error);
  copy.RequireIdentity(newer, {{"seed", "1"}, {"later", "0"}});
  EXPECT_EQ(copy.state().step, loaded.state().step);
}

TEST_F(CheckpointTest, AFullDiskLeavesTheOldFile) {
  options_.on_progress = [](const Progress& p) { return p.step < 5; };
  Run();
  const std::string before = ReadFile(options_.checkpoint);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{before.size() / 2, limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  options_.resume = true;
  options_.on_progress = nullptr;
  std::string message;
  try {
    Run();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("cannot write '" + options_.checkpoint.string()), std::string::npos)
      << message;
  EXPECT_TRUE(ReadFile(options_.checkpoint) == before);
  EXPECT_EQ(dir_.List(), std::vector<std::string>{"c"});
}

TEST_F(CheckpointTest, ADivergenceIsNotKept) {
  data_ = test::RandomDataset(200, 20, 3, 5);
  options_.optimizer = Optimizer::kSgd;
  options_.hidden = {64, 64, 64};
  options_.learning_rate = 1e6;
  options_.epochs = 1000;
  options_.checkpoint_every.steps = 1;
  try {
    Run();
    ADD_FAILURE() << "did not diverge";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDiverged);
    const std::string message = error.what();
    EXPECT_NE(message.find("after step"), std::string::npos) << message;
    EXPECT_NE(message.find("of layer 0"), std::string::npos) << message;
    EXPECT_NE(message.find("lower learning rate"), std::string::npos) << message;
  }
  // What was kept before it is whole and can be read.
  if (std::filesystem::exists(options_.checkpoint)) {
    EXPECT_GT(Checkpoint::Load(options_.checkpoint).state().step, 0u);
  }
}

TEST_F(CheckpointTest, NeedsAPlaceToBeWritten) {
  options_.checkpoint = dir_ / "no" / "c";
  EXPECT_THROW(Run(), Error);
  options_.checkpoint = "";
  options_.resume = true;
  test::ExpectError(ErrorCode::kInvalidArgument,
                    "resume: found on, expected a checkpoint to go with it", [&] { Run(); });
}

}  // namespace
}  // namespace colonnade
