// SPDX-License-Identifier: Apache-2.0
// Arrow's IPC format, as files (Feather 2) and as streams: messages, each of metadata and a body of
// buffers. A file is a stream with a magic number around it and a table of contents behind it.
#include <fmt/format.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/text.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/formats/arrow_messages.h"
#include "engine/data/formats/formats.h"
#include "engine/data/formats/half.h"
#include "engine/data/formats/through_csv.h"
#include "engine/runtime/aligned.h"

namespace colonnade {
namespace arrow {
namespace {

constexpr std::string_view kMagic("ARROW1\0\0", 8);
constexpr std::string_view kContinuation = "\xff\xff\xff\xff";
constexpr size_t kMaxMetadata = size_t{1} << 26;
constexpr size_t kMaxText = size_t{1} << 20;  // of one value
constexpr size_t kPiece = size_t{1} << 16;

template <class T>
T Load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// ---- Messages one after the other ----

class MessageReader {
 public:
  // Keeps a reference.
  explicit MessageReader(InputFile& input) : input_(input) {
    start_ = Take(kMagic.size());
    if (start_ == kMagic) {
      ReadContents();
    } else {
      std::string body;
      std::optional<Message> first = NextOfStream(&body);
      if (!first || !std::holds_alternative<Schema>(first->content)) {
        FailDamaged(file(), "it does not begin with a schema");
      }
      contents_.schema = std::get<Schema>(std::move(first->content));
    }
  }

  const Schema& schema() const { return contents_.schema; }

  // The next message behind the schema, and its body; nothing at the end.
  std::optional<Message> Next(std::string* body) {
    return is_file_ ? NextOfFile(body) : NextOfStream(body);
  }

  const std::string& file() const { return input_.name(); }

 private:
  // ---- Streams: messages, and perhaps a mark behind the last one ----

  // Up to `size` bytes; memory grows as they come, whatever a damaged file says.
  std::string Take(uint64_t size) {
    std::string bytes = start_.substr(0, size);
    start_.erase(0, bytes.size());
    while (bytes.size() < size) {
      const size_t done = bytes.size();
      const size_t room = std::min<uint64_t>(size - done, std::max(kPiece, done));
      bytes.resize(done + room);
      const size_t got = input_.Read({bytes.data() + done, room});
      bytes.resize(done + got);
      if (got < room) break;
    }
    return bytes;
  }
  std::string TakeAll(uint64_t size) {
    std::string bytes = Take(size);
    if (bytes.size() < size) FailTruncated();
    return bytes;
  }

  std::optional<Message> NextOfStream(std::string* body) {
    std::string size = Take(4);
    if (size.empty()) return std::nullopt;
    if (size == kContinuation) size = Take(4);
    if (size.size() < 4) FailTruncated();
    const auto length = Load<uint32_t>(size, 0);
    if (length == 0) {
      if (!Take(1).empty()) FailDamaged(file(), "there are bytes behind its end");
      return std::nullopt;
    }
    if (length > kMaxMetadata) FailDamaged(file(), "a message of impossible size");
    Message message = ReadMessage(TakeAll(length), file());
    *body = TakeAll(static_cast<uint64_t>(message.body_size));
    return message;
  }

  // ---- Files: what the table of contents at the end says ----

  void ReadContents() {
    is_file_ = true;
    start_.clear();
    if (!input_.seekable()) {
      content_ = std::string(kMagic) + ReadRest(input_);
      size_ = content_.size();
    } else {
      size_ = *input_.size();
    }
    const std::string_view magic = kMagic.substr(0, 6);
    const size_t end_size = 4 + magic.size();
    if (size_ < kMagic.size() + end_size) FailTruncated();
    const std::string end = At(size_ - end_size, end_size);
    if (!end.ends_with(magic)) FailTruncated();
    const auto footer_size = Load<uint32_t>(end, 0);
    if (footer_size > size_ - kMagic.size() - end_size) {
      FailDamaged(file(), "a footer of impossible size");
    }
    contents_ = ReadFooter(At(size_ - end_size - footer_size, footer_size), file());
    // Messages that overlap would make much of little.
    uint64_t left = size_;
    for (const Block& block : contents_.blocks) {
      if (block.offset < 0 || block.metadata_size < 8 || block.body_size < 0 ||
          static_cast<uint64_t>(block.metadata_size) > left ||
          static_cast<uint64_t>(block.body_size) >
              left - static_cast<uint64_t>(block.metadata_size) ||
          static_cast<uint64_t>(block.offset) > size_) {
        FailDamaged(file(), "its footer tells of messages that are not there");
      }
      left -= static_cast<uint64_t>(block.metadata_size) + static_cast<uint64_t>(block.body_size);
    }
  }

