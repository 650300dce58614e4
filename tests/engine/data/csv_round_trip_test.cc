// SPDX-License-Identifier: Apache-2.0
// What WriteCsv() writes reads back as the same dataset, whatever names and values hold.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "tests/support/csv_tables.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::Random;
using test::TempDir;

std::string InQuotes(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

constexpr std::array<const char*, 22> kTexts = {
    "oak", "a,b", "say \"so\"", "two\nlines", "NA",   "null", "?",     "007", "1.0", "+1",  "-",
    "a;b", "a|b", "a\tb",       "#1",         "true", "1e3",  "sep=;", "'x'", "é",   "1,5", ".",
};

TEST(CsvRoundTripTest, TablesOfAllKinds) {
  const TempDir dir;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const auto text_of = [&](size_t different) {
      return InQuotes(kTexts[(seed + random.Below(different)) % kTexts.size()]);
    };
    // Names that are texts of all kinds, too.
    const std::string category = std::string("x ") + kTexts[seed % kTexts.size()];
    std::string text = fmt::format("\"n, {}\",{},when,\"say \"\"{}\"\"\",big,label\n", seed,
                                   InQuotes(category), seed);
    const bool large = random.Below(2) == 0;
    const bool times = random.Below(2) == 0;
    const bool regression = random.Below(3) == 0;
    for (size_t r = 0; r < 40; ++r) {
      text += fmt::format(
          "{}.{},{},2021-{:02}-{:02}{},{},{},{}\n", random.Below(90), random.Below(100), text_of(4),
          1 + random.Below(12), 1 + random.Below(28),
          times ? fmt::format("T{:02}:{:02}:00", random.Below(24), random.Below(60)) : "",
          random.Below(300), (large ? 1'700'000'000 : 0) + random.Below(10'000),
          regression ? fmt::format("{}.25", random.Below(1000)) : text_of(3));
    }
    const CsvOptions options = {
        .header = Header::kYes, .label_column = "label", .categorical = {category}};
    const Dataset first = ReadCsv(dir.WriteFile("in.csv", text), options);
    const std::filesystem::path file = dir / "out.csv";
    WriteCsv(first, file);
    const Dataset second = ReadCsv(file, options);
    const std::string shown = fmt::format("seed {}\n{}\n{}", seed, text, test::ReadFile(file));
    ASSERT_EQ(second.schema().feature_names, first.schema().feature_names) << shown;
    ASSERT_EQ(second.schema().classes, first.schema().classes) << shown;
    ASSERT_EQ(second.schema().categorical, first.schema().categorical) << shown;
    ASSERT_EQ(second.schema().dates, first.schema().dates) << shown;
    ASSERT_EQ(second.schema().offsets, first.schema().offsets) << shown;
    ASSERT_EQ(second.Hash(), first.Hash()) << shown;
  }
}

}  // namespace
}  // namespace colonnade
