// SPDX-License-Identifier: Apache-2.0
#include "colonnade/network.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "colonnade/error.h"

namespace colonnade {
namespace {

std::string Problem(size_t inputs, const std::vector<size_t>& hidden, size_t outputs) {
  try {
    NetworkShape::Mlp(inputs, hidden, outputs);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

TEST(NetworkTest, PutsTheActivationAfterEveryLayerButTheLast) {
  const std::vector<size_t> hidden = {128, 64};
  const NetworkShape shape = NetworkShape::Mlp(784, hidden, 10);
  const std::vector<Layer> expected = {
      {.inputs = 784, .outputs = 128, .activation = Activation::kRelu},
      {.inputs = 128, .outputs = 64, .activation = Activation::kRelu},
      {.inputs = 64, .outputs = 10, .activation = Activation::kIdentity}};
  EXPECT_EQ(shape.layers, expected);
  EXPECT_EQ(shape.inputs(), 784u);
  EXPECT_EQ(shape.outputs(), 10u);
  EXPECT_EQ(shape.parameters(), 785u * 128 + 129 * 64 + 65 * 10);
  EXPECT_EQ(shape.Widths(), "784-128-64-10");
}

TEST(NetworkTest, MayHaveNoHiddenLayer) {
  const NetworkShape shape = NetworkShape::Mlp(3, {}, 2);
  EXPECT_EQ(shape.layers, (std::vector<Layer>{{3, 2, Activation::kIdentity}}));
  EXPECT_EQ(shape.parameters(), 8u);
  EXPECT_EQ(shape.Widths(), "3-2");
}

TEST(NetworkTest, ChecksWidths) {
  constexpr size_t kMax = 1048576;
  EXPECT_EQ(Problem(kMax, {kMax, 1}, kMax), "accepted");
  EXPECT_EQ(Problem(0, {5}, 2), "inputs: found 0, expected 1 to 1048576");
  EXPECT_EQ(Problem(3, {5, 0}, 2), "hidden[1]: found 0, expected 1 to 1048576");
  EXPECT_EQ(Problem(3, {kMax + 1}, 2), "hidden[0]: found 1048577, expected 1 to 1048576");
  EXPECT_EQ(Problem(3, {5}, SIZE_MAX),
            "outputs: found 18446744073709551615, expected 1 to 1048576");
}

}  // namespace
}  // namespace colonnade
