// SPDX-License-Identifier: Apache-2.0
// The file of a cached dataset: a safetensors container with the tensors
//
//   values    U8 or F32, examples × stride: the columns of Dataset, padding and all, so that a
//             mapped file is what the kernels want; starts at a multiple of 64 bytes
//   labels    U32, examples: class indices; or
//   targets   F32, examples: numbers to predict; neither where there are no labels
//   weights   F32, examples; and these, each only where examples have them:
//   exact_targets  F64, examples: the targets as the table has them, where f32 does not hold them
//   groups    U32, examples
//   times     F64, examples
//
// and the metadata
//
//   colonnade.schema           see engine/data/schema_json.h
//   colonnade.dataset_hash     Dataset::Hash()
//   colonnade.data_hash        of the tensors' bytes, see ContentHash() in content.h
//   colonnade.summary          how the table was taken, see engine/data/summary_json.h; where known
//   colonnade.source           where it was made with `cache`: the file, see CacheSource
//
// beside the entries that every file has, see engine/runtime/FORMATS.md.
#ifndef COLONNADE_ENGINE_DATA_CACHE_FILE_H_
#define COLONNADE_ENGINE_DATA_CACHE_FILE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/storage.h"
#include "engine/runtime/container.h"
#include "engine/runtime/json.h"
#include "engine/runtime/safetensors.h"

namespace colonnade {

// What a cache was made from.
struct CacheSource {
  uint64_t size = 0;               // of the file, in bytes
  int64_t time = 0;                // of its last change, ns since 1970; 0: too recent to be trusted
  std::string hash;                // XXH3-128 of its bytes
  Json32 options;                  // an object: all that decides how it is read
  std::vector<std::string> notes;  // Dataset::notes()
};

// A cache on its way into memory.
class CacheFile {
 public:
  // Maps the file and reads all of it but the tensors. Throws kIo, and kBadData where it is no
  // whole cache.
  explicit CacheFile(const std::filesystem::path& file);

  const std::optional<CacheSource>& source() const { return source_; }

  // Checks the tensors and returns the dataset, whose values stay in the file. threads: as in
  // CsvOptions. Throws kBadData where they are damaged. Once only.
  std::unique_ptr<Dataset::Storage> Load(int threads);

 private:
  void ReadSchema();
  void ReadValues();
  void RequirePerExample(const safetensors::Tensor& tensor) const;
  template <class T>
  AlignedBuffer<T> Copy(const char* tensor) const;
  void CheckNumbers() const;
  [[noreturn]] void FailAt(size_t example, const std::string& found,
                           const std::string& expected = {}) const;

  std::shared_ptr<const MappedFile> file_;
  Container container_;  // points into file_
  std::optional<CacheSource> source_;
  std::unique_ptr<Dataset::Storage> storage_;
};

// Writes a cache, atomically. source: may be null. Throws kIo.
void WriteCacheFile(const Dataset& data, const std::filesystem::path& file,
                    const CacheSource* source, int threads);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CACHE_FILE_H_
