// SPDX-License-Identifier: Apache-2.0
// What people have in place of tables that are read: told by its content, named, and sent back with
// the way on.
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include "colonnade/error.h"
#include "engine/data/formats/formats.h"

namespace colonnade {
namespace {

using namespace std::string_view_literals;  // for text with NUL bytes

template <size_t N>
bool StartsWithAny(std::string_view bytes, const std::array<std::string_view, N>& magics) {
  return std::ranges::any_of(magics, [&](auto magic) { return bytes.starts_with(magic); });
}

bool HasAt(std::string_view bytes, size_t at, std::string_view magic) {
  return bytes.size() >= at + magic.size() && bytes.substr(at, magic.size()) == magic;
}

bool HasMember(const FileStart& start, std::string_view name) {
  return std::ranges::find(start.members, name) != start.members.end();
}

bool HasFolder(const FileStart& start, std::string_view folder) {
  return std::ranges::any_of(start.members, [&](auto& name) { return name.starts_with(folder); });
}

// A key in quotes and a colon: what no table begins with.
bool IsJsonKey(std::string_view text) {
  text = WithoutBlanks(text);
  if (!text.starts_with('"')) return false;
  const size_t end = text.find('"', 1);
  return end != std::string_view::npos && WithoutBlanks(text.substr(end + 1)).starts_with(':');
}

bool IsJson(const FileStart& start) {
  std::string_view text = WithoutBlanks(start.bytes);
  while (text.starts_with('[')) {
    text = WithoutBlanks(text.substr(1));
    if (text.starts_with('[')) return true;
  }
  return text.starts_with('{') && IsJsonKey(text.substr(1));
}

bool IsHtml(const FileStart& start) {
  const std::string_view text = WithoutBlanks(start.bytes);
  return StartsWithWord(text, "<!doctype html") || StartsWithWord(text, "<html");
}

bool IsPickle(const FileStart& start) {
  const std::string_view bytes = start.bytes;
  return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

bool IsBitmap(const FileStart& start) {
  return start.bytes.starts_with("BM") && HasAt(start.bytes, 6, "\0\0\0\0"sv);
}

bool IsImage(const FileStart& start) {
  constexpr std::array kMagics = {
      "\x89PNG\r\n\x1a\n"sv, "\xff\xd8\xff"sv, "GIF87a"sv, "GIF89a"sv, "II*\0"sv, "MM\0*"sv};
  return StartsWithAny(start.bytes, kMagics) || IsBitmap(start) ||
         (start.bytes.starts_with("RIFF") && HasAt(start.bytes, 8, "WEBP"));
}

bool IsR(const FileStart& start) {
  constexpr std::array kMagics = {"RDX2\n"sv,        "RDX3\n"sv,        "RDA2\n"sv, "RDA3\n"sv,
                                  "X\n\0\0\0\x02"sv, "X\n\0\0\0\x03"sv, "A\n2\n"sv, "A\n3\n"sv};
  return StartsWithAny(start.bytes, kMagics);
}

bool IsStatistics(const FileStart& start) {
  constexpr std::array kMagics = {"<stata_dta>"sv, "$FL2"sv, "$FL3"sv,
                                  "\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60"sv};
  return StartsWithAny(start.bytes, kMagics);
}

bool IsArchive(const FileStart& start) {
  constexpr std::array kMagics = {"7z\xbc\xaf\x27\x1c"sv, "Rar!\x1a\x07"sv};
  return HasAt(start.bytes, 257, "ustar") || StartsWithAny(start.bytes, kMagics);
}

bool IsPackedOtherwise(const FileStart& start) {
  constexpr std::array kMagics = {"\x04\x22\x4d\x18"sv, "\x1f\x9d"sv, "LZIP"sv};
  return StartsWithAny(start.bytes, kMagics);
}

constexpr const char* kSaveAsCsv = "save it as CSV";
constexpr const char* kFromPandas =
    "read it with pandas or Polars, and write it as CSV or as an Arrow file";
constexpr const char* kFromPython = "load it in Python, and write it as CSV or with numpy.savez()";

constexpr Format kForeign[] = {
    {"an Excel workbook", [](const FileStart& start) { return HasFolder(start, "xl/"); }, nullptr,
     kSaveAsCsv},
    {"a document of an old Microsoft Office, such as an Excel workbook (xls)",
     [](const FileStart& start) {
       return start.bytes.starts_with("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
     },
     nullptr, kSaveAsCsv},
    {"an OpenDocument file",
     [](const FileStart& start) {
       return HasMember(start, "mimetype") && HasMember(start, "content.xml");
     },
     nullptr, kSaveAsCsv},
    {"a Word document", [](const FileStart& start) { return HasFolder(start, "word/"); }, nullptr,
     "copy its table into a spreadsheet, and save that as CSV"},
    {"a PyTorch file",
     [](const FileStart& start) {
       return std::ranges::any_of(start.members,
                                  [](auto& name) { return name.ends_with("data.pkl"); });
     },
     nullptr, kFromPython},
    {"a Parquet file",
     [](const FileStart& start) {
       return start.bytes.starts_with("PAR1") || start.bytes.starts_with("PARE");
     },
     nullptr, kFromPandas},
    {"an ORC file",
     [](const FileStart& start) {
       // Behind the three letters there is a protocol buffer; "ORC" could begin a table, too.
       return start.bytes.starts_with("ORC") && start.bytes.size() > 3 &&
              static_cast<unsigned char>(start.bytes[3]) < 0x20 && start.bytes[3] != '\n' &&
              start.bytes[3] != '\r' && start.bytes[3] != '\t';
     },
     nullptr, kFromPandas},
    {"an Avro file", [](const FileStart& start) { return start.bytes.starts_with("Obj\x01"); },
     nullptr, kFromPandas},
    {"a Feather file of version 1",
     [](const FileStart& start) { return start.bytes.starts_with("FEA1"); }, nullptr,
     "write it again with a recent pyarrow.feather"},
    {"a MATLAB file", [](const FileStart& start) { return start.bytes.starts_with("MATLAB "); },
     nullptr, "write the table with writematrix() or writetable() as CSV"},
    {"an HDF5 file",
     [](const FileStart& start) { return start.bytes.starts_with("\x89HDF\r\n\x1a\n"); }, nullptr,
     kFromPython},
    {"a Python pickle", IsPickle, nullptr, kFromPython},
    {"an R file", IsR, nullptr, "write the table with write.csv(x, file, row.names = FALSE)"},
    {"a file of SPSS, SAS or Stata", IsStatistics, nullptr, kSaveAsCsv},
    {"an SQLite database",
     [](const FileStart& start) { return start.bytes.starts_with("SQLite format 3\0"sv); }, nullptr,
     "write the table as CSV: sqlite3 -header -csv FILE 'SELECT * FROM …'"},
    {"a DuckDB database", [](const FileStart& start) { return HasAt(start.bytes, 8, "DUCK"); },
     nullptr, "write the table as CSV: COPY … TO 'FILE.csv'"},
    {"a PDF document", [](const FileStart& start) { return start.bytes.starts_with("%PDF-"); },
     nullptr, "get its table as CSV"},
    {"an HTML page", IsHtml, nullptr,
     "is it what the download was meant to be? A page often stands for an error or a login"},
    {"JSON", IsJson, nullptr, kFromPandas},
    {"XML", [](const FileStart& start) { return WithoutBlanks(start.bytes).starts_with("<?xml"); },
     nullptr, kSaveAsCsv},
    {"an image", IsImage, nullptr,
     "write the pixels of all images with numpy.savez(FILE, X=…, y=…), one example for each"},
    {"a program",
     [](const FileStart& start) {
       return start.bytes.starts_with(
           "\x7f"
           "ELF");
     },
     nullptr, "is it the right file?"},
    {"an archive", IsArchive, nullptr, "unpack it"},
    {"compressed data of another kind than gzip, zstd, bzip2, xz or zip", IsPackedOtherwise,
     nullptr, "unpack it"},
};

}  // namespace

std::span<const Format> ForeignFormats() { return kForeign; }

void RefuseForeign(const Format& format, const std::string& file) {
  throw Error(ErrorCode::kBadData, {.file = file,
                                    .found = format.name,
                                    .expected = "a table as CSV, ARFF, LIBSVM, NumPy or Arrow "
                                                "have it",
                                    .advice = format.advice});
}

std::string_view WithoutBlanks(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

bool StartsWithWord(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char small, char c) {
           return small == static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
         });
}

}  // namespace colonnade
