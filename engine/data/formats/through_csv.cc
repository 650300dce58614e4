// SPDX-License-Identifier: Apache-2.0
#include "engine/data/formats/through_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/reader.h"

namespace colonnade {
namespace {

constexpr size_t kTextPiece = size_t{1} << 16;

}  // namespace

// The same error about a place in the file, where it was about one in the text.
Error AboutFile(const TableText& table, const Error& error) {
  if (error.details().row == 0) return error;
  ErrorDetails details = error.details();
  const uint64_t row = std::exchange(details.row, 0);
  if (table.has_lines) {
    details.row = row - std::min(row, table.added_lines);
  } else if (row > table.added_lines) {
    const std::string example = fmt::format("example {}", row - 1 - table.added_lines);
    details.subject = details.subject.empty() ? example : example + ": " + details.subject;
  }
  return {error.code(), std::move(details)};
}

Dataset ReadThroughCsv(TableText table) {
  InputFile text(table.file, SourceOf(std::move(table.make)));
  try {
    std::unique_ptr<Dataset::Storage> storage = ReadCsvStorage(text, table.options);
    if (storage->summary) {
      DataSummary summary = *storage->summary;
      summary.format = table.format;
      summary.delimiter.clear();
      summary.preamble = 0;
      storage->summary = std::make_shared<const DataSummary>(std::move(summary));
    }
    return Dataset(std::move(storage));
  } catch (const Error& error) {
    throw AboutFile(table, error);
  }
}

CsvOptions AsCsv(CsvOptions options, Header header) {
  options.header = header;
  options.delimiter = ',';
  options.comment.reset();
  options.quote = '"';
  options.escape.reset();
  options.skip_rows = 0;
  options.encoding.reset();
  options.cache = false;
  return options;
}

std::function<size_t(std::span<char>)> SourceOf(MakeText make) {
  // A function can be copied, so what it changes is shared.
  struct State {
    MakeText make;
    std::string text;
    size_t begin = 0;
    bool at_end = false;
  };
  auto state = std::make_shared<State>();
  state->make = std::move(make);
  return [state](std::span<char> to) {
    size_t done = 0;
    while (done < to.size()) {
      if (state->begin == state->text.size()) {
        state->text.clear();
        state->begin = 0;
        while (!state->at_end && state->text.size() < kTextPiece) {
          state->at_end = !state->make(state->text);
        }
        if (state->text.empty()) break;
      }
      const size_t count = std::min(to.size() - done, state->text.size() - state->begin);
      std::copy_n(state->text.data() + state->begin, count, to.data() + done);
      state->begin += count;
      done += count;
    }
    return done;
  };
}

void AppendName(std::string_view name, std::string& to) {
  to += '"';
  for (const char c : name) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

void AppendField(std::string_view text, std::string& to) {
  const bool blank_ends =
      !text.empty() && (std::string_view(" \t").find(text.front()) != std::string_view::npos ||
                        std::string_view(" \t").find(text.back()) != std::string_view::npos);
  if (blank_ends || text.find_first_of(",\"\r\n") != std::string_view::npos) {
    AppendName(text, to);
  } else {
    to += text;
  }
}

void AppendNumber(float value, std::string& to) {
  if (!std::isnan(value)) fmt::format_to(std::back_inserter(to), "{}", value);
}

void AppendNumber(double value, std::string& to) {
  if (!std::isnan(value)) fmt::format_to(std::back_inserter(to), "{}", value);
}

std::vector<Place> PlainColumns(const std::string& file, const char* format, size_t features,
                                bool other, const std::optional<Schema>& like) {
  if (!like) {
    std::vector<Place> places = {Place::kLabel};
    if (other) places.push_back(Place::kOther);
    places.resize(places.size() + features, Place::kFeature);
    return places;
  }
  if (!like->categorical.empty() || !like->dates.empty()) {
    throw Error(ErrorCode::kBadData, {.file = file,
                                      .found = fmt::format("{}, which has numbers alone", format),
                                      .expected = "a table with columns of text or dates"});
  }
  const size_t expected = like->features - std::min(like->indicators.size(), like->features);
  if (features != expected) {
    throw Error(ErrorCode::kBadData, {.file = file,
                                      .found = fmt::format("{} features", features),
                                      .expected = fmt::to_string(expected)});
  }
  std::vector<Place> places(features + 1 + like->ignored.size(), Place::kFeature);
  if (like->label_index < places.size()) places[like->label_index] = Place::kLabel;
  for (const IgnoredColumn& column : like->ignored) {
    if (column.index < places.size()) places[column.index] = Place::kOther;
  }
  return places;
}

std::string ReadRest(InputFile& input) {
  std::string content;
  for (size_t room = kTextPiece;; room = std::max(content.size(), kTextPiece)) {
    const size_t size = content.size();
    content.resize(size + room);
    const size_t got = input.Read({content.data() + size, room});
    content.resize(size + got);
    if (got < room) return content;
  }
}

bool TextLines::Refill() {
  if (at_end_) return false;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t size = buffer_.size();
  const size_t room = std::max(kTextPiece, size);
  buffer_.resize(size + room);
  const size_t got = input_.Read({buffer_.data() + size, room});
  buffer_.resize(size + got);
  at_end_ = got < room;
  return got > 0;
}

std::optional<std::string_view> TextLines::Next() {
  size_t from = begin_;
  size_t end = std::string::npos;
  while ((end = buffer_.find('\n', from)) == std::string::npos) {
    from = buffer_.size() - begin_;  // where it will be
    if (!Refill()) break;
  }
  if (end == std::string::npos) {
    if (begin_ == buffer_.size()) return std::nullopt;
    end = buffer_.size();
  }
  std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
  begin_ = std::min(end + 1, buffer_.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line_ == 0 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  ++line_;
  return line;
}

}  // namespace colonnade
