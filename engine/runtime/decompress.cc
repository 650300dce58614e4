// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/decompress.h"

#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "colonnade/error.h"
#include "engine/runtime/compressed.h"

namespace colonnade {
namespace {

// zlib and bzip2 count by 32 bits.
unsigned Room(size_t bytes) {
  return static_cast<unsigned>(std::min<size_t>(bytes, std::numeric_limits<unsigned>::max()));
}

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
      const unsigned room = Room(to.size() - done);
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(input_.size());
      stream_.next_out = reinterpret_cast<Bytef*>(to.data() + done);
      stream_.avail_out = room;
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

class Bzip2 final : public Decompressor {
 public:
  Bzip2(Source source, std::string name) : input_(std::move(source), std::move(name), "bzip2") {}
  Bzip2(const Bzip2&) = delete;
  Bzip2& operator=(const Bzip2&) = delete;
  ~Bzip2() override { End(); }

  size_t Read(std::span<char> to) override {
    size_t done = 0;
    while (done < to.size()) {
      // Without input it may still have content to give.
      const bool more = input_.Refill();
      if (!in_member_) {
        if (!more) break;
        Begin();
      }
      const unsigned room = Room(to.size() - done);
      stream_.next_in = input_.data();
      stream_.avail_in = static_cast<unsigned>(input_.size());
      stream_.next_out = to.data() + done;
      stream_.avail_out = room;
      const int result = BZ2_bzDecompress(&stream_);
      input_.Consume(input_.size() - stream_.avail_in);
      done += room - stream_.avail_out;
      if (result == BZ_STREAM_END) {
        End();
      } else if (result == BZ_MEM_ERROR) {
        throw std::bad_alloc();
      } else if (result != BZ_OK) {
        input_.FailDamaged(result == BZ_DATA_ERROR_MAGIC ? "no bzip2 header" : "checksums differ");
      } else if (!more && stream_.avail_out == room) {
        input_.FailTruncated();
      }
    }
    return done;
  }

 private:
  void Begin() {
    stream_ = {};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
    in_member_ = true;
  }
  void End() {
    if (in_member_) BZ2_bzDecompressEnd(&stream_);
    in_member_ = false;
  }

  Compressed input_;
  bz_stream stream_ = {};
  bool in_member_ = false;
};

// xz, and the older LZMA format, in which nothing but the length is checked.
class Lzma final : public Decompressor {
 public:
  Lzma(Source source, std::string name, bool xz)
      : input_(std::move(source), std::move(name), xz ? "xz" : "LZMA") {
    // Of the format's presets, the largest needs 65 MiB.
    constexpr uint64_t kMaxMemory = uint64_t{1} << 30;
    if ((xz ? lzma_stream_decoder(&stream_, kMaxMemory, LZMA_CONCATENATED)
            : lzma_alone_decoder(&stream_, kMaxMemory)) != LZMA_OK) {
      throw std::bad_alloc();
    }
  }
  Lzma(const Lzma&) = delete;
  Lzma& operator=(const Lzma&) = delete;
  ~Lzma() override { lzma_end(&stream_); }

  size_t Read(std::span<char> to) override {
    size_t done = 0;
    while (done < to.size()) {
      const bool more = input_.Refill();
      if (at_end_) {
        if (more) input_.FailDamaged("something follows its end");
        break;
      }
      stream_.next_in = reinterpret_cast<const uint8_t*>(input_.data());
      stream_.avail_in = input_.size();
      stream_.next_out = reinterpret_cast<uint8_t*>(to.data() + done);
      stream_.avail_out = to.size() - done;
      const lzma_ret result = lzma_code(&stream_, more ? LZMA_RUN : LZMA_FINISH);
      input_.Consume(input_.size() - stream_.avail_in);
      done = to.size() - stream_.avail_out;
      if (result == LZMA_STREAM_END) {
        at_end_ = true;
      } else if (result == LZMA_BUF_ERROR) {
        if (!more) input_.FailTruncated();
      } else if (result != LZMA_OK) {
        Fail(result);
      }
    }
    return done;
  }

 private:
  [[noreturn]] void Fail(lzma_ret result) const {
    if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
    input_.FailDamaged(result == LZMA_MEMLIMIT_ERROR  ? "it asks for more than 1 GiB of memory"
                       : result == LZMA_FORMAT_ERROR  ? "no header where one must be"
                       : result == LZMA_OPTIONS_ERROR ? "it asks for what liblzma does not know"
                                                      : "checksums differ");
  }

  Compressed input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool at_end_ = false;
};

// "BZh" and a digit could begin a text; the mark of a block, or of the end, after them does not.
bool IsBzip2(std::string_view magic) {
  if (magic.size() < 4 || !magic.starts_with("BZh") || magic[3] < '1' || magic[3] > '9') {
    return false;
  }
  const std::string_view mark = magic.substr(4, 6);
  return std::string_view("1AY&SY").starts_with(mark) ||
         std::string_view("\x17\x72\x45\x38\x50\x90").starts_with(mark);
}

// A header without a magic number: the usual properties, a size of the dictionary that has at most
// two bits set next to each other, and a length, unknown or below 256 GiB.
bool IsLzma(std::string_view magic) {
  if (magic.size() < 13 || magic[0] != '\x5d') return false;
  const auto number = [&](size_t at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<uint8_t>(magic[at + i]);
    return value;
  };
  const uint64_t dictionary = number(1, 4), length = number(5, 8);
  const uint64_t lowest = dictionary & (~dictionary + 1);
  return dictionary >= 4096 && (dictionary == lowest || dictionary == (lowest | lowest << 1)) &&
         (length == UINT64_MAX || length < uint64_t{1} << 38);
}

}  // namespace

void Compressed::FailDamaged(const std::string& reason) const {
  throw Error(
      ErrorCode::kBadData,
      {.file = name_, .problem = fmt::format("the {} data is damaged: {}", format_, reason)});
}

void Compressed::FailTruncated() const {
  throw Error(
      ErrorCode::kBadData,
      {.file = name_,
       .problem = fmt::format("the {} data ends early: the file is not complete", format_)});
}

std::unique_ptr<Decompressor> Decompressor::Make(std::string_view magic, Source source,
                                                 std::string name) {
  if (magic.starts_with("\x1f\x8b")) {
    return std::make_unique<Gzip>(std::move(source), std::move(name));
  }
  if (magic.starts_with("\x28\xb5\x2f\xfd")) {
    return std::make_unique<Zstandard>(std::move(source), std::move(name));
  }
  if (IsBzip2(magic)) return std::make_unique<Bzip2>(std::move(source), std::move(name));
  const bool xz =
      magic.starts_with(std::string_view("\xfd"
                                         "7zXZ\0",
                                         6));
  if (xz || IsLzma(magic)) return std::make_unique<Lzma>(std::move(source), std::move(name), xz);
  return nullptr;
}

}  // namespace colonnade
