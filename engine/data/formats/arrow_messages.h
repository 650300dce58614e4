// SPDX-License-Identifier: Apache-2.0
// The messages of Arrow's IPC format: what columns there are, and where their values lie.
#ifndef COLONNADE_ENGINE_DATA_FORMATS_ARROW_MESSAGES_H_
#define COLONNADE_ENGINE_DATA_FORMATS_ARROW_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace colonnade::arrow {

// Those that are read, by the numbers that the format gives them.
enum class Type : uint8_t {
  kNull = 1,
  kInt = 2,
  kFloatingPoint = 3,
  kUtf8 = 5,
  kBool = 6,
  kDecimal = 7,
  kDate = 8,
  kTime = 9,
  kTimestamp = 10,
  kDuration = 18,
  kLargeUtf8 = 20,
  kUtf8View = 24,
};

enum class Unit : uint8_t { kSecond, kMillisecond, kMicrosecond, kNanosecond, kDay };

struct ValueType {
  Type type = Type::kNull;
  size_t size = 0;         // bytes of a value; 0 where it has not the same for all
  bool is_signed = false;  // of kInt
  int scale = 0;           // of kDecimal
  Unit unit = Unit::kSecond;
};

struct Field {
  std::string name = {};
  ValueType value = {};
  // Where the column has indices into a dictionary, whose values are of `value`.
  std::optional<ValueType> index = {};
  int64_t dictionary = 0;
};

struct Schema {
  std::vector<Field> fields = {};
};

struct Range {
  int64_t offset = 0;
  int64_t length = 0;
};

enum class Codec : uint8_t { kNone, kLz4, kZstd };

struct RecordBatch {
  int64_t rows = 0;
  std::vector<int64_t> lengths = {};  // of the columns
  std::vector<int64_t> nulls = {};    // likewise, how many
  std::vector<Range> buffers = {};    // in the body
  std::vector<int64_t> view_parts =
      {};  // of each column of views, how many buffers beyond the first two
  Codec codec = Codec::kNone;
};

struct DictionaryBatch {
  int64_t id = 0;
  bool is_delta = false;
  RecordBatch values = {};
};

struct Message {
  std::variant<Schema, DictionaryBatch, RecordBatch> content = {};
  int64_t body_size = 0;
};

// Reads a message's metadata. file: for messages about it. Throws kBadData where it is damaged, or
// has what is not read.
Message ReadMessage(std::string_view bytes, const std::string& file);

// A message in a file.
struct Block {
  int64_t offset = 0;
  int32_t metadata_size = 0;  // with what is in front of it
  int64_t body_size = 0;
};

// Likewise the footer of a file: its table of contents.
struct Footer {
  Schema schema = {};
  std::vector<Block> blocks = {};  // dictionaries, then batches of rows
};
Footer ReadFooter(std::string_view bytes, const std::string& file);

[[noreturn]] void FailDamaged(const std::string& file, const char* what);

}  // namespace colonnade::arrow

#endif  // COLONNADE_ENGINE_DATA_FORMATS_ARROW_MESSAGES_H_
