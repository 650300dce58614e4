// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "tests/support/errors.h"
#include "tests/support/format_text.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using namespace std::string_literals;  // for text with NUL bytes
using test::ExpectError;
using test::FormatOutcome;
using test::ReadFile;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::filesystem::path kFolder = test::TestData() / "formats";

std::vector<float> ValuesOf(const Dataset& data, size_t example) {
  std::vector<float> values(data.features());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = data.bytes() != nullptr ? data.BytesOf(example)[i] : data.FloatsOf(example)[i];
  }
  return values;
}

TEST(Npy, ReadsNumbersOfEveryTypeAndOrder) {
  for (const auto& name :
       {"i1",    "u1",    "le_i2", "be_i2",   "le_u2",     "le_i4",     "be_i4",
        "le_u4", "le_i8", "be_i8", "le_u8",   "le_f2",     "be_f2",     "le_f4",
        "be_f4", "le_f8", "be_f8", "fortran", "version_1", "version_2", "version_3"}) {
    EXPECT_EQ(FormatOutcome(ReadFile(kFolder / (name + ".npy"s))),
              "1\n2\n0\n3\n5\n1\n7\n11\n0\n13\n17\n1\n")
        << name;
  }
  EXPECT_EQ(FormatOutcome(ReadFile(kFolder / "b1.npy")), "1\n1\n0\n1\n1\n1\n1\n1\n0\n1\n1\n1\n");
  EXPECT_EQ(FormatOutcome(ReadFile(kFolder / "text.npy")), "1.5\na,b\n2.5\nZürich\n0\na,b\n");
}

TEST(Npy, IsReadLikeTheSameTableAsCsv) {
  const TempDir dir;
  const auto csv = dir.WriteFile("t.csv", "1,2,0\n3,5,1\n7,11,0\n13,17,1\n");
  CsvOptions last;
  last.label_column = "-1";
  for (const CsvOptions& options : {CsvOptions(), last}) {
    EXPECT_EQ(ReadData(kFolder / "be_f8.npy", options).Hash(), ReadCsv(csv, options).Hash());
  }
  const Dataset data = ReadData(kFolder / "le_i4.npy", last);
  EXPECT_THAT(ValuesOf(data, 3), ElementsAre(13, 17));
  EXPECT_THAT(data.schema().classes, ElementsAre("0", "1"));
  EXPECT_EQ(ReadData(kFolder / "table.npz", last).Hash(), data.Hash());
}

// An array of version 1 with any header.
std::string Npy(const std::string& header, const std::string& values) {
  return "\x93NUMPY\x01\0"s + static_cast<char>(header.size() & 0xff) +
         static_cast<char>(header.size() >> 8) + header + values;
}

TEST(Npy, RefusesWithTheReason) {
  const auto header = [](const std::string& type, const std::string& shape) {
    return "{'descr': " + type + ", 'fortran_order': False, 'shape': " + shape + ", }";
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Npy(header("'|u1'", "(2, 2)"), "abc"),
       "found 3 bytes of values, expected 4 of the shape (2, 2) and type |u1"},
      {Npy(header("'|u1'", "(2, 2)"), "abcde"), "found more bytes behind the values"},
      {Npy(header("'<f8'", "(4294967296, 4294967296, 4294967296)"), ""),
       "found 0 bytes of values, expected fewer than 2^64 of the shape (4294967296"},
      {Npy(header("'<f8'", "(1000000000000, 1)"), ""),
       "found 0 bytes of values, expected 8000000000000"},
      {Npy(header("'|O'", "(2,)"), ""), "it holds pickled Python objects"},
      {Npy(header("'<c16'", "(2,)"), ""), "found an array of type '<c16'"},
      {Npy(header("'<f16'", "(2,)"), ""), "found an array of type '<f16'"},
      {Npy(header("'<M8[ns]'", "(2,)"), ""), "make its times numbers"},
      {Npy(header("'<U0'", "(2,)"), ""), "found an array of type '<U0'"},
      {Npy(header("[('a', '<f8')]", "(2,)"), ""), "found an array of records with named fields"},
      {Npy("{'descr': '|u1', 'shape': (1,)}", "a"), "found a damaged header"},
      {Npy(header("'|u1'", "(1,)") + "x", "a"), "found a damaged header at 'x'"},
      {Npy(header("'|u1'", "(-1,)"), ""), "found a damaged header"},
      {Npy(header("'|u1'", "(99999999999999999999,)"), ""), "found a damaged header"},
      {"\x93NUMPY\x04\0"s, "found an unknown start"},
      {"\x93NUMPY\x02\0\xff\xff\xff\xff"s, "found a header of 4294967295 bytes"},
      {"\x93NUMPY\x01\0\x20"s, "found the end of the file in the header"},
  };
  for (const auto& [bytes, message] : cases) {
    EXPECT_THAT(FormatOutcome(bytes), StartsWith("error: t: "));
    EXPECT_THAT(FormatOutcome(bytes), HasSubstr(message));
  }
  ExpectError(
      ErrorCode::kBadData,
      (kFolder / "one.npy").string() +
          ": found an array of the shape (4,), expected one of rows × columns, labels among "
          "them; save numpy.column_stack((X, y)), or numpy.savez(FILE, X=X, y=y)",
      [] { return ReadData(kFolder / "one.npy"); });
}

