// Files, whole or absent.
#ifndef COLONNADE_ENGINE_RUNTIME_FILE_H_
#define COLONNADE_ENGINE_RUNTIME_FILE_H_

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace colonnade {

// A file to read from front to back; "-" is standard input. All failures throw Error(kIo) with the
// file's name and the system's reason; a directory is a failure at once.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& file);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  // The name to show in messages: the path as given, or "standard input".
  const std::string& name() const { return name_; }

  // The size in bytes at the time of opening; nothing for pipes and the like.
  std::optional<size_t> size() const { return size_; }

  // Fills `to` as far as the file reaches; less than to.size() means the end.
  size_t Read(std::span<char> to);

 private:
  int descriptor_ = -1;
  std::string name_;
  std::optional<size_t> size_;
};

// The whole content of a file.
std::string ReadWholeFile(const std::filesystem::path& file);

// A file being written under a temporary name in its final folder. Commit() makes it durable and
// moves it into place; without Commit() nothing of it remains, and an older file of that name stays
// as it was. Failures throw Error(kIo).
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& file);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void Write(std::string_view bytes);
  void Commit();

 private:
  std::filesystem::path file_;
  std::string temporary_;
  int descriptor_ = -1;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_FILE_H_
