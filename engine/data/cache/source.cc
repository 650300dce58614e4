// SPDX-License-Identifier: Apache-2.0
#include "engine/data/cache/source.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "colonnade/csv_options.h"
#include "colonnade/error.h"
#include "engine/data/cache/file.h"
#include "engine/data/csv/reader.h"
#include "engine/data/schema_json.h"
#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

using std::chrono::nanoseconds;
using std::chrono::system_clock;

// Changes where the same options read the same file in another way than before.
constexpr unsigned kReader = 2;

// All that decides what a file is read as, but for the file.
Json32 KeyOf(const CsvOptions& options) {
  Json32 key = {{"reader", kReader}};
  for (const Option& option : OptionsOf<CsvOptions>()) {
    if (option.info.effect == Effect::kNone) continue;
    // What the columns mean, `like` decides.
    if (options.like && option.info.commands == Commands::kColumns) continue;
    key[option.info.Key()] = ToJson(OptionText(options, option.info.name));
  }
  if (!options.like) return key;
  const std::string like = ToJson(*options.like).dump();
  Hash128 hash;
  hash.Add(like.data(), like.size());
  key["like"] = hash.Hex();
  key["labels"] = options.labels_optional ? "none" : "required";
  return key;
}

// Whether two objects have the same members, in whatever order.
bool SameMembers(const Json32& a, const Json32& b) {
  if (!a.is_object() || a.size() != b.size()) return false;
  for (const auto& [name, value] : a.items()) {
    const auto other = b.find(name);
    if (other == b.end() || *other != value) return false;
  }
  return true;
}

// The time of a change that is so recent that another one might get the same time (clocks of file
// systems tick at up to 2 s) is not taken down.
int64_t TrustedTime(const InputFile::Stamp& stamp) {
  const int64_t now =
      std::chrono::duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  const bool settled = stamp.time > 0 && stamp.time < now - 2'000'000'000;
  return settled ? stamp.time : 0;
}

std::string HashOfFile(const InputFile& input) {
  constexpr size_t kPiece = size_t{1} << 20;
  const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
  Hash128 hash;
  for (uint64_t offset = 0;;) {
    const size_t got = input.ReadAt({piece.get(), kPiece}, offset);
    hash.Add(piece.get(), got);
    offset += got;
    if (got < kPiece) break;
  }
  input.RequireUnchanged();
  return hash.Hex();
}

// A file and its cache.
class CachedSource {
 public:
  CachedSource(const fs::path& file, const CsvOptions& options)
      : file_(file), input_(file), options_(options), cache_(file), key_(KeyOf(options)) {
    cache_ += ".colonnade";
  }

  Dataset Read() {
    std::shared_ptr<Dataset::Storage> data = FromCache();
    if (data == nullptr) data = FromFile();
    return Dataset(std::move(data));
  }

 private:
  // Null where there is no cache, or it is not that of the file; why_ tells then.
  std::shared_ptr<Dataset::Storage> FromCache() {
    const std::optional<InputFile::Stamp> stamp = input_.stamp();
    if (!stamp) return {};
    stamp_ = *stamp;
    std::error_code ignored;
    exists_ = fs::exists(cache_, ignored);
    if (!exists_) return {};
    try {
      CacheFile cached(cache_);
      foreign_ = !cached.source();
      if (foreign_) return {};
      CacheSource source = *cached.source();
      if (!SameMembers(source.options, key_)) {
        const auto reader = source.options.find("reader");
        const bool same = reader != source.options.end() && *reader == kReader;
        why_ = same ? "it was made with other options"
                    : "another version of this program made it, which read tables differently";
      }
      if (source.size != stamp_->size) why_ = "the size of the file changed";
      if (!why_.empty()) return {};
      const bool same_time = source.time != 0 && source.time == stamp_->time;
      if (!same_time) {
        hash_ = HashOfFile(input_);
        if (hash_ != source.hash) {
          why_ = "the content of the file changed";
          return {};
        }
      }
      std::shared_ptr<Dataset::Storage> data = cached.Load(options_.threads);
      data->notes = source.notes;
      std::string what = fmt::format("{}: read from the cache {}", input_.name(), cache_.string());
      if (!same_time) {
        what += ", after comparing the content, because the time of the file is another";
        source.time = TrustedTime(*stamp_);
        if (source.time != 0) Write(source, data);
      }
      data->notes.push_back(what);
      return data;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadData && error.code() != ErrorCode::kIo) throw;
      why_ = error.what();
      return {};
    }
  }

  // Makes the cache anew, if it may.
  std::shared_ptr<Dataset::Storage> FromFile() {
    std::shared_ptr<Dataset::Storage> data = ReadCsvStorage(file_, options_);
    if (!stamp_) {
      data->notes.push_back(
          fmt::format("{}: not a regular file, read without a cache", input_.name()));
    } else if (foreign_) {
      data->notes.push_back(
          fmt::format("warning: {} was not made by `cache` and stays as it is; {} is not cached",
                      cache_.string(), input_.name()));
    } else {
      const CacheSource source = {.size = stamp_->size,
                                  .time = TrustedTime(*stamp_),
                                  .hash = hash_.empty() ? HashOfFile(input_) : hash_,
                                  .options = key_,
                                  .notes = data->notes};
      input_.RequireUnchanged();
      if (Write(source, data)) {
        data->notes.push_back(
            exists_ ? fmt::format("{}: rebuilt the cache {}, because {}", input_.name(),
                                  cache_.string(), why_)
                    : fmt::format("{}: made the cache {}", input_.name(), cache_.string()));
      }
    }
    return data;
  }

  // Notes it where that fails.
  bool Write(const CacheSource& source, const std::shared_ptr<Dataset::Storage>& data) const {
    try {
      WriteCacheFile(Dataset(data), cache_, &source, options_.threads);
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
      data->notes.push_back(
          fmt::format("warning: {}; {} is not cached", error.what(), input_.name()));
      return false;
    }
  }

  const fs::path& file_;
  InputFile input_;
  const CsvOptions& options_;
  fs::path cache_;
  const Json32 key_;
  std::optional<InputFile::Stamp> stamp_;  // of a regular file
  bool exists_ = false;                    // there is a cache
  bool foreign_ = false;                   // it is somebody's own
  std::string hash_;                       // of the file, once it was needed
  std::string why_;                        // the cache was of no use
};

}  // namespace

Dataset ReadThroughCache(const fs::path& file, const CsvOptions& options) {
  return CachedSource(file, options).Read();
}

}  // namespace colonnade
