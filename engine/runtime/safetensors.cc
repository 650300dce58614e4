// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace colonnade::safetensors {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxHeader = 100'000'000;  // the reference implementation's limit
constexpr size_t kMaxRank = 64;             // ours: bounds the memory that a shape can take
constexpr size_t kWriteAlignment = 64;
constexpr size_t kReadAlignment = 8;  // what the reference implementation pads headers to
constexpr const char* kMetadataKey = "__metadata__";

struct Dtype {
  std::string_view name;
  unsigned bits;
};

constexpr Dtype kDtypes[] = {
    {"BOOL", 8},    {"U8", 8},   {"I8", 8},      {"F8_E4M3", 8}, {"F8_E5M2", 8},
    {"F8_E8M0", 8}, {"F4", 4},   {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U16", 16},
    {"I16", 16},    {"F16", 16}, {"BF16", 16},   {"U32", 32},    {"I32", 32},
    {"F32", 32},    {"U64", 64}, {"I64", 64},    {"F64", 64},    {"C64", 64},
};

// Where the bytes come from, for messages.
struct Source {
  const std::string& name;
  ErrorCode code;

  [[noreturn]] void Fail(ErrorDetails details) const {
    details.file = name;
    throw Error(code, std::move(details));
  }
};

std::string SubjectOf(const TensorInfo& tensor) { return "tensor " + Quoted(tensor.name); }

// The bits that all elements together take, or nothing where 64 bits cannot hold that number.
std::optional<uint64_t> CountBits(const TensorInfo& tensor) {
  uint64_t bits = ElementBits(tensor.dtype);
  for (const uint64_t dimension : tensor.shape) {
    if (__builtin_mul_overflow(bits, dimension, &bits)) return {};
  }
  return bits;
}

ErrorDetails NoJson(size_t position) {
  return {.subject = "header", .found = fmt::format("no valid JSON at byte {}", position)};
}

// A tensor's entry in the header.
struct Entry {
  Tensor tensor;
  std::vector<uint64_t> offsets;
};

// Follows the JSON events of a header. The few places that a header has are the states, so nesting
// deeper than a header's is an error at once, and a duplicate key is seen before it is lost.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const Source& source) : source_(source) {}

  std::vector<Entry> entries;
  Metadata metadata;

  bool null() override { Unexpected("null"); }
  bool boolean(bool value) override { Unexpected(value ? "true" : "false"); }
  bool number_integer(int64_t value) override { Unexpected(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { Unexpected(Shortened(text)); }
  bool binary(binary_t&) override { Unexpected("bytes"); }

  bool number_unsigned(uint64_t value) override {
    if (place_ == Place::kShape) {
      std::vector<uint64_t>& shape = entries.back().tensor.shape;
      if (shape.size() == kMaxRank) {
        source_.Fail(
            {.subject = Where(), .found = fmt::format("more than {} dimensions", kMaxRank)});
      }
      shape.push_back(value);
    } else if (place_ == Place::kOffsets && entries.back().offsets.size() < 2) {
      entries.back().offsets.push_back(value);
    } else {
      Unexpected(std::to_string(value));
    }
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::kMetadata) {
      metadata.find(key_)->second = std::move(value);
    } else if (place_ == Place::kTensor && key_ == "dtype") {
      entries.back().tensor.dtype = std::move(value);
    } else {
      Unexpected(Quoted(value));
    }
    return true;
  }

  bool start_object(size_t) override {
    if (place_ == Place::kFile) {
      place_ = Place::kHeader;
    } else if (place_ == Place::kHeader && key_ == kMetadataKey) {
      place_ = Place::kMetadata;
    } else if (place_ == Place::kHeader) {
      place_ = Place::kTensor;
      entries.emplace_back().tensor.name = key_;
      fields_.clear();
    } else {
      Unexpected("an object");
    }
    return true;
  }

  bool key(std::string& value) override {
    key_ = std::move(value);
    const bool is_new = place_ == Place::kHeader     ? names_.insert(key_).second
                        : place_ == Place::kMetadata ? metadata.try_emplace(key_).second
                                                     : fields_.insert(key_).second;
    if (!is_new) {
      source_.Fail({.subject = place_ == Place::kTensor ? TensorName() : "header",
                    .found = Quoted(key_) + " twice"});
    }
    if (place_ == Place::kTensor && key_ != "dtype" && key_ != "shape" && key_ != "data_offsets") {
      source_.Fail({.subject = TensorName(),
                    .found = Quoted(key_),
                    .expected = "dtype, shape and data_offsets"});
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kTensor) {
      for (const char* field : {"dtype", "shape", "data_offsets"}) {
        if (fields_.contains(field)) continue;
        source_.Fail({.subject = TensorName(), .found = std::string("no ") + field});
      }
    }
    place_ = place_ == Place::kHeader ? Place::kFile : Place::kHeader;
    return true;
  }

  bool start_array(size_t) override {
    if (place_ != Place::kTensor || key_ == "dtype") Unexpected("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kOffsets && entries.back().offsets.size() != 2) {
      source_.Fail({.subject = Where(),
                    .found = fmt::format("{} numbers", entries.back().offsets.size()),
                    .expected = "2"});
    }
    place_ = Place::kTensor;
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    source_.Fail(NoJson(position));
  }

 private:
  enum class Place { kFile, kHeader, kMetadata, kTensor, kShape, kOffsets };

  static std::string Shortened(const std::string& number) {
    return number.size() <= 40 ? number : number.substr(0, 40) + "…";
  }

  std::string TensorName() const { return SubjectOf(entries.back().tensor); }

  std::string Where() const {
    switch (place_) {
      case Place::kFile:
        return "header";
      case Place::kHeader:
        return "header, " + Quoted(key_);
      case Place::kMetadata:
        return "metadata " + Quoted(key_);
      case Place::kTensor:
      case Place::kShape:
      case Place::kOffsets:
        return TensorName() + ", " + key_;
    }
    return {};
  }

  const char* Expected() const {
    switch (place_) {
      case Place::kFile:
      case Place::kHeader:
        return "an object";
      case Place::kMetadata:
        return "a string";
      case Place::kTensor:
        return key_ == "dtype" ? "a string" : "an array";
      case Place::kShape:
        return "integers from 0";
      case Place::kOffsets:
        return "two integers from 0";
    }
    return "";
  }

  [[noreturn]] void Unexpected(const std::string& found) const {
    source_.Fail({.subject = Where(), .found = found, .expected = Expected()});
  }

  const Source& source_;
  Place place_ = Place::kFile;
  std::string key_;
  std::set<std::string> names_;   // keys seen in the header
  std::set<std::string> fields_;  // keys seen in the tensor
};

std::string_view HeaderText(std::string_view file, const Source& source) {
  constexpr const char* kForeign = "not a safetensors file";
  if (file.size() < kLengthBytes) {
    source.Fail({.problem = kForeign,
                 .found = fmt::format("{} bytes", file.size()),
                 .expected = fmt::format("at least {}", kLengthBytes)});
  }
  uint64_t length;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > kMaxHeader) {  // as the first bytes of any text are
    source.Fail({.problem = kForeign,
                 .found = Quoted(file.substr(0, kLengthBytes)) + " at its start",
                 .expected = fmt::format("the length of a header, at most {}", kMaxHeader)});
  }
  file.remove_prefix(kLengthBytes);
  if (length > file.size()) {
    source.Fail(
        {.found = fmt::format("a header length of {}", length),
         .expected = fmt::format("at most the {} bytes that follow: truncated?", file.size())});
  }
  if (length % kReadAlignment != 0) {
    source.Fail({.found = fmt::format("a header length of {}", length),
                 .expected = fmt::format("a multiple of {}", kReadAlignment)});
  }
  const std::string_view header = file.substr(0, length);
  if (!header.starts_with('{')) {
    source.Fail({.problem = kForeign,
                 .found = "a header that starts with " + Quoted(header.substr(0, 1)),
                 .expected = "\"{\""});
  }
  // The JSON parser would take a zero byte for the end.
  if (const size_t zero = header.find('\0'); zero != std::string_view::npos) {
    source.Fail(NoJson(zero + 1));
  }
  return header;
}

