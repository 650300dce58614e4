// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/file_chain.h"
#include "engine/runtime/file.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;
using test::ExpectError;
using test::TempDir;
using ::testing::ElementsAre;

std::string ReadAll(FileChain& chain, size_t piece = 1000) {
  std::string text, part(piece, '\0');
  for (;;) {
    const size_t got = chain.Read(part);
    text.append(part, 0, got);
    if (got < piece) break;
  }
  return text;
}

class FileChainTest : public ::testing::Test {
 protected:
  // What the chain of files with these contents makes of them.
  std::string Join(const std::vector<std::string>& contents, FileChain::Format format = {}) {
    fs::remove_all(dir_ / "t");
    fs::create_directory(dir_ / "t");
    for (size_t i = 0; i < contents.size(); ++i) {
      dir_.WriteFile("t/" + std::to_string(i), contents[i]);
    }
    std::string text;
    for (const size_t piece : {1u, 1000u}) {
      chain_ = std::make_unique<FileChain>(FilesOf(dir_ / "t"), format);
      text = ReadAll(*chain_, piece);
    }
    return text;
  }
  std::string Path(int i) const { return (dir_ / ("t/" + std::to_string(i))).string(); }
  void ExpectPlace(uint64_t row, int file, uint64_t there) const {
    EXPECT_EQ(chain_->PlaceOf(row).file, Path(file)) << row;
    EXPECT_EQ(chain_->PlaceOf(row).row, there) << row;
  }

  TempDir dir_;
  std::unique_ptr<FileChain> chain_;
};

TEST_F(FileChainTest, PutsFilesBehindEachOther) {
  EXPECT_EQ(Join({"1,2\n3,4\n", "5,6",
                  "\xef\xbb\xbf"
                  "7,8\r\n",
                  "9,0"}),
            "1,2\n3,4\n5,6\n7,8\r\n9,0\n");
  ExpectPlace(1, 0, 1);
  ExpectPlace(2, 0, 2);
  ExpectPlace(3, 1, 1);
  ExpectPlace(4, 2, 1);
  ExpectPlace(5, 3, 1);
  EXPECT_EQ(chain_->files(), 4u);
}

TEST_F(FileChainTest, LeavesOutTheHeadersOfAllButTheFirst) {
  EXPECT_EQ(
      Join({"x,y\n1,2\n", "x, \"y\" \n3,4\n5,6", "\n\nx,y\r\n", "x,y\n7,8\n"}, {.header = "x,y"}),
      "x,y\n1,2\n3,4\n5,6\n7,8\n");
  ExpectPlace(2, 0, 2);
  ExpectPlace(3, 1, 2);
  ExpectPlace(4, 1, 3);
  ExpectPlace(5, 3, 2);
  EXPECT_EQ(Join({"a title\nx,y\n1,2\n", "another\nx,y\n3,4\n"}, {.header = "x,y", .preamble = 1}),
            "a title\nx,y\n1,2\n3,4\n");
  ExpectPlace(4, 1, 3);
  const auto upper = [](std::string_view name) {
    std::string text(name);
    for (char& c : text) c = static_cast<char>(c & ~0x20);
    return text;
  };
  EXPECT_EQ(Join({"x\n1\n", "X\n3\n"}, {.header = "x", .canonical = upper}), "x\n1\n3\n");
}

TEST_F(FileChainTest, PutsColumnsIntoTheOrderOfTheFirst) {
  EXPECT_EQ(
      Join({"x,y,z\n1,2,3\n", "z,x,y\n\"a\"\"\nb\" , 4,5\r\n\n,,\n1,2\n6,7,8", "y,x,z\n1,2,3\n"},
           {.header = "x,y,z\n"}),
      "x,y,z\n1,2,3\n4,5,\"a\"\"\nb\"\r\n\n,,\n1,2\n7,8,6\n2,1,3\n");
  ExpectPlace(3, 1, 2);
  ExpectPlace(7, 1, 6);
  ExpectPlace(9, 2, 2);
  // Names that are repeated stay in their order.
  EXPECT_EQ(Join({"x,x,y\n1,2,3\n", "y,x,x\n3,1,2\n"}, {.header = "x,x,y"}),
            "x,x,y\n1,2,3\n1,2,3\n");
  EXPECT_EQ(
      Join({"x y\n1 2\n", " y  x \n 2 \t 1 \n"}, {.dialect = {.separator = ' '}, .header = "x y"}),
      "x y\n1 2\n1 2\n");
  EXPECT_EQ(Join({"x\ty\n1\t2\n", "y\tx\n \t1\n\t\n"},
                 {.dialect = {.separator = '\t'}, .header = "x\ty"}),
            "x\ty\n1\t2\n1\t\n\t\n");
  EXPECT_EQ(Join({"x,y\n1,2\n", "y,x\n# no, row\n1,#2\"\n"},
                 {.dialect = {.comment = '#'}, .header = "x,y"}),
            "x,y\n1,2\n# no, row\n\"#2\"\"\",1\n");
  EXPECT_EQ(
      Join({"x,y\r1,2\r", "y,x\r2,1"}, {.dialect = {.carriage_returns = true}, .header = "x,y"}),
      "x,y\n1,2\n1,2\n");
}

