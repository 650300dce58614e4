#include "engine/runtime/aligned.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace colonnade {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kHugePagesFrom = 2 * kHugePage;

}  // namespace

void* AllocateAligned(size_t bytes) {
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

}  // namespace colonnade
