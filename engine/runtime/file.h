// SPDX-License-Identifier: Apache-2.0
// Files, whole or absent.
#ifndef COLONNADE_ENGINE_RUNTIME_FILE_H_
#define COLONNADE_ENGINE_RUNTIME_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/runtime/decompress.h"

namespace colonnade {

// A file to read from front to back; "-" is standard input. What is compressed by gzip or
// Zstandard, told by its first bytes, is read as what it stands for. Failures throw Error(kIo) with
// the file's name and the system's reason, a directory at once; damaged compressed data throws
// kBadData.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& file);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  // The name to show in messages: the path as given, or "standard input".
  const std::string& name() const { return name_; }

  // The size in bytes at the time of opening; nothing for pipes and compressed files. A hint: the
  // file may change while it is read, and special files tell 0.
  std::optional<size_t> size() const { return decompressor_ ? std::nullopt : size_; }

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

  // Whether ReadAt() works: for regular files that are not compressed, other than standard input,
  // which may be anywhere.
  bool seekable() const { return owned_ && size().has_value(); }

  // The same from `offset` on, wherever Read() is; of compressed files the bytes as they are
  // stored. Thread-safe.
  size_t ReadAt(std::span<char> to, uint64_t offset) const;

  // Throws if a regular file is not what it was when it was opened, by its size and time.
  void RequireUnchanged() const;

 private:
  void Detect(std::string_view magic);
  size_t ReadBytes(std::span<char> to);
  [[noreturn]] void Fail(int error) const;
  [[noreturn]] void Fail(const std::string& reason) const;

  int descriptor_ = -1;
  bool owned_ = false;  // closed at the end: all but standard input
  std::string name_;
  bool detected_ = false;  // whether it is compressed
  std::unique_ptr<Decompressor> decompressor_;
  std::string ahead_;  // bytes of a pipe that have been read to detect that
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
// A symbolic link stays, and what it points at is replaced. What is not a regular file (a pipe,
// /dev/null) cannot be replaced and is written to directly; so is standard output, named "-" or
// /dev/stdout.
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
  void OpenTemporary(Temporary temporary);
  int NameTemporary();
  void Rename();
  void SyncFolder() const;
  void Discard() noexcept;
  [[noreturn]] void Fail(int error);

  std::string name_;            // as given, for messages
  std::filesystem::path file_;  // what Commit() replaces
  bool replaces_ = false;       // false: written to directly
  std::string temporary_;       // its name; empty where it has none (yet)
  int descriptor_ = -1;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_FILE_H_
