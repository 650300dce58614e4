// SPDX-License-Identifier: Apache-2.0
// The options of the library by name: each has a text that sets it, a range, and a place in the
// identity of checkpoints where the result depends on it.
#include "colonnade/options.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/train/identity.h"
#include "tests/support/datasets.h"
#include "tests/support/errors.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

using test::ExpectError;

// Values other than the default of every option there is, as OptionText() writes them.
const std::map<std::string, std::vector<std::string>>& Values() {
  static const std::map<std::string, std::vector<std::string>> values = {
      // CsvOptions
      {"label-column", {"species", "-1", "0", "with space", "\"quoted\" 'name'", "größe", "a,b"}},
      {"weight-column", {"w", "3"}},
      {"ignore-columns", {"id", "id,0,-2"}},
      {"categorical", {"auto", "colour,größe"}},
      {"columns", {"a", "a,\"b,c\",0", "\"\""}},
      {"max-categories", {"1", "100", "65536"}},
      {"dates", {"number", "ignore"}},
      {"date-format", {"ymd", "dmy", "mdy"}},
      {"missing", {"refuse", "mean", "median", "zero", "drop"}},
      {"missing-indicator", {"off"}},
      {"na-values", {"-999", "n.d.,\"a,b\",\"say \"\"no\"\"\""}},
      {"keep-na", {"on"}},
      {"strict", {"on"}},
      {"group-column", {"patient", "0"}},
      {"split-by-time", {"date", "-1"}},
      {"task", {"classify", "regress"}},
      {"header", {"yes", "no"}},
      {"delimiter", {"comma", "semicolon", "tab", "space", "|", "::", "~|~"}},
      {"comment", {"#", "%", "semicolon"}},
      {"quote", {"none", "'"}},
      {"escape", {"\\", "^"}},
      {"decimal", {"point", "comma"}},
      {"thousands", {"comma", "space", "'", "."}},
      {"skip-rows", {"0", "3", "1000000000"}},
      {"encoding", {"latin1", "windows-1252"}},
      {"bad-rows", {"skip", "skip-any"}},
      {"cache", {"on"}},
      // TrainOptions
      {"scale", {"none", "unit", "minmax", "standard", "robust", "quantile"}},
      {"embed", {"none", "ple"}},
      {"embed-pieces", {"8", "64"}},
      {"validation", {"0.2", "1e-300"}},
      {"augment", {"shift:2", "rotate:10", "shift:1,rotate:7.5"}},
      {"hidden", {"none", "1", "256,64", "1048576"}},
      {"activation", {"gelu", "leaky-relu,tanh"}},
      {"batch-norm", {"on", "on,off"}},
      {"dropout", {"0.5"}},
      {"init", {"uniform"}},
      {"loss", {"cross-entropy", "bce", "squared", "huber", "poisson", "quantile"}},
      {"huber-delta", {"0.1", "1e-06"}},
      {"quantiles", {"0.5", "0.05,0.95"}},
      {"label-smoothing", {"0.1"}},
      {"class-weight", {"balanced", "1,2.5,0", "weights.csv", "3"}},
      {"target-scale", {"none", "standard", "log", "quantile"}},
      {"epochs", {"1", "1000000"}},
      {"batch-size", {"full", "1", "4294967295"}},
      {"accumulate", {"8"}},
      {"optimizer",
       {"sgd", "nesterov", "adam", "adamw", "rmsprop", "lion", "schedule-free", "muon"}},
      {"lr", {"0.1", "1e-300", "5e-324", "0.30000000000000004"}},
      {"momentum", {"0", "0.5"}},
      {"beta1", {"0.5"}},
      {"beta2", {"0.99"}},
      {"alpha", {"0.9"}},
      {"epsilon", {"1e-10"}},
      {"weight-decay", {"0", "0.0001"}},
      {"clip-norm", {"5"}},
      {"ema", {"0.99"}},
      {"schedule", {"constant", "step", "exponential", "onecycle", "coslog", "flat-cosine"}},
      {"warmup", {"100"}},
      {"lr-decay", {"0.5", "1"}},
      {"lr-decay-epochs", {"10"}},
      {"ensemble", {"3"}},
      {"ensemble-by", {"folds"}},
      {"seed", {"1", "9007199254740993", "18446744073709551615"}},
      {"precision", {"bf16"}},
      {"early-stopping", {"3"}},
      {"target-accuracy", {"0.9", "1"}},
      {"max-seconds", {"60", "0.001"}},
      {"checkpoint", {"a checkpoint", "dir/f"}},
      {"checkpoint-every", {"5", "500s"}},
      {"resume", {"on"}},
      {"threads", {"3", "1024"}}};
  return values;
}

