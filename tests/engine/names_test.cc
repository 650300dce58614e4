// SPDX-License-Identifier: Apache-2.0
// The names of enumerators: none without one, no two the same, and all as files have them.
#include "colonnade/names.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "colonnade/check.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "colonnade/train.h"
#include "tests/support/enumerators.h"

namespace colonnade {
namespace {

template <class E>
class NamesTest : public ::testing::Test {};

using AllNamed =
    ::testing::Types<Activation, OutputKind, Scale, Precision, Initialization, Optimizer, Loss,
                     TargetScale, Schedule, StopReason, Missing, Header, Task, ElementType,
                     ErrorCode, ColumnRole, ColumnType, TargetTransform>;

class TypeNames {
 public:
  template <class E>
  static std::string GetName(int i) {
    return fmt::format("{}_{}", i, Name(E()));
  }
};

TYPED_TEST_SUITE(NamesTest, AllNamed, TypeNames);

TYPED_TEST(NamesTest, EachEnumeratorHasOneRow) {
  std::vector<TypeParam> rows;
  for (const auto& row : NamesOf(TypeParam())) rows.push_back(row.value);
  // In the order of the enum, too: format 1 of checkpoints has the places.
  EXPECT_EQ(rows, test::Enumerators<TypeParam>());
}

TYPED_TEST(NamesTest, ReadBackAsTheSame) {
  std::set<std::string> names;
  for (const auto& row : NamesOf(TypeParam())) {
    const std::string name = Name(row.value);
    EXPECT_EQ(Parse<TypeParam>(name), row.value) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
    // What flags, lists and TOML can have without quotes.
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos)
        << name;
  }
  EXPECT_EQ(Parse<TypeParam>("no such name"), std::nullopt);
  EXPECT_EQ(Parse<TypeParam>(""), std::nullopt);
}

template <Named E>
std::string AllNames() {
  std::string text;
  for (const auto& row : NamesOf(E())) text += (text.empty() ? "" : " ") + std::string(row.name);
  return text;
}

// Do not change these: models, caches, checkpoints, reports and configuration files have them.
TEST(NamesOfFilesTest, AreAsTheyWere) {
  EXPECT_EQ(AllNames<Activation>(),
            "identity relu leaky-relu elu gelu silu tanh sigmoid selu mish");
  EXPECT_EQ(AllNames<OutputKind>(), "softmax sigmoid linear");
  EXPECT_EQ(AllNames<Scale>(), "auto none unit minmax standard robust quantile");
  EXPECT_EQ(AllNames<Precision>(), "f32 bf16");
  EXPECT_EQ(AllNames<Initialization>(), "he uniform");
  EXPECT_EQ(AllNames<Optimizer>(),
            "sgd momentum nesterov adam adamw rmsprop lion schedule-free muon");
  EXPECT_EQ(AllNames<Loss>(), "auto cross-entropy bce squared huber poisson quantile");
  EXPECT_EQ(AllNames<TargetScale>(), "auto standard none log quantile");
  EXPECT_EQ(AllNames<Schedule>(), "constant step exponential cosine onecycle coslog flat-cosine");
  EXPECT_EQ(AllNames<StopReason>(), "epochs signal early-stopping target-accuracy max-seconds");
  EXPECT_EQ(AllNames<Missing>(), "refuse mean median zero drop");
  EXPECT_EQ(AllNames<Header>(), "auto yes no");
  EXPECT_EQ(AllNames<Task>(), "auto classify regress");
  EXPECT_EQ(AllNames<ElementType>(), "u8 f32");
  EXPECT_EQ(AllNames<ErrorCode>(), "usage io data model diverged");
  EXPECT_EQ(AllNames<ColumnRole>(), "label feature categorical ignored weight group time");
  EXPECT_EQ(AllNames<ColumnType>(), "nothing byte integer number text");
}

// Likewise: the tensors of checkpoints are called so.
TEST(NamesOfFilesTest, MomentsAreAsTheyWere) {
  std::string text;
  for (const OptimizerRow& row : kOptimizers) {
    text += std::string(row.name) + ":";
    for (const char* moment : row.moments) {
      if (moment != nullptr) text += std::string(" ") + moment;
    }
    text += "\n";
  }
  EXPECT_EQ(text,
            "sgd:\n"
            "momentum: momentum_buffer\n"
            "nesterov: momentum_buffer\n"
            "adam: exp_avg exp_avg_sq\n"
            "adamw: exp_avg exp_avg_sq\n"
            "rmsprop: square_avg\n"
            "lion: exp_avg\n"
            "schedule-free: z exp_avg_sq\n"
            "muon: exp_avg exp_avg_sq\n");
}

TEST(NamesAsWordsTest, Alternatives) {
  EXPECT_EQ(Alternatives<Missing>(), "refuse, mean, median, zero or drop");
  EXPECT_EQ(Alternatives<ElementType>(), "u8 or f32");
  EXPECT_EQ(Alternatives<Loss>([](const LossRow& row) { return row.for_numbers; }),
            "squared, huber, poisson or quantile");
  EXPECT_EQ(Alternatives<Loss>([](const LossRow&) { return false; }), "");
}

}  // namespace
}  // namespace colonnade
