// SPDX-License-Identifier: Apache-2.0
// Input that is meant to do harm: a clear message in little memory, never a crash.
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using namespace std::string_literals;  // for text with NUL bytes
using ::testing::AllOf;
using ::testing::HasSubstr;

// Sanitizers reserve more address space than any limit would leave them.
#ifdef COLONNADE_SANITIZED
constexpr size_t kMemory = 0;
constexpr size_t kMemoryOfWide = 0;
#else
constexpr size_t kMemory = size_t{300} << 20;
// Of a table of a million columns: what is known of each takes some 900 bytes.
constexpr size_t kMemoryOfWide = size_t{1200} << 20;
#endif

class HostileInputTest : public CliTest {
 protected:
  // Runs `command` on that file with so much memory.
  Outcome RunInLittleMemory(const std::string& command, const std::string& file) const {
    std::vector<std::string> arguments = {command, file};
    if (command == "train") {
      arguments.insert(arguments.end(), {"--epochs", "1", "--threads", "2", "-o", "m.st", "-q"});
    }
    return Program(dir_.path(), arguments, "/dev/null", "", memory_).Wait();
  }

  void ExpectRefused(const std::string& text, const ::testing::Matcher<std::string>& message) {
    Write("bad.csv", text);
    ExpectRefusedFile(message);
  }

  void ExpectRefusedFile(const ::testing::Matcher<std::string>& message) {
    const Outcome outcome = RunInLittleMemory("train", "bad.csv");
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.err, message);
    EXPECT_LT(outcome.err.size(), 400u);
    EXPECT_FALSE(std::filesystem::exists(File("m.st")));
  }

  size_t memory_ = kMemory;

  // A file of 2 GiB, nothing but zeros after `begin`: most of it is a hole that takes no disk
  // space.
  void WriteHuge(const std::string& begin) {
    Write("bad.csv", begin);
    std::filesystem::resize_file(File("bad.csv"), uintmax_t{2} << 30);
  }
};

TEST_F(HostileInputTest, LinesOfTwoGigabytes) {
  for (const char* const begin :
       {"label,a,b", "label,a,b\n0,1,2\n1,3,", "label,a,b\n0,1,2\n1,\"3,4\n"}) {
    SCOPED_TRACE(begin);
    WriteHuge(begin);
    ExpectRefusedFile(AllOf(HasSubstr("bad.csv:"), HasSubstr("of more than 64 MiB")));
  }
}

TEST_F(HostileInputTest, AMillionColumns) {
  memory_ = kMemoryOfWide;
  std::string header = "label";
  std::string row = "1";
  for (int i = 1; i < 1'000'000; ++i) {
    header += ",c" + std::to_string(i);
    row += ",7";
  }
  ExpectRefused(header + "\n" + row + "\n1,2\n",
                HasSubstr("bad.csv:3: found 2 fields, expected 1000000"));
  ExpectRefused(header, HasSubstr("no examples after the header"));
#ifndef COLONNADE_SANITIZED
  // It is a table that 128 hidden units do not fit beside.
  Write("good.csv", header + "\n" + row + "\n0" + row.substr(1) + "\n");
  const Outcome outcome = RunInLittleMemory("train", "good.csv");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "colonnade: out of memory\n");
#endif
}

TEST_F(HostileInputTest, ANumberOfTenThousandDigits) {
  const std::string digits(10'000, '7');
  ExpectRefused("label,a,b\n0,1,2\n1," + digits + ",3\n",
                AllOf(HasSubstr("bad.csv:3: column 2 ('a')"), HasSubstr("in the range of f32")));
  ExpectRefused("label,a,b\n0,1,2\n1," + digits + "x,3\n", HasSubstr("expected a number"));
  ExpectRefused("label,a,b\n0,1,2\n1,1e" + digits + ",3\n", HasSubstr("in the range of f32"));
  // These are numbers like any other.
  Write("good.csv", "label,a,b\n0,1,2\n1,0." + digits + ",1e-" + digits + "\n");
  EXPECT_EQ(RunInLittleMemory("train", "good.csv").status, 0);
}

TEST_F(HostileInputTest, BytesThatAreNoText) {
  ExpectRefused("label,a,b\n0,1,2\n1,\0,3\n"s,
                HasSubstr("bad.csv:3: column 2 ('a'): found '\\x00'"));
  ExpectRefused("label,a,b\n0,1,2\n1,\x80,3\n", HasSubstr("column 2 ('a'): found '\\x80'"));
  ExpectRefused("label,a,b\n0,1,2\n1,2\xff\xfe,3\n", HasSubstr("found '2\\xFF\\xFE'"));
  ExpectRefused(std::string(1 << 20, '\0'), HasSubstr("bad.csv"));
  ExpectRefused(std::string(1 << 20, '\xff'), HasSubstr("bad.csv"));
  ExpectRefused(std::string(1 << 20, '"'), HasSubstr("bad.csv"));
  memory_ = kMemoryOfWide;
  ExpectRefused(std::string(1 << 18, ','), HasSubstr("bad.csv"));
}

TEST_F(HostileInputTest, CheckReportsThemToo) {
  WriteHuge("label,a,b\n0,1,2\n1,3,");
  const Outcome outcome = RunInLittleMemory("check", "bad.csv");
  EXPECT_EQ(outcome.status, 3) << outcome.err;
  EXPECT_THAT(outcome.out + outcome.err, HasSubstr("a line of more than 64 MiB"));
}

}  // namespace
}  // namespace colonnade::test
