// SPDX-License-Identifier: Apache-2.0
// Texts to numbers: the categories of a column, labels, groups.
#ifndef COLONNADE_ENGINE_DATA_CSV_TEXT_INDEX_H_
#define COLONNADE_ENGINE_DATA_CSV_TEXT_INDEX_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace colonnade {

// Gives every text a code, in order of first appearance: 0, 1, 2 …
class TextIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // The code of a text; kNone if it has none.
  uint32_t Find(std::string_view text) const;

  // The same; a new one gets the next code.
  uint32_t Add(std::string_view text);

  // A text that Find() did not find gets this code, which may be any.
  void Put(std::string_view text, uint32_t code) { Insert(text, code); }

  size_t size() const { return count_; }

  // By code, if Add() alone gave them. Valid as long as this lives.
  const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  // Of up to kShort bytes all that there is to know, else a hash.
  struct Key {
    uint64_t low = 0;
    uint64_t high = 0;
    uint32_t size = 0;
  };
  struct Slot {
    Key key = {};
    uint32_t code = kNone;
    const char* text = nullptr;  // null: free
  };
  static constexpr size_t kShort = 16;

  static Key KeyOf(std::string_view text);
  static size_t HashOf(const Key& key);
  size_t PlaceOf(const Key& key, std::string_view text) const;
  std::string_view Insert(std::string_view text, uint32_t code);
  std::string_view Keep(std::string_view text);
  void Grow();

  std::vector<Slot> slots_;
  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t room_ = 0;
  char* free_ = nullptr;
  size_t count_ = 0;
};

// One for several threads.
class SharedTextIndex {
 public:
  // most: so many texts at most; then nothing is new any more.
  explicit SharedTextIndex(size_t most) : most_(most) {}

  // kNone where there are too many.
  uint32_t Add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (index_.size() >= most_) return index_.Find(text);
    return index_.Add(text);
  }

  // When all threads are done.
  const TextIndex& index() const { return index_; }

 private:
  std::mutex mutex_;
  TextIndex index_;
  size_t most_;
};

// A thread's view of a shared one, which it asks for each text once.
class LocalTextIndex {
 public:
  explicit LocalTextIndex(SharedTextIndex& shared) : shared_(&shared) {}

  // kNone where Add() has not been asked for it yet.
  uint32_t Find(std::string_view text) const { return known_.Find(text); }

  uint32_t Add(std::string_view text) {
    uint32_t code = known_.Find(text);
    if (code != TextIndex::kNone) return code;
    code = shared_->Add(text);
    if (code != TextIndex::kNone) known_.Put(text, code);
    return code;
  }

 private:
  SharedTextIndex* shared_;
  TextIndex known_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CSV_TEXT_INDEX_H_
