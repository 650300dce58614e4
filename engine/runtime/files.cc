// SPDX-License-Identifier: Apache-2.0
#include "colonnade/files.h"

#include "engine/runtime/file.h"

namespace colonnade {

void RequireWritable(const std::filesystem::path& file) { const AtomicFile probe(file); }

void WriteFile(const std::filesystem::path& file, std::string_view content) {
  AtomicFile out(file);
  out.Write(content);
  out.Commit();
}

}  // namespace colonnade
