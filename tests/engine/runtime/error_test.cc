// SPDX-License-Identifier: Apache-2.0
// What errors say, part by part and as a line.
#include "colonnade/error.h"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/paths.h"

// Designated initializers leave the other members at their defaults, which is the point of them.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

std::string Flag(std::string_view name) { return "--" + std::string(name); }

constexpr const char* kMark = "\x60";  // a backquote

std::string Quoted(const std::string& name) { return kMark + name + kMark; }

TEST(ErrorTest, TheLineHasAllParts) {
  const ErrorDetails details = {.subject = "layers[0]",
                                .file = "m.safetensors",
                                .row = 7,
                                .column = 3,
                                .column_name = "'size'",
                                .problem = "cannot be",
                                .found = "2",
                                .expected = "3",
                                .advice = "try " + Quoted("hidden")};
  const Error error(ErrorCode::kBadModel, details);
  EXPECT_STREQ(error.what(),
               "m.safetensors:7: column 3 ('size'): layers[0]: cannot be: found 2, expected 3; try "
               "hidden");
  EXPECT_EQ(error.Message(Flag),
            "m.safetensors:7: column 3 ('size'): layers[0]: cannot be: found 2, expected 3; try "
            "--hidden");
  EXPECT_EQ(error.code(), ErrorCode::kBadModel);
  EXPECT_EQ(error.details().advice, details.advice) << "spelt in what is kept";
  EXPECT_EQ(error.details().row, 7u);
}

TEST(ErrorTest, PartsThatAreNotThereLeaveNoTrace) {
  const auto line = [](ErrorCode code, ErrorDetails details) {
    return std::string(Error(code, std::move(details)).what());
  };
  EXPECT_EQ(line(ErrorCode::kBadData, {.file = "f", .found = "x", .expected = "y"}),
            "f: found x, expected y");
  EXPECT_EQ(line(ErrorCode::kBadData, {.file = "f", .row = 2, .problem = "no end"}), "f:2: no end");
  EXPECT_EQ(line(ErrorCode::kBadData, {.file = "f", .row = 2, .column = 4, .found = "x"}),
            "f:2: column 4: found x");
  EXPECT_EQ(line(ErrorCode::kDiverged, {.problem = "no end"}), "no end");
  EXPECT_EQ(line(ErrorCode::kDiverged, {.problem = "no end", .advice = "stop"}), "no end; stop");
  // Here it is the problem that names the file.
  EXPECT_EQ(line(ErrorCode::kIo, {.file = "f", .problem = "cannot read 'f'"}), "cannot read 'f'");
  EXPECT_EQ(line(ErrorCode::kInvalidArgument, {.subject = "config", .file = "f", .problem = "f:2"}),
            "config: f:2");
  const Error plain(ErrorCode::kIo, "all there is");
  EXPECT_STREQ(plain.what(), "all there is");
  EXPECT_EQ(plain.details().problem, "all there is");
}

TEST(ErrorTest, OptionsAreSpeltAsEachFrontEndHasThem) {
  try {
    Reject("batch-size", Quoted("lr"), "none with " + Quoted("resume") + " or " + Quoted("lr"));
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.details().subject, "batch-size");
    // What was found is the user's: nothing in it is spelt.
    EXPECT_EQ(error.Message(Flag),
              "--batch-size: found " + Quoted("lr") + ", expected none with --resume or --lr");
    EXPECT_EQ(std::string(error.what()),
              "batch-size: found " + Quoted("lr") + ", expected none with resume or lr");
  }
  // Of other errors, the subject is a path within the file.
  EXPECT_EQ(Error(ErrorCode::kBadModel, ErrorDetails{.subject = "lr", .found = "1"}).Message(Flag),
            "lr: found 1");
}

TEST(ErrorTest, OtherBackquotesStay) {
  const std::string m = kMark;
  for (const std::string& text :
       {m, m + m, m + "no end", "at the end" + m, m + "Two words" + m, m + "a b" + m,
        m + "CAPITALS" + m, m + "under_score" + m, std::string("none"), std::string()}) {
    EXPECT_EQ(SpellOptions(text, Flag), text);
  }
  EXPECT_EQ(SpellOptions(m + "lr" + m, Flag), "--lr");
  EXPECT_EQ(SpellOptions(m + "beta1" + m + m + "lr-decay" + m, Flag), "--beta1--lr-decay");
  EXPECT_EQ(SpellOptions("an odd " + m + " before " + m + "lr" + m + " and after" + m, Flag),
            "an odd " + m + " before --lr and after" + m);
}

// The string literals of a line of C++, what stands after // left out.
std::vector<std::string> LiteralsOf(const std::string& line) {
  std::vector<std::string> literals;
  bool inside = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (!inside && line.compare(i, 2, "//") == 0) break;
    if (!inside && line.compare(i, 3, "'\"'") == 0) {
      i += 2;
    } else if (line[i] == '"') {
      inside = !inside;
      if (inside) literals.emplace_back();
    } else if (inside) {
      literals.back() += line[i];
      if (line[i] == '\\' && i + 1 < line.size()) literals.back() += line[++i];
    }
  }
  return literals;
}

// Whether a text has a flag of the command line in it: two dashes before a letter.
bool HasFlag(const std::string& text) {
  for (size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at + 1)) {
    const bool first = at == 0 || text[at - 1] != '-';
    if (first && at + 2 < text.size() && std::isalpha(static_cast<unsigned char>(text[at + 2]))) {
      return true;
    }
  }
  return false;
}

TEST(ErrorTest, TheSearchForFlagsFindsThem) {
  EXPECT_EQ(LiteralsOf(R"(f("a", '"', "b\"c") // "d")"),
            (std::vector<std::string>{"a", R"(b\"c)"}));
  EXPECT_TRUE(HasFlag("--lr"));
  EXPECT_TRUE(HasFlag("see --lr"));
  EXPECT_FALSE(HasFlag("lr -- or"));
  EXPECT_FALSE(HasFlag("------ a"));
  EXPECT_FALSE(HasFlag("---a"));
}

// The library has front ends that know no flags: it names options between backquotes.
TEST(ErrorTest, NoTextOfTheLibraryHasFlags) {
  const fs::path engine = test::Repository() / "engine";
  size_t literals = 0;
  for (const auto& entry : fs::recursive_directory_iterator(engine)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".cc" && extension != ".h") continue;
    std::ifstream file(entry.path());
    std::string line;
    for (size_t row = 1; std::getline(file, line); ++row) {
      for (const std::string& literal : LiteralsOf(line)) {
        ++literals;
        EXPECT_FALSE(HasFlag(literal)) << entry.path() << ':' << row << ": " << literal;
      }
    }
  }
  EXPECT_GT(literals, 1000u) << "the sources were not found";
}

}  // namespace
}  // namespace colonnade
