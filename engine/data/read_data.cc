// SPDX-License-Identifier: Apache-2.0
// Files of examples, whatever their format.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "colonnade/cache.h"
#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/cache/file.h"
#include "engine/data/cache/fit.h"
#include "engine/data/csv/file_chain.h"
#include "engine/data/formats/formats.h"
#include "engine/data/formats/zip_members.h"
#include "engine/runtime/file.h"
#include "engine/runtime/mapped_file.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

// Standard input, a pipe, a terminal: what can be read but once.
bool IsStream(const fs::path& file) {
  std::error_code ignored;
  const fs::file_type type = fs::status(file, ignored).type();
  return file == "-" || type == fs::file_type::fifo || type == fs::file_type::character ||
         type == fs::file_type::socket;
}

std::string StartOf(InputFile& file) {
  std::string start(kStartSize, '\0');
  start.resize(file.Read(start));
  return start;
}

const Format* FindFormat(std::span<const Format> formats, const FileStart& start) {
  for (const Format& format : formats) {
    if (format.recognises(start)) return &format;
  }
  return nullptr;
}

// The names in a zip file; none where the file is none, or cannot be read.
std::vector<std::string> MembersOf(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return {};
  std::array<char, 4> magic = {};
  std::ifstream(file, std::ios::binary).read(magic.data(), magic.size());
  if (std::string_view(magic.data(), magic.size()) != "PK\x03\x04") return {};
  return ZipMembers(MappedFile(file).bytes());
}

// The format of the file; throws if it is one that is not read.
const Format& FormatOf(const FileStart& start, const std::string& name) {
  const Format* const foreign = FindFormat(ForeignFormats(), start);
  if (foreign != nullptr) RefuseForeign(*foreign, name);
  return *FindFormat(ReadFormats(), start);
}

OpenedFile OpenStream(const fs::path& file) {
  const auto stream = std::make_shared<InputFile>(file);
  std::string start = StartOf(*stream);
  const Format& format = FormatOf({.bytes = start}, stream->name());
  // From its start once more.
  auto read = [stream, start = std::move(start), begin = size_t{0}](std::span<char> to) mutable {
    const size_t count = std::min(to.size(), start.size() - begin);
    std::copy_n(start.data() + begin, count, to.data());
    begin += count;
    return count < to.size() ? count + stream->Read(to.subspan(count)) : count;
  };
  return {.format = &format,
          .name = stream->name(),
          .input = std::make_unique<InputFile>(stream->name(), std::move(read))};
}

}  // namespace

OpenedFile OpenFile(const fs::path& file) {
  if (IsStream(file)) return OpenStream(file);
  FileStart start{.members = MembersOf(file)};
  if (!start.members.empty()) {
    const Format* const foreign = FindFormat(ForeignFormats(), start);
    if (foreign != nullptr) RefuseForeign(*foreign, file.string());
    if (IsNpz(start)) {
      return {.format = FindFormat(ReadFormats(), start), .name = file.string(), .again = true};
    }
    start.members.clear();
  }
  // If it is a zip file, it is one that somebody has packed.
  auto input = std::make_unique<InputFile>(file);
  const std::string bytes = StartOf(*input);
  start.bytes = bytes;
  const Format& format = FormatOf(start, input->name());
  return {.format = &format,
          .name = file.string(),
          .input = std::make_unique<InputFile>(file),
          .again = true};
}

bool IsSafetensors(const FileStart& start) {
  // The length of a header that is less than 2^32 bytes long, and that header.
  uint64_t length = 0;
  if (start.bytes.size() <= sizeof(length)) return false;
  std::memcpy(&length, start.bytes.data(), sizeof(length));
  return length > 0 && length <= UINT32_MAX && start.bytes[sizeof(length)] == '{';
}

void WriteCache(const Dataset& data, const fs::path& file, int threads) {
  WriteCacheFile(data, file, nullptr, threads);
}

bool IsCache(const fs::path& file) {
  if (!MembersOf(file).empty()) return false;
  InputFile input(file);
  const std::string start = StartOf(input);
  return IsSafetensors({.bytes = start});
}

Dataset ReadCache(const fs::path& file, const CsvOptions& options) {
  options.Check();
  std::unique_ptr<Dataset::Storage> storage = CacheFile(file).Load(options.threads);
  FitCache(file.string(), options, *storage);
  return Dataset(std::move(storage));
}

Dataset ReadData(const fs::path& path, const CsvOptions& options) {
  options.Check();
  // Those of a folder or a pattern are told by the first of them.
  const std::vector<fs::path> files = FilesOf(path);
  const fs::path& file = files.front();
  const OpenedFile opened = OpenFile(file);
  const Format& format = *opened.format;
  const bool joins = files.size() > 1 && &format == &ReadFormats().back();
  if (files.size() > 1 && !joins) {
    throw Error(ErrorCode::kBadData,
                {.file = path.string(),
                 .found = fmt::format("{} files, the first of them {}", files.size(), format.name),
                 .expected = "one such file, or several of CSV"});
  }
  return format.reads({.path = joins ? path : file,
                       .name = opened.name,
                       .input = opened.input.get(),
                       .again = opened.again},
                      options);
}

}  // namespace colonnade