// Against records made twice, once in each order.
TEST_F(FileChainTest, PutsColumnsIntoOrderWhateverTheyHold) {
  std::mt19937 random(1);
  const std::string fields[] = {"",         "1",        "-2.5e7", "\"a,b\"",
                                "\"\"\"\"", "\"x\ny\"", "a\"b\"", std::string(5000, 'x'),
                                "\" p \"",  "é",        "a b"};
  std::string first = "a,b,c\n", second = "c,a,b\n", expected = "a,b,c\n";
  for (int i = 0; i < 3000; ++i) {
    const auto& a = fields[random() % std::size(fields)];
    const auto& b = fields[random() % std::size(fields)];
    const auto& c = fields[random() % std::size(fields)];
    second += c + "," + a + "," + b + "\n";
    expected += a + "," + b + "," + c + "\n";
  }
  EXPECT_TRUE(Join({first, second}, {.header = "a,b,c"}) == expected);
}

// The fields of each record: what counts of them.
std::vector<std::vector<std::string>> Records(std::string text, const CsvDialect& dialect) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  RecordParser parser(dialect);
  std::vector<std::vector<std::string>> records;
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end; p = parser.next()) {
    auto& record = records.emplace_back();
    if (parser.Parse(p, end, true) == RecordKind::kUnclosed) {
      record.push_back("unclosed");
      continue;
    }
    for (const CsvField& field : parser.fields()) {
      record.push_back(field.damaged ? "damaged" : std::string(field.text));
      // Spaces of which, and of line ends, quotes that are put around a field take away.
      if (record.back().ends_with('\r')) record.back().pop_back();
    }
  }
  return records;
}

// Against the parser, on what is made of all that means something to it.
TEST_F(FileChainTest, MutatedRecordsAreTheSameInAnotherOrder) {
  std::mt19937 random(4);
  size_t compared = 0;
  for (int i = 0; i < 600; ++i) {
    const CsvDialect dialect = {.separator = ", \t;"[random() % 4],
                                .comment = random() % 2 ? '#' : '\0'};
    const std::string_view letters = ",,,,;;;;\t\t\t   \"\"\n\n\n\r##ab1";
    std::string rows(random() % 40, '\0');
    for (char& c : rows) c = letters[random() % letters.size()];
    const auto line = [&](const char* a, const char* b, const char* c) {
      return std::string(a) + dialect.separator + b + dialect.separator + c + "\n";
    };
    const std::string header = line("x", "y", "z");
    std::string joined;
    try {
      joined = Join({header, line("z", "x", "y") + rows}, {.dialect = dialect, .header = header});
    } catch (const Error&) {
      continue;
    }
    std::vector<std::vector<std::string>> expected = Records(rows, dialect);
    for (auto& record : expected) {
      if (record.size() == 3) record = {record[1], record[2], record[0]};
    }
    ASSERT_TRUE(joined.starts_with(header));
    ASSERT_EQ(Records(joined.substr(header.size()), dialect), expected) << rows << "|" << joined;
    for (const auto& record : expected) compared += record.size() == 3 ? 1u : 0u;
  }
  EXPECT_GT(compared, 30u);
}

TEST_F(FileChainTest, NamesTheFirstDifference) {
  const auto expect = [&](const std::vector<std::string>& contents, const std::string& message) {
    Join({"x,y\n1,2\n"});
    ExpectError(ErrorCode::kBadData, message, [&] { Join(contents, {.header = "x,y"}); });
  };
  const std::string columns = "expected the columns of '" + Path(0) + "', in any order";
  expect({"x,y\n", "x,y\n1,2\n", "z,x\n"}, Path(2) + ":1: found no column 'y', " + columns);
  expect({"x,y\n", "y,q,x\n"}, Path(1) + ":1: column 2: found a column 'q', " + columns);
  expect({"x,y\n", "\ny,x,\n"},
         Path(1) + ":2: column 3: found a column without a name, " + columns);
  expect({"x,y\n", "x\n"}, Path(1) + ":1: found no column 'y', " + columns);
  expect({"x,y\n", "3,4\n5,6\n"},
         Path(1) + ":1: found '3,4', expected the header of '" + Path(0) + "': x, y");
  expect({"x,y\n", "y,x\n1,2\n1,2,3\n"},
         Path(1) + ":3: found 3 fields under 2 names, which are in another order than those of '" +
             Path(0) + "', expected as many fields as names, or the same order");
}

