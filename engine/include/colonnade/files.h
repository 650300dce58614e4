// SPDX-License-Identifier: Apache-2.0
// Files for the results of a program, whole or absent.
#ifndef COLONNADE_FILES_H_
#define COLONNADE_FILES_H_

#include <filesystem>
#include <string_view>

namespace colonnade {

// Throws kIo, saying why, if a file of that name cannot be written. For finding out before hours of
// work rather than after them; leaves nothing behind, and an existing file untouched.
void RequireWritable(const std::filesystem::path& file);

// Writes a file under a temporary name in the same folder, makes it durable and moves it into
// place. On failure an older file of that name stays as it was. Throws kIo.
void WriteFile(const std::filesystem::path& file, std::string_view content);

}  // namespace colonnade

#endif  // COLONNADE_FILES_H_
