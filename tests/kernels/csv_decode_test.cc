// SPDX-License-Identifier: Apache-2.0
// The kernel that decodes rows of bytes, against a decoder of a few lines.
#include "kernels/csv_decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "kernels/matrix.h"
#include "tests/support/guarded.h"
#include "tests/support/random.h"
#include "tests/support/targets.h"

namespace colonnade::test {
namespace {

using kernels::ByteRows;

struct Decoded {
  std::vector<uint8_t> values;  // the columns, one after the other, with their padding
  std::vector<uint8_t> labels;

  bool operator==(const Decoded&) const = default;
};

// By the letter of the header.
std::optional<Decoded> DecodeSimply(const std::string& text, const ByteRows& rows, size_t count,
                                    size_t stride) {
  Decoded decoded = {std::vector<uint8_t>(count * stride), {}};
  const std::string line_end = rows.crlf ? "\r\n" : "\n";
  size_t at = 0;
  for (size_t row = 0; row < count; ++row) {
    size_t feature = 0;
    for (size_t column = 0; column < rows.columns; ++column) {
      size_t value = 0;
      size_t digits = 0;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && digits < 4; ++at, ++digits) {
        value = 10 * value + static_cast<size_t>(text[at] - '0');
      }
      const std::string end = column + 1 < rows.columns ? std::string(1, rows.separator) : line_end;
      if (digits < 1 || digits > 3 || value > 255 || text.compare(at, end.size(), end) != 0) {
        return {};
      }
      at += end.size();
      if (column == rows.label) {
        decoded.labels.push_back(static_cast<uint8_t>(value));
      } else {
        decoded.values[row * stride + feature++] = static_cast<uint8_t>(value);
      }
    }
  }
  return at == text.size() ? std::optional(decoded) : std::nullopt;
}

// Text, outputs and scratch memory that end, or begin, at inaccessible memory.
class Guarded {
 public:
  std::optional<Decoded> Decode(const std::string& text, const ByteRows& rows, size_t count,
                                size_t stride, bool last) const {
    const auto place = [&](const GuardedMemory& memory, size_t size) {
      return last ? memory.Last(size) : memory.First(size);
    };
    char* const from = place(text_, text.size());
    std::copy(text.begin(), text.end(), from);
    const auto output = [&](const GuardedMemory& memory, size_t size) {
      char* const memory_place = place(memory, size);
      std::memset(memory_place, 0xa5, size);
      return reinterpret_cast<uint8_t*>(memory_place);
    };
    const bool labelled = rows.label < rows.columns;
    uint8_t* const to = output(columns_, count * stride);
    uint8_t* const labels = labelled ? output(labels_, count) : nullptr;
    uint8_t* const scratch = output(scratch_, kernels::ByteRowScratch(rows.columns));
    if (!kernels::DecodeByteRows(from, text.size(), rows, count, to, stride, labels, scratch)) {
      return {};
    }
    EXPECT_EQ(std::memcmp(from, text.data(), text.size()), 0) << "the text changed";
    Decoded decoded = {{to, to + count * stride}, {}};
    if (labelled) decoded.labels.assign(labels, labels + count);
    return decoded;
  }

