// SPDX-License-Identifier: Apache-2.0
// The inputs that the fuzzer starts from, and those that it once found.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/support/csv_outcome.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace colonnade::test {
namespace {

TEST(CsvCorpus, BothReadersAgreeOnAllOfIt) {
  const TempDir dir;
  size_t inputs = 0;
  size_t tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FuzzCorpus() / "csv")) {
    const std::string input = ReadFile(entry.path());
    EXPECT_EQ(CsvFuzzDisagreement(input, dir / "t.csv"), "") << entry.path();
    ++inputs;
    const CsvOptions options = CsvFuzzOptions(input);
    const auto read = [&] { return ReadCsv(dir / "t.csv", options); };
    tables += CsvOutcome(read).starts_with("error") ? 0u : 1u;
  }
  EXPECT_GE(inputs, 20u);
  EXPECT_GE(tables, 10u);
  EXPECT_LT(tables, inputs) << "faults belong there, too";
}

}  // namespace
}  // namespace colonnade::test
