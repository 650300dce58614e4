// SPDX-License-Identifier: Apache-2.0
// The ways through the reader against each other: in chunks on several threads, in pieces on one
// after the other, by the fast decoders and field by field.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/reader.h"
#include "tests/support/csv_outcome.h"
#include "tests/support/errors.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::CsvDisagreement;
using test::CsvOutcome;
using test::ExpectError;
using test::kNowhere;
using test::Random;
using test::TempDir;

CsvOptions With(int threads, const CsvOptions& options = {}) {
  CsvOptions with = options;
  with.threads = threads;
  return with;
}

// Field by field, whatever the rows are.
CsvOptions FieldByField(const CsvOptions& options = {}) {
  CsvOptions with = options;
  with.comment = kNowhere;
  return with;
}

TEST(CsvChunks, EveryChunkSizeAndNumberOfThreadsGivesTheSameDataset) {
  const std::vector<std::string> texts = {
      "label,a,b\n1,2,3\n0,55,255\n7,0,0\n1,100,20\n3,4,5\n",
      "1,2,3\r\n0,55,255\r\n7,0,0\r\n1,100,20\r\n3,4,5\r\n",
      "1,2,3\n0,55,255\n7,0,0\n1,100,20\n3,4,5",
      "1,2,3\n0,55,255\n7,0,0\n1,100,20\n3,4,5\n\n\r\n\n",
      "1,2,3\n0,55,255\n7,0,0\n1,100,20.5\n3,4,-5\n",
      "1,2,3\n0,55,255\n300,0,0\n-1,100,20\n3,4,5e-1\n",
      "1,2,3\n0,55,256\n300,0,0\n-1,100,20\n3,1e-40,+5e-1\n",
      "1,2,3\n0,55,1e-40\n2,-0,0\n",
      "\xef\xbb\xbflabel,a,b\n1,2,3\n0,55,255\n7,0,0\n",
      "a,label,b\n1,2,3\n0,55,255\n7,0,0\n",
      "1, 2 ,3\n 4,5,\t6 \n",
      "a,b,label\n1,2,3\n0,55,255\n7,0,12\n",
      "1,2,3\n\n0,55,255\n  \n7,0,0\n\t\r\n1,100,20\n",
      "label,a,b\n01,2,3\n1,55,255\n7,0,0\n",
      "label,a,b\nx,red,3\ny,blue,255\nx,red,0\nz,green,1\n",
      "label,a,b\n1,NA,3\n0,55,\n1,?,0.5\n0,7,-\n",
      "label,a,b\n1,1600000001,3\n0,1600000002,4\n1,1600000003,5\n",
      "label;a;b\n0,5;1,25;true\n1,75;2,5;false\n2,5;1.000,5;true\n",
      "label,a,b\n1,2021-03-01,3\n0,2021-03-02 12:00,4\n1,2021-04-07,5\n",
      "label\ta\n1\t1\t2\n2\t0\t3\n3\t1\t4\n4\t0\t5\n",
      "label,a,b,\n1,2,3,\n0,4,5,\n1,6,7,\n0,8,9,\n",
      "sep=;\nlabel;a\n1;2\n0;3\n",
      "written by hand\n\nlabel,a,b\n1,2,3\n0,4,5\n1,6,7\n0,8,9\n",
  };
  const TempDir dir;
  for (const std::string& text : texts) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto file = dir.WriteFile("t.csv", text);
    const std::string expected =
        CsvOutcome([&] { return ReadCsvInPieces(file, FieldByField(), 4096); });
    ASSERT_FALSE(expected.starts_with("error")) << expected;
    ASSERT_EQ(CsvOutcome([&] { return ReadCsvInPieces(file, {}, 4096); }), expected);
    for (const int threads : {1, 2, 7, 64}) {
      const size_t step = threads <= 2 ? 1 : 9;
      for (size_t chunk = 1; chunk <= text.size() + 1; chunk += step) {
        ASSERT_EQ(CsvOutcome([&] { return ReadCsvInChunks(file, With(threads), chunk); }), expected)
            << chunk << " bytes, " << threads << " threads";
      }
    }
  }
}

