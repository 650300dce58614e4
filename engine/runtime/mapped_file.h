// SPDX-License-Identifier: Apache-2.0
// A file as memory.
#ifndef COLONNADE_ENGINE_RUNTIME_MAPPED_FILE_H_
#define COLONNADE_ENGINE_RUNTIME_MAPPED_FILE_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace colonnade {

// How a range of mapped memory will be read next.
enum class Access {
  kInOrder,   // the system reads ahead
  kAtRandom,  // it reads no more than is asked for: the rest would push out what is needed
};

// A regular file mapped read-only. Its pages come from the page cache when they are touched, and
// the system may drop them again, so that a file may be larger than the memory. Throws Error(kIo)
// with the file's name and the system's reason.
//
// What anybody writes into the file shows in the memory, and where it is truncated, or the disk
// fails, touching the lost pages raises SIGBUS: only files that are replaced as a whole, as
// AtomicFile does, are safe to map. The memory of a replaced file stays as it was.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& file);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::string& name() const { return name_; }  // as given
  std::string_view bytes() const { return {data_, size_}; }

  // Advice for a part of bytes(). Thread-safe; changes nothing but the speed.
  void Advise(const void* begin, size_t size, Access access) const noexcept;

 private:
  std::string name_;
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_MAPPED_FILE_H_