 private:
  GuardedMemory text_{1 << 16};
  GuardedMemory columns_{1 << 18};
  GuardedMemory labels_{1 << 14};
  GuardedMemory scratch_{1 << 14};
};

std::string Describe(const std::string& text, const ByteRows& rows, size_t count) {
  return testing::PrintToString(text) + ", " + std::to_string(rows.columns) + " columns, label " +
         std::to_string(rows.label) + ", separator " + testing::PrintToString(rows.separator) +
         (rows.crlf ? ", CRLF, " : ", LF, ") + std::to_string(count) + " rows";
}

size_t Stride(const ByteRows& rows) {
  return kernels::RoundUp(std::max<size_t>(rows.features(), 1), kernels::kAlignment);
}

ByteRows RandomRows(Random& random) {
  constexpr std::string_view kSeparators = ",,,;\t |\xff";
  ByteRows rows;
  rows.columns = 1 + random.Below(random.Below(8) == 0 ? 200 : 24);
  rows.label = random.Below(3) == 0 ? 0 : random.Below(rows.columns + 1);
  rows.separator = kSeparators[random.Below(kSeparators.size())];
  rows.crlf = random.Below(4) == 0;
  return rows;
}

std::string RandomText(Random& random, const ByteRows& rows, size_t count) {
  const bool sparse = random.Below(2) == 0;
  std::string text;
  for (size_t row = 0; row < count; ++row) {
    for (size_t column = 0; column < rows.columns; ++column) {
      if (column > 0) text += rows.separator;
      const size_t value = sparse && random.Below(5) > 0 ? 0 : random.Below(256) >> random.Below(8);
      text += std::to_string(value);
      if (random.Below(300) == 0) text.insert(text.size() - std::to_string(value).size(), "0");
    }
    text += rows.crlf ? "\r\n" : "\n";
  }
  return text;
}

void Mutate(std::string& text, const ByteRows& rows, Random& random) {
  if (text.empty()) return;
  const std::string bytes = std::string("0123456789012345678922\n\r,;\t -.:/\x80\xb1") +
                            rows.separator + rows.separator + std::string(1, '\0');
  const size_t at = random.Below(text.size());
  const char byte = bytes[random.Below(bytes.size())];
  switch (random.Below(7)) {
    case 0:
    case 1:
      text[at] = byte;
      break;
    case 2:
      text.insert(at, 1, byte);
      break;
    case 3:
      text.erase(at, 1 + random.Below(2));
      break;
    case 4:
      text.resize(at + 1);
      break;
    case 5:
      std::swap(text[at], text[random.Below(text.size())]);
      break;
    default:
      text.insert(at, text.substr(random.Below(text.size()), random.Below(12)));
  }
}

// Mutations for each target; more by the environment, see tests/README.md.
size_t Mutations() {
  const char* const wanted = std::getenv("COLONNADE_MUTATIONS");
  return wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 3000;
}

TEST(CsvDecode, AgreesWithTheSimpleDecoderOnMutatedTexts) {
  const Guarded guarded;
  const size_t mutations = Mutations();
  ForEachTarget([&] {
    size_t accepted = 0;
    for (uint64_t seed = 0; seed < mutations; ++seed) {
      Random random(seed);
      const ByteRows rows = RandomRows(random);
      std::string text = RandomText(random, rows, random.Below(9));
      for (size_t i = random.Below(3); i > 0; --i) Mutate(text, rows, random);
      size_t count = kernels::CountNewlines(text.data(), text.size());
      ASSERT_EQ(count, static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
      if (random.Below(16) == 0) count = random.Below(count + 2);
      const size_t stride = Stride(rows) + (random.Below(4) == 0 ? kernels::kAlignment : 0);
      const auto expected = DecodeSimply(text, rows, count, stride);
      const auto found = guarded.Decode(text, rows, count, stride, random.Below(2) == 0);
      ASSERT_EQ(found.has_value(), expected.has_value())
          << "seed " << seed << ": " << Describe(text, rows, count);
      if (!expected) continue;
      ASSERT_TRUE(*found == *expected) << "seed " << seed << ": " << Describe(text, rows, count);
      ++accepted;
    }
    EXPECT_GT(accepted, mutations / 5);
    EXPECT_LT(accepted, mutations - mutations / 5);
  });
}

TEST(CsvDecode, ReadsNothingOutsideTextsOfUpTo4096Bytes) {
  const Guarded guarded;
  Random random(1);
  for (const bool crlf : {false, true}) {
    const ByteRows rows = {.columns = 7, .label = 3, .separator = ',', .crlf = crlf};
    const std::string text = RandomText(random, rows, 300);
    ASSERT_GE(text.size(), 4096u);
    const size_t stride = Stride(rows);
    for (size_t size = 0; size <= 4096; ++size) {
      const std::string cut = text.substr(0, size);
      const size_t count = kernels::CountNewlines(cut.data(), cut.size());
      const auto expected = DecodeSimply(cut, rows, count, stride);
      ASSERT_EQ(expected.has_value(), cut.empty() || cut.back() == '\n');
      ForEachTarget([&] {
        ASSERT_TRUE(guarded.Decode(cut, rows, count, stride, true) == expected) << size;
        ASSERT_TRUE(guarded.Decode(cut, rows, count, stride, false) == expected) << size;
      });
    }
  }
}

// All fields of up to 4 bytes that may matter, at every place of a block.
TEST(CsvDecode, AcceptsJustTheIntegers0To255) {
  const Guarded guarded;
  std::vector<std::string> fields = {""};
  for (size_t first = 0; fields[first].size() < 3; ++first) {
    for (const char c : {'0', '1', '2', '3', '5', '6', '9', '-', ',', '/', ':'}) {
      fields.push_back(fields[first] + c);
    }
  }
  for (const char* field : {"0000", "0255", "1000", "2550", " 1", "1 ", "+1", "1e0"}) {
    fields.emplace_back(field);
  }
  const ByteRows rows = {.columns = 2, .label = 2, .separator = ';', .crlf = false};
  ForEachTarget([&] {
    size_t rows_before = 0;
    for (const std::string& field : fields) {
      std::string text;
      for (size_t i = 0; i < rows_before; ++i) text += i % 3 == 0 ? "10;2\n" : "3;255\n";
      text.append("7;").append(field).append("\n").append(field).append(";7\n");
      rows_before = (rows_before + 5) % 16;
      const size_t count = kernels::CountNewlines(text.data(), text.size());
      ASSERT_TRUE(guarded.Decode(text, rows, count, 64, true) ==
                  DecodeSimply(text, rows, count, 64))
          << Describe(text, rows, count);
    }
  });
}

// The test of the test.
TEST(CsvDecode, TheSimpleDecoderKnowsTheGrammar) {
  const ByteRows rows = {.columns = 3, .label = 1, .separator = ',', .crlf = false};
  const auto decoded = DecodeSimply("1,2,3\n004,05,255\n", rows, 2, 64);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->labels, (std::vector<uint8_t>{2, 5}));
  EXPECT_EQ(decoded->values[0], 1);
  EXPECT_EQ(decoded->values[1], 3);
  EXPECT_EQ(decoded->values[2], 0);
  EXPECT_EQ(decoded->values[64], 4);
  EXPECT_EQ(decoded->values[65], 255);
  for (const char* text : {"1,2,256\n", "1,2,3", "1,2,3\r\n", "1,2\n", "1,2,3,4\n", "1,,3\n", "",
                           "1,2,0003\n", "1,2,3\n1,2,3\n", "1;2;3\n", "\n"}) {
    EXPECT_FALSE(DecodeSimply(text, rows, 1, 64).has_value()) << text;
  }
}

}  // namespace
}  // namespace colonnade::test
