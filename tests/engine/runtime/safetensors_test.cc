// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "colonnade/error.h"

namespace colonnade::safetensors {
namespace {

using std::string_literals::operator""s;

// A file with this header and data, the length in front, the header padded to `alignment`.
std::string File(std::string header, const std::string& data, size_t alignment = 8) {
  header.resize((header.size() + alignment - 1) / alignment * alignment, ' ');
  const uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

// What Parse() says about a file that it must refuse.
std::string Problem(const std::string& file) {
  try {
    Parse(file, "f");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadModel);
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }
  return "accepted";
}

TEST(SafetensorsTest, ReadsWhatThePythonPackageWrites) {
  // safetensors.numpy.save() 0.8.0 of b: f32 [1.5, -2], a: u8 [[1, 2, 3]], s: i64 7.
  const std::string file =
      "\xc0\0\0\0\0\0\0\0"
      "{\"__metadata__\":{\"k\":\"\xc3\xa4\\n\"},"
      "\"s\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
      "\"a\":{\"dtype\":\"U8\",\"shape\":[1,3],\"data_offsets\":[16,19]}} "
      "\a\0\0\0\0\0\0\0\0\0\xc0?\0\0\0\xc0\1\2\3"s;
  const Contents contents = Parse(file, "f");
  EXPECT_EQ(contents.metadata, (Metadata{{"k", "ä\n"}}));
  ASSERT_EQ(contents.tensors.size(), 3u);
  EXPECT_EQ(contents.tensors[0].name, "s");
  EXPECT_EQ(contents.tensors[0].dtype, "I64");
  EXPECT_TRUE(contents.tensors[0].shape.empty());
  EXPECT_EQ(contents.tensors[0].bytes, "\a\0\0\0\0\0\0\0"s);
  EXPECT_EQ(contents.tensors[1].name, "b");
  EXPECT_EQ(contents.tensors[1].dtype, "F32");
  EXPECT_EQ(contents.tensors[1].shape, std::vector<uint64_t>{2});
  EXPECT_EQ(contents.tensors[1].bytes, "\0\0\xc0?\0\0\0\xc0"s);
  EXPECT_EQ(contents.tensors[2].name, "a");
  EXPECT_EQ(contents.tensors[2].dtype, "U8");
  EXPECT_EQ(contents.tensors[2].shape, (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(contents.tensors[2].bytes, "\1\2\3");
}

TEST(SafetensorsTest, WritesTheseBytes) {
  const std::vector<TensorInfo> tensors = {{"w", "F32", {2, 1}}, {"b", "U8", {3}}};
  const std::string header = Header(tensors, {{"key", "a \"value\""}}, "f");
  EXPECT_EQ(header.substr(8),
            "{\"__metadata__\":{\"key\":\"a \\\"value\\\"\"},"
            "\"w\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
            "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}" +
                std::string(38, ' '));
  EXPECT_EQ(header.size() % 64, 0u);
  uint64_t length;
  std::memcpy(&length, header.data(), sizeof(length));
  EXPECT_EQ(length, header.size() - 8);
}

TEST(SafetensorsTest, ReadsWhatItWrites) {
  // Every length of padding, and a tensor without elements.
  for (size_t i = 0; i < 64; ++i) {
    const std::string name = "ünïcode \"\\\n\x01" + std::string(i, 'x');
    const Metadata metadata = {{name, "\x7f</script>"}, {"", ""}};
    const std::vector<TensorInfo> tensors = {
        {name, "F64", {1, 2}}, {"empty", "F32", {3, 0}}, {"", "I16", {1}}};
    const std::string data = "abcdefghijklmnopqr";
    const std::string file = Header(tensors, metadata, "f") + data;
    const Contents contents = Parse(file, "f");
    EXPECT_EQ(contents.metadata, metadata);
    ASSERT_EQ(contents.tensors.size(), 3u);
    EXPECT_EQ(contents.tensors[0].name, name);
    EXPECT_EQ(contents.tensors[0].bytes, data.substr(0, 16));
    EXPECT_EQ(contents.tensors[1].name, "empty");
    EXPECT_EQ(contents.tensors[1].bytes, "");
    EXPECT_EQ(contents.tensors[2].name, "");
    EXPECT_EQ(contents.tensors[2].bytes, "qr");
  }
}

TEST(SafetensorsTest, ReadsTensorsInTheOrderOfTheirData) {
  const std::string file = File(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},)"
                                R"("a":{"dtype":"F4","shape":[2,2],"data_offsets":[0,2]}})",
                                "xyz");
  const Contents contents = Parse(file, "f");
  ASSERT_EQ(contents.tensors.size(), 2u);
  EXPECT_EQ(contents.tensors[0].bytes, "xy");
  EXPECT_EQ(contents.tensors[1].bytes, "z");
}

TEST(SafetensorsTest, AcceptsAFileWithoutTensors) {
  const std::string file = File("{}", "");
  EXPECT_TRUE(Parse(file, "f").tensors.empty());
}

TEST(SafetensorsTest, KnowsTheSizesOfElements) {
  EXPECT_EQ(ElementBits("F32"), 32u);
  EXPECT_EQ(ElementBits("BF16"), 16u);
  EXPECT_EQ(ElementBits("F4"), 4u);
  EXPECT_EQ(ElementBits("C64"), 64u);
  EXPECT_EQ(ElementBits("f32"), 0u);
  EXPECT_EQ(ElementBits(""), 0u);
}

TEST(SafetensorsTest, QuotesOnOneLine) {
  EXPECT_EQ(Quoted("a\n\x1b[0mä\xff\x7f"), R"("a\n\u001b[0m\u00e4\ufffd\u007f")");
  EXPECT_EQ(Quoted(std::string(61, 'x')), '"' + std::string(60, 'x') + "\"…");
}

TEST(SafetensorsTest, RefusesWhatIsNoSafetensorsFile) {
  EXPECT_EQ(Problem(""), "f: not a safetensors file: found 0 bytes, expected at least 8");
  EXPECT_EQ(Problem("1234567"), "f: not a safetensors file: found 7 bytes, expected at least 8");
  EXPECT_EQ(Problem("label,1x1,1x2\n5,0,0\n"),
            "f: not a safetensors file: found \"label,1x\" at its start, expected the length of a "
            "header, at most 100000000");
  EXPECT_EQ(Problem("\x08\0\0\0\0\0\0\0[1,2,3] "s),
            "f: not a safetensors file: found a header that starts with \"[\", expected \"{\"");
  EXPECT_EQ(Problem("\0\0\0\0\0\0\0\0"s),
            "f: not a safetensors file: found a header that starts with \"\", expected \"{\"");
}

TEST(SafetensorsTest, RefusesABadLength) {
  EXPECT_EQ(Problem("\x10\0\0\0\0\0\0\0{}      "s),
            "f: found a header length of 16, expected at most the 8 bytes that follow: truncated?");
  EXPECT_EQ(Problem(File("{}", "", 2)), "f: found a header length of 2, expected a multiple of 8");
}

TEST(SafetensorsTest, RefusesABadHeader) {
  const std::string tensor = R"("dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  const struct {
    std::string header;
    std::string problem;
  } cases[] = {
      // Not JSON.
      {"{", "header: found no valid JSON at byte 9"},
      {"{}x", "header: found no valid JSON at byte 3"},
      {"{}\0\0"s, "header: found no valid JSON at byte 3"},
      {"{\"a\xff\":1}", "header: found no valid JSON at byte 4"},
      {"{\"__metadata__\":{\"a\":\"\\ud800\"}}", "header: found no valid JSON at byte 29"},
      {"{\"a\":NaN}", "header: found no valid JSON at byte 6"},
      {"{\"a\":1e999}", "header: found no valid JSON at byte 10"},
      // JSON of another form.
      {R"({"a":1})", "header, \"a\": found 1, expected an object"},
      {R"({"a":null})", "header, \"a\": found null, expected an object"},
      {R"({"a":[[[[]]]]})", "header, \"a\": found an array, expected an object"},
      {R"({"__metadata__":["a"]})", "header, \"__metadata__\": found an array, expected an object"},
      {R"({"__metadata__":{"a":true}})", "metadata \"a\": found true, expected a string"},
      {R"({"__metadata__":{"a":{}}})", "metadata \"a\": found an object, expected a string"},
      {R"({"a":{"dtype":32}})", "tensor \"a\", dtype: found 32, expected a string"},
      {R"({"a":{"dtype":["U8"]}})", "tensor \"a\", dtype: found an array, expected a string"},
      {R"({"a":{"shape":"2x3"}})", "tensor \"a\", shape: found \"2x3\", expected an array"},
      {R"({"a":{"shape":[-1]}})", "tensor \"a\", shape: found -1, expected integers from 0"},
      {R"({"a":{"shape":[1.0]}})", "tensor \"a\", shape: found 1.0, expected integers from 0"},
      {R"({"a":{"shape":[18446744073709551616]}})",
       "tensor \"a\", shape: found 18446744073709551616, expected integers from 0"},
      {R"({"a":{"shape":[[1]]}})", "tensor \"a\", shape: found an array, expected integers from 0"},
      {R"({"a":{"data_offsets":[0]}})", "tensor \"a\", data_offsets: found 1 numbers, expected 2"},
      {R"({"a":{"data_offsets":[0,1,2]}})",
       "tensor \"a\", data_offsets: found 2, expected two integers from 0"},
      {R"({"a":{"strides":[1]}})",
       "tensor \"a\": found \"strides\", expected dtype, shape and data_offsets"},
      {R"({"a":{}})", "tensor \"a\": found no dtype"},
      {R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", "tensor \"a\": found no shape"},
      {R"({"a":{"dtype":"U8","shape":[1]}})", "tensor \"a\": found no data_offsets"},
      // The same key twice.
      {"{\"a\":{" + tensor + ",\"a\":{" + tensor + "}", "header: found \"a\" twice"},
      {R"({"a":{"dtype":"U8","dtype":"U8"}})", "tensor \"a\": found \"dtype\" twice"},
      {R"({"__metadata__":{"k":"1","k":"1"}})", "header: found \"k\" twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", "header: found \"__metadata__\" twice"},
  };
  for (const auto& [header, problem] : cases) {
    EXPECT_EQ(Problem(File(header, "x")), "f: " + problem) << header;
  }
}

TEST(SafetensorsTest, RefusesABadTensor) {
  const struct {
    std::string tensors;
    std::string problem;
  } cases[] = {
      {R"("a":{"dtype":"F31","shape":[3],"data_offsets":[0,12]})",
       "tensor \"a\": found dtype \"F31\", which the format does not have"},
      {R"("a":{"dtype":"F32","shape":[3],"data_offsets":[12,0]})",
       "tensor \"a\": found data_offsets 12 to 0"},
      {R"("a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})",
       "tensor \"a\": found its end at byte 16 of the data, expected at most 12: truncated?"},
      {R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]})",
       "tensor \"a\": found 12 bytes, expected 8 for its shape and dtype"},
      {R"("a":{"dtype":"F4","shape":[3],"data_offsets":[0,12]})",
       "tensor \"a\": found 12 bits, expected whole bytes"},
      {R"("a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,12]})",
       "tensor \"a\": found a shape of more than 2^64 bits"},
      {R"("a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,12]})",
       "tensor \"a\": found a shape of more than 2^64 bits"},
      {R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("b":{"dtype":"U16","shape":[5],"data_offsets":[1,11]})",
       "tensor \"b\": found its start at byte 1 of the data, expected a multiple of 2"},
      {R"("a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},)"
       R"("b":{"dtype":"U8","shape":[5],"data_offsets":[7,12]})",
       "tensor \"b\": found its start at byte 7 of the data, expected 8: an overlap"},
      {R"("a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},)"
       R"("b":{"dtype":"U8","shape":[3],"data_offsets":[9,12]})",
       "tensor \"b\": found its start at byte 9 of the data, expected 8: a hole"},
      {R"("a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]})",
       "tensor \"a\": found its start at byte 4 of the data, expected 0: a hole"},
      {R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})",
       "found 12 bytes of data, expected 8"},
      {"", "found 12 bytes of data, expected 0"},
  };
  for (const auto& [tensors, problem] : cases) {
    EXPECT_EQ(Problem(File('{' + tensors + '}', "twelve bytes")), "f: " + problem) << tensors;
  }
}

TEST(SafetensorsTest, RefusesMaliceAtOnce) {
  const size_t many = 1'000'000;
  EXPECT_EQ(Problem(File("{\"a\":" + std::string(many, '['), "")),
            "f: header, \"a\": found an array, expected an object");
  std::string objects = "{";
  for (size_t i = 0; i < many; ++i) objects += "\"a\":{";
  EXPECT_EQ(Problem(File(objects, "")),
            "f: tensor \"a\": found \"a\", expected dtype, shape and data_offsets");
  std::string shape = R"({"a":{"shape":[)";
  for (size_t i = 0; i < many; ++i) shape += "0,";
  EXPECT_EQ(Problem(File(shape, "")), "f: tensor \"a\", shape: found more than 64 dimensions");
  EXPECT_EQ(
      Problem(File("{\"a\":{\"shape\":[1." + std::string(many, '0') + "]}}", "")),
      "f: tensor \"a\", shape: found 1." + std::string(38, '0') + "…, expected integers from 0");
}

}  // namespace
}  // namespace colonnade::safetensors
