// SPDX-License-Identifier: Apache-2.0
// Tables as people mean them, from the file to the predictions: headers, labels, separators,
// damage.
#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/cli_fixture.h"

namespace colonnade::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class TablesTest : public CliTest {
 protected:
  // A line for each of `rows` rows of two numbers and whether the first is larger.
  static std::string Rows(const std::function<std::string(int row, double a, double b)>& line,
                          int rows = 120) {
    std::string text;
    for (int i = 0; i < rows; ++i) {
      text += line(i, (i * 37 % 100) / 10.0, (i * 61 % 90) / 10.0) + "\n";
    }
    return text;
  }

  static std::string Number(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
  }

  static std::vector<std::string> Joined(std::vector<std::string> first,
                                         const std::vector<std::string>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  // Trains on the file and returns what was said; expects that it learns what there is to learn.
  std::string Learn(const std::string& file, const std::vector<std::string>& flags = {}) {
    const std::vector<std::string> train =
        Joined({"train", file, "-o", "model", "--ensemble", "1"}, flags);
    const nlohmann::json j = RunJson(train);
    if (j["train"].contains("r2")) {
      EXPECT_GT(j["train"]["r2"], 0.9) << file;
    } else {
      EXPECT_GT(j["train"]["accuracy"], 0.9) << file;
    }
    return Run(train).err;
  }

  std::string Predict(const std::string& file, const std::vector<std::string>& flags = {}) {
    return RunOk(Joined({"predict", "model", file}, flags));
  }

  // Lines of a prediction, or another table, without its header.
  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    if (!lines.empty()) lines.erase(lines.begin());
    return lines;
  }
};

// ---- What is said ----

TEST_F(TablesTest, ABlockTellsHowATableWasTaken) {
  std::string rows = Rows([](int i, double a, double b) {
    return "T-" + std::to_string(1000 + i) + ";" + (i == 5 ? "" : Number(a)) + ";" + Number(b) +
           ";" + (i % 3 == 0 ? "north" : "south") + ";" + (a > b ? "sold" : "kept");
  });
  Write("shop.csv", "ticket;a;b;region;outcome\n" + rows);
  const std::string said = Learn("shop.csv");
  EXPECT_THAT(said, StartsWith("data     shop.csv: 120 rows; separator ';'; header\n"
                               "label    outcome (2 classes: kept "));
  EXPECT_THAT(said, HasSubstr("\nnumbers  a (1 missing, mean), b\n"));
  EXPECT_THAT(said, HasSubstr("\ncategory region 2; 1 column → 2 features\n"));
  EXPECT_THAT(said, HasSubstr("\nleft out ticket (120 different texts in 120 rows)\n"));
  const nlohmann::json data =
      RunJson({"train", "shop.csv", "--missing-indicator=off", "-o", "model"})["data"];
  EXPECT_EQ(data["rows"], 120);
  EXPECT_EQ(data["delimiter"], "';'");
  EXPECT_EQ(data["header"], true);
  EXPECT_EQ(data["label"], "outcome");
  EXPECT_EQ(data["features"], 4);
  EXPECT_EQ(data["class_rows"].size(), 2u);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"evaluate", "model", "shop.csv"},
        {"predict", "model", "shop.csv", "-o", "p.csv"},
        {"check", "shop.csv"}}) {
    EXPECT_THAT(Run(command).err, HasSubstr("data     shop.csv: 120 rows; separator ';'; header\n"))
        << command[0];
    EXPECT_EQ(Run(Joined(command, {"-q"})).err, "") << command[0];
  }
  for (const char* const command : {"evaluate", "check"}) {
    const nlohmann::json j = std::string(command) == "check"
                                 ? RunJson({"check", "shop.csv"})
                                 : RunJson({command, "model", "shop.csv"});
    EXPECT_EQ(j["data"]["rows"], 120) << command;
    EXPECT_EQ(j["data"]["label"], "outcome") << command;
  }
  EXPECT_THAT(RunOk({"inspect", "model"}), HasSubstr("  label    outcome (2 classes: kept "));
}

