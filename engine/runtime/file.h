// SPDX-License-Identifier: Apache-2.0
// Files, whole or absent.
#ifndef COLONNADE_ENGINE_RUNTIME_FILE_H_
#define COLONNADE_ENGINE_RUNTIME_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/runtime/decompress.h"
#include "engine/runtime/transcoder.h"

namespace colonnade {

// A file to read from front to back; "-" is standard input. What is compressed (decompress.h), told
// by its first bytes, is read as what it stands for; so is a zip archive of one file, and
// "ARCHIVE:PATH" is the file PATH in the zip archive ARCHIVE, unless there is a file of that name.
// Failures throw Error(kIo) with the file's name and the system's reason, a directory at once;
// damaged compressed data throws kBadData.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& file);

  // What is no file: the bytes that `source` yields, as they are. Not seekable, of unknown size.
  InputFile(std::string name, Decompressor::Source source);

  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  // The name to show in messages: the path as given, or "standard input".
  const std::string& name() const { return name_; }

  // Before the first Read(): makes it return text in UTF-8. encoding: as iconv names it; unset:
  // UTF-8, or what the first bytes say (EncodingOf() in transcoder.h). Throws kInvalidArgument
  // about the option `encoding` for an unknown one; then Read() throws kBadData for bytes that mean
  // nothing in it. What is UTF-8 comes as it is, with a byte order mark, and unchecked.
  void TakeAsText(const std::optional<std::string>& encoding = {});

  // The encoding that Read() turns into UTF-8; empty: none.
  std::string encoding() const { return transcoder_ ? transcoder_->encoding() : std::string(); }

  // The size in bytes at the time of opening; nothing for pipes, and for what is compressed or in
  // another encoding. A hint: the file may change while it is read, and special files tell 0.
  std::optional<size_t> size() const { return decompressor_ || transcoder_ ? std::nullopt : size_; }

  // The same as it is stored, compressed or not, and the time of the last change, in nanoseconds
  // since 1970; nothing for what is not a regular file.
  struct Stamp {
    uint64_t size = 0;
    int64_t time = 0;
  };
  std::optional<Stamp> stamp() const;

  // Fills `to` as far as the file reaches; less than to.size() means the end.
  size_t Read(std::span<char> to);

  // How many bytes Read() has taken so far, as they are stored.
  uint64_t taken() const { return taken_; }

  // Whether ReadAt() returns what Read() does: for regular files with a size(), other than standard
  // input, which may be anywhere.
  bool seekable() const { return owned_ && size().has_value(); }

  // The same from `offset` on, wherever Read() is; of compressed files the bytes as they are
  // stored. Thread-safe.
  size_t ReadAt(std::span<char> to, uint64_t offset) const;

  // Throws if a regular file is not what it was when it was opened, by its size and time.
  void RequireUnchanged() const;

 private:
  void Open(const std::filesystem::path& file);
  bool OpenMember(const std::string& path);
  void DetectInFile();
  void Detect(std::string_view magic);
  size_t ReadUnpacked(std::span<char> to);
  size_t ReadBytes(std::span<char> to);
  [[noreturn]] void Fail(int error) const;
  [[noreturn]] void Fail(const std::string& reason) const;

  int descriptor_ = -1;
  Decompressor::Source source_;  // takes the place of the descriptor
  bool owned_ = false;           // closed at the end: all but standard input
  std::string name_;
  std::string member_;     // of an archive
  bool detected_ = false;  // whether it is compressed
  std::unique_ptr<Decompressor> decompressor_;
  std::unique_ptr<Transcoder> transcoder_;
  std::string ahead_;  // bytes of a pipe that have been read to detect that
  std::string start_;  // the same for the encoding, unpacked
  uint64_t taken_ = 0;
  std::optional<size_t> size_;  // of regular files, as they are stored
  int64_t seconds_ = 0;         // time of the last change, for regular files
  int64_t nanoseconds_ = 0;
};

// The whole content of a file; "-" is standard input.
std::string ReadWholeFile(const std::filesystem::path& file);

// A file being written under a temporary name, ".NAME.tmp-PID-RANDOM", in its final folder.
// Commit() makes it durable and moves it into place; without Commit() nothing of it remains, and an
// older file of that name stays as it was. Failures throw Error(kIo), those that can be foreseen
// (no such folder, no permission, a directory in the way) from the constructor.
//
// The new file has the mode of the one that it replaces, and its owner and group where that is
// permitted; a new one, what the umask leaves. A symbolic link stays, and what it points at is
// replaced. What is not a regular file (a pipe, /dev/null) cannot be replaced and is written to
// directly; so is standard output, named "-" or /dev/stdout.
class AtomicFile {
 public:
  // kNamed: the temporary has a name from the start, as it must on systems without nameless files.
  enum class Temporary { kNamelessIfPossible, kNamed };
  explicit AtomicFile(const std::filesystem::path& file,
                      Temporary temporary = Temporary::kNamelessIfPossible);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Unbuffered: hand over large pieces.
  void Write(std::string_view bytes);

  // Once, after the last Write().
  void Commit();

 private:
  struct Access {
    mode_t mode = 0;
    uid_t owner = 0;
    gid_t group = 0;
  };

  void OpenTemporary(Temporary temporary);
  mode_t NewMode() const;
  void KeepAccess();
  int NameTemporary();
  void Rename();
  void SyncFolder() const;
  void Discard() noexcept;
  [[noreturn]] void Fail(int error);

  std::string name_;            // as given, for messages
  std::filesystem::path file_;  // what Commit() replaces
  bool replaces_ = false;       // false: written to directly
  std::optional<Access> old_;   // of the file that is replaced
  std::string temporary_;       // its name; empty where it has none (yet)
  int descriptor_ = -1;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_FILE_H_
