// SPDX-License-Identifier: Apache-2.0
#include "engine/data/formats/formats.h"

#include "colonnade/cache.h"
#include "colonnade/error.h"
#include "engine/data/cache/source.h"
#include "engine/data/csv/reader.h"
#include "engine/data/formats/through_csv.h"

namespace colonnade {

namespace {

Dataset ReadMapped(const FoundFile& file, const CsvOptions& options) {
  if (file.again && file.input->seekable()) return ReadCache(file.path, options);
  throw Error(ErrorCode::kBadData,
              {.file = file.name,
               .found = file.again ? "a compressed cache" : "a cache in a pipe",
               .expected = "it as a file, unpacked: it is mapped"});
}

// A file that can be read again has ways of its own.
Dataset ReadText(const FoundFile& file, const CsvOptions& options) {
  if (!file.again) {
    file.input->TakeAsText(options.encoding);
    return Dataset(ReadCsvStorage(*file.input, options));
  }
  return options.cache ? ReadThroughCache(file.path, options) : ReadCsv(file.path, options);
}

constexpr Format kFormats[] = {
    {"a cache", IsSafetensors, ReadMapped},
    {"IDX images", IsIdx, ReadIdxPair},
    {"an NPY array", IsNpy, ReadNpy},
    {"NPZ arrays", IsNpz, ReadNpz},
    {"an Arrow file", IsArrow, ReadArrow, "", ArrowText},
    {"an ARFF file", IsArff, ReadArff, "", ArffText},
    {"a LIBSVM file", IsLibsvm, ReadLibsvm, "", LibsvmText},
    {"CSV", [](const FileStart&) { return true; }, ReadText},
};

}  // namespace

std::span<const Format> ReadFormats() { return kFormats; }

}  // namespace colonnade
