// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/missing.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "colonnade/dataset.h"
#include "engine/data/csv/number.h"

namespace colonnade {
namespace {

constexpr std::array<std::string_view, 21> kWords = {
    "?",        "NA",   "N/A",    "n/a",     "NaN",     "nan",      "-NaN",
    "-nan",     "NULL", "null",   "None",    "NaT",     "<NA>",     "#N/A",
    "#N/A N/A", "#NA",  "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "#NULL!"};

// The words that are what they are in small letters, capitals, or both.
constexpr std::array<std::string_view, 4> kAnyCase = {"na", "n/a", "nan", "null"};

bool IsWord(std::string_view text) {
  if (text.size() > 9) return false;
  switch (text[0]) {
    case '?':
    case 'N':
    case 'n':
    case '-':
    case '<':
    case '#':
      break;
    case '1':  // many a number
      if (text.size() < 3 || text[2] != '#') return false;
      break;
    default:
      return false;
  }
  if (std::ranges::find(kWords, text) != kWords.end()) return true;
  return std::ranges::any_of(kAnyCase, [&](std::string_view word) {
    return std::ranges::equal(text, word, [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  });
}

}  // namespace

std::span<const std::string_view> MissingWords() { return kWords; }

MissingTest::MissingTest(std::vector<std::string> extra, bool keep)
    : extra_(std::move(extra)), keep_(keep) {
  for (const std::string& word : extra_) {
    double number = 0;
    if (ParseNumber(word, &number) == NumberError::kNone) numbers_.push_back(number);
  }
}

bool MissingTest::IsExtra(std::string_view text) const {
  return !extra_.empty() && std::ranges::find(extra_, text) != extra_.end();
}

bool MissingTest::InNumbers(std::string_view text) const {
  if (text.empty()) return true;
  if (!numbers_.empty()) {
    double number = 0;
    const bool is_number = ParseNumber(text, &number) == NumberError::kNone;
    if (is_number && std::ranges::find(numbers_, number) != numbers_.end()) return true;
  }
  // Nearly all fields are numbers.
  if (text[0] >= '0' && text[0] <= '9' && text.size() < 5) return IsExtra(text);
  return IsExtra(text) || (!keep_ && (text == "." || text == "-" || IsWord(text)));
}

bool MissingTest::InText(std::string_view text, bool quoted) const {
  return text.empty() || IsExtra(text) || (!keep_ && !quoted && IsWord(text));
}

}  // namespace colonnade
