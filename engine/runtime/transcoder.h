// SPDX-License-Identifier: Apache-2.0
// Text in any encoding as UTF-8.
#ifndef COLONNADE_ENGINE_RUNTIME_TRANSCODER_H_
#define COLONNADE_ENGINE_RUNTIME_TRANSCODER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/decompress.h"

namespace colonnade {

// How many of the first bytes of a text EncodingOf() looks at.
inline constexpr size_t kEncodingMagicSize = 64;

// The encoding of a text that begins so: by its byte order mark; without one UTF-16 if every second
// byte is 0, and no other. Empty for anything else, UTF-8 among it.
std::string EncodingOf(std::string_view start);

// Whether a name means UTF-8, which needs no change.
bool IsUtf8Name(std::string_view encoding);

class Transcoder {
 public:
  // encoding: as iconv names it; another name throws kInvalidArgument about the option `encoding`.
  // name: of the file, for messages.
  Transcoder(Decompressor::Source source, std::string encoding, std::string name);
  Transcoder(const Transcoder&) = delete;
  Transcoder& operator=(const Transcoder&) = delete;
  ~Transcoder();

  // Fills `to` with UTF-8, without a byte order mark, as far as the text reaches; less than
  // to.size() means the end. Throws kBadData where bytes mean nothing in the encoding.
  size_t Read(std::span<char> to);

  const std::string& encoding() const { return encoding_; }

 private:
  void Convert();
  [[noreturn]] void Fail(const char* problem) const;

  Decompressor::Source source_;
  std::string encoding_;
  std::string name_;
  void* converter_;                   // iconv_t
  std::vector<char> input_, output_;  // buffers
  size_t begin_ = 0, end_ = 0;        // of what is left in input_
  size_t out_begin_ = 0, out_end_ = 0;
  uint64_t taken_ = 0;     // bytes of the text before input_'s
  uint64_t lines_ = 0;     // line ends before what output_ holds
  bool at_end_ = false;    // of the source
  bool finished_ = false;  // all is converted
  bool at_start_ = true;   // where a byte order mark may be
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_TRANSCODER_H_
