// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/transcoder.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "colonnade/error.h"
#include "engine/runtime/utf8.h"

namespace colonnade {
namespace {

constexpr size_t kBufferSize = size_t{1} << 16;

// iconv_open() takes "" for the encoding of the locale, and what follows "//" for instructions.
iconv_t Open(const std::string& encoding) {
  const bool plain = !encoding.empty() && encoding.find('/') == std::string::npos &&
                     encoding.find('\0') == std::string::npos;
  const iconv_t converter = plain ? iconv_open("UTF-8", encoding.c_str()) : nullptr;
  if (converter == nullptr || reinterpret_cast<intptr_t>(converter) == -1) {
    Reject("encoding", fmt::format("'{}'", encoding),
           "the name of a character encoding that iconv knows, such as latin1, windows-1252 or "
           "utf-16le (the program iconv lists them with -l)");
  }
  return converter;
}

}  // namespace

std::string EncodingOf(std::string_view start) {
  if (start.starts_with(std::string_view("\xff\xfe\0\0", 4))) return "UTF-32LE";
  if (start.starts_with(std::string_view("\0\0\xfe\xff", 4))) return "UTF-32BE";
  if (start.starts_with("\xff\xfe")) return "UTF-16LE";
  if (start.starts_with("\xfe\xff")) return "UTF-16BE";
  if (start.size() < 4) return {};
  start = start.substr(0, kEncodingMagicSize);
  bool little = true, big = true;
  for (size_t i = 0; i + 1 < start.size(); i += 2) {
    little = little && start[i] != '\0' && start[i + 1] == '\0';
    big = big && start[i] == '\0' && start[i + 1] != '\0';
  }
  return little ? "UTF-16LE" : big ? "UTF-16BE" : "";
}

bool IsUtf8Name(std::string_view encoding) {
  constexpr std::string_view kNames[] = {"utf-8", "utf8"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) {
    return std::equal(name.begin(), name.end(), encoding.begin(), encoding.end(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  });
}

Transcoder::Transcoder(Decompressor::Source source, std::string encoding, std::string name)
    : source_(std::move(source)),
      encoding_(std::move(encoding)),
      name_(std::move(name)),
      converter_(Open(encoding_)),
      input_(kBufferSize),
      output_(kBufferSize) {}

Transcoder::~Transcoder() { iconv_close(converter_); }

size_t Transcoder::Read(std::span<char> to) {
  size_t done = 0;
  while (done < to.size()) {
    if (out_begin_ == out_end_) {
      if (finished_) break;
      Convert();
    }
    const size_t count = std::min(to.size() - done, out_end_ - out_begin_);
    std::copy_n(output_.data() + out_begin_, count, to.data() + done);
    out_begin_ += count;
    done += count;
  }
  return done;
}

// Fills output_, which has been taken, with some more; or finishes.
void Transcoder::Convert() {
  lines_ += static_cast<uint64_t>(std::count(output_.data(), output_.data() + out_end_, '\n'));
  if (begin_ == end_ || !at_end_) {
    // What is left of a character that a piece cut off comes first.
    std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
    taken_ += begin_;
    end_ -= begin_;
    begin_ = 0;
    const std::span<char> room(input_.data() + end_, input_.size() - end_);
    const size_t got = at_end_ ? 0 : source_(room);
    at_end_ = at_end_ || got < room.size();
    end_ += got;
  }
  char* in = input_.data() + begin_;
  char* out = output_.data();
  size_t in_left = end_ - begin_, out_left = output_.size();
  finished_ = in_left == 0;
  // At the end, what an encoding with states still has to say.
  const size_t result = finished_ ? iconv(converter_, nullptr, nullptr, &out, &out_left)
                                  : iconv(converter_, &in, &in_left, &out, &out_left);
  const int error = result == static_cast<size_t>(-1) ? errno : 0;
  const bool stuck = in_left == end_ - begin_ && out_left == output_.size();
  begin_ = end_ - in_left;
  out_begin_ = 0;
  out_end_ = output_.size() - out_left;
  if (error == EILSEQ) Fail(nullptr);
  if (error == EINVAL && at_end_) Fail("the end within a character");
  if (error != 0 && error != EINVAL && error != E2BIG) Fail(std::strerror(error));
  if (error != 0 && stuck && at_end_) Fail("bytes that lead to nothing");
  if (at_start_ && out_end_ > 0) {
    at_start_ = false;
    if (std::string_view(output_.data(), out_end_).starts_with(kUtf8Mark)) {
      out_begin_ = kUtf8Mark.size();
    }
  }
}

// problem: found at begin_ of input_; null for the byte there.
void Transcoder::Fail(const char* problem) const {
  const auto row =
      lines_ + 1 +
      static_cast<uint64_t>(std::count(output_.data(), output_.data() + out_end_, '\n'));
  const std::string found =
      problem != nullptr
          ? std::string(problem)
          : fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(input_[begin_]));
  throw Error(ErrorCode::kBadData,
              {.file = name_,
               .row = row,
               .found = fmt::format("{}, {} bytes after the start", found, taken_ + begin_),
               .expected = fmt::format("text in {}", encoding_),
               .advice = "`encoding` names another encoding"});
}

}  // namespace colonnade
