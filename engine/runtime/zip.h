// SPDX-License-Identifier: Apache-2.0
// A file out of a zip archive.
#ifndef COLONNADE_ENGINE_RUNTIME_ZIP_H_
#define COLONNADE_ENGINE_RUNTIME_ZIP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/runtime/decompress.h"

namespace colonnade {

// Whether the first bytes of a file are those of a zip archive.
bool IsZip(std::string_view magic);

// As Decompressor::Source, from `offset` on.
using SourceAt = std::function<size_t(std::span<char> to, uint64_t offset)>;

// Reads the file `member` of an archive of `size` bytes (a path in it, or the end of one only), or,
// if that is empty, its only file: folders, and what macOS keeps beside files, do not count. Files
// are stored or deflated; zip64 is known. Throws kBadData where the archive is damaged, encrypted
// or compressed otherwise, and where it is not clear which file is meant. name: of the archive, for
// messages.
std::unique_ptr<Decompressor> ReadZip(SourceAt source, uint64_t size, std::string name,
                                      std::string_view member = {});

// The same for what can be read but once, and has one file.
std::unique_ptr<Decompressor> ReadZip(Decompressor::Source source, std::string name);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_ZIP_H_
