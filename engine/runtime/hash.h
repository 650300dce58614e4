// SPDX-License-Identifier: Apache-2.0
// A fast hash that identifies data and parameters; no protection against an adversary.
#ifndef COLONNADE_ENGINE_RUNTIME_HASH_H_
#define COLONNADE_ENGINE_RUNTIME_HASH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace colonnade {

// XXH3-128 over all bytes added, in order; how they are divided among calls does not matter.
class Hash128 {
 public:
  Hash128();
  ~Hash128();
  void Add(const void* data, size_t bytes);
  std::string Hex() const;  // 32 hexadecimal digits, high half first

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3-128 of `bytes` bytes: low half, high half. Allocates nothing.
std::array<uint64_t, 2> HashOf(const void* data, size_t bytes) noexcept;

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_HASH_H_
