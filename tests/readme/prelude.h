// SPDX-License-Identifier: Apache-2.0
// What the C++ in README.md takes for granted: names that its reader has.
#ifndef COLONNADE_TESTS_README_PRELUDE_H_
#define COLONNADE_TESTS_README_PRELUDE_H_

#include <colonnade/colonnade.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

extern const colonnade::Dataset first_piece;
extern const colonnade::TrainOptions options;
extern const std::vector<float> pixels;
std::optional<colonnade::Dataset> NextPiece();

#endif  // COLONNADE_TESTS_README_PRELUDE_H_
