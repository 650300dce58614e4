// SPDX-License-Identifier: Apache-2.0
// Options in files: --config, --print-config, and the options that models keep.
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"
#include "tests/support/paths.h"

namespace colonnade::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Words = std::vector<std::string>;

Words With(Words base, const Words& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

std::string Joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + ' ';
  return text;
}

class ConfigTest : public CliTest {
 protected:
  void SetUp() override {
    std::string classes = "a,kind,b\n";
    std::string numbers = "y,a,b\n";
    for (int i = 0; i < 120; ++i) {
      const int k = i % 8 < 4 ? 0 : i % 8 < 7 ? 1 : 2;
      classes += std::to_string(k * 7 + i % 5) + ",k" + std::to_string(k) + ',' +
                 std::to_string(i % 11 - 3 * k) + '\n';
      numbers += std::to_string(0.5 + i % 7 + 3 * (i % 5)) + ',' + std::to_string(i % 7) + ',' +
                 std::to_string(i % 5) + '\n';
    }
    Write("classes.csv", classes);
    Write("numbers.csv", numbers);
    Write("weights.csv", "k2,4\nk0,0.5\nk1,1\n");
  }

  std::string Hash(const Words& arguments) const {
    return RunJson(With({"train"}, arguments))["parameters_hash"];
  }

  // What a run says on standard error, other than an error.
  std::string Notes(const Words& arguments) const {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.err;
  }
};

TEST_F(ConfigTest, WhatIsPrintedReadsBackAsTheSame) {
  const std::vector<Words> all = {
      {},
      {"--preset", "classic"},
      {"--hidden", "64,32", "--activation", "gelu,tanh", "--batch-norm", "on,off"},
      {"--hidden", "none", "--batch-size", "full", "--class-weight", "1,2.5,0"},
      {"--seed", "18446744073709551615", "--lr", "1e-300", "--weight-decay", "5e-324"},
      {"--seed", "9007199254740993", "--lr", "0.30000000000000004", "--clip-norm", "1e22"},
      {"--label-column", "with \"quotes\", 'more' and \\ größe", "--weight-column", "3"},
      {"--label-column=-1", "--ignore-columns", "id,größe, 0,07", "--categorical", "auto"},
      {"--label-column", ",first is empty", "--missing", "mean", "--header", "no"},
      {"--label-column", "true", "--weight-column", "1e3", "--ignore-columns", "none"},
      {"--label-column", "2024-01-01", "--weight-column", "[1]", "--ignore-columns", "0x1"},
      {"--label-column", "delete\x7f and \x01 ones", "--weight-column", "\xf0\x9f\x8d\x8b"},
      {"--label-column", "tab\there", "--delimiter", "|", "--comment", "\\"},
      {"--delimiter", ",", "--comment", "#", "--cache"},
      {"--delimiter", "tab"},
      {"--delimiter", " "},
      {"--class-weight", "balanced", "--label-smoothing", "0.1"},
      {"--class-weight", "weights,1.csv"},
      {"--class-weight", "7"},
      {"--optimizer", "rmsprop", "--alpha", "0.9", "--epsilon", "1e-12", "--schedule", "step",
       "--lr-decay", "0.5", "--lr-decay-epochs", "3"},
      {"--optimizer", "adamw", "--beta1", "0.5", "--accumulate", "4", "--warmup", "10"},
      {"--loss", "huber", "--huber-delta", "0.1", "--target-scale", "none"},
      {"--loss", "bce", "--scale", "minmax", "--init", "uniform", "--precision", "bf16"},
      {"--task", "regress"},
      {"--checkpoint", "a checkpoint", "--checkpoint-every", "500s", "--resume", "--threads", "3"},
      {"--validation", "0.2", "--early-stopping", "3", "--max-seconds", "0.001"},
      {"--validation", "0", "--early-stopping", "0"},
      {"--target-accuracy", "1", "--epochs", "1000000", "--dropout", "0.5"},
      {"--momentum", "0.9"},
      {"--beta1", "0.9"},
      {"--augment", "shift:2,rotate:7.5"},
      {"--augment", "rotate:10"},
      {"--preset", "fast-mnist"},
      {"--preset", "best-mnist"}};
  std::vector<std::string> printed;
  for (const Words& flags : all) {
    SCOPED_TRACE(Joined(flags));
    printed.push_back(RunOk(With({"train", "--print-config"}, flags)));
    Write("c.toml", printed.back());
    EXPECT_EQ(RunOk({"train", "--config", "c.toml", "--print-config"}), printed.back());
    EXPECT_EQ(Run({"train", "--config", "c.toml", "--print-config"}).err, "") << "nothing left out";
    EXPECT_EQ(std::count(printed.begin(), printed.end(), printed.back()), 1) << "flags are lost";
  }
  EXPECT_THAT(printed[0],
              AllOf(HasSubstr("\n# hidden = …  # 192\n"), HasSubstr("\n# lr = …  # 0.15")));
  EXPECT_THAT(printed[3], AllOf(HasSubstr("\nhidden = []\n"), HasSubstr("batch-size = \"full\"\n"),
                                HasSubstr("\nclass-weight = [1, 2.5, 0]\n")));
  EXPECT_THAT(printed[4], HasSubstr("\nseed = \"18446744073709551615\"\n"));
}

