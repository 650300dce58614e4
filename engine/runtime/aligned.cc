// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/aligned.h"

#include <unistd.h>

#include <limits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace colonnade {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kHugePagesFrom = 2 * kHugePage;

}  // namespace

void* AllocateAligned(size_t bytes) {
  if (bytes > SIZE_MAX - kHugePage) throw std::bad_alloc();
  const bool huge = bytes >= kHugePagesFrom;
  const size_t alignment = huge ? kHugePage : kernels::kAlignment;
  void* memory = std::aligned_alloc(alignment, kernels::RoundUp(bytes, alignment));
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  // A wish: where the system does not grant it, ordinary pages serve.
  if (huge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

double PhysicalMemory() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return std::numeric_limits<double>::infinity();
  return static_cast<double>(pages) * static_cast<double>(page);
}

}  // namespace colonnade