  std::string At(uint64_t offset, uint64_t size) {
    if (!content_.empty()) return content_.substr(std::min<size_t>(offset, size_), size);
    std::string bytes(size, '\0');
    bytes.resize(input_.ReadAt(bytes, offset));
    if (bytes.size() < size) FailTruncated();
    return bytes;
  }

  std::optional<Message> NextOfFile(std::string* body) {
    if (block_ == contents_.blocks.size()) return std::nullopt;
    const Block& block = contents_.blocks[block_++];
    const auto offset = static_cast<uint64_t>(block.offset);
    const auto metadata_size = static_cast<uint64_t>(block.metadata_size);
    const std::string metadata = At(offset, metadata_size);
    *body = At(offset + metadata_size, static_cast<uint64_t>(block.body_size));
    if (metadata.size() < 8) FailTruncated();
    const size_t begin = metadata.starts_with(kContinuation) ? 8 : 4;
    Message message = ReadMessage(std::string_view(metadata).substr(begin), file());
    if (message.body_size > block.body_size) FailDamaged(file(), "a message of impossible size");
    return message;
  }

  [[noreturn]] void FailTruncated() const {
    throw Error(ErrorCode::kBadData,
                {.file = file(), .problem = "the Arrow data ends early: the file is not complete"});
  }

  InputFile& input_;
  std::string start_;  // what was read to tell a file from a stream
  bool is_file_ = false;
  std::string content_;  // of a file that cannot be read at any place
  uint64_t size_ = 0;
  Footer contents_;
  size_t block_ = 0;
};

// ---- Compressed buffers ----

// Makes `to` the `size` bytes, more than none, that `packed` stands for.
void Unpack(Codec codec, std::string_view packed, size_t size, std::string& to,
            const std::string& file) {
  size_t done = 0;
  size_t taken = 0;
  bool ended = false;
  const auto step = [&](const auto& decompress) {
    while (!ended) {
      // Memory grows as bytes come, whatever a damaged file says.
      if (done == to.size()) to.resize(std::min(size, std::max(kPiece, 2 * done)));
      const size_t before = done + taken;
      if (!decompress()) FailDamaged(file, "a compressed buffer");
      if (!ended && done + taken == before) FailDamaged(file, "a compressed buffer");
    }
  };
  if (codec == Codec::kLz4) {
    LZ4F_dctx* made = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0) {
      throw std::bad_alloc();
    }
    const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
        made, LZ4F_freeDecompressionContext);
    step([&] {
      size_t room = to.size() - done;
      size_t rest = packed.size() - taken;
      const size_t result = LZ4F_decompress(context.get(), to.data() + done, &room,
                                            packed.data() + taken, &rest, nullptr);
      done += room;
      taken += rest;
      ended = result == 0;
      return LZ4F_isError(result) == 0;
    });
  } else {
    const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                            ZSTD_freeDStream);
    if (stream == nullptr) throw std::bad_alloc();
    step([&] {
      ZSTD_outBuffer output = {to.data(), to.size(), done};
      ZSTD_inBuffer input = {packed.data(), packed.size(), taken};
      const size_t result = ZSTD_decompressStream(stream.get(), &output, &input);
      done = output.pos;
      taken = input.pos;
      ended = result == 0;
      return ZSTD_isError(result) == 0;
    });
  }
  if (done != size || to.size() != size) FailDamaged(file, "a compressed buffer");
}

// ---- Columns ----

struct Dictionary;

