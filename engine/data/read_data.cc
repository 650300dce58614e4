// SPDX-License-Identifier: Apache-2.0
// Files of examples, whatever their format.
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "colonnade/cache.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/cache_file.h"
#include "engine/data/cache_fit.h"
#include "engine/data/source_cache.h"
#include "engine/runtime/file.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

// The first bytes of a file, unpacked if it is compressed; zeros beyond its end.
using Start = std::array<char, 9>;
Start StartOf(InputFile& file) {
  Start start = {};
  file.Read(start);
  return start;
}

// Images of bytes.
bool IsIdx(const Start& start) {
  return start[0] == 0 && start[1] == 0 && start[2] == 8 && (start[3] == 2 || start[3] == 3);
}

// The length of a header that is less than 2^32 bytes long, and that header.
bool IsSafetensors(const Start& start) {
  uint64_t length = 0;
  std::memcpy(&length, start.data(), sizeof(length));
  return length > 0 && length <= UINT32_MAX && start[8] == '{';
}

// The file of the labels that belong to images, by the names that MNIST's files have.
fs::path LabelsOf(const fs::path& images) {
  std::string name = images.filename().string();
  const size_t at = name.rfind("images");
  if (at == std::string::npos) {
    throw Error(ErrorCode::kBadData,
                {.file = images.string(),
                 .found = "IDX images, whose labels are in another file",
                 .expected = "a name with 'images' in it, such as train-images-idx3-ubyte for "
                             "train-labels-idx1-ubyte"});
  }
  name.replace(at, 6, "labels");
  const size_t dimensions = name.find("idx3", at);
  if (dimensions != std::string::npos) name.replace(dimensions, 4, "idx1");
  return images.parent_path() / name;
}

}  // namespace

void WriteCache(const Dataset& data, const fs::path& file, int threads) {
  WriteCacheFile(data, file, nullptr, threads);
}

bool IsCache(const fs::path& file) {
  InputFile input(file);
  return IsSafetensors(StartOf(input));
}

Dataset ReadCache(const fs::path& file, const CsvOptions& options) {
  options.Check();
  std::unique_ptr<Dataset::Storage> storage = CacheFile(file).Load(options.threads);
  FitCache(file.string(), options, *storage);
  return Dataset(std::move(storage));
}

Dataset ReadData(const fs::path& file, const CsvOptions& options) {
  // What is not a regular file can be read but once.
  std::error_code ignored;
  if (file == "-" || !fs::is_regular_file(file, ignored)) return ReadCsv(file, options);
  InputFile input(file);
  const Start start = StartOf(input);
  if (IsSafetensors(start)) {
    if (input.seekable()) return ReadCache(file, options);
    throw Error(ErrorCode::kBadData, {.file = input.name(),
                                      .found = "a compressed cache",
                                      .expected = "it unpacked: it is mapped"});
  }
  if (IsIdx(start)) {
    const char* const chooses = !options.ignore_columns.empty() ? "ignore-columns"
                                : !options.categorical.empty()  ? "categorical"
                                : options.weight_column         ? "weight-column"
                                                                : nullptr;
    if (!options.like && chooses != nullptr) {
      throw Error(ErrorCode::kInvalidArgument,
                  {.subject = chooses,
                   .file = input.name(),
                   .problem = input.name() +
                              ": found IDX images, whose columns are all pixels: none can be "
                              "ignored, categorical or of weights"});
    }
    const fs::path labels = LabelsOf(file);
    const bool lacking = options.labels_optional && !fs::exists(labels, ignored);
    return ReadIdx(file, lacking ? fs::path() : labels, options.like);
  }
  if (!options.cache) return ReadCsv(file, options);
  return ReadThroughCache(file, options);
}

}  // namespace colonnade
