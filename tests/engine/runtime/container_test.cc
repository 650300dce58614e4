// SPDX-License-Identifier: Apache-2.0
// What all files of this library have in common.
#include "engine/runtime/container.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "colonnade/error.h"
#include "tests/support/errors.h"
#include "tests/support/file_parts.h"

namespace colonnade {
namespace {

using safetensors::TensorInfo;
using test::FileParts;

const std::vector<TensorInfo> kTensors = {{"b", "F32", {2, 1}}, {"a", "U8", {4}}};

std::string FileOf(const ContainerFormat& format) {
  return ContainerHeader(format, {{"colonnade.x", R"({"y":[1,2.5]})"}, {"note", "any"}}, kTensors,
                         "f") +
         "12345678abcd";
}

// What is thrown for a file that is changed; empty: nothing.
std::string Problem(const ContainerFormat& format, const std::function<void(FileParts&)>& change) {
  FileParts parts(FileOf(format));
  change(parts);
  try {
    const Container container(parts.File(), "f", format);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), format.code);
    EXPECT_EQ(error.details().file, "f");
    return error.what();
  }
}

class ContainerTest : public ::testing::TestWithParam<const ContainerFormat*> {
 protected:
  const ContainerFormat& format_ = *GetParam();
};

TEST_P(ContainerTest, GivesBackWhatWasWritten) {
  const std::string file = FileOf(format_);
  const Container container(file, "f", format_);
  EXPECT_EQ(container.version(), 2u);
  EXPECT_EQ(container.Entry("colonnade.format"), format_.name);
  EXPECT_EQ(container.Node("colonnade.x").Field("y").Item(1).Number(), 2.5f);
  ASSERT_NE(container.Find("a"), nullptr);
  EXPECT_EQ(container.Find("a")->bytes, "abcd");
  EXPECT_EQ(container.Find("c"), nullptr);
  EXPECT_EQ(container.Require({"b", "F32", {2, 1}}).bytes, "12345678");
  EXPECT_EQ(safetensors::Parse(file, "f").tensors.size(), 2u);
}

TEST_P(ContainerTest, TellsWhatIsMissing) {
  const std::string file = FileOf(format_);
  const Container container(file, "f", format_);
  const auto expect = [&](const std::string& message, const auto& f) {
    test::ExpectError(format_.code, "f: " + message, f);
  };
  expect("metadata: found no colonnade.z", [&] { container.Entry("colonnade.z"); });
  expect("note: found no valid JSON", [&] { container.Node("note"); });
  expect("colonnade.x: found no z", [&] { container.Node("colonnade.x").Field("z"); });
  expect("colonnade.x.y[0]: found 1, expected true or false",
         [&] { container.Node("colonnade.x").Field("y").Item(0).Bool(); });
  expect("found no tensor \"c\"", [&] { container.Require({"c", "U8", {4}}); });
  expect("tensor \"a\": found dtype U8, expected F32",
         [&] { container.Require({"a", "F32", {4}}); });
  expect("tensor \"a\": found shape [4], expected [2, 2]",
         [&] { container.Require({"a", "U8", {2, 2}}); });
  expect("found the unexpected tensor \"b\"",
         [&] { container.RequireNoTensorsBut(std::vector<std::string>{"a"}); });
  expect("the data do not match their checksum: the file was altered or damaged",
         [&] { container.RequireHash("note", "another", "data"); });
}

TEST_P(ContainerTest, RefusesWhatItDoesNotKnow) {
  const std::string name = format_.name;
  EXPECT_EQ(Problem(format_, [](FileParts& p) { p.metadata = {{"note", "any"}}; }),
            "f: not a colonnade " + name + " (no colonnade metadata)");
  EXPECT_EQ(Problem(format_, [](FileParts& p) { p.metadata["colonnade.format"] = "poem"; }),
            std::string("f: found the format \"poem\", expected ") + format_.expected);
  for (const char* version : {"0", "6", "2.0"}) {
    const std::string problem =
        Problem(format_, [&](FileParts& p) { p.metadata[format_.version_key] = version; });
    EXPECT_TRUE(
        problem.starts_with("f: " + name + " format " + version + ", this version reads 1 to 5"))
        << problem;
  }
}

TEST_P(ContainerTest, ItsChecksumCoversEntriesAndTensors) {
  const std::string damaged =
      "f: the metadata do not match their checksum: the file was altered or damaged";
  const std::function<void(FileParts&)> changes[] = {
      [](FileParts& p) { p.metadata["colonnade.x"] = "1"; },
      [](FileParts& p) { p.metadata["colonnade.new"] = "1"; },
      [](FileParts& p) { p.metadata.erase("colonnade.x"); },
      [](FileParts& p) { p.tensors[0].name = "c"; },
      [](FileParts& p) { p.tensors[0].dtype = "I32"; },
      [](FileParts& p) { p.tensors[0].shape = {2}; },
  };
  for (const auto& change : changes) {
    EXPECT_EQ(Problem(format_, change), damaged);
    EXPECT_EQ(Problem(format_,
                      [&](FileParts& p) {
                        change(p);
                        p.Sign();
                      }),
              "");
  }
  // A checksum of version 1 does not do for version 2, nor the other way round.
  EXPECT_EQ(Problem(format_, [&](FileParts& p) { p.metadata[format_.version_key] = "1"; }),
            std::string("f: metadata: found no ") + format_.checksum_key1);
}

TEST_P(ContainerTest, LeavesOtherEntriesAndTheOrderOfTensorsAlone) {
  EXPECT_EQ(Problem(format_,
                    [](FileParts& p) {
                      p.metadata["note"] = "another";
                      std::swap(p.tensors[0], p.tensors[1]);
                      std::swap(p.data[0], p.data[1]);
                    }),
            "");
}

TEST_P(ContainerTest, OtherFormatsAreToldApart) {
  for (const ContainerFormat* other : {&kModelFormat, &kDatasetFormat, &kCheckpointFormat}) {
    if (other == &format_) continue;
    const std::string message =
        std::string("f: found ") + other->found + ", expected " + format_.expected;
    FileParts parts(FileOf(*other));
    test::ExpectError(format_.code, message, [&] { Container(parts.File(), "f", format_); });
    parts.metadata.erase("colonnade.format");  // as in version 1
    test::ExpectError(format_.code, message, [&] { Container(parts.File(), "f", format_); });
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, ContainerTest,
                         ::testing::Values(&kModelFormat, &kDatasetFormat, &kCheckpointFormat),
                         [](const auto& format) { return std::string(format.param->name); });

}  // namespace
}  // namespace colonnade