TEST_F(TablesTest, ABlockIsShortHoweverWideTheTable) {
  std::string header = "y";
  std::string rows[2] = {"0", "1"};
  for (int c = 0; c < 300; ++c) {
    header += ",column " + std::to_string(c);
    for (int r = 0; r < 2; ++r) {
      rows[r] += c % 3 == 0 ? (r == 0 ? ",red" : ",blue") : c % 3 == 1 ? ",1.5" : ",";
    }
  }
  std::string text = header + "\n";
  for (int i = 0; i < 20; ++i) text += rows[i % 2] + "\n";
  Write("wide.csv", text);
  const std::string said = Run({"check", "wide.csv"}).err;
  EXPECT_LE(std::count(said.begin(), said.end(), '\n'), 12) << said;
  EXPECT_THAT(said, HasSubstr(" more"));
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) EXPECT_LT(line.size(), 140u) << line;
}

// ---- Header and label ----

TEST_F(TablesTest, NumbersMayNameColumns) {
  const auto row = [](int, double a, double b) {
    return Number(a) + "," + Number(b) + "," + (a > b ? "oak" : "elm");
  };
  Write("counted.csv", "0,1,tree\n" + Rows(row));
  EXPECT_THAT(Learn("counted.csv"), HasSubstr("120 rows; separator ','; header\nlabel    tree"));
  Write("waves.csv", "410.5,620.5,tree\n" + Rows(row));
  EXPECT_THAT(Learn("waves.csv"), HasSubstr("120 rows; separator ','; header\nlabel    tree"));
  Write("one.csv", "620.5,410.5\n1,9\n");
  EXPECT_EQ(Predict("one.csv"), "prediction\noak\n");
  Write("years.csv", "name,2001,2002,kind\n" + Rows([](int i, double a, double b) {
                       return "n" + std::to_string(i) + "," + Number(a) + "," + Number(b) + "," +
                              (a > b ? "up" : "down");
                     }));
  EXPECT_THAT(Learn("years.csv"), HasSubstr("numbers  2001, 2002\n"));
  // Without one, whatever the labels are.
  Write("bare.csv", Rows(row));
  EXPECT_THAT(Learn("bare.csv"), HasSubstr("120 rows; separator ','; no header"));
  EXPECT_THAT(Run({"check", "waves.csv", "--header", "no"}).err, HasSubstr("no header"));
}

TEST_F(TablesTest, ABrokenFirstRowIsABadRow) {
  Write("t.csv", "1.2,ERR,0\n" + Rows([](int, double a, double b) {
                   return Number(a) + "," + Number(b) + "," + (a > b ? "1" : "0");
                 }));
  EXPECT_THAT(RunBad(3, {"train", "t.csv", "--label-column", "2"}),
              HasSubstr("t.csv:1: column 2: found 'ERR', expected a number"));
  EXPECT_THAT(Learn("t.csv", {"--label-column", "2", "--bad-rows", "skip"}),
              HasSubstr("left out 1 bad row, the first: t.csv:1: column 2: found 'ERR'"));
}

TEST_F(TablesTest, TheLabelIsFoundByNameElseByEvidence) {
  const auto table = [&](const std::string& name, const std::string& header, bool first) {
    Write(name, header + "\n" + Rows([&](int, double a, double b) {
                  const std::string label = a > b ? "1" : "0";
                  const std::string numbers = Number(a) + "," + Number(b);
                  return first ? label + "," + numbers : numbers + "," + label;
                }));
    return Learn(name);
  };
  EXPECT_THAT(table("a.csv", "p,q,TARGET", false), HasSubstr("label    TARGET (2 classes"));
  EXPECT_THAT(table("b.csv", "Class,p,q", true), HasSubstr("label    Class (2 classes"));
  EXPECT_THAT(table("c.csv", "p,q,won", false), HasSubstr("label    won (2 classes"));
  EXPECT_THAT(table("d.csv", "won,p,q", true), HasSubstr("label    won (2 classes"));
}

