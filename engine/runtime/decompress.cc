// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/decompress.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "colonnade/error.h"

namespace colonnade {
namespace {

constexpr size_t kBufferSize = size_t{1} << 17;

// The compressed side, which both formats share.
class Compressed {
 public:
  Compressed(Decompressor::Source source, std::string name, const char* format)
      : source_(std::move(source)), name_(std::move(name)), format_(format), buffer_(kBufferSize) {}

  // Reads more if nothing is left. False at the end.
  bool Refill() {
    if (begin_ < end_) return true;
    if (at_end_) return false;
    begin_ = 0;
    end_ = source_(buffer_);
    at_end_ = end_ < buffer_.size();
    return end_ > 0;
  }

  char* data() { return buffer_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  void Consume(size_t count) { begin_ += count; }

  [[noreturn]] void FailDamaged(const char* reason) const {
    throw Error(
        ErrorCode::kBadData,
        {.file = name_, .problem = fmt::format("the {} data is damaged: {}", format_, reason)});
  }

  [[noreturn]] void FailTruncated() const {
    throw Error(
        ErrorCode::kBadData,
        {.file = name_,
         .problem = fmt::format("the {} data ends early: the file is not complete", format_)});
  }

 private:
  Decompressor::Source source_;
  std::string name_;
  const char* format_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is left in the buffer
  bool at_end_ = false;
};

class Gzip final : public Decompressor {
 public:
  Gzip(Source source, std::string name) : input_(std::move(source), std::move(name), "gzip") {
    constexpr int kGzipOnly = 16;  // added to the window's logarithm
    if (inflateInit2(&stream_, MAX_WBITS + kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override { inflateEnd(&stream_); }

  size_t Read(std::span<char> to) override {
    size_t done = 0;
    while (done < to.size()) {
      if (!input_.Refill()) {
        if (!between_members_) input_.FailTruncated();
        break;
      }
      if (between_members_) {
        inflateReset(&stream_);
        between_members_ = false;
      }
      const size_t room = std::min<size_t>(to.size() - done,
                                           std::numeric_limits<decltype(stream_.avail_out)>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(input_.size());
      stream_.next_out = reinterpret_cast<Bytef*>(to.data() + done);
      stream_.avail_out = static_cast<uInt>(room);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      input_.Consume(input_.size() - stream_.avail_in);
      done += room - stream_.avail_out;
      if (result == Z_STREAM_END) {
        between_members_ = true;
      } else if (result == Z_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (result != Z_OK && result != Z_BUF_ERROR) {  // Z_BUF_ERROR: needs more bytes
        input_.FailDamaged(stream_.msg != nullptr ? stream_.msg : zError(result));
      }
    }
    return done;
  }

 private:
  Compressed input_;
  z_stream stream_ = {};
  bool between_members_ = false;
};

class Zstandard final : public Decompressor {
 public:
  Zstandard(Source source, std::string name)
      : input_(std::move(source), std::move(name), "zstd"), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }

  size_t Read(std::span<char> to) override {
    ZSTD_outBuffer output = {to.data(), to.size(), 0};
    while (output.pos < output.size) {
      // Without input it may still have content to give.
      const bool more = input_.Refill();
      ZSTD_inBuffer input = {input_.data(), input_.size(), 0};
      const size_t before = output.pos;
      const size_t result = ZSTD_decompressStream(stream_.get(), &output, &input);
      input_.Consume(input.pos);
      if (ZSTD_isError(result) != 0) input_.FailDamaged(ZSTD_getErrorName(result));
      if (!more && output.pos == before) {
        if (in_frame_) input_.FailTruncated();
        break;
      }
      in_frame_ = result != 0;
    }
    return output.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  Compressed input_;
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool in_frame_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> Decompressor::Make(std::string_view magic, Source source,
                                                 std::string name) {
  if (magic.starts_with("\x1f\x8b")) {
    return std::make_unique<Gzip>(std::move(source), std::move(name));
  }
  if (magic.starts_with("\x28\xb5\x2f\xfd")) {
    return std::make_unique<Zstandard>(std::move(source), std::move(name));
  }
  return nullptr;
}

}  // namespace colonnade