// The values of a column in a batch. Views point into the body, or into what was unpacked of it.
struct Column {
  ValueType type = {};  // of what is stored: of indices, where there is a dictionary
  const Dictionary* dictionary = nullptr;  // where to look them up
  size_t rows = 0;
  std::string_view validity = {};  // a bit for each row; empty: all are there
  std::string_view values = {};    // of fixed size, or bits
  std::string_view offsets = {};   // of text in `parts`: where each begins, and the last ends
  std::vector<std::string_view> parts = {};
  std::vector<std::shared_ptr<const std::string>> memory = {};
};

// Values that columns have indices of. A delta adds to them.
struct Dictionary {
  std::vector<Column> chunks;
  std::vector<size_t> ends;  // how many values there are up to each
};

bool BitAt(std::string_view bits, size_t i) {
  return (static_cast<uint8_t>(bits[i / 8]) >> (i % 8) & 1) != 0;
}

// Takes the columns of a batch apart, buffer after buffer.
class BatchReader {
 public:
  BatchReader(const RecordBatch& batch, std::string body, const std::string& file)
      : batch_(batch), body_(std::make_shared<const std::string>(std::move(body))), file_(file) {
    if (batch.rows < 0 || batch.rows > static_cast<int64_t>(kMaxExamples)) Fail("a number of rows");
  }

  Column Next(const ValueType& type) {
    const auto rows = static_cast<size_t>(batch_.rows);
    Column column{.type = type, .rows = rows};
    if (node_ >= batch_.lengths.size() || batch_.lengths[node_] != batch_.rows) {
      Fail("columns of different length");
    }
    const int64_t nulls = batch_.nulls[node_++];
    if (type.type == Type::kNull) return column;
    const std::string_view validity = Take(column);
    if (nulls != 0) {
      if (validity.size() < (rows + 7) / 8) Fail("a buffer is too short");
      column.validity = validity;
    }
    if (type.type == Type::kUtf8 || type.type == Type::kLargeUtf8) {
      const size_t size = type.type == Type::kUtf8 ? 4 : 8;
      column.offsets = Take(column);
      column.parts.push_back(Take(column));
      if (rows > 0 && column.offsets.size() / size < rows + 1) Fail("a buffer is too short");
      return column;
    }
    column.values = Take(column);
    const bool fits = type.type == Type::kBool ? column.values.size() >= (rows + 7) / 8
                                               : column.values.size() / type.size >= rows;
    if (!fits) Fail("a buffer is too short");
    if (type.type == Type::kUtf8View) {
      if (view_ >= batch_.view_parts.size()) Fail("the buffers of text are not counted");
      for (int64_t i = batch_.view_parts[view_++]; i > 0; --i) column.parts.push_back(Take(column));
    }
    return column;
  }

 private:
  // The next buffer, unpacked into memory of the column's where it has to be.
  std::string_view Take(Column& column) {
    if (buffer_ >= batch_.buffers.size()) Fail("it lacks a buffer");
    const Range range = batch_.buffers[buffer_++];
    const auto size = static_cast<int64_t>(body_->size());
    if (range.offset < 0 || range.length < 0 || range.offset > size ||
        range.length > size - range.offset) {
      Fail("a buffer is outside its message");
    }
    if (column.memory.empty()) column.memory.push_back(body_);
    std::string_view bytes = std::string_view(*body_).substr(static_cast<size_t>(range.offset),
                                                             static_cast<size_t>(range.length));
    if (batch_.codec == Codec::kNone || bytes.empty()) return bytes;
    if (bytes.size() < 8) Fail("a buffer is too short");
    const auto unpacked = Load<int64_t>(bytes, 0);
    bytes.remove_prefix(8);
    if (unpacked == -1) return bytes;  // it would not have become smaller
    if (unpacked < 0 || static_cast<double>(unpacked) > PhysicalMemory()) {
      Fail("a buffer of impossible size");
    }
    std::string memory;
    UnpackTo(bytes, static_cast<size_t>(unpacked), memory);
    column.memory.push_back(std::make_shared<const std::string>(std::move(memory)));
    return *column.memory.back();
  }

  void UnpackTo(std::string_view bytes, size_t size, std::string& memory) const {
    if (size > 0) Unpack(batch_.codec, bytes, size, memory, file_);
  }

