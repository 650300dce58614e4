// SPDX-License-Identifier: Apache-2.0
// The format of LIBSVM and SVMlight: "label qid:group index:value …", zeros left out.
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "colonnade/error.h"
#include "engine/data/csv/text.h"
#include "engine/data/formats/formats.h"
#include "engine/data/formats/through_csv.h"
#include "engine/runtime/aligned.h"

namespace colonnade {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kGroup = "qid:";

// Takes the next word off the front of a line; empty at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const size_t end = std::min(line.find_first_of(kBlanks), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string_view WithoutComment(std::string_view line) { return line.substr(0, line.find('#')); }

std::optional<double> NumberIn(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto result = fast_float::from_chars(text.data(), end, number);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

struct Entry {
  uint32_t index = 0;
  std::string_view value;
};

// "index:value"; nothing if it is not.
std::optional<Entry> EntryIn(std::string_view word) {
  Entry entry;
  const char* const end = word.data() + word.size();
  const auto [at, error] = std::from_chars(word.data(), end, entry.index);
  if (error != std::errc() || at == end || *at != ':') return std::nullopt;
  entry.value = word.substr(static_cast<size_t>(at - word.data()) + 1);
  return NumberIn(entry.value) ? std::optional(entry) : std::nullopt;
}

// Whether a number has a zero in front that nobody writes who writes numbers, but who writes times.
bool IsPadded(std::string_view digits) {
  return digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
}

// 1: a row with entries, 0: without, or a line without row; nothing: not a line of this format.
std::optional<size_t> CountEntries(std::string_view line) {
  line = WithoutComment(line);
  const std::string_view label = TakeWord(line);
  if (label.empty()) return 0;
  if (!NumberIn(label)) return std::nullopt;
  size_t entries = 0;
  for (auto word = TakeWord(line); !word.empty(); word = TakeWord(line)) {
    if (entries == 0 && word.starts_with(kGroup)) continue;
    const std::optional<Entry> entry = EntryIn(word);
    if (!entry || IsPadded(word) || IsPadded(entry->value)) return std::nullopt;
    ++entries;
  }
  return entries;
}

// What a first pass through the file finds.
struct Extent {
  uint32_t lowest = UINT32_MAX;
  uint32_t highest = 0;
  uint64_t rows = 0;
  bool groups = false;
};

// One row, entries in ascending order.
struct SparseRow {
  std::string_view label;
  std::string_view group;
  std::vector<Entry> entries;
};

class LibsvmRows {
 public:
  LibsvmRows(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {
    if (text_.starts_with("\xef\xbb\xbf")) begin_ = 3;
    start_ = begin_;
  }

  const std::string& file() const { return file_; }
  const SparseRow& row() const { return row_; }
  bool empty() const { return row_.label.empty(); }  // a line without a row

  void Restart() {
    begin_ = start_;
    line_ = 0;
  }

  // The next line into row(); false at the end.
  bool Next() {
    if (begin_ >= text_.size()) return false;
    const size_t end = std::min(text_.find('\n', begin_), text_.size());
    std::string_view line = std::string_view(text_).substr(begin_, end - begin_);
    begin_ = end + 1;
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    Parse(WithoutComment(line));
    return true;
  }

  Extent Measure() {
    Extent extent;
    while (Next()) {
      if (empty()) continue;
      ++extent.rows;
      extent.groups |= !row_.group.empty();
      if (row_.entries.empty()) continue;
      extent.lowest = std::min(extent.lowest, row_.entries.front().index);
      extent.highest = std::max(extent.highest, row_.entries.back().index);
    }
    Restart();
    return extent;
  }

 private:
  void Parse(std::string_view line) {
    row_.label = TakeWord(line);
    row_.group = {};
    row_.entries.clear();
    if (row_.label.empty()) return;
    if (!NumberIn(row_.label)) Fail(row_.label, "a label, a single number");
    for (auto word = TakeWord(line); !word.empty(); word = TakeWord(line)) {
      if (row_.entries.empty() && row_.group.empty() && word.starts_with(kGroup)) {
        row_.group = word.substr(kGroup.size());
        continue;
      }
      const std::optional<Entry> entry = EntryIn(word);
      if (!entry || entry->index == UINT32_MAX) Fail(word, "index:value");
      if (!row_.entries.empty() && entry->index <= row_.entries.back().index) {
        Fail(word, fmt::format("an index above {}: they ascend", row_.entries.back().index));
      }
      row_.entries.push_back(*entry);
    }
  }

  [[noreturn]] void Fail(std::string_view found, std::string expected) const {
    ThrowBadRow(file_, line_,
                ErrorDetails{.found = Quoted(found), .expected = std::move(expected)});
  }

  std::string text_;
  std::string file_;
  size_t start_ = 0, begin_ = 0;
  uint64_t line_ = 0;
  SparseRow row_;
};

// Numbers are the label, however they are spelt: +1 is 1.
void AppendLabel(std::string_view label, std::string& text) {
  AppendNumber(NumberIn(label).value_or(0), text);
}

// The index of the first feature, 0 or 1.
uint32_t BaseOf(const Extent& extent, const std::optional<Schema>& like) {
  if (like && !like->feature_names.empty() && like->feature_names.front() == "0") return 0;
  return extent.lowest == 0 ? 0 : 1;
}

size_t FeaturesOf(const Extent& extent, uint32_t base, const std::optional<Schema>& like,
                  const std::string& file) {
  const size_t found = extent.highest < base ? 0 : size_t{extent.highest} - base + 1;
  if (!like) {
    if (found == 0) {
      throw Error(ErrorCode::kBadData,
                  {.file = file, .found = "rows without values", .expected = "index:value"});
    }
    return found;
  }
  // The last features of a file may all be 0.
  return std::max(found, like->features - std::min(like->indicators.size(), like->features));
}

// Each has a name, and a text of its own in every row that is read.
constexpr size_t kMaxFeatures = size_t{1} << 20;

void RequireMemory(const std::string& file, uint64_t rows, size_t features) {
  if (features > kMaxFeatures) {
    throw Error(ErrorCode::kBadData,
                {.file = file,
                 .found = fmt::format("{} features", features),
                 .expected = fmt::format("at most {}", kMaxFeatures),
                 .advice = "leave out the features that are hardly ever other than 0"});
  }
  const double bytes = static_cast<double>(rows) * static_cast<double>(features) * sizeof(float);
  if (bytes <= PhysicalMemory()) return;
  throw Error(
      ErrorCode::kBadData,
      {.file = file,
       .found = fmt::format("{} rows of up to {} features, {:.3g} GB with their zeros", rows,
                            features, bytes / 1e9),
       .expected = fmt::format("what fits into the memory of {:.3g} GB", PhysicalMemory() / 1e9),
       .advice = "leave out the features that are hardly ever other than 0"});
}

std::string HeaderOf(const std::vector<Place>& places, uint32_t base,
                     const std::optional<Schema>& like) {
  std::string text;
  size_t feature = 0;
  size_t other = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (i > 0) text += ',';
    switch (places[i]) {
      case Place::kLabel:
        AppendName(like ? like->label_name : "label", text);
        break;
      case Place::kOther:
        AppendName(like ? like->ignored[other++].name : "qid", text);
        break;
      case Place::kFeature:
        // Indicators are features that no column has.
        while (like && std::ranges::any_of(like->indicators, [&](const MissingIndicator& of) {
                 return of.feature == feature;
               })) {
          ++feature;
        }
        AppendName(like ? like->feature_names[feature] : fmt::to_string(base + feature), text);
        ++feature;
    }
  }
  return text + '\n';
}

void AppendRow(const SparseRow& row, const std::vector<Place>& places, uint32_t base,
               std::string& text) {
  auto entry = row.entries.begin();
  uint32_t index = base;
  for (size_t i = 0; i < places.size(); ++i) {
    if (i > 0) text += ',';
    if (places[i] == Place::kLabel) AppendLabel(row.label, text);
    if (places[i] == Place::kOther) AppendField(row.group, text);
    if (places[i] != Place::kFeature) continue;
    if (entry != row.entries.end() && entry->index == index) {
      text += (entry++)->value;
    } else {
      text += '0';
    }
    ++index;
  }
}

}  // namespace

bool IsLibsvm(const FileStart& start) {
  std::string_view text = start.bytes;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  size_t rows = 0;
  size_t others = 0;
  size_t entries = 0;
  for (int lines = 0; lines < 20 && !text.empty(); ++lines) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      const bool whole = start.bytes.size() < kStartSize;
      if (!whole && rows > 0) break;
      // Of a line that goes on, what is cut off in the middle does not count.
      end = whole ? text.size() : std::min(text.find_last_of(kBlanks), text.size());
    }
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::optional<size_t> found = CountEntries(line);
    if (!found && rows == 0) return false;  // a header
    rows += found ? 1U : 0U;
    others += found ? 0U : 1U;
    entries += found.value_or(0);
  }
  return entries > 0 && rows > others;
}

