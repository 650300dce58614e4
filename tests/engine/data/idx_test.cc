// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using namespace std::string_literals;  // for text with NUL bytes
using test::ExpectError;
using test::ReadFile;
using test::TempDir;
using ::testing::ElementsAre;

// Two images of 2 × 3.
const std::string kImages =
    "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"s + "\x01\x02\x03\x04\x05\xff"s + "\0\0\0\0\0\x07"s;
const std::string kLabels = "\0\0\x08\x01\0\0\0\x02\x09\x04"s;

Dataset Read(const std::string& images, const std::string& labels) {
  const TempDir dir;
  return ReadIdx(dir.WriteFile("images", images), dir.WriteFile("labels", labels));
}

TEST(IdxTest, ReadsImagesAndLabels) {
  const Dataset data = Read(kImages, kLabels);
  EXPECT_EQ(data.examples(), 2u);
  EXPECT_EQ(data.features(), 6u);
  EXPECT_THAT(data.schema().classes, ElementsAre("4", "9"));
  EXPECT_THAT(data.schema().feature_names, ElementsAre("1x1", "1x2", "1x3", "2x1", "2x2", "2x3"));
  EXPECT_EQ(data.schema().label_name, "label");
  const TempDir dir;
  WriteCsv(data, dir / "t.csv");
  EXPECT_EQ(ReadFile(dir / "t.csv"),
            "label,1x1,1x2,1x3,2x1,2x2,2x3\n9,1,2,3,4,5,255\n4,0,0,0,0,0,7\n");
  EXPECT_EQ(ReadCsv(dir / "t.csv").Hash(), data.Hash());
}

TEST(IdxTest, ReadsExamplesOfFeatures) {
  const Dataset data =
      Read("\0\0\x08\x02\0\0\0\x02\0\0\0\x01\x05\x06"s, "\0\0\x08\x01\0\0\0\x02\0\0"s);
  EXPECT_EQ(data.features(), 1u);
  EXPECT_THAT(data.schema().feature_names, ElementsAre("1x1"));
  EXPECT_EQ(data.bytes()[data.stride()], 6);
}

struct Case {
  std::string images;
  std::string labels;
  std::string file;  // the one that is to blame
  std::string message;
};

TEST(IdxTest, RefusesWithTheReason) {
  const std::string huge = "\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s;
  const std::vector<Case> cases = {
      {kLabels, kLabels, "images",
       "found the magic number 00000801, expected 00000803 (IDX images)"},
      {kImages, kImages, "labels",
       "found the magic number 00000803, expected 00000801 (IDX labels)"},
      {"\0\0\x0d\x03"s + kImages.substr(4), kLabels, "images",
       "found the magic number 00000d03, expected 00000803 (IDX images)"},
      {kImages + "x", kLabels, "images", "found 13 bytes of values, expected 12 (2 × 2 × 3)"},
      {kImages, kLabels + "x", "labels", "found 3 bytes of values, expected 2 (2)"},
      {huge, kLabels, "images",
       "found 0 bytes of values, expected fewer than 2^64 (4294967295 × 4294967295 × 4294967295)"},
      {"", kLabels, "images", "found a file of 0 bytes, expected IDX images"},
      {"\x1f\x8b\x08", kLabels, "images", "the gzip data ends early: the file is not complete"},
      {"\0\0\x08\x03\0\0\0\x02\0\0\0\0\0\0\0\x03"s, kLabels, "images",
       "found images of no elements"},
  };
  const TempDir dir;
  for (const auto& [images, labels, file, message] : cases) {
    const auto images_file = dir.WriteFile("images", images);
    const auto labels_file = dir.WriteFile("labels", labels);
    ExpectError(ErrorCode::kBadData, (dir / file).string() + ": " + message,
                [&] { return ReadIdx(images_file, labels_file); });
  }
  const auto images_file = dir.WriteFile("images", kImages);
  const auto labels_file = dir.WriteFile("labels", "\0\0\x08\x01\0\0\0\x01\x09"s);
  ExpectError(ErrorCode::kBadData,
              labels_file.string() + ": found 1 labels, expected 2 as in " + images_file.string(),
              [&] { return ReadIdx(images_file, labels_file); });
}