  [[noreturn]] void Fail(const char* what) const { FailDamaged(file_, what); }

  const RecordBatch& batch_;
  std::shared_ptr<const std::string> body_;
  const std::string& file_;
  size_t node_ = 0, buffer_ = 0, view_ = 0;
};

// ---- Values as text ----

int64_t IntegerAt(const Column& column, size_t row) {
  switch (column.type.size) {
    case 1:
      return column.type.is_signed ? int64_t{Load<int8_t>(column.values, row)}
                                   : int64_t{Load<uint8_t>(column.values, row)};
    case 2:
      return column.type.is_signed ? int64_t{Load<int16_t>(column.values, 2 * row)}
                                   : int64_t{Load<uint16_t>(column.values, 2 * row)};
    case 4:
      return column.type.is_signed ? int64_t{Load<int32_t>(column.values, 4 * row)}
                                   : int64_t{Load<uint32_t>(column.values, 4 * row)};
    default:
      return Load<int64_t>(column.values, 8 * row);
  }
}

std::string_view TextAt(const Column& column, size_t row, const std::string& file) {
  const auto part = [&](size_t index, uint64_t begin, uint64_t size) {
    if (index >= column.parts.size() || begin > column.parts[index].size() ||
        size > column.parts[index].size() - begin) {
      FailDamaged(file, "a text is outside its buffer");
    }
    if (size > kMaxText) {
      throw Error(ErrorCode::kBadData, {.file = file,
                                        .found = fmt::format("a text of {} bytes", size),
                                        .expected = fmt::format("at most {}", kMaxText),
                                        .advice = "leave the column out of the file"});
    }
    return column.parts[index].substr(begin, size);
  };
  if (column.type.type == Type::kUtf8View) {
    constexpr size_t kInline = 12;
    const size_t at = 16 * row;
    const auto size = Load<uint32_t>(column.values, at);
    if (size <= kInline) return column.values.substr(at + 4, size);
    return part(Load<uint32_t>(column.values, at + 8), Load<uint32_t>(column.values, at + 12),
                size);
  }
  const bool large = column.type.type == Type::kLargeUtf8;
  const uint64_t begin =
      large ? Load<uint64_t>(column.offsets, 8 * row) : Load<uint32_t>(column.offsets, 4 * row);
  const uint64_t end = large ? Load<uint64_t>(column.offsets, 8 * row + 8)
                             : Load<uint32_t>(column.offsets, 4 * row + 4);
  if (end < begin) FailDamaged(file, "a text ends before it begins");
  return part(0, begin, end - begin);
}

int64_t PerSecond(Unit unit) {
  switch (unit) {
    case Unit::kSecond:
    case Unit::kDay:
      return 1;
    case Unit::kMillisecond:
      return 1'000;
    case Unit::kMicrosecond:
      return 1'000'000;
    case Unit::kNanosecond:
      return 1'000'000'000;
  }
  return 1;
}

