// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/decoder.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "engine/data/csv/number.h"
#include "engine/data/csv/text.h"
#include "kernels/csv_decode.h"
#include "kernels/csv_numbers.h"

namespace colonnade {
namespace {

constexpr size_t kBadShown = 10;

// Without what may stand around a field.
std::string_view Trimmed(std::string_view field, char separator) {
  while (!field.empty() && IsPadding(field.front(), separator)) field.remove_prefix(1);
  while (!field.empty() && IsPadding(field.back(), separator)) field.remove_suffix(1);
  return field;
}

bool IsPlainNumber(const ColumnPlan& column) {
  return column.role == ColumnRole::kFeature && column.reading == Reading::kNumber &&
         column.plain && !column.wide;
}

// Whether what is not the label is plain numbers, in the order of the inputs.
bool AllBytes(const TablePlan& plan) {
  if (plan.fields != plan.columns.size() || !plan.kept.empty()) return false;
  if (plan.missing_test.AnyNumber()) return false;
  if (plan.label && plan.read_labels && !plan.targets &&
      plan.columns[*plan.label].reading != Reading::kText) {
    return false;
  }
  size_t next = 0;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (plan.label == i) {
      if (!plan.columns[i].plain) return false;
      continue;
    }
    if (!IsPlainNumber(plan.columns[i]) || plan.columns[i].input != next++) return false;
  }
  return true;
}

}  // namespace

static_assert(Chunk::kSlack >= kernels::kNumberSlack);

ChunkDecoder::ChunkDecoder(const TablePlan& plan, TableTexts& texts, bool skip_bad)
    : plan_(plan),
      skip_bad_(skip_bad),
      bytes_(AllBytes(plan)),
      parser_(plan.dialect),
      judge_(plan, texts),
      tally_(plan),
      scratch_(kernels::ByteRowScratch(plan.columns.size())) {
  small_codes_.fill(TextIndex::kNone);
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const ColumnPlan& column = plan.columns[i];
    const bool kept = std::ranges::find(plan.kept, i) != plan.kept.end();
    if (!IsPlainNumber(column) || kept || plan.missing_test.AnyNumber()) {
      steps_.push_back({i, 1, kNoColumn});
    } else if (!steps_.empty() && steps_.back().input != kNoColumn &&
               steps_.back().input + steps_.back().count == column.input) {
      ++steps_.back().count;
    } else {
      steps_.push_back({i, 1, column.input});
    }
  }
}

ChunkResult ChunkDecoder::Decode(const Chunk& chunk, TableRows& rows) {
  ChunkResult result;
  result.index = chunk.index;
  result.first = static_cast<size_t>(chunk.before);
  result.texts.resize(plan_.kept.size());
  if (chunk.text.empty()) return result;
  if (bytes_ && rows.type() == ElementType::kU8 && DecodeBytes(chunk, rows, &result)) return result;
  std::optional<TableTally> before;
  if (rows.type() == ElementType::kU8) before = tally_;
  const CsvDialect& dialect = plan_.dialect;
  kernels::LineScan scan = {.lines = chunk.lines};
  if (chunk.scan) {
    scan = *chunk.scan;
  } else if (dialect.quote != '\0') {
    scan =
        kernels::ScanLines(chunk.text.data(), chunk.text.size(), dialect.separator, dialect.quote);
  }
  const bool plain = !scan.quotes || (scan.regular && scan.inside <= kMostLines &&
                                      dialect.escape == '\0' && dialect.separator != ' ');
  if (plain && dialect.comment == '\0') {
    DecodePlain(chunk, scan, rows, &result);
  } else {
    DecodeExactly(chunk, rows, &result);
  }
  if (result.widen) tally_ = std::move(*before);
  return result;
}

// Whether all labels are written as their numbers are: not "007".
bool ChunkDecoder::HasPlainLabels(const Chunk& chunk) const {
  if (!plan_.label || !plan_.read_labels || plan_.targets) return true;
  const std::string_view text = chunk.text;
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  const bool first = *plan_.label == 0;
  const size_t least = 2 * plan_.columns.size() - 1;  // bytes of a row: digits and separators
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin + least);
    size_t at = begin;
    if (!first) {
      if (*plan_.label + 1 == plan_.columns.size()) {
        at = text.rfind(plan_.dialect.separator, end) + 1;
      } else {
        for (size_t i = 0; i < *plan_.label; ++i) at = text.find(plan_.dialect.separator, at) + 1;
      }
    }
    if (text[at] == '0' && digit(at + 1)) return false;
    begin = end + 1;
  }
  return true;
}

