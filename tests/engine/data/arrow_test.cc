// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/errors.h"
#include "tests/support/format_text.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::ExpectError;
using test::FormatOutcome;
using test::ReadFile;
using test::TempDir;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::filesystem::path kFolder = test::TestData() / "formats";

constexpr const char* kTable = R"("count","size","flag","place","kind","day","time","label"
3,0.1,true,"Rome, Italy",b,2021-03-01,2021-03-01T00:30:00,yes
-7,2.5,false,a long name that is not inline,a,2021-03-02,2021-03-01T01:30:00.25,no
250,,true,Oslo,b,2021-03-03,2021-03-01T02:30:00,yes
0,-1e-07,true,Oslo,b,2021-03-31,2021-03-01T03:30:00.25,no
1,10000000000,false,,a,2021-03-05,2021-03-01T04:30:00,yes
12,3,true,Oslo,a,2021-03-06,2021-03-01T05:30:00.25,no
)";

// Both ways to a file: at any place of it, and in order.
std::string TextOf(const std::filesystem::path& file) {
  InputFile input(file);
  const TableText table = ArrowText(input, {});
  std::string text;
  while (table.make(text)) continue;
  EXPECT_EQ(FormatOutcome(ReadFile(file)), text);
  return text;
}

TEST(Arrow, ReadsWhatPyArrowAndPolarsWrite) {
  for (const auto& name :
       {"pyarrow.arrow", "pyarrow_batches.arrow", "pyarrow.arrows", "pyarrow_lz4.arrow",
        "pyarrow_zstd.arrow", "feather.arrow", "polars.arrow", "polars.arrows"}) {
    EXPECT_EQ(TextOf(kFolder / name), kTable) << name;
  }
}

TEST(Arrow, ReadsEveryType) {
  EXPECT_EQ(TextOf(kFolder / "types.arrow"),
            R"("i8","u8","i16","u16","i32","u32","i64","u64","f16","f32","f64","decimal",)"
            R"("date64","seconds","ns","time","null","view","one ""of"" them")"
            "\n-128,255,-32768,65535,-2147483648,4294967295,-9223372036854775808,"
            "18446744073709551615,-0.3330078,0.1,0.1,-12.050,2021-03-01,1969-12-31T23:59:59,"
            "1969-12-31T23:59:59.999999999,1.5,,short,x\n"
            "5,5,5,5,5,5,5,5,5.9604645e-08,3e+38,1e-300,0.001,1969-12-31,1970-01-01T00:00:00,"
            "1970-01-01T00:00:00.000000001,0,,this is more than twelve bytes,y\n"
            ",,,,,,,,,,,,,,,,,,\n");
}

TEST(Arrow, ReadsCompressedBuffers) {
  std::string text = "\"n\",\"z\"\n";
  for (int i = 0; i < 2000; ++i) text += std::to_string(i) + ",\n";
  EXPECT_EQ(TextOf(kFolder / "long_lz4.arrow"), text);
  EXPECT_EQ(TextOf(kFolder / "long_zstd.arrow"), text);
}

TEST(Arrow, DictionariesGrowAndAreReplaced) {
  EXPECT_EQ(TextOf(kFolder / "delta.arrows"), "\"kind\",\"label\"\na,1\nb,2\na,1\nc,3\nb,2\n");
  EXPECT_EQ(TextOf(kFolder / "replaced.arrows"), "\"kind\",\"label\"\na,1\nb,2\na,1\nc,3\na,1\n");
}

TEST(Arrow, IsReadLikeTheSameTableAsCsv) {
  const TempDir dir;
  CsvOptions options;
  options.categorical = {"kind"};
  const auto csv = dir.WriteFile("t.csv", "kind,label\na,1\nb,2\na,1\nc,3\nb,2\n");
  EXPECT_EQ(ReadData(kFolder / "delta.arrows", options).Hash(), ReadCsv(csv, options).Hash());
}

TEST(Arrow, RefusesWithTheReason) {
  ExpectError(
      ErrorCode::kBadData,
      (kFolder / "nested.arrow").string() +
          ": column 1 ('list'): found lists, expected numbers, text, bools, dates or times; "
          "make a column of each element",
      [] { return ReadData(kFolder / "nested.arrow"); });
}

TEST(Arrow, RefusesAFileCutAnywhere) {
  for (const auto& name : {"types.arrow", "pyarrow_zstd.arrow", "polars.arrow"}) {
    const std::string whole = ReadFile(kFolder / name);
    for (size_t size = 8; size < whole.size(); ++size) {
      EXPECT_THAT(FormatOutcome(whole.substr(0, size)), StartsWith("error: ")) << name << size;
    }
  }
}

// A stream may end behind any message. What is left of one is the start of its text.
TEST(Arrow, AStreamCutAnywhereIsRefusedOrEndsBehindAMessage) {
  for (const auto& name : {"delta.arrows", "polars.arrows"}) {
    const std::string whole = ReadFile(kFolder / name);
    const std::string text = FormatOutcome(whole);
    for (size_t size = 8; size < whole.size(); ++size) {
      const std::string outcome = FormatOutcome(whole.substr(0, size));
      EXPECT_TRUE(outcome.starts_with("error: ") || text.starts_with(outcome)) << name << size;
    }
  }
}

// Whatever is changed, nothing is read out of bounds.
TEST(Arrow, ADamagedFileIsReadOrRefused) {
  size_t refused = 0;
  for (const auto& name : {"types.arrow", "long_lz4.arrow", "pyarrow_zstd.arrow", "delta.arrows",
                           "polars.arrow", "polars.arrows"}) {
    const std::string whole = ReadFile(kFolder / name);
    for (size_t at = 8; at < whole.size(); at += whole.size() > 4000 ? 3U : 1U) {
      for (const int change : {0xff, 1 << (at % 8)}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ change);
        refused += FormatOutcome(damaged).starts_with("error: ") ? 1u : 0u;
      }
    }
  }
  EXPECT_GT(refused, 1000u);
}

// The inputs that the fuzzer starts from, and those that it once found.
TEST(FormatsCorpus, IsReadOrRefused) {
  size_t inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::FuzzCorpus() / "formats")) {
    FormatOutcome(ReadFile(entry.path()));
    ++inputs;
  }
  EXPECT_GE(inputs, 5u);
}

}  // namespace
}  // namespace colonnade
