// SPDX-License-Identifier: Apache-2.0
// Messages are FlatBuffers: tables with an offset for each field that is there, all of them
// relative and little-endian. Every one is checked before it is followed.
#include "engine/data/formats/arrow_messages.h"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/text.h"

namespace colonnade::arrow {

void FailDamaged(const std::string& file, const char* what) {
  throw Error(ErrorCode::kBadData,
              {.file = file, .problem = fmt::format("the Arrow data is damaged: {}", what)});
}

namespace {

// Types that are not read, by their numbers.
struct Refused {
  uint8_t type;
  const char* name;
  const char* advice;
};

constexpr const char* kLists = "lists";
constexpr const char* kSplitLists = "make a column of each element";
constexpr const char* kBinary = "binary values";
constexpr const char* kDropBinary = "leave the column out of the file, or make it text";
constexpr const char* kMakeNumbers = "make it numbers or text";

constexpr Refused kRefused[] = {
    {4, kBinary, kDropBinary},
    {11, "intervals", kMakeNumbers},
    {12, kLists, kSplitLists},
    {13, "structs", "make a column of each member"},
    {14, "unions", kMakeNumbers},
    {15, kBinary, kDropBinary},
    {16, kLists, kSplitLists},
    {17, "maps", "make a column of each key"},
    {19, kBinary, kDropBinary},
    {21, kLists, kSplitLists},
    {22, "run-end encoded values", "write it without that encoding"},
    {23, kBinary, kDropBinary},
    {25, kLists, kSplitLists},
    {26, kLists, kSplitLists},
    {0, "a type that is not known", kMakeNumbers},  // and any other
};

constexpr Refused FindRefused(uint8_t type) {
  for (const Refused& refused : kRefused) {
    if (refused.type == type) return refused;
  }
  return *(std::end(kRefused) - 1);
}

// A column, by its name and place.
struct ColumnPlace {
  std::string name;
  size_t index = 0;
};

[[noreturn]] void FailType(const std::string& file, const ColumnPlace& column,
                           const Refused& refused) {
  throw Error(ErrorCode::kBadData, {.file = file,
                                    .column = column.index + 1,
                                    .column_name = Quoted(column.name),
                                    .found = refused.name,
                                    .expected = "numbers, text, bools, dates or times",
                                    .advice = refused.advice});
}

// ---- FlatBuffers ----

class Buffer {
 public:
  Buffer(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  template <class T>
  T At(size_t at) const {
    Require(at, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }
  void Require(size_t at, size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) Fail();
  }
  // The place that the offset at `at` leads to.
  size_t Follow(size_t at) const { return at + At<uint32_t>(at); }
  std::string_view Slice(size_t at, size_t size) const {
    Require(at, size);
    return bytes_.substr(at, size);
  }
  size_t size() const { return bytes_.size(); }
  const std::string& file() const { return file_; }
  [[noreturn]] void Fail() const { FailDamaged(file_, "an offset leads out of a message"); }

 private:
  std::string_view bytes_;
  const std::string& file_;
};

// Elements one behind the other; none where there is no vector.
struct Vector {
  size_t begin = 0;
  size_t size = 0;
};

class Table {
 public:
  Table(const Buffer& buffer, size_t at) : buffer_(buffer), at_(at) {
    const int64_t fields = static_cast<int64_t>(at) - buffer.At<int32_t>(at);
    if (fields < 0) buffer.Fail();
    fields_ = static_cast<size_t>(fields);
    fields_size_ = buffer.At<uint16_t>(fields_);
  }

  // Where field number `slot` is; 0 where it is not.
  size_t Find(size_t slot) const {
    const size_t at = 4 + 2 * slot;
    if (at + 2 > fields_size_) return 0;
    const auto offset = buffer_.At<uint16_t>(fields_ + at);
    return offset == 0 ? 0 : at_ + offset;
  }

  template <class T>
  T Get(size_t slot, T otherwise = {}) const {
    const size_t at = Find(slot);
    return at == 0 ? otherwise : buffer_.At<T>(at);
  }

  std::optional<Table> GetTable(size_t slot) const {
    const size_t at = Find(slot);
    return at == 0 ? std::nullopt : std::optional(Table(buffer_, buffer_.Follow(at)));
  }
  Table RequireTable(size_t slot) const {
    const std::optional<Table> table = GetTable(slot);
    if (!table) FailDamaged(buffer_.file(), "a message lacks a part");
    return *table;
  }

