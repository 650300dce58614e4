// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/file_chain.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/lines.h"
#include "engine/data/csv/text.h"
#include "engine/runtime/utf8.h"

namespace colonnade {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPiece = size_t{1} << 18;

bool IsTable(const fs::path& file) {
  std::error_code ignored;
  const std::string name = file.filename().string();
  return !name.empty() && name[0] != '.' && file.extension() != ".colonnade" &&
         fs::is_regular_file(file, ignored) && fs::file_size(file, ignored) > 0;
}

uint64_t LinesIn(std::string_view text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string QuotedName(const std::string& name) {
  return name.empty() ? "without a name" : Quoted(name);
}

// As Error(kIo) of a file.
[[noreturn]] void FailUnreadable(const fs::path& path, const std::string& reason) {
  throw Error(ErrorCode::kIo,
              {.file = path.string(),
               .problem = fmt::format("cannot read '{}': {}", path.string(), reason)});
}

std::vector<fs::path> Matching(const std::string& pattern) {
  std::vector<fs::path> files;
  glob_t found = {};
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return files;
}

}  // namespace

std::vector<fs::path> FilesOf(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  std::vector<fs::path> files;
  const char* lacking = nullptr;
  if (fs::is_directory(status)) {
    for (fs::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      files.push_back(entry->path());
    }
    if (error) FailUnreadable(path, error.message());
    lacking = "the folder has no files, other than empty or hidden ones";
  } else if (!fs::exists(status) && path.string().find_first_of("*?[") != std::string::npos) {
    files = Matching(path.string());
    // Else perhaps a file in an archive, whose name may have such characters.
    if (files.empty() && path.string().find(':') != std::string::npos) return {path};
    lacking = "no file matches";
  } else {
    return {path};
  }
  std::erase_if(files, [](const fs::path& file) { return !IsTable(file); });
  if (files.empty()) FailUnreadable(path, lacking);
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return files;
}

FileChain::FileChain(std::vector<fs::path> files, Format format)
    : files_(std::move(files)), format_(std::move(format)), parser_(format_.dialect) {
  if (format_.header.empty()) return;
  std::string header = format_.header;
  if (header.back() != '\n') header += '\n';
  if (parser_.Parse(header.data(), header.data() + header.size(), true) == RecordKind::kRow) {
    names_ = NamesIn(parser_.fields());
  }
}

size_t FileChain::Read(std::span<char> to) {
  size_t done = 0;
  while (done < to.size()) {
    if (out_at_ == out_.size()) {
      out_.clear();
      out_at_ = 0;
      if (!file_) {
        if (next_ == files_.size()) break;
        Open();
      }
      if (!order_.empty()) {
        Rearrange();
      } else if (!text_.empty() || Refill(kPiece)) {
        out_.swap(text_);
      }
      const uint64_t lines = LinesIn(out_);
      lines_ += lines;
      row_ += lines;
      if (at_end_ && text_.empty()) {
        file_->RequireUnchanged();
        file_.reset();
      }
      continue;
    }
    const size_t count = std::min(to.size() - done, out_.size() - out_at_);
    std::copy_n(out_.data() + out_at_, count, to.data() + done);
    out_at_ += count;
    done += count;
  }
  return done;
}

FileChain::Place FileChain::PlaceOf(uint64_t row) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), row,
                                      [](uint64_t line, const Start& s) { return line < s.line; });
  if (after == starts_.begin()) return {files_.front().string(), row};
  const Start& start = after[-1];
  return {files_[start.file].string(), row - start.line + start.row};
}

void FileChain::Open() {
  file_ = std::make_unique<InputFile>(files_[next_]);
  file_->TakeAsText(format_.encoding);
  text_.clear();
  at_end_ = false;
  ended_ = true;
  row_ = 1;
  order_.clear();
  if (Refill(kPiece) && text_.starts_with(kUtf8Mark)) text_.erase(0, kUtf8Mark.size());
  if (next_ > 0 && !names_.empty()) TakeHeader();
  starts_.push_back({.line = lines_ + 1, .row = row_, .file = next_});
  ++next_;
}

// Appends a piece to text_, and ends the last line. False if there is nothing more.
bool FileChain::Refill(size_t piece) {
  if (at_end_) return false;
  const size_t before = text_.size();
  text_.resize(before + piece);
  const size_t got = file_->Read({text_.data() + before, piece});
  text_.resize(before + got);
  if (format_.dialect.carriage_returns) {
    std::replace(text_.begin() + static_cast<std::ptrdiff_t>(before), text_.end(), '\r', '\n');
  }
  at_end_ = got < piece;
  if (got > 0) ended_ = text_.back() == '\n';
  if (at_end_ && !ended_) {
    text_ += '\n';
    ended_ = true;
  }
  return text_.size() > before;
}

// The kind of the record at `at`, which is in text_ then; kBlank at the end of the file.
RecordKind FileChain::ParseAt(size_t at) {
  for (;;) {
    const size_t end = text_.rfind('\n') + 1;  // 0 if there is none
    if (at < end) {
      const RecordKind kind = parser_.Parse(text_.data() + at, text_.data() + end, at_end_);
      if (kind != RecordKind::kOpen) return kind;
    } else if (at_end_) {
      return RecordKind::kBlank;
    }
    if (at_end_ || text_.size() - at > LineReader::kMaxLine) {
      Fail(row_ + LinesIn(std::string_view(text_).substr(0, at)),
           {.found = at < end ? kOpenQuotes : "a line that does not end",
            .expected = at < end ? kClosingQuote : "one example per line"});
    }
    // Twice as much, so that a long record is not parsed too often.
    Refill(std::max(kPiece, text_.size()));
  }
}

