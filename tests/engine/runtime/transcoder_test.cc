// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/transcoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iconv.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "colonnade/error.h"
#include "engine/runtime/file.h"
#include "engine/runtime/utf8.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::ExpectError;
using test::TempDir;
using ::testing::HasSubstr;

std::string Encoded(std::string text, const char* encoding) {
  const iconv_t converter = iconv_open(encoding, "UTF-8");
  EXPECT_NE(converter, reinterpret_cast<iconv_t>(-1));
  std::string bytes(text.size() * 4 + 16, '\0');
  char *in = text.data(), *out = bytes.data();
  size_t in_left = text.size(), out_left = bytes.size();
  EXPECT_EQ(iconv(converter, &in, &in_left, &out, &out_left), 0u) << encoding;
  iconv(converter, nullptr, nullptr, &out, &out_left);
  iconv_close(converter);
  bytes.resize(bytes.size() - out_left);
  return bytes;
}

// A source that hands out a text, at most `most` bytes at a time being asked for.
Decompressor::Source From(std::string_view text) {
  return [text](std::span<char> to) mutable {
    const size_t count = std::min(to.size(), text.size());
    std::copy_n(text.data(), count, to.data());
    text.remove_prefix(count);
    return count;
  };
}

std::string ReadAll(std::string_view bytes, const std::string& encoding, size_t piece) {
  Transcoder transcoder(From(bytes), encoding, "x.csv");
  std::string text, part(piece, '\0');
  for (;;) {
    const size_t got = transcoder.Read(part);
    text.append(part, 0, got);
    if (got < piece) break;
  }
  EXPECT_EQ(transcoder.Read(part), 0u);
  return text;
}

std::string Words(size_t size) {
  std::mt19937 random(3);
  const std::string_view words[] = {"Größe", "naïve", "x", ",", "\n", "12.5", "Ÿ"};
  std::string text;
  while (text.size() < size) text += words[random() % std::size(words)];
  return text;
}

TEST(Transcoder, TurnsAnyEncodingIntoUtf8) {
  for (const char* encoding :
       {"utf-16le", "UTF-16BE", "utf-16", "utf-32le", "windows-1252", "utf-8", "utf-7"}) {
    for (const size_t size : {0u, 1u, 100u, 65536u, 300000u}) {
      const std::string text = Words(size);
      const std::string bytes = Encoded(text, encoding);
      for (const size_t piece : {1u, 3u, 1000u, 1u << 20}) {
        if (piece < 1000 && size > 100) continue;
        EXPECT_TRUE(ReadAll(bytes, encoding, piece) == text)
            << encoding << " " << size << " " << piece;
      }
    }
  }
  EXPECT_EQ(ReadAll("Gr\xf6\xdf"
                    "e\n",
                    "latin1", 100),
            "Größe\n");
  EXPECT_EQ(ReadAll(Encoded("😀日本", "utf-16le"), "utf-16le", 1), "😀日本");
  EXPECT_EQ(ReadAll(Encoded("日本\n日", "shift_jis"), "shift_jis", 1), "日本\n日");
  EXPECT_EQ(ReadAll(Encoded("日本\n日", "iso-2022-jp"), "iso-2022-jp", 1), "日本\n日");
}

TEST(Transcoder, DropsTheByteOrderMark) {
  const std::string text = "\xef\xbb\xbfx,y\n";
  for (const char* encoding : {"utf-16le", "utf-16be", "utf-32be"}) {
    EXPECT_EQ(ReadAll(Encoded(text, encoding), encoding, 2), "x,y\n");
  }
}

TEST(Transcoder, RefusesUnknownEncodings) {
  for (const std::string encoding : {"klingon", "", "latin1//TRANSLIT", "//IGNORE"}) {
    try {
      Transcoder transcoder(From(""), encoding, "x.csv");
      ADD_FAILURE() << encoding;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_EQ(error.details().subject, "encoding");
      EXPECT_THAT(error.what(), HasSubstr("found '" + encoding + "'"));
    }
  }
}

TEST(Transcoder, NamesTheFirstByteThatMeansNothing) {
  ExpectError(ErrorCode::kBadData,
              "x.csv:3: found the byte 0x81, 5 bytes after the start, expected text in "
              "windows-1252; encoding names another encoding",
              [] { ReadAll("a\nb\n\xe9\x81xx", "windows-1252", 100); });
  // A lone surrogate.
  ExpectError(ErrorCode::kBadData,
              "x.csv:1: found the byte 0x00, 2 bytes after the start, expected text in utf-16le; "
              "encoding names another encoding",
              [] { ReadAll({"a\0\0\xdcz\0", 6}, "utf-16le", 100); });
  // Behind the first piece.
  const std::string long_text = Words(200000);
  const std::string bytes = Encoded(long_text, "windows-1252");
  try {
    ReadAll(bytes + "\x81", "windows-1252", 1000);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(" " + std::to_string(bytes.size()) + " bytes after"));
    EXPECT_EQ(error.details().row,
              1u + static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n')));
  }
}