TEST_F(FileChainTest, QuotesThatNothingClosesStayAsTheyAre) {
  EXPECT_EQ(Join({"x,y\n", "y,x\n1,2\n\"1,2\n3,4\n"}, {.header = "x,y"}), "x,y\n2,1\n\"1,2\n4,3\n");
  // They are a bad row where they are.
  ExpectError(ErrorCode::kBadData,
              Path(1) +
                  ":3: column 1 ('x'): found quotes that are not closed, expected a closing "
                  "quotation mark; quote none takes quotation marks as text",
              [&] { return ReadCsv(dir_ / "t"); });
}

TEST_F(FileChainTest, EachFileIsUnpackedAndInItsOwnEncoding) {
  const TempDir dir;
  const auto packed = dir / "b.gz";
  const gzFile out = gzopen(packed.c_str(), "wb");
  gzputs(out, "y,x\n4,3\n");
  gzclose(out);
  const auto plain = dir.WriteFile("a", "x,y\n1,2\n");
  const auto wide = dir.WriteFile("c", {"\xff\xfex\0,\0y\0\n\0\x35\0,\0\x36\0", 16});
  FileChain chain({plain, packed, wide}, {.header = "x,y"});
  InputFile input("all", [&](std::span<char> to) { return chain.Read(to); });
  std::string text(1000, '\0');
  text.resize(input.Read(text));
  EXPECT_EQ(text, "x,y\n1,2\n3,4\n5,6\n");
}

TEST_F(FileChainTest, LargeFilesComeInPieces) {
  std::string rows, turned;
  for (int i = 0; i < 100000; ++i) {
    const std::string a = std::to_string(i), b = std::to_string(i * 7 % 1000);
    rows += a + "," + b + "\n";
    turned += b + "," + a + "\n";
  }
  EXPECT_TRUE(Join({"x,y\n" + rows, "y,x\n" + turned, "x,y\n" + rows}, {.header = "x,y"}) ==
              "x,y\n" + rows + rows + rows);
  ExpectPlace(100001, 0, 100001);
  ExpectPlace(100002, 1, 2);
  ExpectPlace(300001, 2, 100001);
}

TEST(FilesOf, AFolderOrAPattern) {
  const TempDir dir;
  dir.WriteFile("b.csv", "1");
  dir.WriteFile("a.csv", "1");
  dir.WriteFile("c.txt", "1");
  dir.WriteFile("_SUCCESS", "");
  dir.WriteFile(".hidden", "1");
  dir.WriteFile("a.csv.colonnade", "1");
  fs::create_directory(dir / "sub.csv");
  dir.WriteFile("sub.csv/d.csv", "1");
  EXPECT_THAT(FilesOf(dir.path()), ElementsAre(dir / "a.csv", dir / "b.csv", dir / "c.txt"));
  EXPECT_THAT(FilesOf(dir / "*.csv"), ElementsAre(dir / "a.csv", dir / "b.csv"));
  EXPECT_THAT(FilesOf(dir / "*"), ElementsAre(dir / "a.csv", dir / "b.csv", dir / "c.txt"));
  EXPECT_THAT(FilesOf(dir / "[bc].*"), ElementsAre(dir / "b.csv", dir / "c.txt"));
  EXPECT_THAT(FilesOf(dir / "*/?.csv"), ElementsAre(dir / "sub.csv/d.csv"));
  EXPECT_THAT(FilesOf(dir / "a.csv"), ElementsAre(dir / "a.csv"));
  EXPECT_THAT(FilesOf(dir / "missing"), ElementsAre(dir / "missing"));
  EXPECT_THAT(FilesOf("-"), ElementsAre("-"));
  EXPECT_THAT(FilesOf(dir / "x.zip:a*b"), ElementsAre(dir / "x.zip:a*b"));
  const std::string pattern = dir / "*.tsv";
  ExpectError(ErrorCode::kIo, "cannot read '" + pattern + "': no file matches",
              [&] { (void)FilesOf(pattern); });
  fs::create_directory(dir / "empty");
  ExpectError(ErrorCode::kIo,
              "cannot read '" + (dir / "empty").string() +
                  "': the folder has no files, other than empty or hidden ones",
              [&] { (void)FilesOf(dir / "empty"); });
  dir.WriteFile("s*r", "1");
  EXPECT_THAT(FilesOf(dir / "s*r"), ElementsAre(dir / "s*r")) << "a file of that name";
}

}  // namespace
}  // namespace colonnade
