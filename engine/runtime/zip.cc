// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/runtime/compressed.h"
#include "engine/runtime/utf8.h"

namespace colonnade {
namespace {

// PKWARE's APPNOTE.TXT, 6.3.10. The sizes are those of the parts that always are there.
constexpr std::string_view kLocal("PK\3\4", 4), kDescriptor("PK\7\10", 4), kEntry("PK\1\2", 4),
    kEnd("PK\5\6", 4), kEnd64("PK\6\6", 4), kLocator64("PK\6\7", 4), kExtraData("PK\6\10", 4);
constexpr size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22, kEnd64Size = 56,
                 kLocatorSize = 20;
constexpr uint16_t kEncrypted = 1, kHasDescriptor = 8;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kExtra64 = 1;
constexpr uint32_t kIn64 = 0xFFFFFFFF;  // the number is elsewhere, in 64 bits

uint64_t Number(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}
uint16_t U16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(Number(bytes, at, 2));
}
uint32_t U32(std::string_view bytes, size_t at) {
  return static_cast<uint32_t>(Number(bytes, at, 4));
}

[[noreturn]] void FailDamaged(const std::string& name, const char* reason) {
  throw Error(ErrorCode::kBadData,
              {.file = name, .problem = fmt::format("the zip data is damaged: {}", reason)});
}

[[noreturn]] void FailTruncated(const std::string& name) {
  throw Error(ErrorCode::kBadData,
              {.file = name, .problem = "the zip data ends early: the file is not complete"});
}

// A path for messages, which any terminal and any JSON writer takes.
std::string Shown(std::string path) {
  for (char& c : path) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  while (const std::optional<size_t> at = FirstInvalidUtf8(path)) path[*at] = '?';
  return path;
}

// A file of the archive, as either kind of header tells.
struct Member {
  std::string path;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, size = 0;
  uint64_t offset = 0;  // of the local header; only from the central directory
  bool is64 = false;    // its numbers are in 64 bits
};

// Takes the numbers of 64 bits that `extra` has, in their order, for those that are elsewhere.
void TakeNumbers64(const std::string& name, std::string_view extra, Member* member) {
  while (extra.size() >= 4) {
    const size_t size = U16(extra, 2);
    if (size > extra.size() - 4) FailDamaged(name, "a header's extra fields are cut off");
    if (U16(extra, 0) == kExtra64) {
      member->is64 = true;
      size_t at = 4;
      for (uint64_t* number : {&member->size, &member->packed, &member->offset}) {
        if (*number != kIn64) continue;
        if (at + 8 > size + 4) FailDamaged(name, "a size is missing");
        *number = Number(extra, at, 8);
        at += 8;
      }
    }
    extra.remove_prefix(4 + size);
  }
}

// Folders, and what macOS keeps beside files.
bool IsData(const std::string& path) {
  return !path.empty() && !path.ends_with('/') && !path.starts_with("__MACOSX/") &&
         path != ".DS_Store" && !path.ends_with("/.DS_Store");
}

void RequireReadable(const std::string& name, const Member& member) {
  if ((member.flags & kEncrypted) != 0) {
    throw Error(ErrorCode::kBadData,
                {.file = name,
                 .found = fmt::format("'{}', which is encrypted", Shown(member.path)),
                 .expected = "a zip archive without a password"});
  }
  if (member.method != kStored && member.method != kDeflated) {
    throw Error(ErrorCode::kBadData, {.file = name,
                                      .found = fmt::format("'{}', compressed by method {}",
                                                           Shown(member.path), member.method),
                                      .expected = "stored or deflated, as zip does without options",
                                      .advice = "unpack it"});
  }
}

[[noreturn]] void FailSeveral(const std::string& name, std::string found, std::string advice) {
  throw Error(ErrorCode::kBadData, {.file = name,
                                    .found = std::move(found),
                                    .expected = "one file",
                                    .advice = std::move(advice)});
}

std::string ListOf(const std::vector<Member>& members) {
  constexpr size_t kShown = 10;
  std::string list;
  for (size_t i = 0; i < std::min(members.size(), kShown); ++i) {
    list += (i == 0 ? "'" : ", '") + Shown(members[i].path) + "'";
  }
  if (members.size() > kShown) list += fmt::format(" and {} more", members.size() - kShown);
  return list;
}

// The file of that path, or else the only one whose path ends in it, in whole names; the first of
// all where no path is given.
std::vector<Member>::const_iterator Find(const std::vector<Member>& members,
                                         std::string_view path) {
  if (path.empty()) return members.begin();
  const auto find = [&](auto begin, const auto& fits) {
    return std::find_if(begin, members.end(), [&](const Member& each) { return fits(each.path); });
  };
  const auto same = find(members.begin(), [&](const std::string& each) { return each == path; });
  if (same != members.end()) return same;
  const std::string ending = fmt::format("/{}", path);
  const auto ends = [&](const std::string& each) { return each.ends_with(ending); };
  const auto first = find(members.begin(), ends);
  return first != members.end() && find(first + 1, ends) == members.end() ? first : members.end();
}

// ---- Content ----

// The content of one file of an archive.
class Content {
 public:
  // The compressed bytes, from where they begin; `member` says how many if `ends`.
  Content(const Member& member, bool ends) : member_(member), ends_(ends) {
    if (member_.method == kDeflated && inflateInit2(&stream_, -MAX_WBITS) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() {
    if (member_.method == kDeflated) inflateEnd(&stream_);
  }

  size_t Read(Compressed& input, std::span<char> to) {
    size_t done = 0;
    while (done < to.size() && !at_end_) {
      const size_t got = member_.method == kStored ? Copy(input, to.subspan(done))
                                                   : Inflate(input, to.subspan(done));
      for (size_t at = 0; at < got;) {
        const size_t count = std::min<size_t>(got - at, std::numeric_limits<uInt>::max());
        crc_ = crc32(crc_, reinterpret_cast<const Bytef*>(to.data() + done + at),
                     static_cast<uInt>(count));
        at += count;
      }
      done += got;
      size_ += got;
    }
    return done;
  }

  bool at_end() const { return at_end_; }
  uint32_t crc() const { return static_cast<uint32_t>(crc_); }
  uint64_t packed() const { return packed_; }
  uint64_t size() const { return size_; }

 private:
  size_t Copy(Compressed& input, std::span<char> to) {
    const uint64_t left = member_.packed - packed_;
    at_end_ = left == 0;
    if (at_end_) return 0;
    if (!input.Refill()) input.FailTruncated();
    const size_t count =
        static_cast<size_t>(std::min<uint64_t>({left, input.size(), uint64_t{to.size()}}));
    std::copy_n(input.data(), count, to.data());
    input.Consume(count);
    packed_ += count;
    return count;
  }

  size_t Inflate(Compressed& input, std::span<char> to) {
    const bool some = !ends_ || packed_ < member_.packed;
    const bool more = some && input.Refill();
    uint64_t offered = more ? input.size() : 0;
    if (ends_) offered = std::min(offered, member_.packed - packed_);
    constexpr uInt kMost = std::numeric_limits<uInt>::max();
    const uInt room = static_cast<uInt>(std::min<size_t>(to.size(), kMost));
    stream_.next_in = reinterpret_cast<Bytef*>(input.data());
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = room;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    const size_t consumed = static_cast<size_t>(offered) - stream_.avail_in;
    input.Consume(consumed);
    packed_ += consumed;
    const size_t got = room - stream_.avail_out;
    if (result == Z_STREAM_END) {
      at_end_ = true;
    } else if (result == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      input.FailDamaged(stream_.msg != nullptr ? stream_.msg : zError(result));
    } else if (!more && got == 0) {
      if (some) input.FailTruncated();
      input.FailDamaged("a file in it has no end");
    }
    return got;
  }

  const Member member_;
  const bool ends_;
  z_stream stream_ = {};
  uLong crc_ = 0;
  uint64_t packed_ = 0, size_ = 0;  // so far
  bool at_end_ = false;
};

// ---- By the central directory ----

class Archive {
 public:
  Archive(SourceAt source, uint64_t size, std::string name)
      : source_(std::move(source)), size_(size), name_(std::move(name)) {}

  // Those that are data.
  std::vector<Member> Members() const {
    const Directory directory = FindDirectory();
    std::vector<Member> members;
    uint64_t at = directory.begin, count = 0;
    for (; at < directory.end; ++count) {
      const std::string fixed = Bytes(at, kEntrySize);
      if (!fixed.starts_with(kEntry)) FailDamaged(name_, "an entry of its directory is not one");
      const size_t path = U16(fixed, 28), extra = U16(fixed, 30), comment = U16(fixed, 32);
      const std::string rest = Bytes(at + kEntrySize, path + extra);
      Member member = {.path = rest.substr(0, path),
                       .flags = U16(fixed, 8),
                       .method = U16(fixed, 10),
                       .crc = U32(fixed, 16),
                       .packed = U32(fixed, 20),
                       .size = U32(fixed, 24),
                       .offset = U32(fixed, 42)};
      TakeNumbers64(name_, std::string_view(rest).substr(path), &member);
      if (IsData(member.path)) members.push_back(std::move(member));
      at += kEntrySize + path + extra + comment;
    }
    if (at != directory.end || count != directory.count) {
      FailDamaged(name_, "its directory is not complete");
    }
    return members;
  }

  // Where the content of a file begins.
  uint64_t ContentOf(const Member& member) const {
    const std::string local = Bytes(member.offset, kLocalSize);
    if (!local.starts_with(kLocal)) FailDamaged(name_, "a file is not where its directory says");
    const uint64_t begin = member.offset + kLocalSize + U16(local, 26) + U16(local, 28);
    if (begin > size_ || member.packed > size_ - begin) FailTruncated(name_);
    return begin;
  }

 private:
  std::string Bytes(uint64_t offset, size_t count) const {
    if (offset > size_ || count > size_ - offset) FailTruncated(name_);
    std::string bytes(count, '\0');
    if (source_(bytes, offset) < count) FailTruncated(name_);
    return bytes;
  }

  struct Directory {
    uint64_t begin = 0, end = 0;
    uint64_t count = 0;  // of its entries
  };
  Directory FindDirectory() const {
    const size_t reach =
        static_cast<size_t>(std::min<uint64_t>(size_, kEndSize + size_t{UINT16_MAX}));
    const std::string tail = Bytes(size_ - reach, reach);
    size_t at =
        tail.size() < kEndSize ? std::string::npos : tail.rfind(kEnd, tail.size() - kEndSize);
    while (at != std::string::npos && at + kEndSize + U16(tail, at + 20) != tail.size()) {
      at = at == 0 ? std::string::npos : tail.rfind(kEnd, at - 1);
    }
    if (at == std::string::npos) FailTruncated(name_);
    const uint64_t record = size_ - reach + at;
    uint64_t count = U16(tail, at + 10), length = U32(tail, at + 12), begin = U32(tail, at + 16);
    uint64_t limit = record;
    if (length == kIn64 || begin == kIn64 || count == UINT16_MAX) {
      if (record >= kLocatorSize) {
        const std::string locator = Bytes(record - kLocatorSize, kLocatorSize);
        if (locator.starts_with(kLocator64)) {
          limit = Number(locator, 8, 8);
          const std::string end = Bytes(limit, kEnd64Size);
          if (!end.starts_with(kEnd64)) FailDamaged(name_, "its directory's end is not one");
          count = Number(end, 32, 8);
          length = Number(end, 40, 8);
          begin = Number(end, 48, 8);
        }
      }
    }
    if (begin > limit || length > limit - begin) FailDamaged(name_, "its directory is elsewhere");
    return {begin, begin + length, count};
  }

  SourceAt source_;
  uint64_t size_;
  std::string name_;
};

class Extractor final : public Decompressor {
 public:
  Extractor(SourceAt source, uint64_t begin, const Member& member, std::string name)
      : member_(member),
        input_(
            [source = std::move(source), begin,
             end = begin + member.packed](std::span<char> to) mutable {
              const auto count = static_cast<size_t>(std::min<uint64_t>(to.size(), end - begin));
              const size_t got = source(to.first(count), begin);
              begin += got;
              return got;
            },
            std::move(name), "zip"),
        content_(member, true) {}

  size_t Read(std::span<char> to) override {
    const size_t got = content_.Read(input_, to);
    // Only here all of it has come. That it is longer than it should be is known earlier.
    if (content_.size() > member_.size ||
        (content_.at_end() && (content_.size() != member_.size || content_.crc() != member_.crc ||
                               content_.packed() != member_.packed))) {
      input_.FailDamaged("checksums differ");
    }
    return got;
  }

 private:
  Member member_;
  Compressed input_;
  Content content_;
};

// ---- By local headers, from front to back ----

class StreamExtractor final : public Decompressor {
 public:
  StreamExtractor(Source source, std::string name)
      : input_(std::move(source), std::move(name), "zip") {}

  size_t Read(std::span<char> to) override {
    size_t done = 0;
    while (done < to.size() && !at_end_) {
      if (!content_ && !NextMember()) {
        FinishArchive();
        break;
      }
      const size_t got = content_->Read(input_, to.subspan(done));
      if (IsData(member_.path)) done += got;
      if (content_->at_end()) FinishMember();
    }
    return done;
  }

 private:
  // The next bytes, which stay.
  std::string_view Peek(size_t count) {
    while (ahead_.size() < count && input_.Refill()) {
      const size_t taken = std::min(input_.size(), count - ahead_.size());
      ahead_.append(input_.data(), taken);
      input_.Consume(taken);
    }
    return std::string_view(ahead_).substr(0, count);
  }

  // The next bytes.
  std::string Take(size_t count) {
    if (Peek(count).size() < count) input_.FailTruncated();
    std::string bytes = ahead_.substr(0, count);
    ahead_.erase(0, count);
    return bytes;
  }

  // False where the directory begins.
  bool NextMember() {
    const std::string_view signature = Peek(4);
    if (signature.size() < 4) input_.FailTruncated();
    if (signature == kEntry || signature == kEnd || signature == kExtraData) return false;
    if (signature != kLocal) input_.FailDamaged("what follows a file is not known");
    const std::string fixed = Take(kLocalSize);
    member_ = {.path = Take(U16(fixed, 26)),
               .flags = U16(fixed, 6),
               .method = U16(fixed, 8),
               .crc = U32(fixed, 14),
               .packed = U32(fixed, 18),
               .size = U32(fixed, 22)};
    TakeNumbers64(input_.name(), Take(U16(fixed, 28)), &member_);
    const bool data = IsData(member_.path);
    if (data && !first_.empty()) {
      FailSeveral(input_.name(),
                  fmt::format("a zip archive of several files: '{}', '{}' …", Shown(first_),
                              Shown(member_.path)),
                  "of an archive in a file, 'ARCHIVE:NAME' names one");
    }
    if (data) first_ = member_.path;
    RequireReadable(input_.name(), member_);
    const bool open = (member_.flags & kHasDescriptor) != 0;
    if (open && member_.method == kStored && member_.packed == 0 && data) {
      throw Error(ErrorCode::kBadData,
                  {.file = input_.name(),
                   .found = fmt::format("'{}', whose end only the archive's directory tells",
                                        Shown(member_.path)),
                   .expected = "a file, not a pipe"});
    }
    content_.emplace(member_, !open);
    return true;
  }

  // The checksum, and the numbers that a descriptor after the content has.
  void FinishMember() {
    bool right = content_->crc() == member_.crc && content_->size() == member_.size &&
                 content_->packed() == member_.packed;
    if ((member_.flags & kHasDescriptor) != 0) {
      right = false;
      // With a signature or without, in 64 bits or 32: what fits, with a header after it.
      for (const size_t start : {4u, 0u}) {
        for (const size_t width : {4u, 8u}) {
          const size_t size = start + 4 + 2 * width;
          const std::string_view bytes = Peek(size + 2);
          if (right || bytes.size() < size + 2 || !bytes.substr(size).starts_with("PK") ||
              !bytes.starts_with(kDescriptor.substr(0, start))) {
            continue;
          }
          const uint64_t mask = width == 8 ? UINT64_MAX : UINT32_MAX;
          right = U32(bytes, start) == content_->crc() &&
                  Number(bytes, start + 4, width) == (content_->packed() & mask) &&
                  Number(bytes, start + 4 + width, width) == (content_->size() & mask);
          if (right) Take(size);
        }
      }
      if (!right && Peek(22).size() < 22) input_.FailTruncated();
    }
    if (!right) input_.FailDamaged("checksums differ");
    content_.reset();
  }

  // Nothing of the rest is needed, but that it is there shows that the archive is complete.
  void FinishArchive() {
    at_end_ = true;
    if (first_.empty()) {
      throw Error(
          ErrorCode::kBadData,
          {.file = input_.name(), .found = "a zip archive without files", .expected = "one"});
    }
    for (;;) {
      const std::string signature(Peek(4));
      if (signature == kEntry) {
        const std::string fixed = Take(kEntrySize);
        Take(size_t{U16(fixed, 28)} + U16(fixed, 30) + U16(fixed, 32));
      } else if (signature == kEnd64) {
        const uint64_t rest = Number(Take(12), 4, 8);
        if (rest > size_t{1} << 20) input_.FailDamaged("its directory's end is not one");
        Take(static_cast<size_t>(rest));
      } else if (signature == kLocator64) {
        Take(kLocatorSize);
      } else if (signature == kExtraData) {
        Take(U32(Take(8), 4) & 0xFFFFFF);
      } else if (signature == kEnd) {
        Take(U16(Take(kEndSize), 20));
        if (!Peek(1).empty()) input_.FailDamaged("something follows its end");
        return;
      } else {
        if (signature.size() < 4) input_.FailTruncated();
        input_.FailDamaged("its directory is not one");
      }
    }
  }

  Compressed input_;
  std::string ahead_;  // bytes that come before what `input_` has left
  Member member_;
  std::optional<Content> content_;  // of `member_`
  std::string first_;               // path of the file that is read
  bool at_end_ = false;
};

}  // namespace

bool IsZip(std::string_view magic) { return magic.starts_with(kLocal) || magic.starts_with(kEnd); }

std::unique_ptr<Decompressor> ReadZip(SourceAt source, uint64_t size, std::string name,
                                      std::string_view member) {
  const Archive archive(source, size, name);
  const std::vector<Member> members = archive.Members();
  const auto found = Find(members, member);
  if (found == members.end()) {
    throw Error(ErrorCode::kBadData,
                {.file = name,
                 .found = members.empty() ? "a zip archive without files"
                                          : fmt::format("no such file in the archive, which has {}",
                                                        ListOf(members)),
                 .expected = member.empty() ? "one" : fmt::format("'{}'", member)});
  }
  if (member.empty() && members.size() > 1) {
    FailSeveral(name, fmt::format("a zip archive of {} files: {}", members.size(), ListOf(members)),
                fmt::format("'{}:{}' names one", name, Shown(found->path)));
  }
  RequireReadable(name, *found);
  const uint64_t begin = archive.ContentOf(*found);
  return std::make_unique<Extractor>(std::move(source), begin, *found, std::move(name));
}

std::unique_ptr<Decompressor> ReadZip(Decompressor::Source source, std::string name) {
  return std::make_unique<StreamExtractor>(std::move(source), std::move(name));
}

}  // namespace colonnade