// Checks one tensor against its own claims and the size of the data.
void CheckEntry(const Entry& entry, size_t data_size, const Source& source) {
  const Tensor& tensor = entry.tensor;
  const auto [begin, end] = std::pair(entry.offsets[0], entry.offsets[1]);
  const auto fail = [&](std::string found, std::string expected = {}) {
    source.Fail(
        {.subject = SubjectOf(tensor), .found = std::move(found), .expected = std::move(expected)});
  };
  const unsigned bits = ElementBits(tensor.dtype);
  if (bits == 0)
    fail(fmt::format("dtype {}, which the format does not have", Quoted(tensor.dtype)));
  if (begin > end) fail(fmt::format("data_offsets {} to {}", begin, end));
  if (end > data_size) {
    fail(fmt::format("its end at byte {} of the data", end),
         fmt::format("at most {}: truncated?", data_size));
  }
  const std::optional<uint64_t> size = CountBits(tensor);
  if (!size) {
    source.Fail({.subject = SubjectOf(tensor), .found = "a shape of more than 2^64 bits"});
  }
  if (*size % 8 != 0) fail(fmt::format("{} bits", *size), "whole bytes");
  if (end - begin != *size / 8) {
    fail(fmt::format("{} bytes", end - begin),
         fmt::format("{} for its shape and dtype", *size / 8));
  }
  if (bits > 8 && begin % (bits / 8) != 0) {
    fail(fmt::format("its start at byte {} of the data", begin),
         fmt::format("a multiple of {}", bits / 8));
  }
}

}  // namespace

