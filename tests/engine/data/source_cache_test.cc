// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "colonnade/cache.h"
#include "colonnade/error.h"
#include "engine/data/cache/file.h"
#include "engine/data/cache/source.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using std::chrono::hours;
using test::ReadFile;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SourceCacheTest : public ::testing::Test {
 protected:
  std::filesystem::path File() const { return dir_ / "t.csv"; }
  std::filesystem::path Cache() const { return dir_ / "t.csv.colonnade"; }

  // The file as it was written so long ago.
  void Write(const std::string& text, hours ago) const {
    dir_.WriteFile("t.csv", text);
    std::filesystem::last_write_time(File(), std::filesystem::file_time_type::clock::now() - ago);
  }

  // Reads it, and compares with what is read without a cache; returns the notes.
  std::vector<std::string> Read(CsvOptions options = {}) const {
    const Dataset expected = ReadData(File(), options);
    options.cache = true;
    const Dataset data = ReadData(File(), options);
    EXPECT_EQ(data.Hash(), expected.Hash());
    EXPECT_EQ(data.schema().feature_names, expected.schema().feature_names);
    std::vector<std::string> notes = data.notes();
    for (std::string& note : notes) {
      for (size_t at = 0; (at = note.find(dir_.path().string())) != std::string::npos;) {
        note.erase(at, dir_.path().string().size() + 1);
      }
    }
    return notes;
  }

  TempDir dir_;
};

constexpr const char* kUsed = "t.csv: read from the cache t.csv.colonnade";
constexpr const char* kRebuilt = "t.csv: rebuilt the cache t.csv.colonnade, because ";

TEST_F(SourceCacheTest, IsMadeAndThenUsed) {
  Write("label,a\n0,1\n1,2\n", hours(3));
  EXPECT_THAT(Read(), ElementsAre("t.csv: made the cache t.csv.colonnade"));
  EXPECT_THAT(Read(), ElementsAre(kUsed));
  // Used, not read again: what no reading finds out is not noticed.
  const auto time = std::filesystem::last_write_time(File());
  dir_.WriteFile("t.csv", "label,a\n0,3\n1,2\n");
  std::filesystem::last_write_time(File(), time);
  CsvOptions options;
  options.cache = true;
  EXPECT_EQ(ReadData(File(), options).bytes()[0], 1);
}

TEST_F(SourceCacheTest, IsRebuiltWhereTheFileChanged) {
  Write("label,a\n0,1\n1,2\n", hours(3));
  Read();
  Write("label,a\n0,1\n1,2\n0,3\n", hours(3));
  EXPECT_THAT(Read(), ElementsAre(std::string(kRebuilt) + "the size of the file changed"));
  Write("label,a\n0,1\n1,2\n0,4\n", hours(2));
  EXPECT_THAT(Read(), ElementsAre(std::string(kRebuilt) + "the content of the file changed"));
  EXPECT_THAT(Read(), ElementsAre(kUsed));
}

TEST_F(SourceCacheTest, ComparesTheContentWhereOnlyTheTimeChanged) {
  Write("label,a\n0,1\n1,2\n", hours(3));
  Read();
  Write("label,a\n0,1\n1,2\n", hours(2));
  EXPECT_THAT(Read(),
              ElementsAre(StartsWith(std::string(kUsed) + ", after comparing the content")));
  EXPECT_THAT(Read(), ElementsAre(kUsed));
}

// Another change might get the same time.
TEST_F(SourceCacheTest, ComparesTheContentOfWhatHasJustBeenWritten) {
  Write("label,a\n0,1\n1,2\n", hours(0));
  Read();
  EXPECT_THAT(Read(),
              ElementsAre(StartsWith(std::string(kUsed) + ", after comparing the content")));
}

TEST_F(SourceCacheTest, IsRebuiltForOtherOptions) {
  Write("label,a,b\n0,1,\n1,2,3\n", hours(3));
  CsvOptions options;
  options.missing = Missing::kDrop;
  Read(options);
  const std::string dropped = "t.csv: left out 1 row with missing values";
  EXPECT_THAT(Read(options), ElementsAre(dropped, kUsed)) << "what there was to say is said again";
  const std::string rebuilt = std::string(kRebuilt) + "it was made with other options";
  options.missing = Missing::kZero;
  EXPECT_THAT(Read(options), ElementsAre(rebuilt));
  EXPECT_THAT(Read(options), ElementsAre(kUsed));
  const Schema like = ReadCsv(File(), options).schema();
  CsvOptions evaluation;
  evaluation.like = like;
  EXPECT_THAT(Read(evaluation), ElementsAre(rebuilt));
  EXPECT_THAT(Read(evaluation), ElementsAre(kUsed));
}

// Which read tables differently.
TEST_F(SourceCacheTest, OneOfAnEarlierVersionIsRebuilt) {
  Write("label,a,b\n0,1,3\n1,2,3\n", hours(3));
  Read();
  CacheSource source = *CacheFile(Cache()).source();
  EXPECT_EQ(source.options["reader"], 2);
  source.options.erase("reader");
  WriteCacheFile(ReadCsv(File()), Cache(), &source, 1);
  EXPECT_THAT(Read(), ElementsAre(std::string(kRebuilt) +
                                  "another version of this program made it, which read tables "
                                  "differently"));
  EXPECT_THAT(Read(), ElementsAre(kUsed));
}

TEST_F(SourceCacheTest, ADamagedOneIsRebuilt) {
  Write("label,a\n0,1\n1,2\n", hours(3));
  Read();
  const std::string whole = ReadFile(Cache());
  dir_.WriteFile("t.csv.colonnade", whole.substr(0, whole.size() - 1));
  EXPECT_THAT(Read(), ElementsAre(StartsWith(kRebuilt)));
  std::string altered = whole;
  altered[whole.size() - 8 - 128] ^= 1;
  dir_.WriteFile("t.csv.colonnade", altered);
  EXPECT_THAT(Read(), ElementsAre(HasSubstr("the data do not match their checksum")));
  EXPECT_THAT(Read(), ElementsAre(kUsed));
}

TEST_F(SourceCacheTest, OneThatCannotBeWrittenIsAWarning) {
  Write("label,a\n0,1\n1,2\n", hours(3));
  std::filesystem::create_directory(Cache());
  EXPECT_THAT(Read(), ElementsAre("warning: cannot write 't.csv.colonnade': is a directory; t.csv "
                                  "is not cached"));
}

TEST_F(SourceCacheTest, AUsersOwnFileStaysAsItIs) {
  Write("label,a\n0,1\n1,2\n", hours(3));
  WriteCache(ReadCsv(File()), Cache());
  const std::string before = ReadFile(Cache());
  EXPECT_THAT(Read(), ElementsAre(EndsWith("stays as it is; t.csv is not cached")));
  EXPECT_EQ(ReadFile(Cache()), before);
}

TEST_F(SourceCacheTest, BadDataLeaveNoCache) {
  Write("label,a\n0,1\n1,x\n", hours(3));
  CsvOptions options;
  options.cache = true;
  EXPECT_THROW(std::ignore = ReadData(File(), options), Error);
  EXPECT_FALSE(std::filesystem::exists(Cache()));
}

}  // namespace
}  // namespace colonnade
