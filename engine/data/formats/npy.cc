// SPDX-License-Identifier: Apache-2.0
#include "engine/data/formats/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <type_traits>
#include <utility>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/text.h"
#include "engine/data/formats/half.h"
#include "engine/data/formats/through_csv.h"

namespace colonnade {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// Only headers of structured types get longer, and these are not read.
constexpr size_t kMaxHeader = size_t{1} << 20;
constexpr size_t kPiece = size_t{1} << 20;

[[noreturn]] void Fail(const std::string& file, std::string found, std::string expected,
                       std::string advice = {}) {
  throw Error(ErrorCode::kBadData, {.file = file,
                                    .found = std::move(found),
                                    .expected = std::move(expected),
                                    .advice = std::move(advice)});
}

// ---- The header: a dictionary as Python writes it ----

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  void Parse(NpyArray& array) {
    bool type = false, order = false, shape = false;
    Expect('{');
    while (!Take('}')) {
      const std::string key = String();
      Expect(':');
      if (key == "descr" && !type) {
        type = true;
        if (Peek() == '[') {
          Fail(file_, "an array of records with named fields", "an array of numbers",
               "write it as CSV: pandas.DataFrame(array).to_csv(FILE, index=False)");
        }
        array.type = String();
      } else if (key == "fortran_order" && !order) {
        order = true;
        array.fortran = Bool();
      } else if (key == "shape" && !shape) {
        shape = true;
        Shape(array.shape);
      } else {
        FailHeader();
      }
      if (!Take(',') && Peek() != '}') FailHeader();
    }
    if (Peek() != '\0' || !type || !order || !shape) FailHeader();
  }

 private:
  char Peek() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) {
      text_.remove_prefix(1);
    }
    return text_.empty() ? '\0' : text_.front();
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Expect(char c) {
    if (!Take(c)) FailHeader();
  }
  std::string String() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') FailHeader();
    const size_t end = text_.find(quote, 1);
    if (end == std::string_view::npos) FailHeader();
    std::string string(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return string;
  }
  bool Bool() {
    Peek();
    const bool value = text_.starts_with("True");
    if (!value && !text_.starts_with("False")) FailHeader();
    text_.remove_prefix(value ? 4 : 5);
    return value;
  }
  void Shape(std::vector<size_t>& shape) {
    Expect('(');
    while (!Take(')')) {
      Peek();
      size_t size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc()) FailHeader();
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      if (text_.starts_with('L')) text_.remove_prefix(1);  // by Python 2
      shape.push_back(size);
      if (!Take(',') && Peek() != ')') FailHeader();
    }
  }
  [[noreturn]] void FailHeader() const {
    Fail(file_, "a damaged header at " + Quoted(text_.substr(0, 20)),
         "one as numpy.save() writes it");
  }

  std::string_view text_;
  const std::string& file_;
};

// "<f8": byte order, kind, size.
void ParseType(NpyArray& array, const std::string& file) {
  const std::string& type = array.type;
  const auto fail = [&](const char* advice) {
    Fail(file, "an array of type " + Quoted(type), "numbers, bools or text", advice);
  };
  if (type.find('O') != std::string::npos) {
    fail(
        "it holds pickled Python objects: make it numbers by .astype(float), or text by "
        ".astype(str)");
  }
  if (type.size() > 1 && type[1] == 'M') {
    fail("make its times numbers, such as by .astype('datetime64[s]').astype(float)");
  }
  if (type.size() < 3 || std::string_view("<>|=").find(type[0]) == std::string_view::npos) fail("");
  array.kind = type[1];
  const char* const end = type.data() + type.size();
  const auto [at, error] = std::from_chars(type.data() + 2, end, array.item_size);
  const size_t size = array.item_size;
  const bool power = size == 1 || size == 2 || size == 4 || size == 8;
  const bool whole = error == std::errc() && at == end;
  switch (whole ? array.kind : '\0') {
    case 'b':
      if (size != 1) fail("");
      break;
    case 'i':
    case 'u':
      if (!power) fail("");
      break;
    case 'f':
      if (!power || size == 1) fail("make it f8 by .astype(float)");
      break;
    case 'S':
      break;
    case 'U':
      if (__builtin_mul_overflow(array.item_size, size_t{4}, &array.item_size)) fail("");
      break;
    default:
      fail("make it numbers by .astype(float), or text by .astype(str)");
  }
  if (array.item_size == 0) fail("");
  const bool big = type[0] == '>';
  array.swapped =
      type[0] != '|' && type[0] != '=' && big != (std::endian::native == std::endian::big);
}

// Items of an array whose first index varies fastest, in C's order.
std::string ToCOrder(const NpyArray& array) {
  const size_t dimensions = array.shape.size();
  std::vector<size_t> strides(dimensions, 1);
  for (size_t d = 1; d < dimensions; ++d) strides[d] = strides[d - 1] * array.shape[d - 1];
  std::string values;
  values.reserve(array.values.size());
  std::vector<size_t> index(dimensions, 0);
  size_t from = 0;
  for (size_t item = array.items(); item > 0; --item) {
    values.append(array.values, from * array.item_size, array.item_size);
    for (size_t d = dimensions; d-- > 0;) {
      from += strides[d];
      if (++index[d] < array.shape[d]) break;
      from -= strides[d] * array.shape[d];
      index[d] = 0;
    }
  }
  return values;
}