bool ChunkDecoder::DecodeBytes(const Chunk& chunk, TableRows& rows, ChunkResult* result) {
  const size_t line = chunk.text.find('\n');
  const kernels::ByteRows form = {.columns = plan_.columns.size(),
                                  .label = plan_.label.value_or(plan_.columns.size()),
                                  .separator = plan_.dialect.separator,
                                  .crlf = line > 0 && chunk.text[line - 1] == '\r'};
  const size_t count = chunk.lines;
  DatasetBuilder& builder = rows.builder();
  byte_labels_.resize(count);
  if (!kernels::DecodeByteRows(chunk.text.data(), chunk.text.size(), form, count,
                               builder.BytesOf(result->first), builder.stride(),
                               byte_labels_.data(), scratch_.data()) ||
      !HasPlainLabels(chunk)) {
    return false;
  }
  switch (LabelsOf(plan_)) {
    case LabelKind::kNone:
      break;
    case LabelKind::kTargets:
      std::copy_n(byte_labels_.data(), count, builder.TargetOf(result->first));
      std::copy_n(byte_labels_.data(), count, rows.targets().data() + result->first);
      break;
    case LabelKind::kCodes: {
      uint32_t* const codes = builder.CodeOf(result->first);
      std::array<uint64_t, 256> counts = {};
      for (size_t row = 0; row < count; ++row) {
        uint32_t& code = small_codes_[byte_labels_[row]];
        if (code == TextIndex::kNone) {
          const auto found = judge_.CodeOfLabel(std::to_string(byte_labels_[row]));
          if (!found) return false;
          code = *found;
        }
        codes[row] = code;
        ++counts[byte_labels_[row]];
      }
      std::vector<uint64_t>& tally = tally_.columns[*plan_.label].counts;
      for (size_t value = 0; value < counts.size(); ++value) {
        if (counts[value] == 0) continue;
        const uint32_t code = small_codes_[value];
        if (code >= tally.size()) tally.resize(code + size_t{1});
        tally[code] += counts[value];
      }
      break;
    }
  }
  result->rows = count;
  tally_.rows += count;
  return true;
}

// Writes the row that values_ has; false where it takes wider rows.
bool ChunkDecoder::Keep(TableRows& rows, ChunkResult* result) {
  if (!rows.Write(result->first + result->rows, values_)) {
    result->widen = true;
    return false;
  }
  if (values_.incomplete) result->incomplete.push_back(static_cast<uint32_t>(result->rows));
  for (size_t k = 0; k < values_.texts.size(); ++k) {
    result->texts[k].push_back(std::move(values_.texts[k]));
  }
  ++result->rows;
  tally_.Add(plan_, values_);
  return true;
}

// The record at `p`, whatever it is. Returns where the next one starts.
const char* ChunkDecoder::DecodeRecord(const Chunk& chunk, const char* p, uint64_t* line,
                                       TableRows& rows, ChunkResult* result, bool* go_on) {
  const char* const end = chunk.text.data() + chunk.text.size();
  const RecordKind kind = parser_.Parse(p, end, true);
  Verdict verdict = Verdict::kDropped;
  faults_.clear();
  if (kind == RecordKind::kUnclosed) {
    Fault fault;
    fault.line = parser_.lines() - 1;
    fault.column = std::min(parser_.count(), plan_.columns.size());
    fault.found = kOpenQuotes;
    fault.expected = kClosingQuote;
    fault.advice = "`quote` none takes quotation marks as text";
    faults_.push_back(std::move(fault));
    verdict = Verdict::kBad;
  } else if (kind == RecordKind::kRow) {
    verdict = judge_.Judge(parser_.fields(), parser_.count(), false, &values_, &faults_);
    if (verdict == Verdict::kDropped) ++result->dropped;
  }
  if (verdict == Verdict::kTaken) {
    if (!Keep(rows, result)) {
      *go_on = false;
    } else if (parser_.lines() > 1) {
      ++tally_.spanning;
      tally_.first_spanning = std::min(tally_.first_spanning, *line);
    }
  }
  if (verdict == Verdict::kBad) {
    ++result->bad_rows;
    if (result->bad.size() < kBadShown) {
      faults_[0].found = FoundIn(faults_[0], *line);
      result->bad.push_back({.line = *line + faults_[0].line, .fault = std::move(faults_[0])});
    }
    if (!skip_bad_) *go_on = false;
  }
  *line += parser_.lines();
  return parser_.next();
}

void ChunkDecoder::DecodeExactly(const Chunk& chunk, TableRows& rows, ChunkResult* result) {
  uint64_t line = chunk.line;
  bool go_on = true;
  const char* const end = chunk.text.data() + chunk.text.size();
  for (const char* p = chunk.text.data(); p < end && go_on;) {
    p = DecodeRecord(chunk, p, &line, rows, result, &go_on);
  }
  tally_.dropped += result->dropped;
}

