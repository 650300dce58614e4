// SPDX-License-Identifier: Apache-2.0
// colonnade check: what a file is, and what is wrong with it.
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::HasSubstr;

constexpr int kBadData = 3;

class CheckTest : public CliTest {};

TEST_F(CheckTest, TellsWhatAFileIs) {
  Write("t.csv",
        "\xef\xbb\xbfspecies;a;b;c;d;color\r\nx;1;0.5;7;1;red\r\ny;2;-3;7;2;blue\r\n"
        "x;1;.5;7;1;\"red\"\r\n");
  const nlohmann::json r = RunJson({"check", "t.csv", "--label-column", "species"});
  EXPECT_EQ(r["loads"], true);
  EXPECT_EQ(r["dialect"]["delimiter"], ";");
  EXPECT_EQ(r["dialect"]["line_ends"], "CRLF");
  EXPECT_EQ(r["dialect"]["header"], true);
  EXPECT_EQ(r["dialect"]["byte_order_mark"], true);
  EXPECT_EQ(r["dialect"]["quotes"], true);
  EXPECT_EQ(r["rows"], 3);
  EXPECT_EQ(r["duplicate_rows"], 1) << "equal values, other text";
  EXPECT_EQ(r["classes"].dump(), R"([{"name":"x","rows":2},{"name":"y","rows":1}])");
  EXPECT_EQ(r["columns"][0]["role"], "label");
  EXPECT_EQ(r["columns"][1]["type"], "byte");
  EXPECT_EQ(r["columns"][2]["type"], "number");
  EXPECT_EQ(r["columns"][2]["min"], -3);
  EXPECT_EQ(r["columns"][2]["max"], 0.5);
  EXPECT_EQ(r["columns"][3]["constant"], true);
  EXPECT_EQ(r["columns"][4]["duplicate_of"], 1);
  EXPECT_EQ(r["columns"][5]["role"], "categorical");
  const std::string text = RunOk({"check", "t.csv", "--label-column", "species"});
  EXPECT_THAT(text, HasSubstr("delimiter ;, header, quotes, CRLF line ends, byte order mark"));
  EXPECT_THAT(text, HasSubstr("rows      3, 1 equal to an earlier one"));
}

TEST_F(CheckTest, ShowsEveryBadCell) {
  std::string table =
      "label,a,b\n0,1,x\n1,,\xc3\xa9"
      "2\n2\n";
  for (int i = 0; i < 30; ++i) table += i % 2 == 0 ? "0,5,6\n" : "1,7,8\n";
  Write("t.csv", table);
  const Outcome outcome = Run({"check", "t.csv", "--missing", "refuse"});
  EXPECT_EQ(outcome.status, kBadData);
  EXPECT_THAT(outcome.out, HasSubstr("t.csv:2: column 3 ('b'): found 'x', expected a number\n"
                                     "  0,1,x\n"
                                     "      ^\n"));
  EXPECT_THAT(outcome.out, HasSubstr("t.csv:3: column 2 ('a'): found nothing, expected a value\n"
                                     "  1,,\xc3\xa9"
                                     "2\n"
                                     "    ^\n"));
  EXPECT_THAT(outcome.out, HasSubstr("column 3 ('b'): found '\xc3\xa9"
                                     "2', expected a number\n"
                                     "  1,,\xc3\xa9"
                                     "2\n"
                                     "     ^\n"));
  EXPECT_THAT(outcome.out, HasSubstr("t.csv:4: found 1 field, expected 3 (as in the header)"));
  EXPECT_THAT(outcome.err, HasSubstr("t.csv: found 4 bad cells or rows"));
  EXPECT_THAT(Run({"check", "t.csv", "--missing", "refuse", "--limit", "1"}).out,
              HasSubstr("… and 3 more"));
  const Outcome json = Run({"check", "t.csv", "--missing", "refuse", "--json", "--limit", "0"});
  EXPECT_EQ(json.status, kBadData);
  EXPECT_EQ(nlohmann::json::parse(json.out)["bad"], 4);
  EXPECT_EQ(nlohmann::json::parse(json.out)["missing"], 1);
}

TEST_F(CheckTest, LongLinesAreCutAroundThePlace) {
  std::string row = "0";
  for (int i = 0; i < 200; ++i) row += ",12345";
  const std::string good = row + "\n";
  row.replace(row.find(',') + 100 * 6 + 1, 5, "bad");
  std::string table;
  for (int i = 0; i < 20; ++i) table += i == 12 ? row + "\n" : good;
  Write("t.csv", table);
  Write("ok.csv", std::string("0,1\n1,2\n"));
  const Outcome outcome = Run({"check", "t.csv", "--header", "no"});
  EXPECT_EQ(outcome.status, kBadData);
  const size_t caret = outcome.out.find("^");
  const size_t line = outcome.out.rfind("  …", caret);
  ASSERT_NE(line, std::string::npos) << outcome.out;
  EXPECT_LT(outcome.out.find('\n', line) - line, 90U);
  // Below the field; the dots are three bytes and one character.
  const size_t begin = outcome.out.rfind('\n', caret) + 1;
  EXPECT_EQ(outcome.out.substr(line + (caret - begin) + 2, 3), "bad") << outcome.out;
}

TEST_F(CheckTest, FilesThatAreNoTables) {
  Write("empty.csv", "");
  const Outcome empty = Run({"check", "empty.csv"});
  EXPECT_EQ(empty.status, kBadData);
  EXPECT_EQ(empty.err,
            "colonnade: empty.csv: found an empty file, expected a table, one example per line\n");
  Write("open.csv", "0,1.5\n1,\"2\n3,4\n");
  const Outcome open = Run({"check", "open.csv"});
  EXPECT_EQ(open.status, kBadData);
  EXPECT_THAT(open.out, HasSubstr("open.csv:2: column 2: found quotes that are not closed"));
  EXPECT_EQ(open.err, "colonnade: open.csv: found 1 bad cell or row\n");
  EXPECT_EQ(Run({"check", "missing.csv"}).status, 1);
  EXPECT_THAT(RunBad(2, {"check", "open.csv", "--limit", "-1"}), HasSubstr("--limit"));
}

// The rest of the report is about what comes before it.
TEST_F(CheckTest, ALineWithoutEndLeavesADialect) {
  Write("t.csv", "label,a\r\n0,1\r\n1,2\r\n1,");
  std::filesystem::resize_file(File("t.csv"), uintmax_t{80} << 20);
  const Outcome outcome = Run({"check", "t.csv"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("dialect   delimiter ,, header, CRLF line ends\n"));
  EXPECT_THAT(outcome.out, HasSubstr("rows      2\n"));
  EXPECT_THAT(outcome.err, HasSubstr("t.csv:4: found a line of more than 64 MiB"));
}

}  // namespace
}  // namespace colonnade::test
