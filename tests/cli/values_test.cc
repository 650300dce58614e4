// SPDX-License-Identifier: Apache-2.0
// What the fields of tables hold, from the file to the predictions: numbers as people write them,
// dates, missing values; and files that are not plain text.
#include <cmath>
#include <cstdint>
#include <cstdlib>
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

class ValuesTest : public CliTest {
 protected:
  static constexpr int kRows = 120;

  // A line for each row: what `cell` makes of its number, x, and a label that says whether x is in
  // the upper half.
  void WriteTable(const std::string& file, const std::string& header,
                  const std::function<std::string(int x, bool upper)>& cell) const {
    std::string text = header + "\n";
    for (int i = 0; i < kRows; ++i) {
      const int x = i * 47 % kRows;
      text += cell(x, 2 * x >= kRows) + "\n";
    }
    Write(file, text);
  }

  nlohmann::json Train(const std::string& file, std::vector<std::string> flags = {}) const {
    flags.insert(flags.begin(), {"train", file, "-o", "model", "--ensemble", "1"});
    return RunJson(flags);
  }

  // What a training on it says; it must learn.
  std::string Learn(const std::string& file, const std::vector<std::string>& flags = {}) const {
    const nlohmann::json j = Train(file, flags);
    const nlohmann::json& train = j["train"];
    EXPECT_GT(train.contains("r2") ? train["r2"].get<double>() : train["accuracy"].get<double>(),
              0.95)
        << file;
    std::vector<std::string> check = {"check", file};
    for (const std::string& flag : flags) check.push_back(flag);
    return Run(check).err;
  }
};

// ---- Large numbers ----