// A chunk without comments, and without quotes but those that enclose fields: these lie between
// separators and line ends.
void ChunkDecoder::DecodePlain(const Chunk& chunk, const kernels::LineScan& scan, TableRows& rows,
                               ChunkResult* result) {
  const size_t capacity = kernels::FieldEndsCapacity(chunk.text.size());
  if (capacity > ends_capacity_) {
    ends_ = std::make_unique_for_overwrite<uint32_t[]>(capacity);
    ends_capacity_ = capacity;
  }
  const char* const text = chunk.text.data();
  quotes_ = scan.quotes;
  const char separator = plan_.dialect.separator;
  const size_t fields =
      quotes_ ? kernels::FindUnquotedEnds(text, chunk.text.size(), separator, plan_.dialect.quote,
                                          ends_.get())
              : kernels::FindFieldEnds(text, chunk.text.size(), separator, ends_.get());
  const size_t each = plan_.fields;
  // Where all rows end where they should, and there are as many as line ends, none is within one.
  bool regular = fields == (scan.lines - scan.inside) * each;
  for (size_t i = each - 1; regular && i < fields; i += each) regular = text[ends_[i]] == '\n';
  uint64_t line = chunk.line;
  uint32_t* ends = ends_.get();
  const uint32_t* const last = ends + fields;
  size_t begin = 0;
  bool go_on = true;
  while (ends < last && go_on) {
    bool whole = ends + each <= last && text[ends[each - 1]] == '\n';
    for (size_t i = 0; whole && !regular && i + 1 < each; ++i) whole = text[ends[i]] != '\n';
    if (whole && scan.inside > 0) {
      whole = std::memchr(text + begin, '\n', ends[each - 1] - begin) == nullptr;
    }
    if (whole) {
      uint32_t& stop = ends[each - 1];
      const size_t next = stop + size_t{1};
      if (stop > begin && text[stop - 1] == '\r') --stop;
      switch (DecodePlainRow(text, begin, ends)) {
        case Plain::kTaken:
          go_on = Keep(rows, result);
          ends += each;
          begin = next;
          ++line;
          continue;
        case Plain::kDropped:
          ++result->dropped;
          ends += each;
          begin = next;
          ++line;
          continue;
        case Plain::kOdd:
          break;
      }
    }
    const auto next =
        static_cast<size_t>(DecodeRecord(chunk, text + begin, &line, rows, result, &go_on) - text);
    while (ends < last && *ends < next) ++ends;
    begin = next;
  }
  tally_.dropped += result->dropped;
}

// Of a field in quotes that hold no other quote; false for others in quotes.
bool ChunkDecoder::TakeQuotes(std::string_view text, CsvField* field) const {
  const char quote = plan_.dialect.quote;
  field->quoted = !text.empty() && text[0] == quote;
  if (!field->quoted) return true;
  if (text.size() < 2 || text.back() != quote) return false;
  text = text.substr(1, text.size() - 2);
  if (text.find(quote) != std::string_view::npos) return false;
  field->whole = text;
  field->text = TrimmedText(text);
  return true;
}

// Fills values_; kOdd where the exact parser and judge must tell.
ChunkDecoder::Plain ChunkDecoder::DecodePlainRow(const char* text, size_t begin,
                                                 const uint32_t* ends) {
  judge_.Begin(&values_);
  const char separator = plan_.dialect.separator;
  const size_t columns = plan_.columns.size();
  const auto begin_of = [&](size_t column) {
    return column == 0 ? begin : ends[column - 1] + size_t{1};
  };
  const auto field_of = [&](size_t column) {
    return Trimmed({text + begin_of(column), ends[column] - begin_of(column)}, separator);
  };
  // Between runs of spaces nothing is a field; and a blank line is no row.
  if (separator == ' ' || plan_.fields == 1) {
    for (size_t i = 0; i < plan_.fields; ++i) {
      const std::string_view field(text + begin_of(i), ends[i] - begin_of(i));
      if (field_of(i).empty() || field.find('\t') != std::string_view::npos) return Plain::kOdd;
    }
  }
  // Of a column; false where it has more than one pair of quotes.
  CsvField field;
  const auto take = [&](size_t column) {
    field.text = field_of(column);
    return !quotes_ || TakeQuotes(field.text, &field);
  };
  for (const Step& step : steps_) {
    if (step.input == kNoColumn) {
      if (plan_.columns[step.column].role == ColumnRole::kIgnored && plan_.kept.empty() &&
          !quotes_) {
        continue;
      }
      if (!take(step.column)) return Plain::kOdd;
      if (!judge_.Take(step.column, field, &values_)) return Plain::kOdd;
      continue;
    }
    for (size_t i = 0; i < step.count;) {
      const size_t column = step.column + i;
      i += kernels::DecodeNumbers(text, begin_of(column), ends + column, step.count - i,
                                  values_.inputs.data() + step.input + i);
      if (i == step.count) break;
      // One that is long, has an exponent, spaces around it, quotes, or is missing.
      if (!take(step.column + i)) return Plain::kOdd;
      const auto stop = static_cast<uint32_t>(field.text.data() + field.text.size() - text);
      const bool number = field.quoted && !field.text.empty() &&
                          kernels::DecodeNumbers(text, stop - field.text.size(), &stop, 1,
                                                 values_.inputs.data() + step.input + i) == 1;
      if (!number && !judge_.Take(step.column + i, field, &values_)) return Plain::kOdd;
      ++i;
    }
  }
  if (plan_.fields > columns && !field_of(columns).empty()) return Plain::kOdd;
  return judge_.End() == Verdict::kDropped ? Plain::kDropped : Plain::kTaken;
}

}  // namespace colonnade
