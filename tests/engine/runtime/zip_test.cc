// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "colonnade/error.h"
#include "engine/runtime/file.h"
#include "tests/support/errors.h"
#include "tests/support/temp_dir.h"

namespace colonnade {
namespace {

using test::ExpectError;
using test::TempDir;
using ::testing::HasSubstr;

std::string U16(uint64_t value) {
  return {static_cast<char>(value & 255), static_cast<char>(value >> 8 & 255)};
}
std::string U32(uint64_t value) { return U16(value & 0xffff) + U16(value >> 16 & 0xffff); }
std::string U64(uint64_t value) { return U32(value & 0xffffffff) + U32(value >> 32); }

std::string Deflated(std::string_view text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
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

enum class Descriptor { kNone, kPlain, kSigned };

struct Style {
  const char* name;
  bool deflate = true;
  bool zip64 = false;
  Descriptor descriptor = Descriptor::kNone;
};

struct File {
  std::string path, text;
};

// An archive as such a program writes it.
std::string Zip(const std::vector<File>& files, const Style& style, const std::string& comment = "",
                uint16_t flags = 0, std::optional<uint16_t> other_method = {}) {
  std::string archive, directory;
  for (const File& file : files) {
    const std::string packed = style.deflate ? Deflated(file.text) : file.text;
    const uint64_t method = other_method.value_or(style.deflate ? 8 : 0);
    const uint64_t crc = crc32(0, reinterpret_cast<const Bytef*>(file.text.data()),
                               static_cast<uInt>(file.text.size()));
    const bool later = style.descriptor != Descriptor::kNone;
    const uint64_t bits = flags | (later ? 8u : 0u);
    const uint64_t offset = archive.size();
    const uint64_t known_packed = later ? 0 : packed.size(),
                   known_size = later ? 0 : file.text.size();
    const std::string extra =
        style.zip64 ? U16(1) + U16(16) + U64(known_size) + U64(known_packed) : "";
    const auto sizes = [&](uint64_t a, uint64_t b) {
      return style.zip64 ? U32(0xffffffff) + U32(0xffffffff) : U32(a) + U32(b);
    };
    archive += "PK\3\4" + U16(20) + U16(bits) + U16(method) + U32(0) + U32(later ? 0 : crc) +
               sizes(known_packed, known_size) + U16(file.path.size()) + U16(extra.size()) +
               file.path + extra + packed;
    if (later) {
      if (style.descriptor == Descriptor::kSigned) archive += "PK\7\10";
      archive += U32(crc);
      archive += style.zip64 ? U64(packed.size()) + U64(file.text.size())
                             : U32(packed.size()) + U32(file.text.size());
    }
    const std::string all = style.zip64
                                ? U16(9) + U16(1) + "x" + U16(1) + U16(24) + U64(file.text.size()) +
                                      U64(packed.size()) + U64(offset)
                                : "";
    directory += "PK\1\2" + U16(20) + U16(20) + U16(bits) + U16(method) + U32(0) + U32(crc) +
                 sizes(packed.size(), file.text.size()) + U16(file.path.size()) + U16(all.size()) +
                 U16(3) + U16(0) + U16(0) + U32(0) + U32(style.zip64 ? 0xffffffff : offset) +
                 file.path + all + "abc";
  }
  const uint64_t at = archive.size();
  archive += directory;
  if (style.zip64) {
    const uint64_t end = archive.size();
    archive += "PK\6\6" + U64(44) + U16(45) + U16(45) + U32(0) + U32(0) + U64(files.size()) +
               U64(files.size()) + U64(directory.size()) + U64(at);
    archive += "PK\6\7" + U32(0) + U64(end) + U32(1);
  }
  const uint64_t count = style.zip64 ? 0xffff : files.size();
  return archive + "PK\5\6" + U16(0) + U16(0) + U16(count) + U16(count) +
         U32(style.zip64 ? 0xffffffff : directory.size()) + U32(style.zip64 ? 0xffffffff : at) +
         U16(comment.size()) + comment;
}

std::string ReadAll(Decompressor& decompressor, size_t piece) {
  std::string text, part(piece, '\0');
  for (;;) {
    const size_t got = decompressor.Read(part);
    text.append(part, 0, got);
    if (got < piece) break;
  }
  EXPECT_EQ(decompressor.Read(part), 0u);
  return text;
}

std::string Unpack(std::string_view archive, size_t piece, std::string_view member = {}) {
  const auto source = [archive](std::span<char> to, uint64_t offset) {
    if (offset >= archive.size()) return size_t{0};
    const std::string_view rest = archive.substr(static_cast<size_t>(offset));
    const size_t count = std::min(to.size(), rest.size());
    std::copy_n(rest.data(), count, to.data());
    return count;
  };
  return ReadAll(*ReadZip(source, archive.size(), "x.zip", member), piece);
}

std::string UnpackStream(std::string_view archive, size_t piece) {
  const auto source = [archive](std::span<char> to) mutable {
    const size_t count = std::min(to.size(), archive.size());
    std::copy_n(archive.data(), count, to.data());
    archive.remove_prefix(count);
    return count;
  };
  return ReadAll(*ReadZip(source, "x.zip"), piece);
}

template <class F>
std::optional<std::string> TextOrNothing(const F& f) {
  try {
    return f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadData);
    EXPECT_THAT(error.what(), HasSubstr("x.zip: "));
    return std::nullopt;
  }
}

std::string Text(size_t size) {
  std::mt19937 random(5);
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 300) + ",";
  return text.substr(0, size);
}

class ZipTest : public ::testing::TestWithParam<Style> {
 protected:
  // What is stored and whose length comes later cannot be read from front to back.
  static bool Streams() { return GetParam().deflate || GetParam().descriptor == Descriptor::kNone; }
};

TEST_P(ZipTest, GivesBackWhatWasPacked) {
  for (const size_t size : {0u, 1u, 1000u, 131072u, 700000u}) {
    const std::string text = Text(size);
    const std::string archive = Zip({{"a.csv", text}}, GetParam(), "a comment");
    EXPECT_TRUE(IsZip(archive));
    for (const size_t piece : {1u, 1000u, 131072u, 1u << 20}) {
      if (piece == 1 && size > 1000) continue;
      EXPECT_TRUE(Unpack(archive, piece) == text) << size << " " << piece;
      if (Streams()) {
        EXPECT_TRUE(UnpackStream(archive, piece) == text) << size << " " << piece;
      }
    }
  }
}

TEST_P(ZipTest, LooksForTheDataAmongFoldersAndWhatMacOsAdds) {
  const std::string archive = Zip({{"data/", ""},
                                   {"data/a.csv", "1,2\n"},
                                   {"__MACOSX/data/._a.csv", "xyz"},
                                   {".DS_Store", "q"}},
                                  GetParam());
  EXPECT_EQ(Unpack(archive, 1000), "1,2\n");
  if (Streams()) {
    EXPECT_EQ(UnpackStream(archive, 1000), "1,2\n");
  }
}

TEST_P(ZipTest, OneOfSeveralHasToBeNamed) {
  const std::string archive = Zip({{"a.csv", "1,2\n"}, {"b/c.csv", "3,4\n"}}, GetParam());
  ExpectError(ErrorCode::kBadData,
              "x.zip: found a zip archive of 2 files: 'a.csv', 'b/c.csv', expected one file; "
              "'x.zip:a.csv' names one",
              [&] { Unpack(archive, 100); });
  EXPECT_EQ(Unpack(archive, 100, "a.csv"), "1,2\n");
  EXPECT_EQ(Unpack(archive, 100, "b/c.csv"), "3,4\n");
  EXPECT_EQ(Unpack(archive, 100, "c.csv"), "3,4\n");
  ExpectError(
      ErrorCode::kBadData,
      "x.zip: found no such file in the archive, which has 'a.csv', 'b/c.csv', expected 'd'",
      [&] { Unpack(archive, 100, "d"); });
  if (!Streams()) return;
  ExpectError(ErrorCode::kBadData,
              "x.zip: found a zip archive of several files: 'a.csv', 'b/c.csv' …, expected one "
              "file; of an archive in a file, 'ARCHIVE:NAME' names one",
              [&] { UnpackStream(archive, 100); });
}

TEST_P(ZipTest, RefusesWhatEndsEarly) {
  const std::string archive = Zip({{"a.csv", Text(300)}}, GetParam(), "comment");
  for (size_t size = 4; size < archive.size(); ++size) {
    const std::string_view cut = std::string_view(archive).substr(0, size);
    EXPECT_EQ(TextOrNothing([&] { return Unpack(cut, 100); }), std::nullopt) << size;
    EXPECT_EQ(TextOrNothing([&] { return UnpackStream(cut, 100); }), std::nullopt) << size;
  }
  EXPECT_EQ(TextOrNothing([&] { return Unpack(archive + "x", 100); }), std::nullopt);
  EXPECT_EQ(TextOrNothing([&] { return UnpackStream(archive + "x", 100); }), std::nullopt);
}

TEST_P(ZipTest, NeverTakesDamagedDataForOther) {
  const std::string text = Text(300);
  const std::string archive = Zip({{"a.csv", text}}, GetParam());
  std::mt19937 random(7);
  for (size_t i = 0; i < archive.size(); ++i) {
    for (const int bits : {0x10, 0x01, 0x80, 0xff}) {
      std::string damaged = archive;
      damaged[i] = static_cast<char>(damaged[i] ^ bits);
      for (int more = bits == 0xff ? 3 : 0; more > 0; --more) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      for (const bool stream : {false, true}) {
        const auto got = TextOrNothing(
            [&] { return stream ? UnpackStream(damaged, 100) : Unpack(damaged, 100); });
        // Of a header, a field that does not matter.
        if (got) {
          EXPECT_TRUE(*got == text) << i << " " << bits << " " << stream;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Styles, ZipTest,
    ::testing::Values(Style{"Deflated"}, Style{"Stored", false}, Style{"Deflated64", true, true},
                      Style{"Stored64", false, true},
                      Style{"Described", true, false, Descriptor::kSigned},
                      Style{"DescribedUnsigned", true, false, Descriptor::kPlain},
                      Style{"Described64", true, true, Descriptor::kSigned},
                      Style{"StoredDescribed", false, false, Descriptor::kSigned}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Zip, RefusesPasswordsAndOtherMethods) {
  const Style style = {"Deflated"};
  const std::string encrypted = Zip({{"a.csv", "1,2\n"}}, style, "", 1);
  const std::string lzma = Zip({{"a.csv", "1,2\n"}}, style, "", 0, 14);
  for (const auto unpack :
       {+[](const std::string& archive) { return Unpack(archive, 100); },
        +[](const std::string& archive) { return UnpackStream(archive, 100); }}) {
    ExpectError(
        ErrorCode::kBadData,
        "x.zip: found 'a.csv', which is encrypted, expected a zip archive without a password",
        [&] { unpack(encrypted); });
    ExpectError(
        ErrorCode::kBadData,
        "x.zip: found 'a.csv', compressed by method 14, expected stored or deflated, as zip "
        "does without options; unpack it",
        [&] { unpack(lzma); });
    ExpectError(ErrorCode::kBadData, "x.zip: found a zip archive without files, expected one",
                [&] { unpack(Zip({}, style)); });
  }
}

TEST(Zip, TheEndOfAPathIsEnoughIfItIsTheOnlyOne) {
  const std::string archive =
      Zip({{"a/x.csv", "1"}, {"b/x.csv", "2"}, {"c/y.csv", "3"}}, {"Deflated"});
  EXPECT_EQ(Unpack(archive, 100, "y.csv"), "3");
  EXPECT_THROW(Unpack(archive, 100, "x.csv"), Error);
}

TEST(Zip, ShowsPathsThatAnyTerminalTakes) {
  const std::string archive = Zip({{"a\x1b[1m", "1"}, {"b\xff", "2"}}, {"Deflated"});
  ExpectError(ErrorCode::kBadData,
              "x.zip: found a zip archive of 2 files: 'a?[1m', 'b?', expected one file; "
              "'x.zip:a?[1m' names one",
              [&] { Unpack(archive, 100); });
}

TEST(Zip, InputFilesAreReadAsWhatIsInThem) {
  const TempDir dir;
  const Style style = {"Deflated"};
  const std::string text = Text(300000);
  const auto one = dir.WriteFile("one.zip", Zip({{"a.csv", text}}, style));
  const auto two = dir.WriteFile("two.zip", Zip({{"a.csv", text}, {"b:c.csv", "1,2\n"}}, style));
  EXPECT_TRUE(ReadWholeFile(one) == text);
  EXPECT_TRUE(ReadWholeFile(one.string() + ":a.csv") == text);
  EXPECT_EQ(ReadWholeFile(two.string() + ":b:c.csv"), "1,2\n");
  EXPECT_THROW(ReadWholeFile(two), Error);
  const std::string missing = two.string() + ":d";
  ExpectError(
      ErrorCode::kBadData,
      missing + ": found no such file in the archive, which has 'a.csv', 'b:c.csv', expected 'd'",
      [&] { InputFile input(missing); });
  const std::string text_file = dir.WriteFile("t.csv", "1,2\n").string() + ":a";
  ExpectError(ErrorCode::kIo, "cannot read '" + text_file + "': No such file or directory",
              [&] { InputFile input(text_file); });
  InputFile input(one);
  EXPECT_EQ(input.size(), std::nullopt);
  EXPECT_FALSE(input.seekable());
  std::string part(100, '\0');
  EXPECT_EQ(input.Read(part), 100u);
  EXPECT_GT(input.taken(), 0u);

  const auto pipe = dir / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer(
      [&] { std::ofstream(pipe, std::ios::binary) << Zip({{"a.csv", text}}, style); });
  EXPECT_TRUE(ReadWholeFile(pipe) == text);
  writer.join();
}

}  // namespace
}  // namespace colonnade
