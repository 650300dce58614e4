// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <random>
#include <system_error>
#include <utility>

#include "colonnade/error.h"
#include "engine/runtime/zip.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

// The most that one read() or write() is asked for; Linux moves less than 2 GiB at a time.
constexpr size_t kMaxTransfer = size_t{1} << 30;

std::string Reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void ThrowUnwritable(const std::string& file, const std::string& reason) {
  throw Error(ErrorCode::kIo,
              {.file = file, .problem = fmt::format("cannot write '{}': {}", file, reason)});
}

timespec ModificationTime(const struct stat& status) {
#if defined(__APPLE__)
  return status.st_mtimespec;
#else
  return status.st_mtim;
#endif
}

// Calls f() until no signal interrupts it.
template <class F>
auto Retry(const F& f) {
  for (;;) {
    const auto result = f();
    if (result != -1 || errno != EINTR) return result;
  }
}

int OpenToRead(const char* file) {
  return Retry([&] { return open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY); });
}

// Moves the first bytes of a text; returns how many.
size_t TakeFrom(std::string* text, std::span<char> to) {
  const size_t count = std::min(text->size(), to.size());
  std::copy_n(text->data(), count, to.data());
  text->erase(0, count);
  return count;
}

// Follows symbolic links by hand, because the last one may point at a file that does not exist yet.
fs::path FollowLinks(fs::path file) {
  constexpr int kMaxLinks = 40;  // as the kernel
  std::error_code ignored;
  for (int i = 0; i < kMaxLinks && fs::is_symlink(file, ignored); ++i) {
    const fs::path target = fs::read_symlink(file, ignored);
    if (target.empty()) break;
    file = file.parent_path() / target;
  }
  return file;
}

fs::path FolderOf(const fs::path& file) {
  const fs::path folder = file.parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

}  // namespace

InputFile::InputFile(const fs::path& file) {
  // A throwing constructor is not followed by the destructor.
  try {
    Open(file);
  } catch (...) {
    if (owned_ && descriptor_ != -1) close(descriptor_);
    throw;
  }
}

InputFile::InputFile(std::string name, Decompressor::Source source)
    : source_(std::move(source)), name_(std::move(name)), detected_(true) {}

InputFile::~InputFile() {
  if (owned_) close(descriptor_);
}

void InputFile::Open(const fs::path& file) {
  if (file == "-") {
    name_ = "standard input";
    descriptor_ = STDIN_FILENO;
  } else {
    name_ = file.string();
    owned_ = true;
    descriptor_ = OpenToRead(file.c_str());
    if (descriptor_ == -1) {
      const int error = errno;
      if ((error != ENOENT && error != ENOTDIR) || !OpenMember(name_)) Fail(error);
    }
  }
  struct stat status = {};
  if (fstat(descriptor_, &status) == -1) Fail(errno);
  if (S_ISDIR(status.st_mode)) Fail(EISDIR);
  if (S_ISREG(status.st_mode)) {
    size_ = static_cast<size_t>(status.st_size);
    seconds_ = ModificationTime(status).tv_sec;
    nanoseconds_ = ModificationTime(status).tv_nsec;
    posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);  // only advice: no failure to report
    DetectInFile();
  }
}

// Whether `path` is an archive's, a colon, and the path of a file in it; then it opens the archive.
bool InputFile::OpenMember(const std::string& path) {
  for (size_t colon = path.rfind(':'); colon != std::string::npos && colon > 0;
       colon = path.rfind(':', colon - 1)) {
    const std::string archive = path.substr(0, colon);
    std::error_code ignored;
    if (colon + 1 == path.size() || !fs::is_regular_file(archive, ignored)) continue;
    descriptor_ = OpenToRead(archive.c_str());
    if (descriptor_ == -1) continue;
    std::array<char, Decompressor::kMagicSize> magic;
    if (IsZip({magic.data(), ReadAt(magic, 0)})) {
      member_ = path.substr(colon + 1);
      return true;
    }
    close(descriptor_);
    descriptor_ = -1;
  }
  return false;
}

void InputFile::DetectInFile() {
  // Standard input may stand anywhere. What cannot be read fails where it is read.
  std::array<char, Decompressor::kMagicSize> magic;
  const off_t at = owned_ ? 0 : lseek(descriptor_, 0, SEEK_CUR);
  const ssize_t got = Retry([&] { return pread(descriptor_, magic.data(), magic.size(), at); });
  const std::string_view start(magic.data(), got > 0 ? static_cast<size_t>(got) : 0);
  if (!owned_ || !IsZip(start)) return Detect(start);
  detected_ = true;
  decompressor_ = ReadZip(
      [this](std::span<char> to, uint64_t offset) {
        const size_t count = ReadAt(to, offset);
        taken_ += count;
        return count;
      },
      *size_, name_, member_);
}