TEST_F(ConfigTest, OfSweepsReadsBackAsTheSame) {
  const Words flags = {"--hidden", "8", "--epochs", "3", "--validation", "0.3", "--threads", "2"};
  const std::string printed = RunOk(With({"sweep", "--print-config"}, flags));
  Write("c.toml", printed);
  EXPECT_EQ(RunOk({"sweep", "--config", "c.toml", "--print-config"}), printed);
  const Words sweep = {"sweep", "classes.csv", "--label-column", "kind", "--grid", "lr=0.1,0.2"};
  const auto runs = [&](const Words& more) { return RunJson(With(sweep, more))["configurations"]; };
  const auto by_flags = runs(flags);
  const auto by_file = runs({"--config", "c.toml"});
  ASSERT_EQ(by_flags.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(by_file[i]["runs"][0]["parameters_hash"], by_flags[i]["runs"][0]["parameters_hash"]);
  }
}

TEST_F(ConfigTest, TrainsToTheSameBitsAsFlags) {
  for (const Words& flags : std::vector<Words>{
           {"--hidden", "12,8", "--activation", "gelu,tanh", "--batch-norm", "on,off", "--epochs",
            "3", "--seed", "18446744073709551615", "--class-weight", "weights.csv"},
           {"--hidden", "none", "--batch-size", "full", "--epochs", "9", "--optimizer", "adamw",
            "--validation", "0.2", "--early-stopping", "2"}}) {
    SCOPED_TRACE(Joined(flags));
    const Words data = {"classes.csv", "--label-column", "kind"};
    Write("c.toml", RunOk(With({"train", "--print-config"}, flags)));
    EXPECT_EQ(Hash(With(data, {"--config", "c.toml"})), Hash(With(data, flags)));
  }
}

// The provenance fed back.
TEST_F(ConfigTest, AModelIsTheConfigurationOfItself) {
  struct Case {
    const char* data;
    Words flags;
  };
  const Words label = {"--label-column", "kind"};
  for (const Case& c : std::vector<Case>{
           {"classes.csv", label},  // loss, rate and epochs are open
           {"numbers.csv", {"--epochs", "5"}},
           {"numbers.csv", {"--loss", "huber", "--optimizer", "adam", "--epochs", "3"}},
           {"classes.csv", With(label, {"--class-weight", "weights.csv", "--epochs", "4"})},
           {"classes.csv", With(label, {"--class-weight", "balanced", "--epochs", "4"})},
           {"classes.csv", With(label, {"--validation", "0.25", "--early-stopping", "2"})},
           {"classes.csv", With(label, {"--optimizer", "adamw", "--hidden", "6", "--epochs", "4"})},
           {"classes.csv", With(label, {"--preset", "classic", "--epochs", "9"})},
           {"classes.csv", With(label, {"--checkpoint", "ck", "--epochs", "4", "--threads", "2"})},
           {"classes.csv", With(label, {"--hidden", "none", "--batch-size", "full"})},
           {"classes.csv", {"--label-column", "1", "--ignore-columns", "a", "--epochs", "4"}},
       }) {
    SCOPED_TRACE(c.data + (' ' + Joined(c.flags)));
    const std::string hash = Hash(With({c.data, "-o", "first.st"}, c.flags));
    EXPECT_EQ(Hash({c.data, "--config", "first.st", "-o", "second.st"}), hash);
    EXPECT_EQ(Hash({c.data, "--config", "second.st", "-o", "third.st"}), hash);
    // What is printed of it is the same once more.
    Write("c.toml", RunOk({"train", "--config", "first.st", "--print-config"}));
    EXPECT_EQ(Hash({c.data, "--config", "c.toml", "-o", "third.st"}), hash);
  }
  Write("none.st", ReadFile(TestData() / "golden" / "format-1" / "classes.safetensors"));
  EXPECT_THAT(RunBad(4, {"train", "classes.csv", "--config", "none.st"}),
              AllOf(HasSubstr("none.st: "), HasSubstr("no options")));
}