TEST(Npy, RefusesAFileCutAnywhere) {
  for (const auto& name : {"le_i2.npy", "text.npy", "version_3.npy"}) {
    const std::string whole = ReadFile(kFolder / name);
    for (size_t size = 6; size < whole.size(); ++size) {
      EXPECT_THAT(FormatOutcome(whole.substr(0, size)), StartsWith("error: ")) << name << size;
    }
  }
}

TEST(Npz, ReadsExamplesAndLabels) {
  for (const auto& name : {"images.npz", "compressed.npz"}) {
    const Dataset data = ReadData(kFolder / name);
    EXPECT_EQ(data.examples(), 4u);
    EXPECT_THAT(data.schema().classes, ElementsAre("3", "4", "5"));
    EXPECT_THAT(data.labels(), ElementsAre(2u, 0u, 2u, 1u));
    EXPECT_EQ(data.element_type(), ElementType::kU8);
    EXPECT_THAT(ValuesOf(data, 1), ElementsAre(6, 7, 8, 9, 10, 11));
    EXPECT_EQ(data.summary().format, "NPZ");
  }
  EXPECT_THAT(ReadData(kFolder / "images.npz").notes(),
              ElementsAre("read the arrays x_train and y_train, left out x_test, y_test"));
  EXPECT_THAT(ReadData(kFolder / "text.npz").schema().classes, ElementsAre("no", "yes"));
  const Dataset numbers = ReadData(kFolder / "numbers.npz");
  EXPECT_THAT(numbers.targets(), ElementsAre(0.5F, 1.5F, 2.0F, 4.0F));
  const Dataset unnamed = ReadData(kFolder / "unnamed.npz");
  EXPECT_THAT(unnamed.labels(), ElementsAre(2u, 0u, 2u, 1u));
  EXPECT_THAT(ValuesOf(unnamed, 2), ElementsAre(7, 11, 0));
}

TEST(Npz, TheTaskMayBeAnother) {
  CsvOptions options;
  options.task = Task::kRegress;
  EXPECT_THAT(ReadData(kFolder / "compressed.npz", options).targets(), ElementsAre(5, 3, 5, 4));
}

TEST(Npz, MissingValuesBecomeWhatTheyBecomeInTables) {
  const TempDir dir;
  const auto csv = dir.WriteFile("t.csv", "5,1,2,0\n3,3,,1\n5,7,11,0\n4,13,17,1\n");
  CsvOptions options;
  options.label_column = "0";
  EXPECT_EQ(ReadData(kFolder / "missing.npz").Hash(), ReadCsv(csv, options).Hash());
}

TEST(Npz, MustFitWhatItIsComparedWith) {
  const Dataset data = ReadData(kFolder / "images.npz");
  const Dataset fitting = ReadData(kFolder / "compressed.npz", {.like = data.schema()});
  EXPECT_EQ(fitting.Hash(), data.Hash());
  EXPECT_THROW((void)ReadData(kFolder / "text.npz", {.like = data.schema()}), Error);
  Schema other = data.schema();
  other.classes = {"3", "5"};
  ExpectError(ErrorCode::kBadData,
              (kFolder / "images.npz").string() +
                  ": example 3: found the label '4', expected one of the classes 3, 5",
              [&] { return ReadData(kFolder / "images.npz", {.like = other}); });
  const Dataset unlabelled =
      ReadData(kFolder / "images.npz", {.like = other, .labels_optional = true});
  EXPECT_EQ(unlabelled.examples(), 4u);
  EXPECT_FALSE(unlabelled.labelled());
}

TEST(Npz, RefusesWithTheReason) {
  EXPECT_THAT(
      [] { return ReadData(kFolder / "three.npz"); },
      ::testing::ThrowsMessage<Error>(HasSubstr("found the arrays a, b, c, expected two: X of "
                                                "examples, y of labels; write them by ")));
  const TempDir dir;
  const std::string whole = ReadFile(kFolder / "compressed.npz");
  for (size_t size = 4; size < whole.size(); ++size) {
    const auto cut = dir.WriteFile("cut.npz", whole.substr(0, size));
    EXPECT_THROW((void)ReadData(cut), Error) << size;
  }
  for (size_t at = 4; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    const auto file = dir.WriteFile("damaged.npz", damaged);
    try {
      (void)ReadData(file);
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace colonnade
