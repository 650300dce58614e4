// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_ENGINE_RUNTIME_FLOATING_POINT_H_
#define COLONNADE_ENGINE_RUNTIME_FLOATING_POINT_H_

#include <cstdint>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

namespace colonnade {

// While it lives, the calling thread takes denormal inputs for zero and flushes denormal results to
// zero: vanishing gradients then cost no microcode assists, and all threads round alike. Restores
// the control word that it found.
class ScopedFlushDenormals {
 public:
  ScopedFlushDenormals() : saved_(Get()) { Set(saved_ | kFlush); }
  ScopedFlushDenormals(const ScopedFlushDenormals&) = delete;
  ScopedFlushDenormals& operator=(const ScopedFlushDenormals&) = delete;
  ~ScopedFlushDenormals() { Set(saved_); }

 private:
#if defined(__x86_64__) || defined(__i386__)
  using Word = uint32_t;
  static constexpr Word kFlush = 0x8040;  // FTZ | DAZ in MXCSR
  static Word Get() { return _mm_getcsr(); }
  static void Set(Word word) { _mm_setcsr(word); }
#elif defined(__aarch64__)
  using Word = uint64_t;
  static constexpr Word kFlush = uint64_t{1} << 24;  // FZ in FPCR
  static Word Get() {
    Word word;
    asm volatile("mrs %0, fpcr" : "=r"(word));
    return word;
  }
  static void Set(Word word) { asm volatile("msr fpcr, %0" : : "r"(word)); }
#else
  using Word = uint32_t;
  static constexpr Word kFlush = 0;
  static Word Get() { return 0; }
  static void Set(Word) {}
#endif

  Word saved_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_FLOATING_POINT_H_