TEST(Transcoder, RefusesTheEndWithinACharacter) {
  const std::string bytes = Encoded("a😀日本", "utf-16le");
  for (size_t size = 0; size < bytes.size(); ++size) {
    const bool whole = size % 2 == 0 && size != 4;
    if (whole) {
      EXPECT_NO_THROW(ReadAll(std::string_view(bytes).substr(0, size), "utf-16le", 10)) << size;
    } else {
      EXPECT_THROW(ReadAll(std::string_view(bytes).substr(0, size), "utf-16le", 10), Error) << size;
    }
  }
  ExpectError(
      ErrorCode::kBadData,
      "x.csv:1: found the end within a character, 2 bytes after the start, expected text in "
      "utf-16le; encoding names another encoding",
      [&] { ReadAll(std::string_view(bytes).substr(0, 3), "utf-16le", 10); });
}

TEST(Transcoder, WhateverComesOutIsUtf8) {
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    for (const char* encoding :
         {"utf-16le", "utf-32be", "shift_jis", "latin1", "gb18030", "utf-7"}) {
      try {
        EXPECT_EQ(FirstInvalidUtf8(ReadAll(bytes, encoding, 7)), std::nullopt);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kBadData);
      }
    }
  }
}

TEST(EncodingOf, GoesByMarksAndZeros) {
  const auto of = [](std::string_view text, const char* encoding) {
    return EncodingOf(Encoded(std::string(text), encoding));
  };
  const std::string_view marked = "\xef\xbb\xbfx,y\n", plain = "x,y\n1,2\n";
  for (const std::string encoding : {"UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"}) {
    EXPECT_EQ(of(marked, encoding.c_str()), encoding);
  }
  EXPECT_EQ(of(plain, "UTF-16LE"), "UTF-16LE");
  EXPECT_EQ(of(plain, "UTF-16BE"), "UTF-16BE");
  EXPECT_EQ(of("größe,y\n", "UTF-16LE"), "UTF-16LE");
  EXPECT_EQ(EncodingOf(plain), "");
  EXPECT_EQ(EncodingOf(marked), "");
  EXPECT_EQ(EncodingOf(""), "");
  EXPECT_EQ(EncodingOf("x"), "");
  EXPECT_EQ(EncodingOf(std::string_view("\0\0\x08\x03\0\0", 6)), "");
  EXPECT_EQ(EncodingOf(std::string_view("1,\0,2\n", 6)), "");
  EXPECT_EQ(EncodingOf(std::string(64, '\0')), "");
}

TEST(InputFileTest, IsReadAsTextOnRequest) {
  const TempDir dir;
  const std::string text = Words(100000), bytes = "\xff\xfe" + Encoded(text, "utf-16le");
  const auto file = dir.WriteFile("a.csv", bytes);
  const auto read = [](InputFile& input) {
    std::string all(1 << 20, '\0');
    all.resize(input.Read(all));
    return all;
  };
  EXPECT_TRUE(ReadWholeFile(file) == bytes);
  {
    InputFile input(file);
    EXPECT_TRUE(input.seekable());
    input.TakeAsText();
    EXPECT_EQ(input.encoding(), "UTF-16LE");
    EXPECT_FALSE(input.seekable());
    EXPECT_EQ(input.size(), std::nullopt);
    EXPECT_TRUE(read(input) == text);
  }
  {
    InputFile input(dir.WriteFile("b.csv", Encoded(text, "windows-1252")));
    input.TakeAsText("windows-1252");
    EXPECT_TRUE(read(input) == text);
  }
  for (const std::optional<std::string>& encoding : {std::optional<std::string>(), {"UTF-8"}}) {
    InputFile input(dir.WriteFile("c.csv", text));
    input.TakeAsText(encoding);
    EXPECT_EQ(input.encoding(), "");
    EXPECT_TRUE(input.seekable());
    EXPECT_TRUE(read(input) == text);
  }
  // What can be read but once.
  for (const std::string& sent : {bytes, text, std::string("x"), std::string()}) {
    const auto pipe = dir / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << sent; });
    {
      InputFile input(pipe);
      input.TakeAsText();
      EXPECT_TRUE(read(input) == (sent == bytes ? text : sent));
      EXPECT_EQ(input.taken(), sent.size());
    }
    writer.join();
    std::filesystem::remove(pipe);
  }
}

}  // namespace
}  // namespace colonnade
