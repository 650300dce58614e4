// SPDX-License-Identifier: Apache-2.0
// Profiles of trainings: complete, in order, and without effect on the result.
#include "colonnade/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/train.h"
#include "engine/train/profiler.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;
using PhaseOfLayer = std::pair<Phase, int>;

struct Case {
  const char* name;
  std::vector<size_t> hidden;
  size_t batch_size;
  int threads;
  Precision precision = Precision::kF32;
};

void PrintTo(const Case& run, std::ostream* out) { *out << run.name; }

class ProfileTest : public ::testing::TestWithParam<Case> {
 protected:
  ProfileTest() {
    options_.hidden = GetParam().hidden;
    options_.batch_size = GetParam().batch_size;
    options_.threads = GetParam().threads;
    options_.precision = GetParam().precision;
    options_.epochs = 2;
  }

  TrainResult TrainWithProfile() {
    options_.profile = true;
    TrainResult result = Train(data_, options_);
    profile_ = *result.profile;
    return result;
  }

  // What is part of the steps of this network.
  std::set<PhaseOfLayer> Phases() const {
    std::set<PhaseOfLayer> phases = {{Phase::kRead, -1}, {Phase::kLoss, -1}};
    for (int l = 0; l <= static_cast<int>(options_.hidden->size()); ++l) {
      phases.insert({{Phase::kForward, l}, {Phase::kWeightGradient, l}, {Phase::kUpdate, l}});
      if (l > 0) phases.insert({Phase::kBackward, l});
    }
    return phases;
  }

  const Dataset data_ = test::DigitsDataset(test::kMoreThanAChunk, 1);
  TrainOptions options_;
  Profile profile_;
};

TEST_P(ProfileTest, LeavesTheBitsOfTheResultAlone) {
  const TrainResult without = Train(data_, options_);
  const TrainResult with = TrainWithProfile();
  EXPECT_EQ(with.model.ParametersHash(), without.model.ParametersHash());
  EXPECT_EQ(with.loss, without.loss);
}

TEST_P(ProfileTest, TotalsNameEveryPhaseOnceAndAddUpToTheTraining) {
  const TrainResult result = TrainWithProfile();
  EXPECT_EQ(profile_.threads, result.threads);
  EXPECT_EQ(profile_.steps, result.steps);
  EXPECT_EQ(profile_.seconds, result.seconds);
  EXPECT_GT(profile_.peak_flops, 0);
  EXPECT_GT(profile_.own_seconds, 0);
  EXPECT_EQ(profile_.zeros_skipped, GetParam().precision == Precision::kF32) << "digits are sparse";

  std::set<PhaseOfLayer> expected = Phases();
  expected.insert({{Phase::kWait, -1}, {Phase::kOther, -1}});
  std::set<PhaseOfLayer> found;
  double sum = 0;
  for (const Profile::Total& total : profile_.totals) {
    EXPECT_TRUE(found.insert({total.phase, total.layer}).second) << Name(total.phase);
    EXPECT_GE(total.seconds, 0) << Name(total.phase);
    sum += total.seconds;
    const bool product = total.phase == Phase::kForward || total.phase == Phase::kBackward ||
                         total.phase == Phase::kWeightGradient;
    double flops = 0;
    if (product) {
      const Layer& layer = result.model.shape().layers[static_cast<size_t>(total.layer)];
      flops = 2.0 * static_cast<double>(layer.inputs * layer.outputs * data_.examples() * 2);
    }
    EXPECT_EQ(total.flops, flops) << Name(total.phase);
  }
  EXPECT_EQ(found, expected);
  EXPECT_NEAR(sum, profile_.seconds, 1e-9);
}