template <class Options>
class OptionsTest : public ::testing::Test {};

using Structs = ::testing::Types<TrainOptions, CsvOptions>;

class StructNames {
 public:
  template <class Options>
  static std::string GetName(int) {
    return std::is_same_v<Options, TrainOptions> ? "Train" : "Csv";
  }
};

TYPED_TEST_SUITE(OptionsTest, Structs, StructNames);

TYPED_TEST(OptionsTest, EachValueReadsBackAsItself) {
  for (const Option& option : OptionsOf<TypeParam>()) {
    const std::string name = option.info.name;
    ASSERT_TRUE(Values().contains(name)) << name << ": add values of it to this test";
    for (const std::string& text : Values().at(name)) {
      TypeParam options;
      EXPECT_NE(OptionText(options, name), text) << name << ": the default proves nothing";
      SetOption(options, name, text);
      EXPECT_EQ(OptionText(options, name), text) << name;
      // All others are as they were.
      for (const Option& other : OptionsOf<TypeParam>()) {
        if (other.info.name == name) continue;
        EXPECT_EQ(OptionText(options, other.info.name), OptionText(TypeParam(), other.info.name))
            << name << " changes " << other.info.name;
      }
      TypeParam again;
      SetOption(again, name, OptionText(options, name));
      EXPECT_EQ(OptionText(again, name), text) << name;
    }
  }
}

TYPED_TEST(OptionsTest, DefaultsReadBackAsThemselves) {
  for (const Option& option : OptionsOf<TypeParam>()) {
    EXPECT_EQ(option.preset, OptionText(TypeParam(), option.info.name)) << option.info.name;
    EXPECT_EQ(option.preset.empty(), !option.unset.empty())
        << option.info.name << ": words for what is unset, and only for that";
    if (option.preset.empty()) continue;
    TypeParam options;
    SetOption(options, option.info.name, Values().at(option.info.name).front());
    SetOption(options, option.info.name, option.preset);
    EXPECT_EQ(OptionText(options, option.info.name), option.preset) << option.info.name;
  }
}

TYPED_TEST(OptionsTest, NamedValuesAreTheNamesOfTheTable) {
  for (const Option& option : OptionsOf<TypeParam>()) {
    for (const std::string& text : option.names) {
      TypeParam options;
      SetOption(options, option.info.name, text);
      const std::string got = OptionText(options, option.info.name);
      EXPECT_TRUE(got == text || got.empty()) << option.info.name << " " << text << ": " << got;
    }
  }
}

TYPED_TEST(OptionsTest, AreKnownByOneNameAndHaveHelp) {
  std::set<std::string> names;
  for (const Option& option : OptionsOf<TypeParam>()) {
    const OptionInfo& info = option.info;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(info.Key().find('-'), std::string::npos);
    EXPECT_EQ(info.Key().size(), std::string(info.name).size());
    EXPECT_GT(std::string(info.help).size(), 5u) << info.name;
    EXPECT_GT(std::string(info.group).size(), 2u) << info.name;
    EXPECT_EQ(std::string(info.help).find("--"), std::string::npos) << "no flags in the library";
    EXPECT_TRUE(option.type != OptionType::kText || info.value != nullptr || !option.names.empty())
        << info.name << ": what does a value look like?";
  }
}