TableText LibsvmText(InputFile& input, const CsvOptions& given) {
  input.TakeAsText(given.encoding);
  const auto rows = std::make_shared<LibsvmRows>(ReadRest(input), input.name());
  const std::optional<Schema>& like = given.like;
  const Extent extent = rows->Measure();
  const uint32_t base = BaseOf(extent, like);
  const size_t features = FeaturesOf(extent, base, like, rows->file());
  RequireMemory(rows->file(), extent.rows, features);
  const std::vector<Place> places =
      PlainColumns(rows->file(), "a LIBSVM file", features, extent.groups, like);

  // Names tell indices from 0 and from 1 apart when another file is to fit.
  const bool named = !like || !like->feature_names.empty();
  CsvOptions options = AsCsv(given, named ? Header::kYes : Header::kNo);
  if (!like) {
    if (!options.label_column) options.label_column = "label";
    if (extent.groups && !options.group_column) options.group_column = "qid";
  }
  const auto make = [rows, places, base, header = named ? HeaderOf(places, base, like) : ""](
                        std::string& text) mutable {
    if (!header.empty()) {
      text += std::exchange(header, "");
      return true;
    }
    if (!rows->Next()) return false;
    if (!rows->empty()) AppendRow(rows->row(), places, base, text);
    text += '\n';
    return true;
  };
  return {.file = input.name(),
          .format = "LIBSVM",
          .make = make,
          .options = std::move(options),
          .added_lines = named ? 1U : 0U,
          .has_lines = true};
}

Dataset ReadLibsvm(const FoundFile& file, const CsvOptions& options) {
  return ReadThroughCsv(LibsvmText(*file.input, options));
}

}  // namespace colonnade