TEST_F(TablesTest, AnIndexIsNeitherLabelNorFeature) {
  Write("index.csv", ",p,q,won\n" + Rows([](int i, double a, double b) {
                       return std::to_string(i) + "," + Number(a) + "," + Number(b) + "," +
                              (a > b ? "1" : "0");
                     }));
  const std::string said = Learn("index.csv");
  EXPECT_THAT(said, AllOf(HasSubstr("label    won"), HasSubstr("numbers  p, q\n"),
                          HasSubstr("left out column 0 (")));
  EXPECT_THAT(Learn("index.csv", {"--ignore-columns", ""}), HasSubstr("left out column 0\n"));
  Write("counts.csv", "n,p,q,won\n" + Rows([](int i, double a, double b) {
                        return std::to_string(i + 1) + "," + Number(a) + "," + Number(b) + "," +
                               (a > b ? "1" : "0");
                      }));
  EXPECT_THAT(Learn("counts.csv"), HasSubstr("left out n ("));
  EXPECT_THAT(RunBad(3, {"train", "counts.csv", "--strict"}), HasSubstr("'n'"));
  // R's names of rows.
  Write("r.txt", "\"p\" \"q\" \"won\"\n" + Rows([](int i, double a, double b) {
                   return "\"" + std::to_string(i + 1) + "\" " + Number(a) + " " + Number(b) +
                          (a > b ? " \"yes\"" : " \"no\"");
                 }));
  EXPECT_THAT(Learn("r.txt"), AllOf(HasSubstr("label    won"), HasSubstr("numbers  p, q\n"),
                                    HasSubstr("left out column 0 (")));
}

// ---- Spelling ----

TEST_F(TablesTest, LabelsAreSpeltAsTheyAreWritten) {
  const auto predictions = [&](const std::string& small, const std::string& large,
                               const std::string& other) {
    Write("t.csv", "p,q,label\n" + Rows([&](int i, double a, double b) {
                     return Number(a) + "," + Number(b) + "," +
                            (a > b ? large : (i % 2 == 0 ? small : other));
                   }));
    RunOk({"train", "t.csv", "-o", "model", "--epochs", "30"});
    std::vector<std::string> lines = Lines(Predict("t.csv"));
    std::ranges::sort(lines);
    lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
    // In quotes where another program would take it for a number, and drop a part of it.
    const bool plain = large[0] != '0' && large[0] != '+' && large.find('.') == std::string::npos;
    EXPECT_THAT(lines, ::testing::Contains(plain ? large : "\"" + large + "\""));
    return RunJson({"inspect", "model"})["classes"].dump();
  };
  EXPECT_EQ(predictions("001", "010", "100"), R"(["001","010","100"])");
  EXPECT_EQ(predictions("1", "1.0", "2"), R"(["1","1.0","2"])");
  EXPECT_EQ(predictions("-1", "+1", "0"), R"(["-1","0","+1"])");
  EXPECT_EQ(predictions("1", "2", "10"), R"(["1","2","10"])");
  EXPECT_EQ(predictions("9007199254740993", "9007199254740992", "3"),
            R"(["3","9007199254740992","9007199254740993"])");
}

TEST_F(TablesTest, NaMayBeAClassOfItsOwn) {
  Write("t.csv", "p,q,land\n" + Rows([](int, double a, double b) {
                   return Number(a) + "," + Number(b) + "," + (a > b ? "NA" : "EU");
                 }));
  EXPECT_THAT(RunBad(3, {"train", "t.csv", "-o", "model"}),
              AllOf(HasSubstr("('land'): found 'NA'"), HasSubstr("--keep-na")));
  EXPECT_THAT(Learn("t.csv", {"--keep-na"}), HasSubstr("land (2 classes: EU "));
  EXPECT_THAT(Predict("t.csv"), HasSubstr("\n\"NA\"\n"));
}

// ---- Damage ----

TEST_F(TablesTest, TitlesTotalsAndTrailingSeparators) {
  const std::string rows = Rows([](int, double a, double b) {
    return Number(a) + ";" + Number(b) + ";" + (a > b ? "in" : "out") + ";";
  });
  Write("t.csv", "Report of the year\n\np;q;way;\n" + rows);
  EXPECT_THAT(Learn("t.csv"),
              AllOf(HasSubstr("120 rows; separator ';'; header; 2 lines in front of it skipped"),
                    HasSubstr("label    way (2 classes")));
  Write("t.csv", "Report of the year\n\np;q;way;\n" + rows + "\nTotal 17\n");
  EXPECT_THAT(RunBad(3, {"train", "t.csv"}), HasSubstr("t.csv:125: found 1 field, expected"));
  EXPECT_THAT(Learn("t.csv", {"--bad-rows", "skip"}), HasSubstr("left out 1 bad row"));
  Write("t.csv", "sep=|\np|q|way\n" + Rows([](int, double a, double b) {
                   return Number(a) + "|" + Number(b) + "|" + (a > b ? "in" : "out");
                 }));
  EXPECT_THAT(Learn("t.csv"), HasSubstr("separator '|'; header"));
}

