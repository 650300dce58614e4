// SPDX-License-Identifier: Apache-2.0
// The optimizers against torch.optim: tools/optimizer_golden.py wrote starts, gradients and ends to
// tests/data.
#include "engine/train/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/options.h"
#include "engine/model/initialization.h"
#include "tests/support/golden.h"
#include "tests/support/targets.h"

namespace colonnade {
namespace {

constexpr size_t kOutputs = 17;
constexpr size_t kInputs = 5;

// The options of a case by their names, but with _ for -.
TrainOptions OptionsOf(const nlohmann::json& settings) {
  TrainOptions options;
  for (const auto& [key, value] : settings.items()) {
    std::string name = key == "rate" ? "lr" : key;
    std::ranges::replace(name, '_', '-');
    SetOption(options, name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return options;
}

// One layer and its optimizer.
struct OneLayer {
  explicit OneLayer(const TrainOptions& options)
      : shape(NetworkShape::Mlp(kInputs, {}, kOutputs)),
        parameters(ZeroParameters(shape)),
        gradient(ZeroParameters(shape)),
        optimizer(options, shape) {}

  // values: outputs × (inputs, and one for the bias), row-major.
  void SetGradient(const float* values) {
    for (size_t o = 0; o < kOutputs; ++o) {
      for (size_t i = 0; i < kInputs; ++i) {
        gradient[0].weight.view().Column(i)[o] = values[o * (kInputs + 1) + i];
      }
      gradient[0].bias.view().data[o] = values[o * (kInputs + 1) + kInputs];
    }
  }

  // In two blocks, as threads would do it.
  void Step(double rate) {
    optimizer.BeginStep(rate);
    for (const auto& [first, count] : {std::pair{size_t{0}, size_t{2}}, {2, kInputs - 2}}) {
      optimizer.UpdateWeight({0, first, count, 0, kOutputs},
                             gradient[0].weight.view().Columns(first, count), parameters[0]);
    }
    optimizer.UpdateBias(0, gradient[0].bias.view(), parameters[0]);
  }

  NetworkShape shape;
  std::vector<DenseParameters> parameters;
  std::vector<DenseParameters> gradient;
  OptimizerState optimizer;
};

// |actual − expected| ≤ 1e-6 · |expected|, and 1e-6 · `scale` where one is given.
void ExpectNear(const std::vector<float>& actual, const std::vector<float>& expected,
                const std::vector<double>& scale = {}) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const auto value = static_cast<double>(expected[i]);
    const double bound = 1e-6 * (std::abs(value) + (scale.empty() ? 0 : scale[i]));
    ASSERT_NEAR(static_cast<double>(actual[i]), value, bound) << "element " << i;
  }
}

class OptimizerTest : public ::testing::TestWithParam<std::string> {
 protected:
  // The largest |gradient| of each weight, or of each bias.
  std::vector<double> GradientScale(bool bias) const {
    std::vector<double> largest(bias ? kOutputs : kOutputs * kInputs);
    for (size_t g = 0; g < gradients_.size(); ++g) {
      const size_t i = g % (kInputs + 1);
      const size_t o = g / (kInputs + 1) % kOutputs;
      if ((i == kInputs) != bias) continue;
      double& scale = largest[bias ? o : o * kInputs + i];
      scale = std::max(scale, std::abs(static_cast<double>(gradients_[g])));
    }
    return largest;
  }

  const float* Gradient(size_t step) const {
    return gradients_.data() + step * kOutputs * (kInputs + 1);
  }

  OneLayer Start(const TrainOptions& options) const {
    OneLayer run(options);
    FromRowMajor(golden_.Values<float>("start.weight"), run.parameters[0].weight.view());
    FromRowMajor(golden_.Values<float>("start.bias"), run.parameters[0].bias.view());
    return run;
  }

