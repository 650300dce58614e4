// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/csv/reader.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::TempDir;

std::string Rows(size_t count, const std::string& row) {
  std::string text = "label,a,b\n";
  for (size_t i = 0; i < count; ++i) text += row;
  return text;
}

class LoadProgressTest : public ::testing::Test {
 protected:
  // Has the calls put into calls_.
  CsvOptions Options(int threads) {
    CsvOptions options;
    options.threads = threads;
    options.on_progress = [this](const LoadProgress& progress) { calls_.push_back(progress); };
    return options;
  }

  void ExpectRising(size_t size) const {
    for (size_t i = 0; i < calls_.size(); ++i) {
      EXPECT_EQ(calls_[i].size, size);
      if (i > 0) {
        EXPECT_GE(calls_[i].bytes, calls_[i - 1].bytes);
      }
    }
    EXPECT_EQ(calls_.back().bytes, size);
  }

  TempDir dir_;
  std::vector<LoadProgress> calls_;
};

TEST_F(LoadProgressTest, IsToldForEachChunk) {
  const std::string text = Rows(1000, "1,2,3\n");
  const auto file = dir_.WriteFile("t.csv", text);
  for (const int threads : {1, 4}) {
    calls_.clear();
    ReadCsvInChunks(file, Options(threads), 1000);
    EXPECT_EQ(calls_.size(), 6u);
    ExpectRising(text.size());
  }
}

TEST_F(LoadProgressTest, IsToldForEachPieceOfWhatIsNotPlain) {
  // More than the first look takes.
  const std::string text = Rows(20'000, "1,\"2\",\"" + std::string(150, 'x') + "\"\n");
  const auto file = dir_.WriteFile("t.csv", text);
  ReadCsvInPieces(file, Options(1), 100'000);
  EXPECT_GE(calls_.size(), 4u);
  ExpectRising(text.size());
}

TEST_F(LoadProgressTest, WhatItThrowsEndsTheReading) {
  const auto file = dir_.WriteFile("t.csv", Rows(1000, "1,2,3\n"));
  CsvOptions options;
  options.on_progress = [](const LoadProgress&) { throw std::runtime_error("enough"); };
  EXPECT_THROW(std::ignore = ReadCsvInChunks(file, options, 1000), std::runtime_error);
  EXPECT_THROW(std::ignore = ReadCsvInPieces(file, options, 1000), std::runtime_error);
}

}  // namespace
}  // namespace colonnade