TEST_P(ProfileTest, EventsOfAThreadFollowEachOtherWithinTheSteps) {
  const TrainResult result = TrainWithProfile();
  ASSERT_EQ(profile_.traced_steps.size(), result.steps) << "so few steps are all traced";
  ASSERT_EQ(profile_.events.size(), static_cast<size_t>(result.threads));
  int64_t end_of_last = 0;
  int64_t in_steps = 0;
  for (const auto& step : profile_.traced_steps) {
    EXPECT_LE(end_of_last, step.begin);
    EXPECT_LT(step.begin, step.end);
    in_steps += step.end - step.begin;
    end_of_last = step.end;
  }
  EXPECT_LE(end_of_last, static_cast<int64_t>(1e9 * result.seconds) + 1);

  for (const auto& events : profile_.events) {
    int64_t busy = 0;
    size_t step = 0;
    int64_t time = 0;
    for (const Profile::Event& event : events) {
      if (event.time.begin >= profile_.traced_steps[step].end) ++step;
      ASSERT_LT(step, profile_.traced_steps.size());
      ASSERT_LE(std::max(time, profile_.traced_steps[step].begin), event.time.begin);
      ASSERT_LE(event.time.begin, event.time.end);
      ASSERT_LE(event.time.end, profile_.traced_steps[step].end);
      time = event.time.end;
      busy += event.time.end - event.time.begin;
    }
    if (result.threads == 1) {
      EXPECT_LE(busy, in_steps);
    } else {
      EXPECT_EQ(busy, in_steps) << "waiting included, nothing is left";
    }
  }
}

TEST_P(ProfileTest, EventsAddUpToTheTotals) {
  const TrainResult result = TrainWithProfile();
  std::map<PhaseOfLayer, int64_t> sums;
  for (const auto& events : profile_.events) {
    for (const Profile::Event& event : events) {
      sums[{event.phase, event.layer}] += event.time.end - event.time.begin;
    }
  }
  for (const PhaseOfLayer& phase : Phases()) EXPECT_TRUE(sums.contains(phase)) << phase.second;
  for (const Profile::Total& total : profile_.totals) {
    if (total.phase == Phase::kOther) continue;
    const double seconds = 1e-9 * static_cast<double>(sums[{total.phase, total.layer}]);
    EXPECT_NEAR(seconds / result.threads, total.seconds, 1e-9) << Name(total.phase);
  }
}

