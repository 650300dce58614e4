// SPDX-License-Identifier: Apache-2.0
#include "engine/data/cache/content.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/runtime/execution.h"
#include "engine/runtime/hash.h"

namespace colonnade {

size_t ElementSize(ElementType type) { return type == ElementType::kU8 ? 1 : sizeof(float); }

const char* ColumnOf(const Dataset::Storage& storage, size_t example) {
  const Dataset::Storage& values = storage.values();
  const size_t column = storage.columns.size() > 0 ? storage.columns[example] : example;
  const size_t at = column * storage.stride;
  return storage.type == ElementType::kU8
             ? reinterpret_cast<const char*>(values.bytes.data() + at)
             : reinterpret_cast<const char*>(values.floats.data() + at);
}

size_t ColumnBytes(const Dataset::Storage& storage) {
  return storage.stride * ElementSize(storage.type);
}

namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

// What a dataset cannot hold: a value that is not finite, padding that is not zero.
bool IsSound(const Dataset::Storage& storage, size_t example) {
  const char* const column = ColumnOf(storage, example);
  const size_t used = storage.schema.features * ElementSize(storage.type);
  bool sound = std::all_of(column + used, column + ColumnBytes(storage),
                           [](char padding) { return padding == 0; });
  if (storage.type == ElementType::kF32) {
    constexpr uint32_t kExponent = 0x7f800000;
    uint32_t infinite = 0;
    for (size_t i = 0; i < used; i += sizeof(float)) {
      uint32_t bits = 0;
      std::memcpy(&bits, column + i, sizeof(bits));
      infinite |= (bits & kExponent) == kExponent ? 1U : 0U;
    }
    sound = sound && infinite == 0;
  }
  return sound;
}

}  // namespace

std::string ContentHash(const Dataset::Storage& storage, int threads, size_t* unsound) {
  std::atomic<size_t> bad = SIZE_MAX;
  const size_t each = std::max<size_t>(1, kBlockBytes / ColumnBytes(storage));
  const size_t blocks = (storage.examples + each - 1) / each;
  std::vector<std::array<uint64_t, 2>> hashes(blocks);
  Execution execution(blocks == 1 ? 1 : threads);
  std::vector<std::vector<char>> gathered(execution.threads());  // of parts
  const bool scattered = storage.columns.size() > 0;
  if (scattered) {
    for (auto& buffer : gathered) buffer.resize(each * ColumnBytes(storage));
  }
  execution.ForEach(blocks, [&](size_t block, size_t worker) {
    const size_t first = block * each;
    const size_t count = std::min(each, storage.examples - first);
    const char* values = ColumnOf(storage, first);
    if (scattered) {
      char* to = gathered[worker].data();
      for (size_t e = first; e < first + count; ++e, to += ColumnBytes(storage)) {
        std::memcpy(to, ColumnOf(storage, e), ColumnBytes(storage));
      }
      values = gathered[worker].data();
    }
    hashes[block] = HashOf(values, count * ColumnBytes(storage));
    for (size_t e = first; unsound != nullptr && e < first + count; ++e) {
      if (IsSound(storage, e)) continue;
      for (size_t known = bad; e < known && !bad.compare_exchange_weak(known, e);) {
      }
      break;
    }
  });
  if (unsound != nullptr) *unsound = bad;
  Hash128 hash;
  hash.Add(hashes.data(), hashes.size() * sizeof(hashes[0]));
  if (storage.labels.size() > 0) {
    hash.Add(storage.labels.data(), storage.examples * sizeof(uint32_t));
  }
  if (storage.targets.size() > 0) {
    hash.Add(storage.targets.data(), storage.examples * sizeof(float));
  }
  hash.Add(storage.weights.data(), storage.weights.size() * sizeof(float));
  if (storage.exact_targets.size() > 0) {
    hash.Add(storage.exact_targets.data(), storage.examples * sizeof(double));
  }
  if (storage.groups.size() > 0) {
    hash.Add(storage.groups.data(), storage.examples * sizeof(uint32_t));
  }
  if (storage.times.size() > 0) {
    hash.Add(storage.times.data(), storage.examples * sizeof(double));
  }
  return hash.Hex();
}

}  // namespace colonnade