TEST_F(ConfigTest, FlagsCountMoreThanTheFileAndThatMoreThanThePreset) {
  const auto line = [&](const std::string& name, const Words& flags) {
    const std::string text = "\n" + RunOk(With({"train", "--print-config"}, flags));
    const size_t at = text.find("\n" + name + " = ");
    return at == std::string::npos ? "unset"
                                   : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  };
  Write("c.toml", "learning = 1\n");
  EXPECT_THAT(RunBad(2, {"train", "--config", "c.toml", "--print-config"}), HasSubstr("learning"));
  Write("c.toml", "hidden = [5, 4]\nbatch_size = 7\nthreads = 3\n");
  EXPECT_EQ(line("hidden", {}), "unset");
  EXPECT_EQ(line("hidden", {"--preset", "classic"}), "hidden = [10]");
  EXPECT_EQ(line("hidden", {"--preset", "classic", "--config", "c.toml"}), "hidden = [5, 4]");
  EXPECT_EQ(line("hidden", {"--config", "c.toml", "--hidden", "3"}), "hidden = [3]");
  EXPECT_EQ(line("hidden", {"--hidden", "3", "--config", "c.toml"}), "hidden = [3]");
  EXPECT_EQ(line("batch-size", {"--config", "c.toml", "--hidden", "3"}), "batch-size = 7");
  EXPECT_EQ(line("lr", {"--preset", "classic", "--config", "c.toml"}), "lr = 0.05");
  EXPECT_EQ(line("threads", {"--config", "c.toml"}), "threads = 3");
  EXPECT_EQ(line("threads", {"--config", "c.toml", "--threads", "0"}), "threads = 0");
  EXPECT_EQ(
      RunJson({"train", "classes.csv", "--label-column", "kind", "--config", "c.toml", "--hidden",
               "1000", "--epochs", "1", "--batch-size", "full"})["options"]["threads"],
      3);
}

TEST_F(ConfigTest, APresetIsAConfigurationByName) {
  const std::string best = RunOk({"train", "--preset", "best-mnist", "--print-config"});
  EXPECT_THAT(best, AllOf(HasSubstr("\naugment = [\"shift:"), HasSubstr("\nhidden = ")));
  EXPECT_THAT(RunOk({"train", "--preset", "best-mnist", "--augment", "none", "--print-config"}),
              HasSubstr("\naugment = \"none\"\n"));
  Write("c.toml", "augment = \"rotate:5\"\n");
  EXPECT_THAT(RunOk({"train", "--preset", "best-mnist", "--config", "c.toml", "--print-config"}),
              HasSubstr("\naugment = \"rotate:5\"\n"));
  EXPECT_THAT(
      RunBad(2, {"train", "classes.csv", "--preset", "worst-mnist"}),
      HasSubstr("--preset: found 'worst-mnist', expected classic, fast-mnist or best-mnist"));
  // The data that it is for are pictures.
  EXPECT_THAT(
      RunBad(2, {"train", "classes.csv", "--label-column", "kind", "--preset", "best-mnist"}),
      HasSubstr("--augment: found 2 features, expected square pictures"));
}

