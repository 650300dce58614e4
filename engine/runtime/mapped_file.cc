// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "colonnade/error.h"

namespace colonnade {

MappedFile::MappedFile(const std::filesystem::path& file) : name_(file.string()) {
  const auto fail = [&](int error) {
    const std::string reason =
        error == ENODEV ? "is not a regular file" : std::generic_category().message(error);
    throw Error(ErrorCode::kIo,
                {.file = name_, .problem = fmt::format("cannot read '{}': {}", name_, reason)});
  };
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor == -1) fail(errno);
  struct stat status = {};
  int error = fstat(descriptor, &status) == -1 ? errno : S_ISREG(status.st_mode) ? 0 : ENODEV;
  size_ = error == 0 ? static_cast<size_t>(status.st_size) : 0;
  if (size_ > 0) {  // nothing cannot be mapped
    void* const memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory == MAP_FAILED) {
      error = errno;
    } else {
      data_ = static_cast<char*>(memory);
    }
  }
  close(descriptor);
  if (error != 0) fail(error);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

void MappedFile::Advise(const void* begin, size_t size, Access access) const noexcept {
  // The system takes whole pages only.
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<uintptr_t>(begin) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(begin) + size;
  madvise(reinterpret_cast<void*>(first), end - first,  // NOLINT(performance-no-int-to-ptr)
          access == Access::kAtRandom ? MADV_RANDOM : MADV_NORMAL);
}

}  // namespace colonnade