// Which of the decoders takes a row depends on the row alone; what it becomes does not depend on
// it.
TEST(CsvChunks, OddRowsAmongPlainOnes) {
  const TempDir dir;
  const std::vector<std::string> odd = {
      "",        "  ",         "1,2,\"3\"", "1,\"2\n3\",4", "\"1\",2,3", "1, 2,3",  "1,,3",
      "1,nan,3", "1,2,1e-9",   "1,2,x",     "1,2",          "1,2,3,4",   "1,2,3\r", "1,1e99,3",
      "1,2,\"3", "1,2,\"3\"4", "007,2,3",   "1,300,-5",     "x,2,3",     ",2,3",
  };
  for (const std::string& row : odd) {
    SCOPED_TRACE(testing::PrintToString(row));
    const auto file = dir.WriteFile(
        "t.csv", "label,a,b\n1,2,3\n4,5,6\n7,8,9\n" + row + "\n10,11,12\n13,14,15\n16,17,18\n");
    for (const BadRows bad : {BadRows::kRefuse, BadRows::kSkipAny}) {
      CsvOptions options;
      options.bad_rows = bad;
      const std::string expected =
          CsvOutcome([&] { return ReadCsvInPieces(file, FieldByField(options), 4096); });
      EXPECT_TRUE(bad == BadRows::kRefuse || !expected.starts_with("error")) << expected;
      for (const int threads : {1, 3}) {
        for (size_t chunk = 1; chunk < 80; chunk += threads == 1 ? 1 : 3) {
          ASSERT_EQ(
              CsvOutcome([&] { return ReadCsvInChunks(file, With(threads, options), chunk); }),
              expected)
              << chunk << " bytes, " << threads << " threads";
        }
      }
    }
  }
}

TEST(CsvChunks, ColumnsToIgnoreMayHoldAnything) {
  const TempDir dir;
  CsvOptions options;
  options.header = Header::kNo;
  options.label_column = "0";
  options.ignore_columns = {"2"};
  const auto read = [&](const std::string& text, char separator) {
    options.delimiter = separator;
    const auto file = dir.WriteFile("t.csv", text);
    EXPECT_EQ(CsvDisagreement(file, options, 7, true), "") << text;
    return CsvOutcome([&] { return ReadCsv(file, options); });
  };
  for (const char* text : {"1,2,x,3\n", "1,2,,3\n", "1,2,a b,3\n4,5,a\"b,6\n", "1,2, 1e99,3.5\r\n",
                           "1,2,\"x\",3\n", "1,2,\"x,\ny\",3\n"}) {
    const std::string outcome = read(text, ',');
    EXPECT_FALSE(outcome.starts_with("error")) << outcome;
  }
  EXPECT_FALSE(read("1 2 x 3\n", ' ').starts_with("error"));
  EXPECT_FALSE(read("1 2 \"x y\" 3\n", ' ').starts_with("error"));
  // Where fields may be others than meant.
  const std::string rows = "1,2,x,3\n4,5,y,6\n7,8,z,9\n1,2,3,4\n";
  for (const char* row : {"1,2, \"x,3\n", "1,2,x\n", "1,2,\"x\"y,3\n", "1,2,x,3,4\n"}) {
    EXPECT_TRUE(read(rows + row, ',').starts_with("error")) << row;
  }
  std::string spaced = rows;
  std::replace(spaced.begin(), spaced.end(), ',', ' ');
  for (const char* row : {"1 2  3\n", "1 2 x\ty 3\n"}) {
    EXPECT_TRUE(read(spaced + row, ' ').starts_with("error")) << row;
  }
}

