// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_TESTS_CLI_CLI_FIXTURE_H_
#define COLONNADE_TESTS_CLI_CLI_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/program.h"
#include "tests/support/temp_dir.h"
#include "tools/synthetic_digits.h"

namespace colonnade::test {

// A folder with digits to train on, and ways to run the program in it.
class CliTest : public ::testing::Test {
 protected:
  // Writes digits.csv (600 examples) and digits_test.csv (200).
  void WriteDigits() {
    std::ofstream train(File("digits.csv"), std::ios::binary);
    tools::WriteDigitsCsv(train, tools::MakeDigits(600, 1));
    std::ofstream test(File("digits_test.csv"), std::ios::binary);
    tools::WriteDigitsCsv(test, tools::MakeDigits(200, 2));
  }

  std::filesystem::path File(const std::string& name) const { return dir_.path() / name; }

  void Write(const std::string& name, const std::string& text) const { dir_.WriteFile(name, text); }

  Outcome Run(const std::vector<std::string>& arguments,
              const std::string& input = "/dev/null") const {
    return RunProgram(dir_.path(), arguments, input);
  }

  // Runs, expects success, and returns what it printed to standard output.
  std::string RunOk(const std::vector<std::string>& arguments) const {
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }

  nlohmann::json RunJson(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const std::string out = RunOk(arguments);
    const nlohmann::json parsed = nlohmann::json::parse(out, nullptr, false);
    EXPECT_TRUE(parsed.is_object()) << "standard output is not one JSON object:\n" << out;
    return parsed;
  }

  // Runs, expects that exit status, one line of message, nothing on standard output and no new
  // file; returns the message.
  std::string RunBad(int status, std::vector<std::string> arguments) const {
    arguments.push_back("-q");
    const std::vector<std::string> before = Listing();
    const Outcome outcome = Run(arguments);
    EXPECT_EQ(outcome.status, status) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(Listing(), before) << "files appeared or vanished";
    const size_t lines =
        static_cast<size_t>(std::count(outcome.err.begin(), outcome.err.end(), '\n'));
    EXPECT_EQ(lines, 1u) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("colonnade: ", 0), 0u) << outcome.err;
    return outcome.err;
  }

  std::vector<std::string> Listing() const { return dir_.List(); }

  TempDir dir_;
};

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_CLI_CLI_FIXTURE_H_