TYPED_TEST(OptionsTest, RefuseWhatIsNone) {
  // Texts of any kind are values of these.
  const std::set<std::string> any = {
      "label-column", "weight-column", "ignore-columns", "columns",  "categorical",  "na-values",
      "group-column", "split-by-time", "delimiter",      "encoding", "class-weight", "checkpoint"};
  for (const Option& option : OptionsOf<TypeParam>()) {
    const std::string name = option.info.name;
    // A list of names has nothing as the name of the column without one.
    const bool names = option.list && any.contains(name) && name != "class-weight";
    for (const std::string text : {"", "no such value", "1,", "-0x1", "nan"}) {
      if (text.empty() && names) continue;
      if (!text.empty() && any.contains(name)) continue;
      if (text == "nan" && option.type == OptionType::kNumber) continue;  // out of range instead
      TypeParam options;
      try {
        SetOption(options, name, text);
        ADD_FAILURE() << name << " takes '" << text << "'";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
        EXPECT_EQ(error.details().subject, name);
        EXPECT_NE(error.details().found, "") << name;
        EXPECT_NE(error.details().expected, "") << name;
      }
    }
  }
  TypeParam options;
  ExpectError(ErrorCode::kInvalidArgument, "hiden: no such option",
              [&] { SetOption(options, "hiden", "3"); });
  ExpectError(ErrorCode::kInvalidArgument, "hiden: no such option",
              [&] { static_cast<void>(OptionText(options, "hiden")); });
}

TEST(OptionsByNameTest, TheTwoStructsShareNoName) {
  std::set<std::string> names;
  for (const Option& option : OptionsOf<TrainOptions>()) names.insert(option.info.name);
  for (const Option& option : OptionsOf<CsvOptions>()) {
    EXPECT_TRUE(names.insert(option.info.name).second) << option.info.name;
  }
  for (const auto& [name, values] : Values()) {
    EXPECT_TRUE(names.contains(name)) << name << " is no option any more";
    EXPECT_FALSE(values.empty());
  }
}

TEST(OptionsByNameTest, SynonymsAreWrittenInOneWay) {
  TrainOptions options;
  const auto text_of = [&](const char* name, const char* text) {
    SetOption(options, name, text);
    return OptionText(options, name);
  };
  EXPECT_EQ(text_of("batch-norm", "true,false"), "on,off");
  EXPECT_EQ(text_of("resume", "true"), "on");
  EXPECT_EQ(text_of("resume", "off"), "off");
  EXPECT_EQ(text_of("lr", "0.10"), "0.1");
  EXPECT_EQ(text_of("lr", "1e-1"), "0.1");
  EXPECT_EQ(text_of("class-weight", "1.0,2e0"), "1,2");
  EXPECT_EQ(text_of("loss", "auto"), "");
  CsvOptions reading;
  SetOption(reading, "delimiter", "\\t");
  EXPECT_EQ(OptionText(reading, "delimiter"), "tab");
  SetOption(reading, "delimiter", "auto");
  EXPECT_EQ(reading.delimiter, std::nullopt);
}

TEST(OptionsByNameTest, NumbersThatDoNotFitAreRefused) {
  TrainOptions options;
  for (const char* text : {"18446744073709551616", "-1", "1.5", "1e3", " 1", "1 "}) {
    EXPECT_THROW(SetOption(options, "seed", text), Error) << text;
  }
  // Not 1, as its low 32 bits say.
  EXPECT_THROW(SetOption(options, "threads", "4294967297"), Error);
  EXPECT_THROW(SetOption(options, "lr", "1e999"), Error);
}