// One of the columns may be text or nothing; its index comes back in *ignored, or SIZE_MAX.
std::string RandomTable(Random& random, char separator, size_t* ignored) {
  std::string text;
  const size_t columns = 2 + random.Below(random.Below(4) == 0 ? 80 : 6);
  const char* const end = random.Below(4) == 0 ? "\r\n" : "\n";
  const size_t kind = random.Below(3);  // bytes, with some other numbers, none but others
  const size_t label = 0;               // where there is no column of that name
  *ignored = columns > 2 && random.Below(3) == 0 ? 1 + random.Below(columns - 1) : SIZE_MAX;
  const auto next = [&](size_t i) {
    if (i > 0) text += separator;
  };
  if (random.Below(2) == 0) {
    for (size_t i = 0; i < columns; ++i) {
      next(i);
      text += "c" + std::to_string(i);
    }
    text += end;
  }
  for (size_t rows = 1 + random.Below(20); rows > 0; --rows) {
    for (size_t i = 0; i < columns; ++i) {
      next(i);
      if (i == *ignored) {
        const char* const texts[] = {"", "word", " two words ", "a\"b", "7", "\xc3\xa9", "-", "\r"};
        text += texts[random.Below(random.Below(2) == 0 ? 2 : 8)];
        continue;
      }
      if (i == label || kind == 0 || (kind == 1 && random.Below(20) > 0)) {
        text += std::to_string(random.Below(256) >> random.Below(8));
        continue;
      }
      if (random.Below(3) == 0) text += '-';
      text += std::to_string(random.Below(1000000) >> random.Below(20));
      if (random.Below(2) == 0)
        text += "." + std::to_string(random.Next() >> (1 + random.Below(62)));
      if (random.Below(20) == 0)
        text += "e" + std::to_string(static_cast<int>(random.Below(30)) - 20);
    }
    text += end;
  }
  return text;
}

void Mutate(std::string& text, Random& random) {
  static const std::string kBytes = "0123456789,,,\n\n\r.-+e \t\"x\xb1";
  if (text.empty()) return;
  const size_t at = random.Below(text.size());
  switch (random.Below(5)) {
    case 0:
      text[at] = kBytes[random.Below(kBytes.size())];
      break;
    case 1:
      text.insert(at, 1, kBytes[random.Below(kBytes.size())]);
      break;
    case 2:
      text.erase(at, 1 + random.Below(2));
      break;
    case 3:
      text.resize(at + 1);
      break;
    default:
      text.insert(at, text.substr(random.Below(text.size()), random.Below(12)));
  }
}

TEST(CsvChunks, AllWaysAgreeOnMutatedTables) {
  constexpr uint64_t kSeeds = 3000;
  const TempDir dir;
  size_t errors = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    size_t ignored = SIZE_MAX;
    CsvOptions options;
    const char separator = ",; "[random.Below(3)];
    options.delimiter = separator;
    std::string text = RandomTable(random, separator, &ignored);
    if (random.Below(2) == 0) options.label_column = "0";
    if (random.Below(4) == 0) options.bad_rows = BadRows::kSkipAny;
    if (random.Below(4) == 0) options.missing = Missing::kRefuse;
    if (random.Below(8) == 0) options.missing = Missing::kDrop;
    if (random.Below(8) == 0) options.task = Task::kRegress;
    if (ignored != SIZE_MAX) options.ignore_columns = {std::to_string(ignored)};
    for (size_t i = random.Below(3); i > 0; --i) Mutate(text, random);
    // A new file each time: some file systems flush one that is truncated and written again.
    const auto file = dir.WriteFile(std::to_string(seed) + ".csv", text);
    const std::string expected =
        CsvOutcome([&] { return ReadCsvInPieces(file, FieldByField(options), 1 << 16); });
    const size_t chunk = random.Below(2) == 0 ? 1 + random.Below(100) : 1 << 16;
    const int threads = random.Below(2) == 0 ? 1 : 2;
    ASSERT_EQ(CsvOutcome([&] { return ReadCsvInChunks(file, With(threads, options), chunk); }),
              expected)
        << "seed " << seed << ", chunks of " << chunk << ", " << threads
        << " threads: " << testing::PrintToString(text);
    std::filesystem::remove(file);
    errors += expected.starts_with("error") ? 1u : 0u;
  }
  EXPECT_GT(errors, kSeeds / 8);
  EXPECT_LT(errors, kSeeds - kSeeds / 8);
}

TEST(CsvChunks, TruncationAtEveryByteOfTheLastTwoRows) {
  const std::string begin = "label,a,b\n1,2,3\n4,5,6\n";
  const std::string rest = "0,55,255\r\n17,100,2.5\n";
  const TempDir dir;
  for (size_t size = 0; size <= rest.size(); ++size) {
    const auto file = dir.WriteFile("t.csv", begin + rest.substr(0, size));
    const std::string expected = CsvOutcome([&] { return ReadCsvInPieces(file, {}, 4096); });
    for (const size_t chunk : {size_t{1}, size_t{7}, size_t{4096}}) {
      EXPECT_EQ(CsvOutcome([&] { return ReadCsvInChunks(file, With(2), chunk); }), expected)
          << size;
    }
  }
}