template <class T>
T Load(const NpyArray& array, size_t item) {
  std::array<char, sizeof(T)> bytes;
  std::copy_n(array.values.data() + item * sizeof(T), sizeof(T), bytes.data());
  if (array.swapped) std::ranges::reverse(bytes);
  return std::bit_cast<T>(bytes);
}

// Calls f() with the number as it is stored; halves as float.
template <class F>
auto WithNumber(const NpyArray& array, size_t item, const F& f) {
  switch (array.kind) {
    case 'b':
      return f(Load<uint8_t>(array, item) != 0 ? uint8_t{1} : uint8_t{0});
    case 'u':
      if (array.item_size == 1) return f(Load<uint8_t>(array, item));
      if (array.item_size == 2) return f(Load<uint16_t>(array, item));
      if (array.item_size == 4) return f(Load<uint32_t>(array, item));
      return f(Load<uint64_t>(array, item));
    case 'i':
      if (array.item_size == 1) return f(Load<int8_t>(array, item));
      if (array.item_size == 2) return f(Load<int16_t>(array, item));
      if (array.item_size == 4) return f(Load<int32_t>(array, item));
      return f(Load<int64_t>(array, item));
    default:
      if (array.item_size == 2) return f(HalfToFloat(Load<uint16_t>(array, item)));
      if (array.item_size == 4) return f(Load<float>(array, item));
      return f(Load<double>(array, item));
  }
}

void AppendUtf8(uint32_t code, std::string& to) {
  const auto put = [&](uint32_t byte) { to += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18 & 7));
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// Fills `to`, or says that the file ends early.
void Read(const NpySource& source, std::span<char> to, const std::string& file) {
  if (source(to) < to.size()) {
    Fail(file, "the end of the file in the header", "an array as numpy.save() writes it");
  }
}

}  // namespace

size_t NpyArray::items() const {
  size_t product = 1;
  for (const size_t size : shape) product *= size;
  return product;
}

std::string NpyArray::ShapeText() const {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

double NpyArray::Number(size_t item) const {
  return WithNumber(*this, item, [](auto number) { return static_cast<double>(number); });
}

void NpyArray::AppendText(size_t item, std::string& to) const {
  if (kind == 'S') {
    const size_t end =
        std::string_view(values).substr(item * item_size, item_size).find_last_not_of('\0');
    if (end != std::string_view::npos) to.append(values, item * item_size, end + 1);
  } else if (kind == 'U') {
    const size_t length = item_size / 4;
    size_t zeros = 0;  // those at the end are padding
    for (size_t i = 0; i < length; ++i) {
      const auto code = Load<uint32_t>(*this, item * length + i);
      if (code == 0) {
        ++zeros;
        continue;
      }
      to.append(std::exchange(zeros, 0), '\0');
      AppendUtf8(code, to);
    }
  } else {
    WithNumber(*this, item, [&](auto number) {
      if constexpr (std::is_floating_point_v<decltype(number)>) {
        AppendNumber(number, to);
      } else {
        const fmt::format_int text(number);
        to.append(text.data(), text.size());
      }
    });
  }
}

NpyArray ReadNpyArray(const NpySource& source, const std::string& name) {
  std::array<char, 8> start;
  Read(source, start, name);
  const auto version = static_cast<uint8_t>(start[6]);
  if (!std::string_view(start.data(), start.size()).starts_with(kMagic) || version < 1 ||
      version > 3) {
    Fail(name, "an unknown start", "an array of NPY version 1 to 3");
  }
  std::array<char, 4> length = {};
  Read(source, std::span(length).first(version == 1 ? 2 : 4), name);
  uint32_t size = 0;
  for (size_t i = 4; i-- > 0;) size = size << 8 | static_cast<uint8_t>(length[i]);
  if (size > kMaxHeader) {
    Fail(name, fmt::format("a header of {} bytes", size), fmt::format("at most {}", kMaxHeader));
  }
  std::string header(size, '\0');
  Read(source, header, name);
  NpyArray array;
  HeaderParser(header, name).Parse(array);
  ParseType(array, name);

  size_t bytes = array.item_size;
  bool fits = true;
  for (const size_t dimension : array.shape) {
    fits = fits && !__builtin_mul_overflow(bytes, dimension, &bytes);
  }
  // Memory comes as the bytes do, whatever the header says.
  bool ended = false;
  while (!ended && array.values.size() < bytes) {
    const size_t done = array.values.size();
    const size_t room = std::min(bytes - done, std::max(kPiece, done));
    array.values.resize(done + room);
    const size_t got = source({array.values.data() + done, room});
    array.values.resize(done + got);
    ended = got < room;
  }
  char more = '\0';
  if (!fits || ended || source({&more, 1}) != 0) {
    Fail(name,
         ended || !fits ? fmt::format("{} bytes of values", array.values.size())
                        : "more bytes behind the values",
         fmt::format("{} of the shape {} and type {}",
                     fits ? fmt::to_string(bytes) : "fewer than 2^64", array.ShapeText(),
                     array.type));
  }
  if (array.fortran && array.shape.size() > 1) array.values = ToCOrder(array);
  array.fortran = false;
  return array;
}

}  // namespace colonnade
