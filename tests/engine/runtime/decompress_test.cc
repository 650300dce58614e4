// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/decompress.h"

#include <bzlib.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "colonnade/error.h"
#include "engine/runtime/file.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using ::testing::HasSubstr;

std::string Gzipped(std::string_view text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

// With a checksum, as the zstd program writes it.
std::string Zstandard(std::string_view text) {
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(
      ZSTD_compress2(context.get(), packed.data(), packed.size(), text.data(), text.size()));
  return packed;
}

std::string Bzip2(std::string_view text) {
  std::string packed(text.size() + text.size() / 50 + 1000, '\0');
  std::string in(text);
  auto size = static_cast<unsigned>(packed.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(packed.data(), &size, in.data(),
                                     static_cast<unsigned>(in.size()), 1, 0, 0),
            BZ_OK);
  packed.resize(size);
  return packed;
}

std::string Xz(std::string_view text) {
  std::string packed(lzma_stream_buffer_bound(text.size()), '\0');
  size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(
                1, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const uint8_t*>(text.data()),
                text.size(), reinterpret_cast<uint8_t*>(packed.data()), &size, packed.size()),
            LZMA_OK);
  packed.resize(size);
  return packed;
}

std::string Lzma(std::string_view text) {
  lzma_options_lzma options;
  EXPECT_FALSE(lzma_lzma_preset(&options, 1));
  lzma_stream stream = LZMA_STREAM_INIT;
  EXPECT_EQ(lzma_alone_encoder(&stream, &options), LZMA_OK);
  std::string packed(text.size() * 2 + 1000, '\0');
  stream.next_in = reinterpret_cast<const uint8_t*>(text.data());
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<uint8_t*>(packed.data());
  stream.avail_out = packed.size();
  EXPECT_EQ(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  lzma_end(&stream);
  return packed;
}

// A source that hands out a text in pieces.
Decompressor::Source From(std::string_view text) {
  return [text](std::span<char> to) mutable {
    const size_t count = std::min(to.size(), text.size());
    std::copy_n(text.data(), count, to.data());
    text.remove_prefix(count);
    return count;
  };
}

std::string Unpack(std::string_view packed, size_t piece) {
  const auto decompressor =
      Decompressor::Make(packed.substr(0, Decompressor::kMagicSize), From(packed), "digits.csv");
  EXPECT_NE(decompressor, nullptr);
  std::string text;
  std::string part(piece, '\0');
  for (;;) {
    const size_t got = decompressor->Read(part);
    text.append(part, 0, got);
    if (got < piece) break;
  }
  EXPECT_EQ(decompressor->Read(part), 0u);
  return text;
}

std::optional<std::string> UnpackOrNothing(std::string_view packed) {
  try {
    return Unpack(packed, 1000);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadData);
    EXPECT_THAT(error.what(), HasSubstr("digits.csv: the "));
    return std::nullopt;
  }
}

std::string Text(size_t size) {
  std::mt19937 random(5);
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 300) + ",";
  return text.substr(0, size);
}

struct Format {
  const char* name;
  std::string (*pack)(std::string_view);
};

class DecompressTest : public ::testing::TestWithParam<Format> {
 protected:
  static std::string Pack(std::string_view text) { return GetParam().pack(text); }
};

TEST_P(DecompressTest, GivesBackWhatWasPacked) {
  for (const size_t size : {0u, 1u, 1000u, 131072u, 700000u}) {
    const std::string text = Text(size);
    if (size <= 1000) {
      EXPECT_EQ(Unpack(Pack(text), 1), text) << size;
    }
    for (const size_t piece : {1000u, 131072u, 1u << 20}) {
      EXPECT_TRUE(Unpack(Pack(text), piece) == text) << size << " " << piece;
    }
  }
}

TEST_P(DecompressTest, TakesMembersThatFollowEachOtherAsOneContent) {
  EXPECT_EQ(Unpack(Pack("1,2\n") + Pack("") + Pack("3,4\n"), 3), "1,2\n3,4\n");
}

TEST_P(DecompressTest, RefusesWhatEndsEarly) {
  const std::string packed = Pack(Text(3000));
  for (size_t size = Decompressor::kMagicSize; size < packed.size(); ++size) {
    EXPECT_EQ(UnpackOrNothing(packed.substr(0, size)), std::nullopt) << size;
  }
}

TEST_P(DecompressTest, NeverTakesDamagedDataForOther) {
  const std::string text = Text(3000);
  const std::string packed = Pack(text);
  size_t refused = 0;
  for (size_t i = Decompressor::kMagicSize; i < packed.size(); ++i) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const std::optional<std::string> unpacked = UnpackOrNothing(damaged);
    if (unpacked) {  // a field of the header that does not matter
      EXPECT_TRUE(*unpacked == text) << i;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, packed.size() - 40);
}

TEST_P(DecompressTest, RefusesGarbageAfterTheEnd) {
  EXPECT_EQ(UnpackOrNothing(Pack(Text(100)) + "garbage"), std::nullopt);
}

TEST_P(DecompressTest, InputFilesAreReadAsWhatTheyStandFor) {
  const std::string text = Text(300000);
  const test::TempDir dir;
  const auto file = dir.WriteFile("data.csv", Pack(text));
  EXPECT_TRUE(ReadWholeFile(file) == text);
  const InputFile input(file);
  EXPECT_EQ(input.size(), std::nullopt);
  EXPECT_FALSE(input.seekable());

  // Through a pipe, whose first bytes can be read only once.
  const auto pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << Pack(text); });
  EXPECT_TRUE(ReadWholeFile(pipe) == text);
  writer.join();
}

INSTANTIATE_TEST_SUITE_P(Formats, DecompressTest,
                         ::testing::Values(Format{"gzip", Gzipped}, Format{"zstd", Zstandard},
                                           Format{"bzip2", Bzip2}, Format{"xz", Xz}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Decompress, LeavesOtherFormatsAlone) {
  for (const std::string_view magic : {"", "\x1f", "1,2\n", "PK\x03\x04", "\x28\xb5\x2f", "BZh",
                                       "BZh9,x", "BZhigh", "BZh0", "]", "],2\n1,2\n1,2\n"}) {
    EXPECT_EQ(Decompressor::Make(magic, From(magic), "x"), nullptr) << magic;
  }
}

// The format has no checksum.
TEST(Decompress, ReadsLzma) {
  for (const size_t size : {0u, 1u, 3000u, 700000u}) {
    const std::string text = Text(size);
    EXPECT_TRUE(Unpack(Lzma(text), 1000) == text) << size;
  }
  const std::string packed = Lzma(Text(3000));
  for (size_t size = Decompressor::kMagicSize; size < packed.size(); ++size) {
    EXPECT_EQ(UnpackOrNothing(packed.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(UnpackOrNothing(packed + "garbage"), std::nullopt);
}

// Streams of 4 GiB windows would take as much memory.
TEST(Decompress, RefusesWhatAsksForTooMuchMemory) {
  std::string packed = Lzma(Text(3000));
  packed.replace(1, 4, std::string_view("\0\0\0\xc0", 4));
  EXPECT_EQ(UnpackOrNothing(packed), std::nullopt);
}

}  // namespace
}  // namespace colonnade
