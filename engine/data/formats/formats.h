// SPDX-License-Identifier: Apache-2.0
// The formats that ReadData() tells apart, and those that it knows by name alone.
#ifndef COLONNADE_ENGINE_DATA_FORMATS_FORMATS_H_
#define COLONNADE_ENGINE_DATA_FORMATS_FORMATS_H_

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/csv.h"
#include "engine/runtime/file.h"

namespace colonnade {

// How many of its first bytes tell what a file is.
inline constexpr size_t kStartSize = 4096;

struct FileStart {
  std::string_view bytes = {};            // the first kStartSize, unpacked if it is compressed
  std::vector<std::string> members = {};  // of a zip file; `bytes` are then as they are stored
};

struct TableText;

// A file that has been told to be of a format.
struct FoundFile {
  const std::filesystem::path& path;
  std::string name;            // for messages
  InputFile* input = nullptr;  // at its start; null for a zip file
  bool again = false;          // it can be opened again
};

struct Format {
  const char* name;  // as in "found …"
  bool (*recognises)(const FileStart& start);
  // Null: it is not read, and `advice` says what to do instead.
  Dataset (*reads)(const FoundFile& file, const CsvOptions& options);
  const char* advice = "";
  // Null: it has no rows of text.
  TableText (*as_text)(InputFile& input, const CsvOptions& options) = nullptr;
};

struct OpenedFile {
  const Format* format = nullptr;
  std::string name;                       // for messages
  std::unique_ptr<InputFile> input = {};  // at its start; null for a zip file
  bool again = false;                     // it can be opened again
};

// Tells what a file is. Throws kBadData for what is not read.
OpenedFile OpenFile(const std::filesystem::path& file);

// The formats that are read, in the order in which they are asked. The last one takes anything.
std::span<const Format> ReadFormats();

// What people have besides, and what becomes of it.
std::span<const Format> ForeignFormats();

// Throws kBadData: what it is, and the way on.
[[noreturn]] void RefuseForeign(const Format& format, const std::string& file);

// The text behind a byte order mark, spaces and line ends.
std::string_view WithoutBlanks(std::string_view text);

// Whether `text` starts with `word`, whatever the case of its letters; `word` has small ones.
bool StartsWithWord(std::string_view text, std::string_view word);

// ---- The readers, each with what tells its files ----

bool IsSafetensors(const FileStart& start);
bool IsIdx(const FileStart& start);
Dataset ReadIdxPair(const FoundFile& file, const CsvOptions& options);

bool IsNpy(const FileStart& start);
Dataset ReadNpy(const FoundFile& file, const CsvOptions& options);
bool IsNpz(const FileStart& start);
Dataset ReadNpz(const FoundFile& file, const CsvOptions& options);

bool IsArff(const FileStart& start);
Dataset ReadArff(const FoundFile& file, const CsvOptions& options);

bool IsLibsvm(const FileStart& start);
Dataset ReadLibsvm(const FoundFile& file, const CsvOptions& options);

bool IsArrow(const FileStart& start);
Dataset ReadArrow(const FoundFile& file, const CsvOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_FORMATS_FORMATS_H_