  std::string_view GetString(size_t slot) const {
    const size_t at = Find(slot);
    if (at == 0) return {};
    const size_t begin = buffer_.Follow(at);
    return buffer_.Slice(begin + 4, buffer_.At<uint32_t>(begin));
  }

  Vector GetVector(size_t slot, size_t element_size) const {
    const size_t at = Find(slot);
    if (at == 0) return {};
    const size_t begin = buffer_.Follow(at);
    const Vector vector{.begin = begin + 4, .size = buffer_.At<uint32_t>(begin)};
    buffer_.Require(vector.begin, vector.size * element_size);
    return vector;
  }

  const Buffer& buffer() const { return buffer_; }

 private:
  const Buffer& buffer_;
  size_t at_;
  size_t fields_ = 0;  // the table of offsets
  size_t fields_size_ = 0;
};

Table Root(const Buffer& buffer) { return {buffer, buffer.Follow(0)}; }

// ---- Arrow's tables; fields by their numbers in its schema files ----

size_t BytesOf(int32_t bits, const std::string& file) {
  if (bits != 8 && bits != 16 && bits != 32 && bits != 64) FailDamaged(file, "a number's size");
  return static_cast<size_t>(bits) / 8;
}

Unit UnitIn(int16_t number, const std::string& file) {
  if (number < 0 || number > 3) FailDamaged(file, "an unknown unit of time");
  return static_cast<Unit>(number);
}

ValueType ReadInt(const Table& table) {
  return {.type = Type::kInt,
          .size = BytesOf(table.Get<int32_t>(0), table.buffer().file()),
          .is_signed = table.Get<uint8_t>(1) != 0};
}

ValueType ReadType(const Table& field, const ColumnPlace& column) {
  const std::string& file = field.buffer().file();
  const auto type = static_cast<Type>(field.Get<uint8_t>(2));  // or one that is not read
  ValueType value{.type = type};
  switch (type) {
    case Type::kNull:
    case Type::kUtf8:
    case Type::kBool:
    case Type::kLargeUtf8:
      return value;
    case Type::kUtf8View:
      value.size = 16;
      return value;
    case Type::kInt:
      return ReadInt(field.RequireTable(3));
    case Type::kFloatingPoint: {
      const auto precision = field.RequireTable(3).Get<int16_t>(0);
      if (precision < 0 || precision > 2) FailDamaged(file, "a number's size");
      value.size = size_t{2} << precision;
      return value;
    }
    case Type::kDecimal: {
      const Table decimal = field.RequireTable(3);
      value.scale = decimal.Get<int32_t>(1);
      if (decimal.Get<int32_t>(2, 128) != 128 || value.scale < -64 || value.scale > 64) {
        FailType(file, column, {7, "decimal numbers of other than 128 bits", "make them f64"});
      }
      value.size = 16;
      return value;
    }
    case Type::kDate: {
      const auto unit = field.RequireTable(3).Get<int16_t>(0, 1);
      if (unit != 0 && unit != 1) FailDamaged(file, "an unknown unit of dates");
      value.unit = unit == 0 ? Unit::kDay : Unit::kMillisecond;
      value.size = unit == 0 ? 4 : 8;
      return value;
    }
    case Type::kTime: {
      const Table time = field.RequireTable(3);
      value.unit = UnitIn(time.Get<int16_t>(0, 1), file);
      value.size = BytesOf(time.Get<int32_t>(1, 32), file);
      if (value.size < 4) FailDamaged(file, "a number's size");
      return value;
    }
    case Type::kTimestamp:
      value.unit = UnitIn(field.RequireTable(3).Get<int16_t>(0), file);
      value.size = 8;
      return value;
    case Type::kDuration:
      value.unit = UnitIn(field.RequireTable(3).Get<int16_t>(0, 1), file);
      value.size = 8;
      return value;
  }
  FailType(file, column, FindRefused(static_cast<uint8_t>(type)));
}

Field ReadField(const Table& table, size_t index) {
  Field field{.name = std::string(table.GetString(0))};
  field.value = ReadType(table, {.name = field.name, .index = index});
  if (const auto encoding = table.GetTable(4)) {
    field.dictionary = encoding->Get<int64_t>(0);
    // Without a type they are i32.
    const std::optional<Table> type = encoding->GetTable(1);
    field.index =
        type ? ReadInt(*type) : ValueType{.type = Type::kInt, .size = 4, .is_signed = true};
  }
  return field;
}

Schema ReadSchema(const Table& table) {
  const Buffer& buffer = table.buffer();
  if (table.Get<int16_t>(0) != 0) {
    throw Error(ErrorCode::kBadData, {.file = buffer.file(),
                                      .found = "big-endian Arrow data",
                                      .expected = "little-endian",
                                      .advice = "write it on a usual machine, or as CSV"});
  }
  Schema schema;
  const Vector fields = table.GetVector(1, 4);
  size_t names = 0;
  for (size_t i = 0; i < fields.size; ++i) {
    schema.fields.push_back(ReadField(Table(buffer, buffer.Follow(fields.begin + 4 * i)), i));
    // Offsets could lead to the same long name again and again.
    names += schema.fields.back().name.size();
    if (names > buffer.size()) buffer.Fail();
  }
  return schema;
}

RecordBatch ReadBatch(const Table& table) {
  const Buffer& buffer = table.buffer();
  RecordBatch batch{.rows = table.Get<int64_t>(0)};
  const Vector nodes = table.GetVector(1, 16);
  for (size_t i = 0; i < nodes.size; ++i) {
    batch.lengths.push_back(buffer.At<int64_t>(nodes.begin + 16 * i));
    batch.nulls.push_back(buffer.At<int64_t>(nodes.begin + 16 * i + 8));
  }
  const Vector buffers = table.GetVector(2, 16);
  for (size_t i = 0; i < buffers.size; ++i) {
    batch.buffers.push_back({.offset = buffer.At<int64_t>(buffers.begin + 16 * i),
                             .length = buffer.At<int64_t>(buffers.begin + 16 * i + 8)});
  }
  if (const auto compression = table.GetTable(3)) {
    const auto codec = compression->Get<uint8_t>(0);
    if (codec > 1 || compression->Get<uint8_t>(1) != 0) {
      throw Error(ErrorCode::kBadData, {.file = buffer.file(),
                                        .found = "an unknown compression",
                                        .expected = "LZ4, ZSTD or none"});
    }
    batch.codec = codec == 0 ? Codec::kLz4 : Codec::kZstd;
  }
  const Vector parts = table.GetVector(4, 8);
  for (size_t i = 0; i < parts.size; ++i) {
    batch.view_parts.push_back(buffer.At<int64_t>(parts.begin + 8 * i));
  }
  return batch;
}

}  // namespace

Message ReadMessage(std::string_view bytes, const std::string& file) {
  const Buffer buffer(bytes, file);
  const Table table = Root(buffer);
  Message message{.body_size = table.Get<int64_t>(3)};
  if (message.body_size < 0) FailDamaged(file, "a message of negative size");
  switch (table.Get<uint8_t>(1)) {
    case 1:
      message.content = ReadSchema(table.RequireTable(2));
      return message;
    case 2: {
      const Table dictionary = table.RequireTable(2);
      message.content = DictionaryBatch{.id = dictionary.Get<int64_t>(0),
                                        .is_delta = dictionary.Get<uint8_t>(2) != 0,
                                        .values = ReadBatch(dictionary.RequireTable(1))};
      return message;
    }
    case 3:
      message.content = ReadBatch(table.RequireTable(2));
      return message;
    default:
      throw Error(ErrorCode::kBadData, {.file = file,
                                        .found = "an Arrow message that is not of a table",
                                        .expected = "a schema, dictionaries and batches of rows"});
  }
}

Footer ReadFooter(std::string_view bytes, const std::string& file) {
  const Buffer buffer(bytes, file);
  const Table table = Root(buffer);
  Footer footer{.schema = ReadSchema(table.RequireTable(1))};
  constexpr size_t kBlock = 24;
  for (const size_t slot : {size_t{2}, size_t{3}}) {
    const Vector blocks = table.GetVector(slot, kBlock);
    for (size_t i = 0; i < blocks.size; ++i) {
      const size_t at = blocks.begin + kBlock * i;
      footer.blocks.push_back({.offset = buffer.At<int64_t>(at),
                               .metadata_size = buffer.At<int32_t>(at + 8),
                               .body_size = buffer.At<int64_t>(at + 16)});
    }
  }
  return footer;
}

}  // namespace colonnade::arrow