TEST_P(ProfileTest, TraceHoldsEveryEvent) {
  const TrainResult result = TrainWithProfile();
  const test::TempDir folder;
  WriteTrace(profile_, folder / "trace.json");
  const nlohmann::json trace = nlohmann::json::parse(test::ReadFile(folder / "trace.json"));
  EXPECT_EQ(trace["otherData"]["steps"], result.steps);
  EXPECT_EQ(trace["otherData"]["traced_steps"], result.steps);
  EXPECT_EQ(trace["otherData"]["threads"], result.threads);

  std::map<int, std::string> tracks;
  std::map<int, std::vector<nlohmann::json>> slices;
  for (const auto& event : trace["traceEvents"]) {
    if (event["name"] == "thread_name") tracks[event["tid"]] = event["args"]["name"];
    if (event["ph"] == "X") slices[event["tid"]].push_back(event);
  }
  ASSERT_EQ(tracks.size(), profile_.events.size() + 1);
  EXPECT_EQ(tracks[1], "steps");
  ASSERT_EQ(slices[1].size(), 2 * result.steps) << "what lies before each step, and the step";
  for (size_t s = 0; s < result.steps; ++s) {
    EXPECT_EQ(slices[1][2 * s]["name"], "other");
    EXPECT_EQ(slices[1][2 * s + 1]["name"], "step");
  }
  for (int t = 0; t < result.threads; ++t) {
    const auto& events = profile_.events[static_cast<size_t>(t)];
    const auto& track = slices[t + 2];
    EXPECT_EQ(tracks[t + 2], "thread " + std::to_string(t));
    ASSERT_EQ(track.size(), events.size());
    for (size_t e = 0; e < events.size(); ++e) {
      const auto [begin, end] = events[e].time;
      const std::string phase = Name(events[e].phase);
      ASSERT_EQ(track[e]["cat"], phase);
      ASSERT_EQ(track[e]["name"],
                events[e].layer < 0 ? phase : phase + " " + std::to_string(events[e].layer));
      // As viewers convert it.
      ASSERT_EQ(static_cast<int64_t>(track[e]["ts"].get<double>() * 1000), begin);
      ASSERT_EQ(static_cast<int64_t>(track[e]["dur"].get<double>() * 1000), end - begin);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Runs, ProfileTest,
    ::testing::Values(Case{"OneThread", {70}, 100, 1}, Case{"TwoThreads", {70}, 100, 2},
                      Case{"EightThreads", {70, 40}, 100, 8},
                      // With 8 threads phase A goes layer by layer.
                      Case{"LayerByLayer", {224, 40}, 20, 8}, Case{"Logistic", {}, 300, 2},
                      // So little to do for a step that it runs on one thread.
                      Case{"Serial", {10}, 5, 8}, Case{"FullBatchInChunks", {10}, 0, 2},
                      Case{"Bf16", {70}, 100, 2, Precision::kBf16}),
    [](const auto& run) { return run.param.name; });

TEST(ProfilerTest, StopsTracingBeforeTheStepThatDoesNotFitButGoesOnCounting) {
  const NetworkShape shape = NetworkShape::Mlp(3, std::vector<size_t>{4}, 2);
  Execution execution(2);
  Profile profile;
  Profiler profiler(shape, Precision::kF32, execution, profile);
  const auto begin = Profiler::Clock::now();
  // 10,000 events a step on worker 1, which leaves room for some steps; few on worker 0.
  constexpr size_t kSteps = 40;
  constexpr size_t kEvents = 10'000;
  for (size_t step = 0; step < kSteps; ++step) {
    const StepTimer step_timer(&profiler, 7);
    PhaseTimer first(&profiler, 0);
    first.Done(Phase::kRead);
    PhaseTimer second(&profiler, 1);
    for (size_t e = 0; e < kEvents; ++e) second.Done(Phase::kForward, 1);
  }
  const double seconds = std::chrono::duration<double>(Profiler::Clock::now() - begin).count();
  profiler.Finish(begin, seconds, false);

  EXPECT_EQ(profile.steps, kSteps);
  const size_t traced = profile.traced_steps.size();
  EXPECT_GT(traced, 5u);
  EXPECT_LT(traced, 30u);
  double forward = 0;
  double everything = 0;
  for (const Profile::Total& total : profile.totals) {
    if (total.phase == Phase::kForward && total.layer == 1) {
      forward = total.seconds;
      EXPECT_EQ(total.flops, 2.0 * 4 * 2 * 7 * kSteps);
    }
    everything += total.seconds;
  }
  EXPECT_NEAR(everything, seconds, 1e-9);
  double traced_forward = 0;
  const auto count = [&](size_t thread, Phase phase) {
    size_t found = 0;
    for (const Profile::Event& event : profile.events[thread]) {
      if (event.phase != phase) continue;
      ++found;
      if (phase == Phase::kForward) {
        traced_forward += 1e-9 * static_cast<double>(event.time.end - event.time.begin) / 2;
      }
    }
    return found;
  };
  EXPECT_EQ(count(0, Phase::kRead), traced);
  EXPECT_EQ(count(1, Phase::kForward), traced * kEvents) << "whole steps only";
  EXPECT_GT(forward, traced_forward) << "those of all steps";

  const test::TempDir folder;
  WriteTrace(profile, folder / "trace.json");
  EXPECT_THAT(test::ReadFile(folder / "trace.json"),
              HasSubstr("steps (the first " + std::to_string(traced) + " of 40)"));
}

TEST(ProfileFileTest, IsWholeOrAbsent) {
  const test::TempDir folder;
  const std::string file = (folder / "none" / "trace.json").string();
  test::ExpectError(
      ErrorCode::kIo,
      "cannot write '" + file + "': the folder '" + (folder / "none").string() + "' does not exist",
      [&] { WriteTrace(Profile(), file); });
  EXPECT_THROW(WriteTrace(Profile(), "/dev/full"), Error);
  WriteTrace(Profile(), folder / "empty.json");
  EXPECT_TRUE(nlohmann::json::accept(test::ReadFile(folder / "empty.json")));
  EXPECT_THAT(folder.List(), ::testing::ElementsAre("empty.json"));
}

}  // namespace
}  // namespace colonnade