// As ISO 8601 has them.
void AppendDate(int64_t days, std::string& to, const std::string& file) {
  constexpr int64_t kFirst = -719'528;  // 0000-01-01
  constexpr int64_t kLast = 2'932'896;  // 9999-12-31
  if (days < kFirst || days > kLast) {
    throw Error(ErrorCode::kBadData, {.file = file,
                                      .found = fmt::format("a date {} days from 1970-01-01", days),
                                      .expected = "the years 0 to 9999"});
  }
  const std::chrono::year_month_day date(
      std::chrono::sys_days(std::chrono::days(static_cast<int32_t>(days))));
  fmt::format_to(std::back_inserter(to), "{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

void AppendTimestamp(int64_t time, Unit unit, std::string& to, const std::string& file) {
  const int64_t per_day = 86'400 * PerSecond(unit);
  int64_t days = time / per_day;
  int64_t rest = time % per_day;
  if (rest < 0) {
    rest += per_day;
    --days;
  }
  AppendDate(days, to, file);
  const int64_t seconds = rest / PerSecond(unit);
  int64_t fraction = rest % PerSecond(unit);
  fmt::format_to(std::back_inserter(to), "T{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  if (fraction == 0) return;
  int digits = unit == Unit::kMillisecond ? 3 : unit == Unit::kMicrosecond ? 6 : 9;
  for (; fraction % 10 == 0; fraction /= 10) --digits;
  fmt::format_to(std::back_inserter(to), ".{:0{}}", fraction, digits);
}

__extension__ using Uint128 = unsigned __int128;

void AppendDecimal(std::string_view bytes, int scale, std::string& to) {
  Uint128 number = Uint128{Load<uint64_t>(bytes, 8)} << 64 | Load<uint64_t>(bytes, 0);
  const bool negative = (number >> 127) != 0;
  if (negative) number = 0 - number;
  std::string digits;  // the last one first
  for (; number != 0; number /= 10)
    digits += static_cast<char>('0' + static_cast<int>(number % 10));
  if (digits.empty()) digits = "0";
  if (scale < 0) digits.insert(0, static_cast<size_t>(-scale), '0');
  const size_t fraction = static_cast<size_t>(std::max(scale, 0));
  if (digits.size() <= fraction) digits.append(fraction + 1 - digits.size(), '0');
  if (fraction > 0) digits.insert(fraction, 1, '.');
  if (negative) to += '-';
  to.append(digits.rbegin(), digits.rend());
}

void AppendStored(const Column& column, size_t row, std::string& to, const std::string& file) {
  const std::string_view values = column.values;
  switch (column.type.type) {
    case Type::kBool:
      to += BitAt(values, row) ? "true" : "false";
      return;
    case Type::kInt:
      if (column.type.size == 8 && !column.type.is_signed) {
        to += fmt::to_string(Load<uint64_t>(values, 8 * row));
      } else {
        to += fmt::to_string(IntegerAt(column, row));
      }
      return;
    case Type::kFloatingPoint:
      if (column.type.size == 2) {
        AppendNumber(HalfToFloat(Load<uint16_t>(values, 2 * row)), to);
      } else if (column.type.size == 4) {
        AppendNumber(Load<float>(values, 4 * row), to);
      } else {
        AppendNumber(Load<double>(values, 8 * row), to);
      }
      return;
    case Type::kUtf8:
    case Type::kLargeUtf8:
    case Type::kUtf8View:
      AppendField(TextAt(column, row, file), to);
      return;
    case Type::kDate:
      if (column.type.unit == Unit::kDay) {
        AppendDate(Load<int32_t>(values, 4 * row), to, file);
      } else {
        const auto time = Load<int64_t>(values, 8 * row);
        AppendDate(time / 86'400'000 - (time % 86'400'000 < 0 ? 1 : 0), to, file);
      }
      return;
    case Type::kTimestamp:
      AppendTimestamp(Load<int64_t>(values, 8 * row), column.type.unit, to, file);
      return;
    case Type::kTime:
    case Type::kDuration: {
      // In seconds: numbers that are never without meaning.
      const int64_t time = column.type.size == 4 ? int64_t{Load<int32_t>(values, 4 * row)}
                                                 : Load<int64_t>(values, 8 * row);
      AppendNumber(static_cast<double>(time) / static_cast<double>(PerSecond(column.type.unit)),
                   to);
      return;
    }
    case Type::kDecimal:
      AppendDecimal(values.substr(16 * row, 16), column.type.scale, to);
      return;
    case Type::kNull:
      return;
  }
}

// Nothing where the value is missing.
void AppendValue(const Column& column, size_t row, std::string& to, const std::string& file) {
  if (column.type.type == Type::kNull) return;
  if (!column.validity.empty() && !BitAt(column.validity, row)) return;
  if (column.dictionary == nullptr) return AppendStored(column, row, to, file);
  const Dictionary& dictionary = *column.dictionary;
  const auto index = static_cast<uint64_t>(IntegerAt(column, row));
  if (dictionary.ends.empty() || index >= dictionary.ends.back()) {
    FailDamaged(file, "an index is outside its dictionary");
  }
  const auto end = std::ranges::upper_bound(dictionary.ends, index);
  const Column& chunk = dictionary.chunks[static_cast<size_t>(end - dictionary.ends.begin())];
  const size_t begin = end == dictionary.ends.begin() ? 0 : *(end - 1);
  AppendValue(chunk, index - begin, to, file);
}

// ---- The table ----

class TableReader {
 public:
  explicit TableReader(InputFile& input) : messages_(input) {
    const auto has_values = [](const Field& field) {
      return field.index || field.value.type != Type::kNull;
    };
    if (std::ranges::none_of(schema().fields, has_values)) {
      throw Error(ErrorCode::kBadData, {.file = messages_.file(),
                                        .found = "no columns that could have a value",
                                        .expected = "features and a label"});
    }
  }

  void AppendHeader(std::string& text) const {
    for (size_t i = 0; i < schema().fields.size(); ++i) {
      if (i > 0) text += ',';
      // What pandas calls the labels of rows when they have no name.
      const std::string& name = schema().fields[i].name;
      AppendName(name.starts_with("__index_level_") ? "" : name, text);
    }
    text += '\n';
  }

  // Appends the next row; false at the end.
  bool Next(std::string& text) {
    while (row_ == rows_) {
      if (!NextBatch()) return false;
    }
    const size_t begin = text.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += ',';
      AppendValue(columns_[i], row_, text, messages_.file());
    }
    if (text.size() == begin) text += "\"\"";  // an empty line would be no row
    text += '\n';
    ++row_;
    return true;
  }

 private:
  bool NextBatch() {
    std::string body;
    std::optional<Message> message = messages_.Next(&body);
    if (!message) return false;
    if (const auto* dictionary = std::get_if<DictionaryBatch>(&message->content)) {
      TakeDictionary(*dictionary, std::move(body));
      return true;
    }
    const auto* batch = std::get_if<RecordBatch>(&message->content);
    if (batch == nullptr) FailDamaged(messages_.file(), "there is a second schema");
    BatchReader reader(*batch, std::move(body), messages_.file());
    columns_.clear();
    for (const Field& field : schema().fields) {
      columns_.push_back(reader.Next(field.index.value_or(field.value)));
      if (field.index) columns_.back().dictionary = &dictionaries_[field.dictionary];
    }
    row_ = 0;
    rows_ = static_cast<size_t>(batch->rows);
    return true;
  }

  // Batches that use it are all behind it, so that no row is left that means the one before.
  void TakeDictionary(const DictionaryBatch& batch, std::string body) {
    const auto field = std::ranges::find_if(
        schema().fields, [&](const Field& f) { return f.index && f.dictionary == batch.id; });
    if (field == schema().fields.end()) {
      FailDamaged(messages_.file(), "a dictionary that no column has");
    }
    Dictionary& dictionary = dictionaries_[batch.id];
    if (!batch.is_delta) dictionary = {};
    BatchReader reader(batch.values, std::move(body), messages_.file());
    dictionary.chunks.push_back(reader.Next(field->value));
    dictionary.ends.push_back((dictionary.ends.empty() ? 0 : dictionary.ends.back()) +
                              dictionary.chunks.back().rows);
  }

  const Schema& schema() const { return messages_.schema(); }

  MessageReader messages_;
  std::map<int64_t, Dictionary> dictionaries_;
  std::vector<Column> columns_;
  size_t row_ = 0;
  size_t rows_ = 0;
};

}  // namespace
}  // namespace arrow

bool IsArrow(const FileStart& start) {
  const std::string_view bytes = start.bytes;
  if (bytes.starts_with(arrow::kMagic)) return true;
  // A stream: a message of some hundred bytes, which has its size in the four bytes behind.
  return bytes.size() > 8 && bytes.starts_with(arrow::kContinuation) && bytes[7] == 0;
}

TableText ArrowText(InputFile& input, const CsvOptions& options) {
  const auto table = std::make_shared<arrow::TableReader>(input);
  const auto make = [table, at_header = true](std::string& text) mutable {
    if (!std::exchange(at_header, false)) return table->Next(text);
    table->AppendHeader(text);
    return true;
  };
  return {.file = input.name(),
          .format = "Arrow",
          .make = make,
          .options = AsCsv(options, Header::kYes),
          .added_lines = 1};
}

Dataset ReadArrow(const FoundFile& file, const CsvOptions& options) {
  return ReadThroughCsv(ArrowText(*file.input, options));
}

}  // namespace colonnade