void FileChain::TakeHeader() {
  size_t at = 0;
  for (size_t i = 0; i < format_.preamble; ++i) {
    size_t end = text_.find('\n', at);
    while (end == std::string::npos && Refill(std::max(kPiece, text_.size()))) {
      end = text_.find('\n', at);
    }
    at = end == std::string::npos ? text_.size() : end + 1;
  }
  while (ParseAt(at) != RecordKind::kRow) {
    if (at == text_.size()) return text_.clear();  // a file without rows
    at = static_cast<size_t>(parser_.next() - text_.data());
  }
  CompareHeader(NamesIn(parser_.fields()), row_ + LinesIn(std::string_view(text_).substr(0, at)));
  at = static_cast<size_t>(parser_.next() - text_.data());
  row_ += LinesIn(std::string_view(text_).substr(0, at));
  text_.erase(0, at);
}

// Finds where the file, which has these names, has the columns of the first.
void FileChain::CompareHeader(const std::vector<std::string>& names, uint64_t row) {
  if (names == names_) return;
  std::multimap<std::string_view, size_t> places;  // of a name that is repeated, in their order
  for (size_t i = 0; i < names.size(); ++i) places.emplace(names[i], i);
  std::vector<size_t> order;
  std::string missing;
  for (const std::string& name : names_) {
    const auto place = places.lower_bound(name);
    if (place != places.end() && place->first == name) {
      order.push_back(place->second);
      places.erase(place);
    } else if (missing.empty()) {
      missing = fmt::format("no column {}", QuotedName(name));
    }
  }
  if (missing.empty() && places.empty()) {
    order_ = std::move(order);
    return;
  }
  const std::string first = files_.front().string();
  if (order.empty()) {
    Fail(row, {.found = Quoted(text_.substr(0, text_.find_first_of("\r\n"))),
               .expected = fmt::format("the header of '{}': {}", first, Abbreviated(names_))});
  }
  const auto extra =
      std::min_element(places.begin(), places.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  Fail(row, {.column = missing.empty() ? extra->second + 1 : 0,
             .found = !missing.empty()
                          ? missing
                          : fmt::format("a column {}", QuotedName(std::string(extra->first))),
             .expected = fmt::format("the columns of '{}', in any order", first)});
}

// Moves the records of text_, as far as it has whole ones, into out_.
void FileChain::Rearrange() {
  size_t at = 0;
  while (out_.size() < kPiece) {
    // A record at the end of the text may go on behind it.
    const RecordKind kind = ParseAt(at);
    if (at == text_.size()) break;
    const auto next = static_cast<size_t>(parser_.next() - text_.data());
    const std::string_view record = std::string_view(text_).substr(at, next - at);
    if (kind == RecordKind::kRow && parser_.count() == order_.size()) {
      AppendRearranged(record);
    } else if (kind == RecordKind::kRow && parser_.count() == order_.size() + 1) {
      // Whether it is the first or the last that has no name cannot be told here.
      Fail(row_ + LinesIn(std::string_view(text_).substr(0, at)),
           {.found = fmt::format("{} fields under {} names, which are in another order than those "
                                 "of '{}'",
                                 parser_.count(), order_.size(), files_.front().string()),
            .expected = "as many fields as names, or the same order"});
    } else {
      out_ += record;
    }
    at = next;
  }
  text_.erase(0, at);
}

void FileChain::AppendRearranged(std::string_view record) {
  const std::span<const CsvField> fields = parser_.fields();
  const char separator = format_.dialect.separator, comment = format_.dialect.comment;
  std::string_view line = record.substr(0, record.size() - 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::string_view line_end = record.substr(line.size());
  for (size_t column = 0; column < order_.size(); ++column) {
    // A field as it stands, with its quotes, and the padding in front of it left out.
    const size_t i = order_[column];
    const bool last = i + 1 == fields.size();
    std::string_view field = line.substr(
        fields[i].offset, (last ? line.size() : fields[i + 1].offset) - fields[i].offset);
    const auto trim = [&] {
      while (!field.empty() && IsPadding(field.back(), separator)) field.remove_suffix(1);
    };
    trim();
    if (!last && separator != ' ') {
      field.remove_suffix(1);
      trim();
    }
    if (column > 0) out_ += separator;
    const bool starts_comment = column == 0 && comment != '\0' && field.starts_with(comment);
    const bool ends_line = column + 1 == order_.size() && field.ends_with('\r');
    if (!fields[i].quoted && (starts_comment || ends_line)) {
      // At its new place it would mean something else.
      out_ += '"';
      for (const char c : field) out_.append(c == '"' ? 2 : 1, c);
      out_ += '"';
    } else {
      out_ += field;
      if (ends_line) out_ += '\r';  // what follows a closing quote stays damage
    }
  }
  out_ += line_end;
}

std::vector<std::string> FileChain::NamesIn(std::span<const CsvField> fields) const {
  std::vector<std::string> names;
  for (const CsvField& field : fields) {
    std::string name(field.text);
    names.push_back(format_.canonical ? format_.canonical(name) : std::move(name));
  }
  return names;
}

void FileChain::Fail(uint64_t row, ErrorDetails details) const {
  ThrowBadRow(file_->name(), row, std::move(details));
}

}  // namespace colonnade