TEST(CsvChunks, KnowsTheClassesOfAModel) {
  const Schema like = {.features = 2,
                       .feature_names = {},
                       .label_name = "",
                       .label_index = 0,
                       .classes = {"3", "500", "9"}};
  const TempDir dir;
  const auto good = dir.WriteFile("good.csv", "9,1,2\n500,3,4\n3,5,6\n9,7,8\n");
  const auto bad = dir.WriteFile("bad.csv", "9,1,2\n500,3,4\n4,5,6\n9,7,8\n");
  CsvOptions options;
  options.like = like;
  for (const size_t chunk : {size_t{5}, size_t{4096}}) {
    const Dataset data = ReadCsvInChunks(good, With(2, options), chunk);
    EXPECT_EQ(std::vector<uint32_t>(data.labels().begin(), data.labels().end()),
              (std::vector<uint32_t>{2, 1, 0, 2}));
    ExpectError(ErrorCode::kBadData,
                bad.string() + ":3: column 1: found '4', expected one of the classes 3, 500, 9",
                [&] { return ReadCsvInChunks(bad, With(2, options), chunk); });
  }
}

TEST(CsvChunks, TheFirstOfManyFaultsIsTold) {
  std::string text;
  for (size_t row = 1; row <= 1000; ++row) text += row < 500 || row > 520 ? "1,2,3\n" : "1,x,3\n";
  const TempDir dir;
  const auto file = dir.WriteFile("t.csv", text);
  for (const int threads : {1, 2, 7}) {
    const std::string outcome =
        CsvOutcome([&] { return ReadCsvInChunks(file, With(threads), 64); });
    EXPECT_TRUE(outcome.starts_with("error: " + file.string() +
                                    ":500: column 2: found 'x', expected a number"))
        << outcome;
  }
}

TEST(CsvChunks, AFileThatChangesIsAnError) {
  const TempDir dir;
  const std::string row = "1,2,3\n";
  std::string text;
  for (size_t i = 0; i < 1000; ++i) text += row;
  const auto file = dir.WriteFile("t.csv", text);
  CsvOptions options;
  bool changed = false;
  // While it is being read, once.
  const auto read_while = [&](const auto& change) {
    dir.WriteFile("t.csv", text);
    changed = false;
    options.on_progress = [&](const LoadProgress&) {
      if (!changed) change();
      changed = true;
    };
    return ReadCsvInChunks(file, With(2, options), 256);
  };
  EXPECT_EQ(read_while([] {}).examples(), 1000u);
  for (const std::string& now : {text.substr(0, 3000), text + row, std::string(), text + "x"}) {
    ExpectError(ErrorCode::kIo,
                "cannot read '" + file.string() + "': it changed while it was being read",
                [&] { return read_while([&] { dir.WriteFile("t.csv", now); }); });
    EXPECT_TRUE(changed);
  }
  ExpectError(ErrorCode::kIo,
              "cannot read '" + file.string() + "': it changed while it was being read", [&] {
                return read_while([&] {
                  std::filesystem::last_write_time(
                      file, std::filesystem::last_write_time(file) + std::chrono::seconds(1));
                });
              });
}

TEST(CsvChunks, LinesOfAnyLength) {
  const TempDir dir;
  for (const size_t columns : {size_t{5'000}, size_t{100'000}}) {
    std::string text;
    for (size_t row = 0; row < 3; ++row) {
      text += std::to_string(row);
      for (size_t i = 1; i < columns; ++i) text += "," + std::to_string(i % 256);
      text += '\n';
    }
    const auto file = dir.WriteFile("t.csv", text);
    const std::string expected = CsvOutcome([&] { return ReadCsvInPieces(file, {}, 1 << 20); });
    ASSERT_FALSE(expected.starts_with("error"));
    for (const size_t chunk : {size_t{4096}, size_t{1} << 18, size_t{1} << 26}) {
      EXPECT_EQ(CsvOutcome([&] { return ReadCsvInChunks(file, With(2), chunk); }), expected);
    }
  }
}

}  // namespace
}  // namespace colonnade