  const test::GoldenFile golden_{"optimizers.safetensors"};
  const std::vector<float> gradients_ = golden_.Values<float>("gradients");
  const std::vector<float> rate_factors_ = golden_.Values<float>("rate_factors");
};

TEST_P(OptimizerTest, IsThatOfPyTorchAfterAHundredSteps) {
  const std::string& name = GetParam();
  const TrainOptions options = OptionsOf(golden_.meta()["cases"].at(name));
  const std::vector<float> weight = golden_.Values<float>(name + "/weight");
  const std::vector<float> bias = golden_.Values<float>(name + "/bias");
  test::ForEachTarget([&] {
    OneLayer run = Start(options);
    for (size_t step = 0; step < rate_factors_.size(); ++step) {
      run.SetGradient(Gradient(step));
      run.Step(options.Rate() * static_cast<double>(rate_factors_[step]));
    }
    ExpectNear(ToRowMajor(run.parameters[0].weight.view()), weight);
    ExpectNear(ToRowMajor(run.parameters[0].bias.view()), bias);
    EXPECT_EQ(run.optimizer.steps(), 100u);
    for (const OptimizerState::Tensor& tensor : run.optimizer.Tensors()) {
      SCOPED_TRACE(tensor.name);
      std::vector<double> scale = GradientScale(tensor.name.ends_with("bias"));
      if (tensor.name.find("sq") != std::string::npos) {
        for (double& s : scale) s *= s;
      }
      ExpectNear(ToRowMajor(tensor.values), golden_.Values<float>(name + "/" + tensor.name), scale);
    }
    if (!run.optimizer.averages()) return;
    std::vector<DenseParameters> average = ZeroParameters(run.shape);
    run.optimizer.Average(run.parameters, average);
    ExpectNear(ToRowMajor(average[0].weight.view()),
               golden_.Values<float>(name + "/average.weight"));
    ExpectNear(ToRowMajor(average[0].bias.view()), golden_.Values<float>(name + "/average.bias"));
  });
}

void Copy(kernels::ConstMatrix from, kernels::Matrix to) {
  ASSERT_EQ(from.cols, to.cols);
  for (size_t c = 0; c < from.cols; ++c) std::copy_n(from.Column(c), from.rows, to.Column(c));
}

// What a checkpoint does.
TEST_P(OptimizerTest, GoesOnFromItsTensorsAndCount) {
  const TrainOptions options = OptionsOf(golden_.meta()["cases"].at(GetParam()));
  OneLayer run = Start(options);
  const auto step = [&](OneLayer& of, size_t number) {
    of.SetGradient(Gradient(number));
    of.Step(options.Rate());
  };
  for (size_t s = 0; s < 7; ++s) step(run, s);
  OneLayer other(options);
  Copy(run.parameters[0].weight.view(), other.parameters[0].weight.view());
  Copy(run.parameters[0].bias.view(), other.parameters[0].bias.view());
  other.optimizer.set_steps(run.optimizer.steps());
  std::ranges::copy(run.optimizer.Numbers(), other.optimizer.Numbers().begin());
  const std::vector<OptimizerState::Tensor> from = run.optimizer.Tensors();
  const std::vector<OptimizerState::Tensor> to = other.optimizer.Tensors();
  ASSERT_EQ(from.size(), to.size());
  for (size_t t = 0; t < from.size(); ++t) {
    EXPECT_EQ(from[t].name, to[t].name);
    Copy(from[t].values, to[t].values);
  }
  for (size_t s = 7; s < 12; ++s) {
    step(run, s);
    step(other, s);
  }
  EXPECT_TRUE(test::SameBits(run.parameters[0].weight.view(), other.parameters[0].weight.view()));
  EXPECT_TRUE(test::SameBits(run.parameters[0].bias.view(), other.parameters[0].bias.view()));
  std::vector<DenseParameters> average = ZeroParameters(run.shape);
  std::vector<DenseParameters> other_average = ZeroParameters(run.shape);
  run.optimizer.Average(run.parameters, average);
  other.optimizer.Average(other.parameters, other_average);
  EXPECT_TRUE(test::SameBits(average[0].weight.view(), other_average[0].weight.view()));
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  const test::GoldenFile golden("optimizers.safetensors");
  for (const auto& item : golden.meta()["cases"].items()) names.push_back(item.key());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, OptimizerTest, ::testing::ValuesIn(Cases()),
                         [](const auto& run) { return run.param; });

TEST(OptimizerGolden, HasEveryOptimizerWithItsOptions) {
  const test::GoldenFile golden("optimizers.safetensors");
  const nlohmann::json& cases = golden.meta()["cases"];
  for (const OptimizerRow& row : kOptimizers) {
    std::set<std::string> missing = {"weight-decay"};
    for (const char* const* option = row.options; *option != nullptr; ++option) {
      missing.insert(*option);
    }
    bool plain = false;
    for (const nlohmann::json& settings : cases) {
      if (settings["optimizer"] != row.name) continue;
      plain = plain || settings.size() == 2;
      for (const auto& item : settings.items()) {
        std::string name = item.key();
        std::ranges::replace(name, '_', '-');
        missing.erase(name);
      }
    }
    EXPECT_TRUE(plain) << row.name << " with the defaults";
    EXPECT_THAT(missing, ::testing::IsEmpty()) << row.name;
  }
}

TEST(OptimizerDefaults, RateAndWeightDecay) {
  TrainOptions options;
  EXPECT_EQ(options.Rate(), 0.15);
  EXPECT_EQ(options.WeightDecay(), 0);
  options.optimizer = Optimizer::kAdamW;
  EXPECT_EQ(options.Rate(), 0.001);
  EXPECT_EQ(options.WeightDecay(), 0.01);
  EXPECT_EQ(options.Beta2(), 0.999);
  EXPECT_EQ(options.ScheduleInForce(), Schedule::kCosine);
  options.optimizer = Optimizer::kLion;
  EXPECT_EQ(options.Rate(), 0.0003);
  EXPECT_EQ(options.WeightDecay(), 0.03);
  EXPECT_EQ(options.Beta2(), 0.99);
  options.optimizer = Optimizer::kScheduleFree;
  EXPECT_EQ(options.ScheduleInForce(), Schedule::kConstant);
  options.learning_rate = 0.3;
  options.weight_decay = 0;
  options.beta2 = 0.5;
  options.schedule = Schedule::kStep;
  EXPECT_EQ(options.Beta2(), 0.5);
  EXPECT_EQ(options.ScheduleInForce(), Schedule::kStep);
  EXPECT_EQ(options.Rate(), 0.3);
  EXPECT_EQ(options.WeightDecay(), 0);
}

}  // namespace
}  // namespace colonnade