TEST_F(TablesTest, BadRowsAreSkippedUpToATenth) {
  const auto write = [&](int every) {
    Write("t.csv", "p,q,way\n" + Rows([&](int i, double a, double b) {
                     return Number(a) + (i % every == 1 ? "" : "," + Number(b)) + "," +
                            (a > b ? "in" : "out");
                   }));
  };
  write(20);
  EXPECT_THAT(RunBad(3, {"train", "t.csv"}), HasSubstr("t.csv:3: found 2 fields, expected 3"));
  const std::vector<std::string> skip = {"--bad-rows", "skip"};
  EXPECT_THAT(Learn("t.csv", skip), HasSubstr("left out 6 bad rows, the first: t.csv:3: "));
  const nlohmann::json checked = RunJson(Joined({"check", "t.csv"}, skip));
  EXPECT_EQ(checked["loads"], true);
  EXPECT_EQ(checked["data"]["bad_rows"], 6);
  EXPECT_EQ(checked["data"]["bad"].size(), 6u);
  write(4);
  EXPECT_THAT(RunBad(3, Joined({"train", "t.csv"}, skip)),
              AllOf(HasSubstr("30 of 120 rows are bad"), HasSubstr("--bad-rows skip-any")));
  EXPECT_THAT(Learn("t.csv", {"--bad-rows", "skip-any"}), HasSubstr("left out 30 bad rows"));
}

TEST_F(TablesTest, QuotationMarksMayBeText) {
  Write("t.tsv", "size\tq\tp\tway\n" + Rows([](int i, double a, double b) {
                   return std::string(i % 2 == 0 ? "3\"" : "\"big") + "\t" + Number(b) + "\t" +
                          Number(a) + "\t" + (a > b ? "in" : "out");
                 }));
  EXPECT_EQ(Run({"train", "t.tsv", "-o", "model"}).status, 3);
  EXPECT_THAT(Learn("t.tsv", {"--quote", "none"}), HasSubstr("category size 2; "));
  Write("t.csv", "size,q,p,way\n" + Rows([](int i, double a, double b) {
                   return std::string(i % 2 == 0 ? R"("3\", flat")" : R"("big")") + "," +
                          Number(b) + "," + Number(a) + "," + (a > b ? "in" : "out");
                 }));
  EXPECT_EQ(Run({"train", "t.csv", "-o", "model"}).status, 3);
  EXPECT_THAT(Learn("t.csv", {"--escape", "\\"}), HasSubstr("category size 2; "));
}

// ---- Columns ----

TEST_F(TablesTest, OnlyTheColumnsThatAreAskedFor) {
  Write("t.csv", "p,q,junk,way\n" + Rows([](int i, double a, double b) {
                   return Number(a) + "," + Number(b) + ",j" + std::to_string(i % 7) + "," +
                          (a > b ? "in" : "out");
                 }));
  EXPECT_THAT(Learn("t.csv", {"--columns", "q,p", "--label-column", "way"}),
              AllOf(HasSubstr("numbers  p, q\n"), Not(HasSubstr("category"))));
  EXPECT_THAT(RunBad(2, {"train", "t.csv", "--columns", "q,z"}),
              HasSubstr("t.csv has no column 'z'"));
  EXPECT_EQ(RunJson({"train", "t.csv", "--max-categories", "3"})["data"]["features"], 2 + 3 + 1);
}

TEST_F(TablesTest, ManyCategoriesAreBounded) {
  Write("t.csv", "town,q,p,way\n" + Rows(
                                        [](int i, double a, double b) {
                                          // Each of 90 towns comes four times.
                                          return "town " + std::to_string(i % 90) + "," +
                                                 Number(b) + "," + Number(a) + "," +
                                                 (a > b ? "in" : "out");
                                        },
                                        360));
  EXPECT_EQ(RunJson({"train", "t.csv", "-o", "model"})["data"]["features"], 2 + 64 + 1);
  EXPECT_EQ(
      RunJson({"train", "t.csv", "-o", "model", "--max-categories", "90"})["data"]["features"],
      2 + 90);
  Write("new.csv", "q,p,town\n1,9,nowhere\n9,1,town 3\n");
  const Outcome outcome = Run({"predict", "model", "new.csv"});
  EXPECT_EQ(outcome.out, "prediction\nin\nout\n");
  EXPECT_THAT(outcome.err, HasSubstr("1 row with unknown categories"));
}