TEST_F(ConfigTest, SettingsThatDoNotGoWithTheFlagsAreLeftOut) {
  Write("c.toml",
        "optimizer = \"adam\"\nbeta1 = 0.5\nhidden = 6\ninit = \"uniform\"\nvalidation = 0.3\n"
        "epochs = 2\ncheckpoint = \"ck\"\nlabel-column = \"kind\"\n");
  const Words train = {"train", "classes.csv", "--config", "c.toml"};
  EXPECT_THAT(Notes(train), Not(HasSubstr("left out")));
  EXPECT_THAT(Notes(With(train, {"--optimizer", "sgd", "--checkpoint", "other"})),
              AllOf(HasSubstr("c.toml: beta1 is left out"), Not(HasSubstr("hidden is left"))));
  EXPECT_THAT(Notes(With(train, {"--validation-file", "classes.csv", "--checkpoint", "third"})),
              HasSubstr("c.toml: validation is left out"));
  EXPECT_THAT(Notes(With(train, {"--start", "model.safetensors", "-o", "next.st", "--checkpoint",
                                 "fourth"})),
              AllOf(HasSubstr("hidden is left out"), HasSubstr("init is left out")));
  // So is what goes with another optimizer than a flag does.
  Write("beta.toml", "beta1 = 0.5\nhidden = 6\nepochs = 2\nlabel-column = \"kind\"\n");
  EXPECT_THAT(Notes({"train", "classes.csv", "--config", "beta.toml", "--momentum", "0.5"}),
              HasSubstr("beta.toml: beta1 is left out"));
  const std::string sweep = Notes({"sweep", "classes.csv", "--config", "c.toml", "--folds", "2"});
  EXPECT_THAT(sweep, AllOf(HasSubstr("checkpoint is left out"), HasSubstr("validation is left out"),
                           Not(HasSubstr("beta1 is left"))));
  // Of defaults and of nothing there is nothing to say.
  Write("c.toml", "validation = 0\nhidden = 6\nepochs = 2\nlabel-column = \"kind\"\n");
  EXPECT_THAT(Notes(With(train, {"--validation-file", "classes.csv"})), Not(HasSubstr("left out")));
  Write("c.toml", RunOk({"train", "--print-config"}));
  EXPECT_THAT(Notes({"sweep", "classes.csv", "--label-column", "kind", "--config", "c.toml",
                     "--epochs", "1", "--optimizer", "adam"}),
              Not(HasSubstr("left out")));
  // A flag that does not go with the file is an error: it was meant.
  Write("c.toml", "optimizer = \"sgd\"\n");
  EXPECT_THAT(RunBad(2, {"train", "classes.csv", "--config", "c.toml", "--beta1", "0.5"}),
              HasSubstr("--beta1: found '0.5 with the optimizer sgd'"));
}

TEST_F(ConfigTest, MistakesAreToldWithTheirLine) {
  const auto bad = [&](int status, const std::string& text) {
    Write("c.toml", text);
    return RunBad(status, {"train", "classes.csv", "--config", "c.toml"});
  };
  EXPECT_THAT(bad(2, "lr = 0.1\nhiden = 3\n"),
              AllOf(HasSubstr("c.toml:2"), HasSubstr("found the name 'hiden'")));
  EXPECT_THAT(bad(2, "# a comment\n\nepochs = \"many\"\n"),
              HasSubstr("--epochs: c.toml:3: found 'many', expected 1 to 1000000"));
  EXPECT_THAT(bad(2, "hidden = [64,\n 0]\n"), HasSubstr("--hidden: c.toml:1: found 0, expected"));
  EXPECT_THAT(bad(2, "lr = 0.1\nlr-decay = true\n"), HasSubstr("c.toml:2: found 'on'"));
  EXPECT_THAT(bad(2, "dropout = 1.5\n"),
              HasSubstr("--dropout: c.toml:1: found 1.5, expected a number in [0, 1)"));
  EXPECT_THAT(bad(2, "epochs = 1e3\n"), HasSubstr("c.toml:1: found '1000.0'"));
  EXPECT_THAT(bad(2, "activation = 3\n"), HasSubstr("c.toml:1: found '3', expected identity"));
  EXPECT_THAT(bad(3, "[hidden]\nn = 3\n"), AllOf(HasSubstr("c.toml:1"), HasSubstr("a table")));
  EXPECT_THAT(bad(3, "lr = 2024-01-01\n"), HasSubstr("c.toml:1: lr: found a table or a date"));
  EXPECT_THAT(bad(3, "lr = 0.1\nlr = 0.2\n"), HasSubstr("c.toml:2: "));
  EXPECT_THAT(bad(3, "lr = 0.1\nepochs = = 3\n"), HasSubstr("c.toml:2: "));
  EXPECT_THAT(bad(3, "lr = \"never ends\n"), HasSubstr("c.toml:1: "));
  EXPECT_THAT(RunBad(1, {"train", "classes.csv", "--config", "missing.toml"}),
              AllOf(HasSubstr("missing.toml"), HasSubstr("No such file")));
  EXPECT_THAT(RunBad(1, {"train", "classes.csv", "--config", "."}), HasSubstr("directory"));
  // An empty file sets nothing.
  Write("c.toml", "");
  EXPECT_EQ(RunOk({"train", "--config", "c.toml", "--print-config"}),
            RunOk({"train", "--print-config"}));
  // No file is read and written.
  EXPECT_THAT(RunBad(2, {"train", "classes.csv", "--config", "c.toml", "-o", "c.toml"}),
              StartsWith("colonnade: --output: found 'c.toml'"));
}

}  // namespace
}  // namespace colonnade::test
