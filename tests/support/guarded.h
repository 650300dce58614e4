// SPDX-License-Identifier: Apache-2.0
// Memory between inaccessible pages: touching a byte beyond it ends the program.
#ifndef COLONNADE_TESTS_SUPPORT_GUARDED_H_
#define COLONNADE_TESTS_SUPPORT_GUARDED_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>

namespace colonnade::test {

class GuardedMemory {
 public:
  // Room for `size` bytes and more, in whole pages.
  explicit GuardedMemory(size_t size) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    size_ = (size / page + 1) * page;
    mapped_ = size_ + 2 * page;
    void* const all = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::runtime_error("cannot map memory");
    begin_ = static_cast<char*>(all) + page;
    if (mprotect(begin_, size_, PROT_READ | PROT_WRITE) != 0) {
      munmap(all, mapped_);
      throw std::runtime_error("cannot open memory");
    }
    page_ = page;
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory() { munmap(begin_ - page_, mapped_); }

  // `size` bytes right behind the inaccessible memory, and right before it.
  char* First(size_t size) const { return Checked(size, begin_); }
  char* Last(size_t size) const { return Checked(size, begin_ + size_ - size); }

 private:
  char* Checked(size_t size, char* place) const {
    if (size > size_) throw std::runtime_error("not so much memory");
    return place;
  }

  char* begin_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
  size_t page_ = 0;
};

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_GUARDED_H_