// A number just outside of each end of each range is refused by Check(), with that range.
TEST(OptionsByNameTest, RangesAreChecked) {
  size_t checked = 0;
  const TrainOptions defaults;
  VisitOptions(defaults, [&]<class T>(const OptionInfo& info, const T&) {
    const auto expect = [&](const std::string& text, bool accepted) {
      TrainOptions options;
      SetOption(options, "schedule", "step");
      bool threw = false;
      try {
        SetOption(options, info.name, text);
        options.Check();
      } catch (const Error& error) {
        threw = true;
        if (accepted) ADD_FAILURE() << error.what();
        EXPECT_EQ(error.details().subject, info.name);
        EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      }
      EXPECT_EQ(threw, !accepted) << info.name << " = " << text;
      ++checked;
    };
    const Range& range = info.range;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::optional<double>>) {
      expect(fmt::format("{}", range.lowest), !range.above);
      expect(fmt::format("{}", std::nextafter(range.lowest, -kInfinity)), false);
      expect(fmt::format("{}", std::nextafter(range.lowest, kInfinity)), true);
      expect("nan", false);
      expect("inf", false);
      if (range.highest < std::numeric_limits<double>::max()) {
        expect(fmt::format("{}", range.highest), !range.below);
        expect(fmt::format("{}", std::nextafter(range.highest, kInfinity)), false);
      }
    } else if constexpr (std::is_same_v<T, size_t> || std::is_same_v<T, int>) {
      if (range.highest < 1e15) {
        expect(fmt::format("{:.0f}", range.highest), true);
        expect(fmt::format("{:.0f}", range.highest + 1), false);
      }
      if (range.lowest > 0) expect(fmt::format("{:.0f}", range.lowest - 1), false);
    }
  });
  EXPECT_GT(checked, 80u);
}

TEST(OptionsByNameTest, RangesOfReading) {
  const auto fails = [](const char* name, const char* text, const std::string& message) {
    CsvOptions options;
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { SetOption(options, name, text); });
  };
  fails("max-categories", "0", "max-categories: found 0, expected 1 to 65536");
  fails("max-categories", "65537", "max-categories: found 65537, expected 1 to 65536");
  fails("skip-rows", "1000000001", "skip-rows: found 1000000001, expected 0 to 1000000000");
  ExpectError(ErrorCode::kInvalidArgument, "max-categories: found 0, expected 1 to 65536",
              [] { CsvOptions{.max_categories = 0}.Check(); });
}

TEST(OptionsByNameTest, RangesInWords) {
  EXPECT_EQ(RangeText({.lowest = 1, .highest = 9}, OptionType::kInteger), "1 to 9");
  EXPECT_EQ(RangeText({.lowest = 2}, OptionType::kInteger), "2 or more");
  EXPECT_EQ(RangeText({.highest = 1, .below = true}, OptionType::kNumber), "a number in [0, 1)");
  EXPECT_EQ(RangeText({.highest = 5}, OptionType::kNumber), "a number in [0, 5]");
  EXPECT_EQ(RangeText({.above = true}, OptionType::kNumber), "a number above 0");
  EXPECT_EQ(RangeText({.lowest = 3}, OptionType::kNumber), "a number of at least 3");
  EXPECT_EQ(RangeText({.highest = 1, .above = true, .below = true}, OptionType::kNumber),
            "a fraction above 0 and below 1");
}

