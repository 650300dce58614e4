#include "engine/data/source_cache.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/data/cache_file.h"
#include "engine/data/schema_json.h"
#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

using std::chrono::nanoseconds;
using std::chrono::system_clock;

// All that decides what a file is read as, but for the file.
Json32 KeyOf(const CsvOptions& options) {
  const auto character = [](std::optional<char> c) { return c ? std::string(1, *c) : ""; };
  Json32 key = {{"header", static_cast<int>(options.header)},
                {"delimiter", ToJson(character(options.delimiter))},
                {"comment", ToJson(character(options.comment))}};
  if (options.like != nullptr) {
    const std::string like = ToJson(*options.like).dump();
    Hash128 hash;
    hash.Add(like.data(), like.size());
    key["like"] = hash.Hex();
    key["labels"] = options.labels_optional ? "none" : "required";
    return key;
  }
  key["label_column"] = options.label_column ? ToJson(*options.label_column) : Json32();
  key["weight_column"] = options.weight_column ? ToJson(*options.weight_column) : Json32();
  key["task"] = static_cast<int>(options.task);
  key["ignore_columns"] = ToJson(options.ignore_columns);
  key["categorical"] = ToJson(options.categorical);
  key["missing"] = static_cast<int>(options.missing);
  return key;
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
      : input_(file), options_(options), cache_(file), key_(KeyOf(options)) {
    cache_ += ".colonnade";
  }

  Dataset Read(const std::function<Dataset(const CsvOptions&)>& read) {
    const std::optional<InputFile::Stamp> stamp = input_.stamp();
    if (!stamp) {
      Note(fmt::format("{}: not a regular file, read without a cache", input_.name()));
      return read(options_);
    }
    stamp_ = *stamp;
    std::error_code ignored;
    const bool exists = fs::exists(cache_, ignored);
    if (exists) {
      if (std::optional<Dataset> data = FromCache()) return std::move(*data);
      if (foreign_) {
        Note(fmt::format("warning: {} was not made by --cache and stays as it is; {} is not cached",
                         cache_.string(), input_.name()));
        return read(options_);
      }
    }
    CacheSource source;
    CsvOptions options = options_;
    options.notes = &source.notes;
    Dataset data = read(options);
    for (const std::string& note : source.notes) Note(note);
    source = {.size = stamp_.size,
              .time = TrustedTime(stamp_),
              .hash = hash_.empty() ? HashOfFile(input_) : hash_,
              .options = key_,
              .notes = std::move(source.notes)};
    input_.RequireUnchanged();
    if (Write(data, source)) {
      Note(exists ? fmt::format("{}: rebuilt the cache {}, because {}", input_.name(),
                                cache_.string(), why_)
                  : fmt::format("{}: made the cache {}", input_.name(), cache_.string()));
    }
    return data;
  }

 private:
  void Note(const std::string& line) const {
    if (options_.notes != nullptr) options_.notes->push_back(line);
  }

  // Nothing where the cache is not that of the file; why_ tells then.
  std::optional<Dataset> FromCache() {
    try {
      CacheFile cached(cache_);
      foreign_ = !cached.source();
      if (foreign_) return {};
      CacheSource source = *cached.source();
      if (source.options != key_) why_ = "it was made with other options";
      if (source.size != stamp_.size) why_ = "the size of the file changed";
      if (!why_.empty()) return {};
      const bool same_time = source.time != 0 && source.time == stamp_.time;
      if (!same_time) {
        hash_ = HashOfFile(input_);
        if (hash_ != source.hash) {
          why_ = "the content of the file changed";
          return {};
        }
      }
      Dataset data(cached.Load(options_.threads));
      for (const std::string& note : source.notes) Note(note);
      std::string what = fmt::format("{}: read from the cache {}", input_.name(), cache_.string());
      if (!same_time) {
        what += ", after comparing the content, because the time of the file is another";
        source.time = TrustedTime(stamp_);
        if (source.time != 0) Write(data, source);
      }
      Note(what);
      return data;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadData && error.code() != ErrorCode::kIo) throw;
      why_ = error.what();
      return {};
    }
  }

  bool Write(const Dataset& data, const CacheSource& source) const {
    try {
      WriteCacheFile(data, cache_, &source, options_.threads);
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
      Note(fmt::format("warning: {}; {} is not cached", error.what(), input_.name()));
      return false;
    }
  }

  InputFile input_;
  const CsvOptions& options_;
  fs::path cache_;
  const Json32 key_;
  InputFile::Stamp stamp_;
  std::string hash_;      // of the file, once it was needed
  std::string why_;       // the cache was of no use
  bool foreign_ = false;  // the cache is somebody's own
};

}  // namespace

Dataset ReadThroughCache(const fs::path& file, const CsvOptions& options,
                         const std::function<Dataset(const CsvOptions&)>& read) {
  return CachedSource(file, options).Read(read);
}

}  // namespace colonnade