TEST_F(ValuesTest, NumbersFarFromZeroKeepTheirDifferences) {
  const auto far = [&](const std::string& file, int64_t from, int64_t step) {
    WriteTable(file, "t,half", [&](int x, bool upper) {
      return std::to_string(from + step * x) + (upper ? ",late" : ",early");
    });
    return Train(file, {"--test", file})["test"]["accuracy"].get<double>();
  };
  EXPECT_GT(far("days.csv", 20210301, 1), 0.97);
  EXPECT_GT(far("milliseconds.csv", 1'650'000'000'000, 9), 0.97);
  EXPECT_GT(far("utm.csv", 5'412'345'000, 3), 0.97);
  // The same of a cache, and of a row by itself.
  RunOk({"convert", "days.csv", "days.colonnade"});
  EXPECT_GT(Train("days.colonnade", {"--test", "days.csv"})["test"]["accuracy"], 0.97);
  Write("one.csv", "t\n20210302\n20210418\n");
  EXPECT_EQ(RunOk({"predict", "model", "one.csv"}), "prediction\nearly\nlate\n");
  RunOk({"convert", "days.csv", "days_again.csv"});
  EXPECT_THAT(ReadFile(File("days_again.csv")), HasSubstr("20210301"));
}

TEST_F(ValuesTest, NumbersToPredictAreMeasuredAsTheyAre) {
  WriteTable("t.csv", "x,when", [](int x, bool) {
    return std::to_string(x) + "," + std::to_string(1'700'000'000 + 2 * x) + ".25";
  });
  const nlohmann::json j = Train("t.csv", {"--test", "t.csv"});
  EXPECT_GT(j["test"]["r2"], 0.99);
  EXPECT_LT(j["test"]["rmse"], 5);
  EXPECT_GT(j["test"]["rmse"], 0);
  // A constant guess is no perfect one.
  const nlohmann::json bad = Train("t.csv", {"--test", "t.csv", "--epochs", "1", "--lr", "1e-9"});
  EXPECT_LT(bad["test"]["r2"], 0.5);
  EXPECT_GT(bad["test"]["rmse"], 20);
}

// ---- Numbers as people write them ----

TEST_F(ValuesTest, CommasUnitsAndThousands) {
  const auto learn = [&](const std::function<std::string(int)>& field, const std::string& header,
                         const std::vector<std::string>& flags = {}) {
    WriteTable("t.csv", header, [&](int x, bool upper) {
      return field(x) + ";" + std::to_string(x % 7) + (upper ? ";dear" : ";cheap");
    });
    return Learn("t.csv", flags);
  };
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  EXPECT_THAT(learn([&](int x) { return std::to_string(x) + "," + two(x % 100); }, "cost;q;level"),
              HasSubstr("cost (decimal comma)"));
  EXPECT_THAT(learn([&](int x) { return "1." + std::to_string(100 + x) + "," + two(x % 100); },
                    "cost;q;level"),
              HasSubstr("cost (decimal comma, '.' between thousands)"));
  EXPECT_THAT(learn([&](int x) { return "2," + std::to_string(100 + x) + "." + two(x % 100); },
                    "cost;q;level"),
              HasSubstr("cost (',' between thousands)"));
  EXPECT_THAT(learn([](int x) { return "$" + std::to_string(x) + ".50"; }, "cost;q;level"),
              HasSubstr("cost ('$' stripped)"));
  EXPECT_THAT(learn([](int x) { return std::to_string(x) + "%"; }, "cost;q;level"),
              HasSubstr("cost ('%' stripped)"));
  EXPECT_THAT(learn([](int x) { return std::to_string(x) + " kg"; }, "cost;q;level"),
              HasSubstr("cost ('kg' stripped)"));
  EXPECT_THAT(learn([](int x) { return "\"  " + std::to_string(x) + ".5\""; }, "cost;q;level"),
              HasSubstr("numbers  cost, q\n"));
  EXPECT_THAT(learn([](int x) { return std::to_string(x) + ",125"; }, "cost;q;level",
                    {"--decimal", "comma"}),
              HasSubstr("cost (decimal comma)"));
  // New rows are read as those of the training.
  Write("new.csv", "cost;q\n3,5;1\n117,25;2\n");
  EXPECT_EQ(RunOk({"predict", "model", "new.csv"}), "prediction\ncheap\ndear\n");
}

TEST_F(ValuesTest, AmountsToPredict) {
  for (const char* const unit : {"$", "€"}) {
    WriteTable("t.csv", "area,price", [&](int x, bool) {
      return std::to_string(20 + x) + ",\"" + unit + std::to_string(1 + x / 10) + "," +
             std::to_string(100 + x % 10 * 90) + "\"";
    });
    EXPECT_THAT(Learn("t.csv"), AllOf(HasSubstr("label    price (numbers to predict; '"),
                                      HasSubstr("stripped, ',' between thousands)")));
  }
  WriteTable("t.csv", "area,price,sold", [&](int x, bool upper) {
    return std::to_string(20 + x) + "," + std::to_string(1 + x) + (x % 2 == 0 ? "k" : "M") +
           (upper ? ",yes" : ",no");
  });
  EXPECT_THAT(RunBad(3, {"train", "t.csv"}), HasSubstr("multipliers"));
}

TEST_F(ValuesTest, YesAndNoAreNumbersAsFeaturesAndTextAsLabels) {
  WriteTable("t.csv", "member,x,again", [](int x, bool upper) {
    return std::string(upper ? "TRUE," : "false,") + std::to_string(x % 5) +
           (upper ? ",yes" : ",no");
  });
  EXPECT_THAT(Learn("t.csv"), AllOf(HasSubstr("member (yes or no)"),
                                    HasSubstr("again (2 classes: no 60, yes 60)")));
  Write("new.csv", "member,x\nTrue,1\nFALSE,1\n");
  EXPECT_EQ(RunOk({"predict", "model", "new.csv"}), "prediction\nyes\nno\n");
}

TEST_F(ValuesTest, Dates) {
  const auto date = [](int x, const char* order) {
    const std::string day = std::to_string(101 + x % 28).substr(1);
    const std::string month = std::to_string(101 + x / 28).substr(1);
    return order == std::string("iso") ? "2022-" + month + "-" + day : month + "/" + day + "/2022";
  };
  WriteTable("t.csv", "on,x,season", [&](int x, bool upper) {
    return date(x, "iso") + "," + std::to_string(x % 3) + (upper ? ",late" : ",early");
  });
  EXPECT_THAT(Learn("t.csv"), HasSubstr("dates    on → 3 features"));
  EXPECT_EQ(Train("t.csv", {"--dates", "number"})["data"]["features"], 2);
  EXPECT_EQ(Train("t.csv", {"--dates", "ignore"})["data"]["features"], 1);
  Train("t.csv");
  Write("new.csv", "on,x\n2022-01-02,1\n2022-05-01,1\n");
  EXPECT_EQ(RunOk({"predict", "model", "new.csv"}), "prediction\nearly\nlate\n");
  // Days above 12 tell.
  WriteTable("us.csv", "on,x,season", [&](int x, bool upper) {
    return date(x, "us") + "," + std::to_string(x % 3) + (upper ? ",late" : ",early");
  });
  EXPECT_THAT(Learn("us.csv"), HasSubstr("dates    on"));
  WriteTable("doubt.csv", "on,x,season", [](int x, bool upper) {
    return "0" + std::to_string(1 + x / 20) + "/0" + std::to_string(1 + x % 9) + "/2022," +
           std::to_string(x % 3) + (upper ? ",late" : ",early");
  });
  EXPECT_THAT(RunBad(3, {"train", "doubt.csv"}),
              AllOf(HasSubstr("('on')"), HasSubstr("--date-format")));
  EXPECT_THAT(Learn("doubt.csv", {"--date-format", "mdy"}), HasSubstr("dates    on"));
}

// ---- Missing values ----

TEST_F(ValuesTest, WordsForMissingValues) {
  for (const char* const word : {"", "?", "NA", "n/a", "#N/A", "<NA>", "nan", "-NaN", "1.#QNAN",
                                 "NULL", "None", "NaT", ".", "-", "\"  \""}) {
    WriteTable("t.csv", "a,b,half", [&](int x, bool upper) {
      return (x % 10 == 3 ? word : std::to_string(x)) + "," + std::to_string(x) +
             (upper ? ",hi" : ",lo");
    });
    EXPECT_THAT(Learn("t.csv"), HasSubstr("numbers  a (12 missing, mean), b\n")) << word;
  }
  WriteTable("t.csv", "a,b,half", [&](int x, bool upper) {
    return (x % 10 == 3 ? "unknown" : std::to_string(x)) + "," + std::to_string(x) +
           (upper ? ",hi" : ",lo");
  });
  EXPECT_THAT(RunBad(3, {"train", "t.csv"}),
              AllOf(HasSubstr("('a'): found 'unknown'"), HasSubstr("--na-values")));
  const std::vector<std::string> words = {"--na-values", "unknown,lost"};
  EXPECT_THAT(Learn("t.csv", words), HasSubstr("a (12 missing, mean)"));
  const auto with = [&](std::vector<std::string> flags) {
    flags.insert(flags.end(), words.begin(), words.end());
    return flags;
  };
  EXPECT_THAT(Learn("t.csv", with({"--missing", "drop"})),
              HasSubstr("108 rows; separator ','; header\n         left out 12 rows"));
  EXPECT_THAT(Learn("t.csv", with({"--missing", "median"})), HasSubstr("(12 missing, median)"));
  EXPECT_EQ(Train("t.csv", words)["data"]["features"], 3) << "one that says where a is missing";
  EXPECT_EQ(Train("t.csv", with({"--missing-indicator"}))["data"]["features"], 3);
  EXPECT_EQ(Train("t.csv", with({"--missing-indicator=off"}))["data"]["features"], 2);
  EXPECT_THAT(RunBad(3, with({"train", "t.csv", "--missing", "refuse"})), HasSubstr("('a')"));
  EXPECT_THAT(RunBad(3, with({"train", "t.csv", "--strict"})), HasSubstr("('a')"));
  // Words of the training hold for what is predicted, too, and rows stay in line.
  Train("t.csv", words);
  Write("new.csv", "a,b\n1,2\nlost,118\n,119\n");
  EXPECT_EQ(RunOk({"predict", "model", "new.csv"}), "prediction\nlo\nhi\nhi\n");
  WriteTable("t.csv", "a,b,none,half", [](int x, bool upper) {
    return std::to_string(x) + ",1.5,NA," + (upper ? "hi" : "lo");
  });
  EXPECT_THAT(Learn("t.csv"), HasSubstr("left out none ("));
}

// ---- Files ----

TEST_F(ValuesTest, EncodingsAndPackedFiles) {
  WriteTable("t.csv", "größe;b;half", [](int x, bool upper) {
    return std::to_string(x) + ";" + std::to_string(x % 4) + (upper ? ";groß" : ";klein");
  });
  const std::string plain = Train("t.csv")["parameters_hash"];
  const auto shell = [&](const std::string& command) {
    return std::system(("cd '" + dir_.path().string() + "' && " + command).c_str()) == 0;
  };
  int tried = 0;
  for (const auto& [make, file, flags] :
       std::vector<std::tuple<std::string, std::string, std::vector<std::string>>>{
           {"iconv -f utf-8 -t utf-16 t.csv > u16.csv", "u16.csv", {}},
           {"iconv -f utf-8 -t latin1 t.csv > l1.csv", "l1.csv", {"--encoding", "latin1"}},
           {"gzip -k t.csv", "t.csv.gz", {}},
           {"xz -k t.csv", "t.csv.xz", {}},
           {"bzip2 -k t.csv", "t.csv.bz2", {}},
           {"zstd -q -k t.csv", "t.csv.zst", {}},
           {"python3 -c \"import zipfile; z = zipfile.ZipFile('t.zip', 'w', 8); "
            "z.write('t.csv'); z.writestr('read.me', 'x')\"",
            "t.zip:t.csv",
            {}}}) {
    if (!shell(make + " 2>/dev/null")) continue;  // where there is no such program
    ++tried;
    EXPECT_EQ(Train(file, flags)["parameters_hash"], plain) << file;
    std::vector<std::string> predict = {"predict", "model", file};
    for (const std::string& flag : flags) predict.push_back(flag);
    EXPECT_EQ(RunOk(predict), RunOk({"predict", "model", "t.csv"})) << file;
  }
  EXPECT_GT(tried, 0);
  if (std::filesystem::exists(File("l1.csv"))) {
    EXPECT_THAT(RunBad(3, {"train", "l1.csv"}), AllOf(HasSubstr("\\xF6"), HasSubstr("--encoding")));
  }
  if (std::filesystem::exists(File("u16.csv"))) {
    const Outcome piped =
        Run({"train", "-", "--ensemble", "1", "-o", "model", "--json"}, File("u16.csv").string());
    EXPECT_EQ(nlohmann::json::parse(piped.out, nullptr, false)["parameters_hash"], plain);
  }
}

TEST_F(ValuesTest, FoldersAndPatternsAreOneTable) {
  std::filesystem::create_directory(File("year"));
  std::string all = "a,b,half\n";
  std::string parts[2] = {"a,b,half\n", "half,a,b\n"};
  for (int i = 0; i < 60; ++i) {
    const std::string a = std::to_string(i % 2 == 0 ? i : 60 - i);
    const std::string b = std::to_string(i % 5);
    const std::string half = std::stoi(a) >= 30 ? "hi" : "lo";
    all += a + "," + b + "," + half + "\n";
    parts[i / 30] += i < 30 ? a + "," + b + "," + half + "\n" : half + "," + a + "," + b + "\n";
  }
  Write("all.csv", all);
  Write("year/01.csv", parts[0]);
  Write("year/02.csv", parts[1]);
  const nlohmann::json j = Train("year");
  EXPECT_EQ(j["parameters_hash"], Train("all.csv")["parameters_hash"]);
  EXPECT_EQ(j["data"]["files"], 2);
  EXPECT_EQ(Train("year/*.csv")["parameters_hash"], j["parameters_hash"]);
  EXPECT_THAT(Run({"check", "year"}).err, HasSubstr("data     year: 60 rows of 2 files"));
  EXPECT_EQ(RunOk({"predict", "model", "year"}), RunOk({"predict", "model", "all.csv"}));
  Write("year/02.csv", parts[1] + "lo,1\n");
  EXPECT_THAT(RunBad(3, {"train", "year"}), HasSubstr("02.csv:32: found 2 fields, expected 3"));
  const Outcome checked = Run({"check", "year"});
  EXPECT_EQ(checked.status, 3);
  EXPECT_THAT(checked.out, HasSubstr("02.csv:32: found 2 fields, expected 3"));
  Write("year/02.csv", "a,c,half\n1,2,lo\n");
  EXPECT_THAT(RunBad(3, {"train", "year"}), HasSubstr("02.csv"));
}

TEST_F(ValuesTest, OtherFormats) {
  std::string arff =
      "% made for this\n@relation r\n@attribute a numeric\n@attribute kind {x,y}\n"
      "@attribute class {hi,lo}\n@data\n";
  std::string libsvm;
  std::string npy(64, '\0');
  std::string values;
  for (int i = 0; i < kRows; ++i) {
    const int x = i * 47 % kRows;
    const bool upper = 2 * x >= kRows;
    arff += std::to_string(x) + (i % 2 == 0 ? ",x," : ",y,") + (upper ? "hi" : "lo") + "\n";
    libsvm += std::string(upper ? "+1" : "-1") + " 1:" + std::to_string(x) + " 3:0.5\n";
    for (const float value : {static_cast<float>(x), 0.5F, upper ? 1.0F : 0.0F}) {
      values.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (120, 3), }";
  header.resize(117, ' ');
  header += '\n';
  npy = std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
  Write("t.arff", arff);
  Write("t.libsvm", libsvm);
  Write("t.npy", npy + values);
  const std::vector<std::pair<std::string, std::string>> files = {
      {"t.arff", "an ARFF file"}, {"t.libsvm", "a LIBSVM file"}, {"t.npy", "an NPY array"}};
  for (const auto& [file, format] : files) {
    const nlohmann::json checked = RunJson({"check", file});
    EXPECT_EQ(checked["format"], format);
    EXPECT_EQ(checked["rows"], kRows) << file;
    EXPECT_EQ(checked["classes"].size(), 2u) << file;
    EXPECT_THAT(RunOk({"check", file}), HasSubstr("format    " + format + "\n"));
    EXPECT_GT(Train(file)["train"]["accuracy"], 0.95) << file;
    EXPECT_GT(RunJson({"evaluate", "model", file})["accuracy"], 0.95) << file;
    const std::string predictions = RunOk({"predict", "model", file});
    EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), kRows + 1) << file;
    if (file == "t.npy") continue;  // without names, columns are meant by their place
    RunOk({"convert", file, "again.csv"});
    EXPECT_GT(RunJson({"evaluate", "model", "again.csv"})["accuracy"], 0.95) << file;
  }
  Write("bad.arff", arff + "1,z,hi\n");
  const Outcome bad = Run({"check", "bad.arff"});
  EXPECT_EQ(bad.status, 3);
  EXPECT_THAT(bad.err, HasSubstr("bad.arff:127: "));
  Write("t.json", "{\"a\": [1, 2]}\n");
  for (const char* const command : {"check", "train"}) {
    const Outcome foreign = Run({command, "t.json"});
    EXPECT_EQ(foreign.status, 3) << command;
    EXPECT_THAT(foreign.err, HasSubstr("JSON")) << command;
  }
  EXPECT_THAT(Run({"check", "model"}).err, HasSubstr("model: found a model, expected"));
}

}  // namespace
}  // namespace colonnade::test