TEST_F(TablesTest, GroupsAndTimesAreNoFeatures) {
  Write("t.csv", "patient,day,p,q,way\n" + Rows([](int i, double a, double b) {
                   return "x" + std::to_string(i / 6) + ",2021-01-" + (i % 28 < 9 ? "0" : "") +
                          std::to_string(i % 28 + 1) + "," + Number(a) + "," + Number(b) + "," +
                          (a > b ? "in" : "out");
                 }));
  const nlohmann::json grouped =
      RunJson({"train", "t.csv", "--group-column", "patient", "--validation", "0.2",
               "--ignore-columns", "day", "-o", "model"});
  EXPECT_EQ(grouped["data"]["features"], 2);
  EXPECT_EQ(grouped["data"]["validation_examples"].get<int>() % 6, 0);
  const nlohmann::json later = RunJson({"train", "t.csv", "--split-by-time", "day", "--validation",
                                        "0.2", "--ignore-columns", "patient", "-o", "model"});
  EXPECT_EQ(later["data"]["features"], 2);
  EXPECT_GT(later["data"]["validation_examples"], 0);
  EXPECT_THAT(Run({"check", "t.csv", "--group-column", "patient"}).err,
              HasSubstr("patient (group)"));
}

TEST_F(TablesTest, PredictionsGoWithTheRowsOfATestFile) {
  Write("train.csv", "Id,p,q,SoldFor\n" + Rows([](int i, double a, double b) {
                       return std::to_string(i + 1) + "," + Number(a) + "," + Number(b) + "," +
                              Number(1000 + 100 * a + 10 * b) + ".25";
                     }));
  EXPECT_THAT(Learn("train.csv"), AllOf(HasSubstr("label    SoldFor (numbers to predict)"),
                                        HasSubstr("left out Id (")));
  Write("test.csv", "Id,p,q\n121,5,1\n122,,3\n123,1,1\n");
  const std::vector<std::string> lines =
      Lines(Predict("test.csv", {"--id-columns", "Id", "--prediction-name", "SoldFor"}));
  ASSERT_EQ(lines.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(lines[i], StartsWith(std::to_string(121 + i) + ","));
  }
  EXPECT_NEAR(std::stod(lines[0].substr(4)), 1510.25, 60);
}

TEST_F(TablesTest, AReplacedModelKeepsItsMode) {
  Write("t.csv", "p,q,way\n" + Rows([](int, double a, double b) {
                   return Number(a) + "," + Number(b) + "," + (a > b ? "in" : "out");
                 }));
  RunOk({"train", "t.csv", "-o", "model", "--epochs", "1"});
  namespace fs = std::filesystem;
  fs::permissions(File("model"), fs::perms::owner_read | fs::perms::owner_write);
  RunOk({"train", "t.csv", "-o", "model", "--epochs", "1"});
  EXPECT_EQ(fs::status(File("model")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(TablesTest, WeightsOfClassesInAnyTable) {
  Write("t.csv", "p,q,code\n" + Rows([](int, double a, double b) {
                   return Number(a) + "," + Number(b) + "," + (a > b ? "007" : "+1");
                 }));
  const std::vector<std::string> train = {"train",          "t.csv", "--label-column", "code",
                                          "--class-weight", "w.csv", "--epochs",       "2"};
  for (const char* const weights : {"class,weight\n+1,2\n007,0.5\n",
                                    "\xef\xbb\xbf\"code\";\"weight\"\r\n\"007\";\"0,5\"\r\n"
                                    "\"+1\";\"2\"\r\n",
                                    "007 0.5\n+1 2\n", "weight\tclass\n0.5\t007\n2\t+1\n"}) {
    Write("w.csv", weights);
    EXPECT_EQ(RunJson(train)["training"]["class_weight"], nlohmann::json({2.0, 0.5})) << weights;
  }
}

}  // namespace
}  // namespace colonnade::test