unsigned ElementBits(std::string_view dtype) {
  const auto* found = std::ranges::find(kDtypes, dtype, &Dtype::name);
  return found == std::end(kDtypes) ? 0 : found->bits;
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMax = 60;
  std::string quoted = nlohmann::json(text.substr(0, kMax))
                           .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMax) quoted += "…";
  return quoted;
}

Contents Parse(std::string_view file, const std::string& name, ErrorCode code) {
  const Source source{name, code};
  const std::string_view header = HeaderText(file, source);
  const std::string_view data = file.substr(kLengthBytes + header.size());
  HeaderReader reader(source);
  nlohmann::json::sax_parse(header, &reader);

  std::vector<Entry>& entries = reader.entries;
  for (const Entry& entry : entries) CheckEntry(entry, data.size(), source);
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tie(a.offsets, a.tensor.name) < std::tie(b.offsets, b.tensor.name);
  });
  Contents contents{.tensors = {}, .metadata = std::move(reader.metadata)};
  contents.tensors.reserve(entries.size());
  uint64_t position = 0;
  for (Entry& entry : entries) {
    const auto [begin, end] = std::pair(entry.offsets[0], entry.offsets[1]);
    if (begin != position) {
      source.Fail({.subject = SubjectOf(entry.tensor),
                   .found = fmt::format("its start at byte {} of the data", begin),
                   .expected = fmt::format("{}: {}", position,
                                           begin < position ? "an overlap" : "a hole")});
    }
    position = end;
    entry.tensor.bytes = data.substr(begin, end - begin);
    contents.tensors.push_back(std::move(entry.tensor));
  }
  if (position != data.size()) {
    source.Fail({.found = fmt::format("{} bytes of data", data.size()),
                 .expected = fmt::to_string(position)});
  }
  return contents;
}

std::string Header(std::span<const TensorInfo> tensors, const Metadata& metadata,
                   const std::string& name) {
  auto json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json[kMetadataKey] = metadata;
  uint64_t position = 0;
  for (const TensorInfo& tensor : tensors) {
    [[maybe_unused]] const unsigned bits = ElementBits(tensor.dtype);
    const uint64_t size = CountBits(tensor).value_or(0);
    assert(bits > 0 && size % 8 == 0 && (bits < 8 || position % (bits / 8) == 0));
    assert(!json.contains(tensor.name));
    const uint64_t end = position + size / 8;
    json[tensor.name] = {
        {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = json.dump();
  const size_t unpadded = kLengthBytes + text.size();
  text.append((unpadded + kWriteAlignment - 1) / kWriteAlignment * kWriteAlignment - unpadded, ' ');
  if (text.size() > kMaxHeader) {
    throw Error(ErrorCode::kIo, {.subject = name + ": header",
                                 .file = name,
                                 .found = fmt::format("{} bytes", text.size()),
                                 .expected = fmt::format("at most {}", kMaxHeader)});
  }
  const uint64_t length = text.size();
  char prefix[kLengthBytes];
  std::memcpy(prefix, &length, kLengthBytes);
  return std::string(prefix, kLengthBytes) + text;
}

}  // namespace colonnade::safetensors