TEST(IdxTest, RefusesAFileCutAnywhere) {
  for (size_t size = 0; size < kImages.size(); ++size) {
    EXPECT_THROW(Read(kImages.substr(0, size), kLabels), Error) << size;
  }
  for (size_t size = 0; size < kLabels.size(); ++size) {
    EXPECT_THROW(Read(kImages, kLabels.substr(0, size)), Error) << size;
  }
}

TEST(IdxTest, ReadDataTellsTheFormatByTheContentAndFindsTheLabels) {
  const TempDir dir;
  const auto images = dir.WriteFile("t10k-images-idx3-ubyte", kImages);
  const auto labels = dir.WriteFile("t10k-labels-idx1-ubyte", kLabels);
  const Dataset data = ReadData(images);
  EXPECT_EQ(data.Hash(), Read(kImages, kLabels).Hash());
  WriteCsv(data, dir / "images.csv");
  EXPECT_EQ(ReadData(dir / "images.csv").Hash(), data.Hash());

  CsvOptions weights;
  weights.weight_column = "0";
  ExpectError(ErrorCode::kInvalidArgument,
              "weight-column: " + images.string() +
                  ": found IDX images, whose columns are all pixels: none can be "
                  "ignored, categorical or of weights",
              [&] { return ReadData(images, weights); });

  std::filesystem::remove(labels);
  ExpectError(ErrorCode::kIo, "cannot read '" + labels.string() + "': No such file or directory",
              [&] { return ReadData(images); });
  const Dataset unlabelled = ReadData(images, {.like = data.schema(), .labels_optional = true});
  EXPECT_EQ(unlabelled.examples(), 2u);
  EXPECT_FALSE(unlabelled.labelled());

  const auto other = dir.WriteFile("pictures", kImages);
  ExpectError(ErrorCode::kBadData,
              other.string() +
                  ": found IDX images, whose labels are in another file, expected a name with "
                  "'images' in it, such as train-images-idx3-ubyte for train-labels-idx1-ubyte",
              [&] { return ReadData(other); });
}

TEST(IdxTest, MustFitWhatItIsComparedWith) {
  const TempDir dir;
  const Dataset data = Read(kImages, kLabels);
  const auto images = dir.WriteFile("images", kImages);
  const auto labels = dir.WriteFile("labels", "\0\0\x08\x01\0\0\0\x02\x04\x04"s);
  EXPECT_THAT(ReadIdx(images, labels, data.schema()).labels(), ElementsAre(0u, 0u));
  const auto unknown = dir.WriteFile("unknown", "\0\0\x08\x01\0\0\0\x02\x04\x05"s);
  ExpectError(ErrorCode::kBadData,
              unknown.string() + ": example 1: found the label 5, expected one of the classes 4, 9",
              [&] { return ReadIdx(images, unknown, data.schema()); });
  Schema other = data.schema();
  for (std::string& name : other.feature_names) name = "pixel " + name;
  other.offsets = {0.5, 0, 0, 0, 0, 0};
  const Dataset shifted = ReadIdx(images, labels, other);
  EXPECT_EQ(shifted.schema().feature_names, other.feature_names);
  EXPECT_EQ(shifted.floats()[0], 0.5F);
  EXPECT_EQ(shifted.floats()[1], 2);
  const auto small = dir.WriteFile("small", "\0\0\x08\x02\0\0\0\x02\0\0\0\x01\x05\x06"s);
  ExpectError(ErrorCode::kBadData, small.string() + ": found 1 × 1 features, expected 6",
              [&] { return ReadIdx(small, labels, data.schema()); });
}

}  // namespace
}  // namespace colonnade