void InputFile::Detect(std::string_view magic) {
  detected_ = true;
  Decompressor::Source source = [this](std::span<char> to) { return ReadBytes(to); };
  decompressor_ = IsZip(magic) ? ReadZip(std::move(source), name_)
                               : Decompressor::Make(magic, std::move(source), name_);
}

void InputFile::TakeAsText(const std::optional<std::string>& encoding) {
  std::string from;
  if (encoding) {
    if (!IsUtf8Name(*encoding)) from = *encoding;
  } else if (seekable()) {
    std::array<char, kEncodingMagicSize> start;
    from = EncodingOf({start.data(), ReadAt(start, 0)});
  } else {
    std::string start(kEncodingMagicSize, '\0');
    start.resize(ReadUnpacked(start));
    start_ = std::move(start);
    from = EncodingOf(start_);
  }
  if (from.empty()) return;
  transcoder_ = std::make_unique<Transcoder>(
      [this](std::span<char> to) { return ReadUnpacked(to); }, std::move(from), name_);
}

std::optional<InputFile::Stamp> InputFile::stamp() const {
  if (!size_) return {};
  return Stamp{.size = *size_, .time = seconds_ * 1'000'000'000 + nanoseconds_};
}

size_t InputFile::Read(std::span<char> to) {
  return transcoder_ ? transcoder_->Read(to) : ReadUnpacked(to);
}

size_t InputFile::ReadUnpacked(std::span<char> to) {
  if (!detected_) {
    std::array<char, Decompressor::kMagicSize> magic;
    ahead_.assign(magic.data(), ReadBytes(magic));
    taken_ = 0;
    Detect(ahead_);
  }
  const size_t before = TakeFrom(&start_, to);
  to = to.subspan(before);
  return before + (decompressor_ ? decompressor_->Read(to) : ReadBytes(to));
}

// As the file is stored.
size_t InputFile::ReadBytes(std::span<char> to) {
  if (source_) {
    const size_t got = source_(to);
    taken_ += got;
    return got;
  }
  size_t done = TakeFrom(&ahead_, to);
  while (done < to.size()) {
    const size_t want = std::min(to.size() - done, kMaxTransfer);
    const ssize_t got = Retry([&] { return read(descriptor_, to.data() + done, want); });
    if (got == -1) Fail(errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  taken_ += done;
  return done;
}

size_t InputFile::ReadAt(std::span<char> to, uint64_t offset) const {
  size_t done = 0;
  while (done < to.size()) {
    const size_t want = std::min(to.size() - done, kMaxTransfer);
    const auto at = static_cast<off_t>(offset + done);
    const ssize_t got = Retry([&] { return pread(descriptor_, to.data() + done, want, at); });
    if (got == -1) Fail(errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

void InputFile::RequireUnchanged() const {
  if (!size_) return;
  struct stat status = {};
  if (fstat(descriptor_, &status) == -1) Fail(errno);
  const timespec time = ModificationTime(status);
  if (static_cast<size_t>(status.st_size) != *size_ || time.tv_sec != seconds_ ||
      time.tv_nsec != nanoseconds_) {
    Fail("it changed while it was being read");
  }
}

void InputFile::Fail(int error) const { Fail(error == EISDIR ? "is a directory" : Reason(error)); }

void InputFile::Fail(const std::string& reason) const {
  const std::string shown = owned_ ? "'" + name_ + "'" : name_;
  throw Error(ErrorCode::kIo,
              {.file = name_, .problem = fmt::format("cannot read {}: {}", shown, reason)});
}

std::string ReadWholeFile(const fs::path& file) {
  InputFile input(file);
  std::string content;
  size_t size = 0;
  // One byte more than expected, so that the end of an unchanged file shows at the first reading.
  for (size_t room = input.size().value_or(0) + 1;; room = std::max<size_t>(size, 1 << 16)) {
    content.resize(size + room);
    const size_t got = input.Read({content.data() + size, room});
    size += got;
    if (got < room) break;
  }
  content.resize(size);
  return content;
}

AtomicFile::AtomicFile(const fs::path& file, Temporary temporary)
    : name_(file.string()), file_(file) {
  if (file == "-" || file == "/dev/stdout") {
    // Not by the name: opened anew, a redirected output would be overwritten from its start.
    descriptor_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (descriptor_ == -1) Fail(errno);
    return;
  }
  struct stat status = {};
  if (stat(file.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) Fail(EISDIR);
    if (!S_ISREG(status.st_mode)) {
      descriptor_ = Retry([&] { return open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY); });
      if (descriptor_ == -1) Fail(errno);
      return;
    }
    // A rename would replace even a file that is protected against writing.
    if (access(file.c_str(), W_OK) == -1) Fail(errno);
    old_ = Access{status.st_mode, status.st_uid, status.st_gid};
  } else if (errno != ENOENT) {
    Fail(errno);  // a loop of links, a name that is too long, ...
  }
  file_ = FollowLinks(file);
  OpenTemporary(temporary);
}

AtomicFile::~AtomicFile() { Discard(); }

void AtomicFile::OpenTemporary(Temporary temporary) {
  if (file_.filename().empty()) Fail(ENOENT);  // "folder/", and there is no such folder
  replaces_ = true;
#if defined(O_TMPFILE)
  // A file without a name, where the system has such: nothing remains of it, even after kill -9.
  if (temporary != Temporary::kNamed && access("/proc/self/fd", X_OK) == 0) {
    const fs::path folder = FolderOf(file_);
    descriptor_ =
        Retry([&] { return open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, NewMode()); });
    if (descriptor_ != -1) return;
  }
#endif
  const int error = NameTemporary();
  if (error != 0) Fail(error);
}

// Gives the temporary a name: that of a new file, or, where it is open already, one for that file.
// Returns the system's error, or 0.
int AtomicFile::NameTemporary() {
  // A name may have 255 bytes; what is added here has at most 40.
  const std::string name = file_.filename().string().substr(0, 200);
  std::random_device random;
  for (;;) {
    const uint64_t number = uint64_t{random()} << 32 | random();
    const std::string path =
        FolderOf(file_) / fmt::format(".{}.tmp-{}-{:016x}", name, getpid(), number);
    int result = 0;
    if (descriptor_ == -1) {
      result = descriptor_ = Retry(
          [&] { return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, NewMode()); });
    } else {
      const std::string open_file = fmt::format("/proc/self/fd/{}", descriptor_);
      result = linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW);
    }
    if (result != -1) {
      temporary_ = path;
      return 0;
    }
    if (errno != EEXIST) return errno;
  }
}

void AtomicFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t want = std::min(bytes.size(), kMaxTransfer);
    const ssize_t done = Retry([&] { return write(descriptor_, bytes.data(), want); });
    if (done == -1) Fail(errno);
    bytes.remove_prefix(static_cast<size_t>(done));
  }
}