TEST(OptionsByNameTest, BelongAsTheTablesOfOptimizersLossesAndSchedulesSay) {
  TrainOptions options;
  const auto belonging = [&](const char* name, const char* kind) {
    std::string all;
    for (const Option& option : OptionsOf<TrainOptions>()) {
      if (std::string(option.info.name) != kind) continue;
      for (const std::string& value : option.names) {
        SetOption(options, kind, value);
        if (Belongs(options, name)) all += value + " ";
      }
    }
    return all;
  };
  EXPECT_EQ(belonging("momentum", "optimizer"), "momentum nesterov ");
  EXPECT_EQ(belonging("beta1", "optimizer"), "adam adamw lion schedule-free muon ");
  EXPECT_EQ(belonging("beta2", "optimizer"), "adam adamw lion schedule-free muon ");
  EXPECT_EQ(belonging("alpha", "optimizer"), "rmsprop ");
  EXPECT_EQ(belonging("epsilon", "optimizer"), "adam adamw rmsprop schedule-free muon ");
  EXPECT_EQ(belonging("lr-decay", "schedule"), "step exponential ");
  EXPECT_EQ(belonging("lr-decay-epochs", "schedule"), "step exponential ");
  EXPECT_EQ(belonging("label-smoothing", "loss"), "auto cross-entropy ");
  EXPECT_EQ(belonging("huber-delta", "loss"), "huber ");
  EXPECT_EQ(belonging("lr", "optimizer"),
            "sgd momentum nesterov adam adamw rmsprop lion schedule-free muon ");
  // The names that the tables have are options.
  const auto expect_known = [](const auto& rows) {
    for (const auto& row : rows) {
      for (const char* name : row.options) {
        if (name == nullptr) continue;
        EXPECT_NO_THROW(static_cast<void>(OptionText(TrainOptions(), name))) << name;
      }
    }
  };
  expect_known(kOptimizers);
  expect_known(kLosses);
  expect_known(kSchedules);
  options = {};
  options.beta1 = 0.5;
  ExpectError(ErrorCode::kInvalidArgument,
              "beta1: found '0.5 with the optimizer momentum', expected the optimizer adam, "
              "adamw, lion, schedule-free or muon",
              [&] { RequireBelongs(options, "beta1"); });
  EXPECT_NO_THROW(RequireBelongs(options, "momentum"));
}

// Whatever changes the result changes the identity, or a resumed training would be another one.
TEST(OptionsByNameTest, TheIdentityOfCheckpointsHasAllThatTheResultDependsOn) {
  const Dataset data = test::RandomDataset(200, 4, 3, 1);
  const auto identity_of = [&](const TrainOptions& options) {
    return Identify(data, options.ShapeFor(data), options);
  };
  const TrainOptions base = [] {
    TrainOptions options;
    options.hidden = {8, 8};
    options.ensemble = 2;  // of one it does not matter by what they differ
    return options;
  }();
  std::set<std::string> in_identity;
  for (const auto& [name, value] : identity_of(base)) in_identity.insert(name);
  for (const Option& option : OptionsOf<TrainOptions>()) {
    const OptionInfo& info = option.info;
    EXPECT_EQ(in_identity.contains(info.name), info.effect == Effect::kResult) << info.name;
    if (info.effect == Effect::kData) continue;  // by the hash of the data
    for (const std::string& text : Values().at(info.name)) {
      TrainOptions options = base;
      SetOption(options, info.name, text);
      if (info.name == std::string("loss") && RowOf(options.loss).for_numbers) continue;
      if (options.loss == Loss::kBinaryCrossEntropy) continue;  // three classes
      if (options.class_weight.values.size() == 1) continue;    // likewise
      if (options.batch_size >= data.examples()) options.batch_size = 0;
      const bool fits = options.activation->Fits(options.hidden->size()) &&
                        options.batch_norm.Fits(options.hidden->size());
      if (!fits || text == "1048576") continue;
      EXPECT_EQ(identity_of(options) != identity_of(base), info.effect != Effect::kNone)
          << info.name << " = " << text;
    }
  }
}

// A list, so that a mark that is changed by mistake is noticed.
TEST(OptionsByNameTest, WhatTheResultDoesNotDependOnIsMarked) {
  std::string network, data, none;
  const auto add = [&](std::span<const Option> options) {
    for (const Option& option : options) {
      const std::string name = std::string(option.info.name) + " ";
      if (option.info.effect == Effect::kNetwork) network += name;
      if (option.info.effect == Effect::kData) data += name;
      if (option.info.effect == Effect::kNone) none += name;
    }
  };
  add(OptionsOf<CsvOptions>());
  add(OptionsOf<TrainOptions>());
  EXPECT_EQ(network, "hidden activation batch-norm ");
  EXPECT_EQ(data, "validation ");
  EXPECT_EQ(none, "cache checkpoint checkpoint-every resume threads ");
}

}  // namespace
}  // namespace colonnade
