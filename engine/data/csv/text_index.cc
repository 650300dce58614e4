// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/text_index.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace colonnade {
namespace {

template <class T>
uint64_t Load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

}  // namespace

// The first and the last bytes, which overlap or meet.
TextIndex::Key TextIndex::KeyOf(std::string_view text) {
  const char* const p = text.data();
  const size_t size = text.size();
  Key key = {.low = 0, .high = 0, .size = static_cast<uint32_t>(size)};
  if (size > kShort) {
    key.low = XXH3_64bits(p, size);
  } else if (size >= 8) {
    key.low = Load<uint64_t>(p);
    key.high = Load<uint64_t>(p + size - 8);
  } else if (size >= 4) {
    key.low = Load<uint32_t>(p);
    key.high = Load<uint32_t>(p + size - 4);
  } else if (size > 0) {
    key.low = Load<uint8_t>(p) | Load<uint8_t>(p + size / 2) << 8;
    key.high = Load<uint8_t>(p + size - 1);
  }
  return key;
}

size_t TextIndex::HashOf(const Key& key) {
  uint64_t hash = (key.low ^ key.size) * 0x9e3779b97f4a7c15;
  hash = (hash ^ hash >> 32 ^ key.high) * 0xd6e8feb86659fd93;
  return static_cast<size_t>(hash ^ hash >> 32);
}

// Where the text is, or where it would go.
size_t TextIndex::PlaceOf(const Key& key, std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  for (size_t i = HashOf(key) & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.text == nullptr) return i;
    if (slot.key.low == key.low && slot.key.high == key.high && slot.key.size == key.size &&
        (key.size <= kShort || std::memcmp(slot.text, text.data(), text.size()) == 0)) {
      return i;
    }
  }
}

uint32_t TextIndex::Find(std::string_view text) const {
  if (slots_.empty()) return kNone;
  const Slot& slot = slots_[PlaceOf(KeyOf(text), text)];
  return slot.text == nullptr ? kNone : slot.code;
}

uint32_t TextIndex::Add(std::string_view text) {
  const uint32_t known = Find(text);
  if (known != kNone) return known;
  const auto code = static_cast<uint32_t>(count_);
  texts_.push_back(Insert(text, code));
  return code;
}

std::string_view TextIndex::Insert(std::string_view text, uint32_t code) {
  if (2 * (count_ + 1) > slots_.size()) Grow();
  const Key key = KeyOf(text);
  const std::string_view kept = Keep(text);
  slots_[PlaceOf(key, text)] = {.key = key, .code = code, .text = kept.data()};
  ++count_;
  return kept;
}

std::string_view TextIndex::Keep(std::string_view text) {
  constexpr size_t kBlock = size_t{1} << 14;
  if (text.size() + 1 > room_) {
    room_ = std::max(kBlock, text.size() + 1);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
    free_ = blocks_.back().get();
  }
  char* const to = free_;
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  free_ += text.size() + 1;  // a byte of its own even where it is empty
  room_ -= text.size() + 1;
  return {to, text.size()};
}

void TextIndex::Grow() {
  const std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max<size_t>(16, 2 * old.size()), Slot());
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.text == nullptr) continue;
    size_t i = HashOf(slot.key) & mask;
    while (slots_[i].text != nullptr) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

}  // namespace colonnade