void AtomicFile::Commit() {
  if (replaces_) {
    KeepAccess();
    if (Retry([&] { return fsync(descriptor_); }) == -1) Fail(errno);
    // Only here may a kill leave something behind, between the two calls: the whole file.
    const bool unnamed = temporary_.empty();
    const int error = unnamed ? NameTemporary() : 0;
    if (error != 0) Fail(error);
    if (unnamed) Rename();
  }
  // Never tried again: Linux closes the descriptor whatever it returns.
  const int closed = close(descriptor_);
  descriptor_ = -1;
  if (closed == -1 && errno != EINTR) Fail(errno);
  if (!replaces_) return;
  if (!temporary_.empty()) Rename();
  SyncFolder();
}

// Until it is known who may read it, only the owner may read what replaces a file.
mode_t AtomicFile::NewMode() const { return old_ ? 0600 : 0666; }

// Whoever could read and write the file that is replaced can read and write this one, nobody else.
void AtomicFile::KeepAccess() {
  // It may have changed, or come into being, since the constructor.
  struct stat status = {};
  if (lstat(file_.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    old_ = Access{status.st_mode, status.st_uid, status.st_gid};
  }
  if (!old_) return;
  mode_t mode = old_->mode & 0777;
  constexpr uid_t kSameOwner = static_cast<uid_t>(-1);
  if (fchown(descriptor_, old_->owner, old_->group) == -1 &&
      fchown(descriptor_, kSameOwner, old_->group) == -1) {
    // What the group was granted is not for another group.
    if (fstat(descriptor_, &status) == -1 || status.st_gid != old_->group) {
      mode = (mode & ~mode_t{070}) | (mode & (mode << 3) & 070);
    }
  }
  // Where the file system has no such modes, the file stays the owner's.
  if (fchmod(descriptor_, mode) == -1) return;
}

void AtomicFile::Rename() {
  if (std::rename(temporary_.c_str(), file_.c_str()) == -1) Fail(errno);
  temporary_.clear();
}

// The rename itself is durable only when the folder is.
void AtomicFile::SyncFolder() const {
  const std::string folder = FolderOf(file_).string();
  const int descriptor =
      Retry([&] { return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  // A folder that may be written but not read, or a file system without fsync for folders: the
  // file is in place, and there is nothing more to be done for it.
  if (descriptor == -1) return;
  const int error = Retry([&] { return fsync(descriptor); }) == -1 ? errno : 0;
  close(descriptor);
  if (error == EIO || error == ENOSPC || error == EDQUOT) {
    ThrowUnwritable(name_, Reason(error));
  }
}

void AtomicFile::Discard() noexcept {
  if (descriptor_ != -1) close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::Fail(int error) {
  Discard();
  std::string reason = Reason(error);
  std::error_code ignored;
  if (error == EISDIR) {
    reason = "is a directory";
  } else if (error == ENOENT && !fs::exists(FolderOf(file_), ignored)) {
    reason = fmt::format("the folder '{}' does not exist", FolderOf(file_).string());
  }
  ThrowUnwritable(name_, reason);
}

}  // namespace colonnade
