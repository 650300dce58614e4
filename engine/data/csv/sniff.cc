// SPDX-License-Identifier: Apache-2.0
#include "engine/data/csv/sniff.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <unordered_set>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/csv/date.h"
#include "engine/data/csv/number.h"
#include "engine/data/csv/record.h"
#include "engine/data/csv/text.h"
#include "engine/runtime/utf8.h"

namespace colonnade {
namespace {

constexpr const char* kTable = "a table, one example per line";

// So much of the file is looked at, and more where that does not hold two rows.
constexpr size_t kStart = size_t{1} << 16;
constexpr size_t kMost = LineReader::kMaxLine + 1;

// At first, where so many rows have so many fields, no more rows are looked at.
constexpr size_t kFewRows = 12;
constexpr size_t kFewFields = 4096;

// So much where the first look shows anything but plain numbers, or the file has no more.
constexpr size_t kSecondLook = size_t{1} << 20;
constexpr size_t kElsewhere = size_t{1} << 17;
constexpr size_t kLittleElsewhere = size_t{1} << 14;  // of plain numbers

// What may separate fields, in the order of preference.
constexpr std::string_view kSeparators = "\t;|, ";

struct Row {
  std::vector<SampleField> fields;
  size_t count = 0;
  uint64_t line = 1;
  uint64_t lines = 1;
  size_t begin = 0;  // in the text
  size_t next = 0;
};

// The rows of a text that ends in a line end, and how many blank ones there are. all: nothing
// follows it. A row that is not whole is not one of them.
std::vector<Row> RowsOf(std::string_view text, const CsvDialect& dialect, bool all, size_t most,
                        std::deque<std::string>* texts) {
  std::vector<Row> rows;
  RecordParser parser(dialect);
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  uint64_t line = 1;
  for (const char* p = begin; p < end && rows.size() < most;) {
    const RecordKind kind = parser.Parse(p, end, all);
    if (kind == RecordKind::kOpen) break;
    if (kind == RecordKind::kRow || kind == RecordKind::kUnclosed) {
      Row row;
      row.count = kind == RecordKind::kUnclosed ? SIZE_MAX : parser.count();
      row.line = line;
      row.lines = parser.lines();
      row.begin = static_cast<size_t>(p - begin);
      row.next = static_cast<size_t>(parser.next() - begin);
      for (const CsvField& field : parser.fields()) {
        std::string_view kept = field.text;
        if (!kept.empty() && (kept.data() < begin || kept.data() >= end)) {
          kept = texts->emplace_back(kept);  // it had doubled quotes
        }
        row.fields.push_back({kept, field.quoted, field.damaged});
      }
      rows.push_back(std::move(row));
    }
    line += parser.lines();
    p = parser.next();
  }
  return rows;
}

// ---- The separator ----

// How a separator would cut the first rows.
struct Cut {
  size_t alike = 0;   // rows with the number of fields that most have
  size_t fields = 0;  // that number
  size_t rows = 0;

  bool Separates() const { return fields > 1 && 2 * alike >= rows; }
};

Cut CutOf(const std::vector<Row>& rows) {
  std::map<size_t, size_t> counts;
  Cut cut;
  for (const Row& row : rows) {
    const size_t alike = ++counts[row.count];
    ++cut.rows;
    if (row.count > 1 && row.count != SIZE_MAX && alike > cut.alike) {
      cut.alike = alike;
      cut.fields = row.count;
    }
  }
  return cut;
}

// A number, a space and another number: what spaces separate, rather than commas.
bool HoldsNumbers(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return digit(text[space - 1]) && digit(text.back()) && !MayBeDate(text) &&
         text.find_first_not_of("0123456789+-. ") == std::string_view::npos;
}

char DetectSeparator(std::string_view text, const CsvDialect& start, bool all) {
  constexpr size_t kRows = 200;
  char best = ',';
  const auto none = [&](char c) { return c == best || text.find(c) == std::string_view::npos; };
  if (std::ranges::all_of(kSeparators, none)) return best;
  Cut best_cut;
  std::vector<Row> best_rows;
  std::deque<std::string> texts;
  for (const char separator : kSeparators) {
    if (separator == start.comment || text.find(separator) == std::string_view::npos) continue;
    // Spaces are between words, too.
    const bool spaces = separator == ' ';
    if (spaces && best_cut.rows > 0 && best != ',') continue;
    CsvDialect dialect = start;
    dialect.separator = separator;
    std::vector<Row> rows = RowsOf(text, dialect, all, kRows, &texts);
    const Cut cut = CutOf(rows);
    if (!cut.Separates()) continue;
    bool better = best_cut.rows == 0 || cut.alike * best_cut.rows > best_cut.alike * cut.rows;
    if (spaces && best_cut.rows > 0) {
      // "1,5 2,5": commas within numbers that spaces separate.
      const auto odd = [](const Row& row) {
        return std::ranges::any_of(row.fields, [](const SampleField& field) {
          return !field.quoted && HoldsNumbers(field.text);
        });
      };
      better = cut.alike == cut.rows &&
               2 * static_cast<size_t>(std::ranges::count_if(best_rows, odd)) > best_rows.size();
    }
    if (!better) continue;
    best = separator;
    best_cut = cut;
    best_rows = std::move(rows);
  }
  return best;
}

// ---- The header ----

enum class Kind { kMissing, kNumber, kText };

Kind KindOf(std::string_view text) {
  if (MissingTest().InNumbers(text)) return Kind::kMissing;
  float ignored = 0;
  return ParseNumber(text, &ignored) == NumberError::kNotANumber ? Kind::kText : Kind::kNumber;
}

// A text that begins like a number, a date, or an amount of money.
bool IsNumeric(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == '(')) text.remove_prefix(1);
  if (text.empty()) return false;
  const auto c = static_cast<unsigned char>(text[0]);
  return (c >= '0' && c <= '9') || c == '.' || c == '$' || text.starts_with("\xe2\x82\xac") ||
         text.starts_with("\xc2\xa3") || text.starts_with("\xc2\xa5");
}

// The same without letters, as no name is: "1.2.3", "12/31", not "1x1".
bool IsNumberLike(std::string_view text) {
  return IsNumeric(text) && std::ranges::none_of(text, [](char c) {
           return (c >= 'a' && c <= 'z' && c != 'e') || (c >= 'A' && c <= 'Z' && c != 'E');
         });
}

// What the fields below the first one of a column are.
struct Below {
  size_t numbers = 0;
  size_t numeric = 0;   // texts that begin like numbers
  size_t texts = 0;     // other texts
  bool recurs = false;  // the first one comes again
  bool quoted = false;  // any of them
  size_t different = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  size_t values() const { return numbers + numeric + texts; }
  bool Numbers() const { return 2 * (numbers + numeric) > values(); }
};

Below BelowOf(const std::vector<std::vector<SampleField>>& rows, size_t column) {
  constexpr size_t kRows = 1000;
  Below below;
  std::unordered_set<std::string_view> different;
  const std::string_view first = rows[0][column].text;
  for (size_t r = 1; r < std::min(rows.size(), kRows); ++r) {
    const SampleField& field = rows[r][column];
    below.quoted |= field.quoted;
    const Kind kind = KindOf(field.text);
    if (kind == Kind::kMissing) continue;
    if (kind == Kind::kText) {
      ++(IsNumeric(field.text) ? below.numeric : below.texts);
      different.insert(field.text);
    } else {
      ++below.numbers;
      double value = 0;
      if (ParseNumber(field.text, &value) == NumberError::kNone) {
        below.low = std::min(below.low, value);
        below.high = std::max(below.high, value);
      }
    }
    below.recurs |= field.text == first;
  }
  below.different = different.size();
  return below;
}

// The names that programs give to columns without any: 0, 1, … n - 1, perhaps behind an index that
// has none.
bool CountsColumns(const std::vector<SampleField>& first) {
  const size_t from = first.size() > 2 && first[0].text.empty() ? 1 : 0;
  if (first.size() - from < 2) return false;
  for (size_t i = from; i < first.size(); ++i) {
    if (first[i].text != fmt::to_string(i - from)) return false;
  }
  return true;
}

struct Verdict {
  bool header = false;
  bool doubtful = false;
};

// What stands for a value that could not be had: no name of a column.
bool IsBroken(std::string_view text) {
  if (text.size() > 2 && text[0] == '#' && (text.back() == '!' || text.back() == '?')) return true;
  std::string small;
  for (const char c : text.substr(0, 8)) {
    small += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return small == "err" || small == "error";
}

// "2020-01-22", and with years of two digits, which name columns in some tables.
bool IsDateName(std::string_view text) {
  const size_t digits =
      static_cast<size_t>(std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; }));
  const size_t signs = static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return c == '/' || c == '-' || c == '.'; }));
  return MayBeDate(text) ||
         (signs == 2 && digits >= 4 && digits + signs == text.size() && !text.ends_with('.') &&
          text[0] >= '0' && text[0] <= '9' && text.find("..") == std::string_view::npos &&
          (text.find('/') != std::string_view::npos || text.find('-') != std::string_view::npos));
}

// The evidence of the columns whether the first row names them.
struct Evidence {
  size_t over_numbers = 0;  // names over numbers
  size_t dates = 0;         // dates over numbers: may be either
  size_t quoted_names = 0;  // in quotes over numbers that are not, as R has it
  size_t broken = 0;        // texts that begin like numbers, over numbers
  size_t plain = 0;         // numbers over numbers that are no years or the like
  size_t large = 0;         // numbers over numbers of another size
  size_t apart = 0;         // of plain: far from all numbers below
  size_t fresh = 0;         // texts over texts that come again, unlike them
  size_t fresh_few = 0;     // likewise over a few different ones
  size_t known = 0;         // of those: a name that labels have
  size_t again = 0;         // texts that come again
  size_t texts = 0;
};

void AddText(std::string_view text, const Below& below, Evidence* e) {
  ++e->texts;
  if (below.Numbers()) {
    const bool date = IsDateName(text);
    if (date && below.numbers > below.numeric) {
      ++e->dates;
    } else {
      ++(IsNumberLike(text) || IsBroken(text) ? e->broken : e->over_numbers);
    }
    return;
  }
  if (below.recurs) {
    ++e->again;
    return;
  }
  constexpr size_t kFew = 20;
  const size_t values = below.texts + below.numeric;
  const std::string name = Normalized(text);
  const bool known = std::ranges::any_of(kLabelNames, [&](std::string_view word) {
    return std::ranges::equal(name, word, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  });
  e->known += known ? 1U : 0U;
  e->fresh += known || 2 * below.different <= values ? 1U : 0U;
  e->fresh_few += known || (below.different < values && below.different <= kFew) ? 1U : 0U;
}

void AddNumber(std::string_view text, const Below& below, bool counts, size_t rows, Evidence* e) {
  if (!below.Numbers()) {
    ++e->plain;
    return;
  }
  double value = 0;
  static_cast<void>(ParseNumber(text, &value));
  const double reach = std::max(std::abs(below.low), std::abs(below.high));
  const bool year = value >= 1500 && value <= 2200 && (below.high < 1500 || below.low > 2200);
  const bool whole = value >= 100 && value == std::floor(value) &&
                     text.find_first_not_of("0123456789") == std::string_view::npos;
  if (counts || (whole && !below.recurs && (year || value > 10 * reach) && rows >= 4)) {
    ++e->large;
    return;
  }
  ++e->plain;
  const double range = std::max(below.high - below.low, reach / 10);
  e->apart += value > below.high + range || value < below.low - range ? 1U : 0U;
}

Verdict JudgeHeader(const std::vector<std::vector<SampleField>>& rows) {
  const std::vector<SampleField>& first = rows[0];
  if (rows.size() == 1) {
    const bool text = std::ranges::any_of(
        first, [](const SampleField& f) { return KindOf(f.text) == Kind::kText; });
    return {.header = text};
  }
  // Of a few columns it may as well be an example.
  if (CountsColumns(first)) return {.header = true, .doubtful = first.size() < 4};
  // Numbers that count from 0, as pandas names columns that have no names, beside true names.
  size_t counted = 0;
  bool counts = true;
  for (const SampleField& field : first) {
    if (KindOf(field.text) != Kind::kNumber) continue;
    counts = counts && field.text == fmt::to_string(counted);
    ++counted;
  }
  counts = counts && counted > 1;
  Evidence e;
  std::set<std::string_view> names;
  size_t named = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    const Kind kind = KindOf(first[i].text);
    if (kind == Kind::kMissing) continue;
    const Below below = BelowOf(rows, i);
    names.insert(first[i].text);
    ++named;
    if (below.values() == 0) {
      e.texts += kind == Kind::kText ? 1U : 0U;
    } else if (kind == Kind::kText) {
      AddText(first[i].text, below, &e);
    } else if (first[i].quoted && !below.quoted && below.Numbers()) {
      ++e.quoted_names;
    } else {
      AddNumber(first[i].text, below, counts, rows.size(), &e);
    }
  }
  const bool distinct = names.size() > 1 || named <= 1;  // not one word in all columns
  if (e.quoted_names > 0 && e.plain == 0) return {.header = true};
  const size_t against = e.plain + e.broken;
  if (e.over_numbers > 0 && distinct) {
    if (against == 0) return {.header = true, .doubtful = e.again > 0 && e.known == 0};
    const bool header = e.over_numbers > against || e.known > 0;
    return {.header = header, .doubtful = header};
  }
  if (e.broken > 0 || !distinct) return {.header = false};
  if (e.plain > 0) {
    // "400.5,401,species" over "0.31,0.28,oak".
    const bool header =
        e.again == 0 && names.size() == first.size() && rows.size() >= 4 &&
        ((e.fresh_few > 0 && 2 * e.apart > e.plain) || (e.known > 0 && e.fresh > 0));
    return {.header = header,
            .doubtful = header || (e.again == 0 && e.fresh > 0 && e.fresh_few > 0)};
  }
  // A name may be a value as well.
  if (e.again > 0) return {.header = e.known > 0, .doubtful = e.known > 0};
  if (e.fresh > 0) return {.header = true};
  if (e.large > 1) return {.header = true, .doubtful = true};
  return {.header = e.texts > 0, .doubtful = e.texts > 0 && rows.size() > 2};
}

// Whether the first row has all the names that the columns of `like` have.
bool HasNames(const std::vector<SampleField>& first, const Schema& like) {
  if (like.feature_names.empty()) return false;
  std::set<std::string> found;
  for (const SampleField& field : first) found.insert(Normalized(field.text));
  const auto has = [&](const std::string& name) { return found.contains(Normalized(name)); };
  size_t category = 0;
  size_t date = 0;
  size_t indicator = 0;
  for (size_t f = 0; f < like.features;) {
    if (category < like.categorical.size() && like.categorical[category].first == f) {
      if (!has(like.categorical[category].name)) return false;
      f += like.categorical[category++].categories.size();
    } else if (date < like.dates.size() && like.dates[date].first == f) {
      if (!has(like.dates[date].name)) return false;
      f += like.dates[date++].features();
    } else if (indicator < like.indicators.size() && like.indicators[indicator].feature == f) {
      ++indicator;
      ++f;
    } else {
      if (!has(like.feature_names[f])) return false;
      ++f;
    }
  }
  return true;
}

// ---- The text ----

// Whether lines end in a lone CR, judging by the start of a file; nothing where it does not reach
// far enough to tell. whole: it is all of the file.
std::optional<bool> EndsLinesWithCarriageReturns(std::string_view start, bool whole, char quote) {
  bool quoted = false;
  bool lone = false;
  for (size_t i = 0; i < start.size(); ++i) {
    if (start[i] == quote && quote != '\0') quoted = !quoted;
    if (quoted) continue;
    if (start[i] == '\n') return false;
    // At the very end, a '\n' may be about to follow.
    if (start[i] == '\r' && i + 1 < start.size() && start[i + 1] != '\n') lone = true;
  }
  if (lone || !whole) return lone ? std::optional(true) : std::nullopt;
  return start.ends_with('\r') && start.find('\n') == std::string_view::npos;
}

class Sniffer {
 public:
  Sniffer(InputFile& input, LineReader& reader, const CsvOptions& options)
      : input_(input), reader_(reader), options_(options) {
    CsvDialect& dialect = opening_.dialect;
    dialect.comment = options.comment.value_or('\0');
    dialect.quote = options.quote;
    dialect.escape = options.escape.value_or('\0');
    if (options.delimiter && options.delimiter->text.size() > 1) {
      dialect.delimiter = options.delimiter->text;
      reader.Replace(dialect.delimiter, kUnitSeparator);
    }
  }

  Opening Run() {
    ReadStart();
    for (;; size_ = std::min(4 * size_, kMost)) {
      const bool more = reader_.Peek(size_).size() == size_;
      const std::string_view lines = reader_.PeekLines(size_);
      if (lines.empty() && size_ == kMost) reader_.Next(1);  // throws: the line has no end
      if (Look(lines, !more) >= 2 || !more || size_ == kMost) break;
    }
    const bool small = input_.size() && *input_.size() <= kSecondLook;
    if (!opening_.whole && size_ < kSecondLook && (small || !OnlyNumbers())) {
      size_ = kSecondLook;
      const bool more = reader_.Peek(size_).size() == size_;
      Look(reader_.PeekLines(size_), !more);
    }
    Conclude();
    if (opening_.whole) return std::move(opening_);
    LookElsewhere(OnlyNumbers() ? kLittleElsewhere : kElsewhere);
    return std::move(opening_);
  }

 private:
  // The byte order mark and the line ends.
  void ReadStart() {
    std::string_view start = reader_.Peek(kStart);
    if (start.starts_with(kUtf8Mark)) {
      opening_.byte_order_mark = true;
      reader_.Skip(kUtf8Mark.size());
    }
    for (;; size_ = std::min(4 * size_, kMost)) {
      start = reader_.Peek(size_);
      const bool all = start.size() < size_;
      if (start.empty()) {
        throw Error(ErrorCode::kBadData,
                    {.file = input_.name(), .found = "an empty file", .expected = kTable});
      }
      const std::optional<bool> returns =
          EndsLinesWithCarriageReturns(start, all, opening_.dialect.quote);
      if (!returns && size_ < kMost) continue;
      opening_.dialect.carriage_returns = returns.value_or(false);
      break;
    }
    if (opening_.dialect.carriage_returns) reader_.TakeCarriageReturnsAsLineEnds();
  }

  // Reads the rows in `lines`, the first of the file; returns how many there are.
  size_t Look(std::string_view lines, bool all) {
    text_ = &opening_.texts.emplace_back(lines);
    std::string_view text = *text_;
    skipped_ = 0;
    skipped_lines_ = 0;
    std::optional<Delimiter> said = options_.delimiter;
    SkipLines(options_.skip_rows.value_or(0), &text);
    // What Excel reads as an instruction.
    const std::string_view first = text.substr(0, text.find('\n'));
    if (const std::optional<char> separator = SeparatorSaid(first)) {
      if (!said) said = Delimiter(*separator);
      SkipLines(1, &text);
    }
    CsvDialect& dialect = opening_.dialect;
    if (!dialect.delimiter.empty()) {
      dialect.separator = kUnitSeparator;
    } else {
      dialect.separator = said ? said->text[0] : DetectSeparator(text, dialect, all);
    }
    // Of wide tables, a few rows, unless all have been asked for.
    const bool few = !all && size_ == kStart;
    rows_ = RowsOf(text, dialect, all, few ? kFewRows : SIZE_MAX, &opening_.texts);
    if (few && rows_.size() == kFewRows && kFewRows * rows_[0].fields.size() < kFewFields) {
      rows_ = RowsOf(text, dialect, all, SIZE_MAX, &opening_.texts);
    }
    opening_.whole = all;
    if (rows_.empty() && all) {
      const bool comments = dialect.comment != '\0';
      throw Error(ErrorCode::kBadData, {.file = input_.name(),
                                        .found = comments ? "nothing but comments and empty lines"
                                                          : "nothing but empty lines",
                                        .expected = kTable});
    }
    return rows_.size();
  }

  // Of "sep=;", in quotes or not.
  static std::optional<char> SeparatorSaid(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > 2 && line.starts_with('"') && line.ends_with('"')) {
      line = line.substr(1, line.size() - 2);
    }
    return line.size() == 5 && line.starts_with("sep=") ? std::optional(line[4]) : std::nullopt;
  }

  void SkipLines(size_t count, std::string_view* text) {
    for (size_t i = 0; i < count && !text->empty(); ++i) {
      const size_t end = text->find('\n') + 1;
      skipped_ += end;
      ++skipped_lines_;
      text->remove_prefix(end);
    }
  }

  bool OnlyNumbers() const {
    for (size_t r = 1; r < rows_.size(); ++r) {
      for (const SampleField& field : rows_[r].fields) {
        if (field.quoted || KindOf(field.text) != Kind::kNumber) return false;
      }
    }
    return rows_.size() > 1;
  }

  // From rows to the table: its number of fields, what stands in front of it, its header.
  void Conclude() {
    Opening& o = opening_;
    const Cut cut = CutOf(rows_);
    size_t first = 0;
    o.count = rows_[0].count;
    if (o.count == SIZE_MAX) ThrowUnclosed(rows_[0]);
    // All rows but the first are enough to tell that it is another.
    const bool sure = cut.alike >= 2 && (cut.alike + 1 == cut.rows ||
                                         (cut.alike >= 3 && 10 * cut.alike >= 8 * cut.rows));
    if (sure && rows_[0].count + 1 == cut.fields && cut.alike + 1 >= cut.rows && IsRowNames(cut)) {
      o.row_names = !EndsEmpty(cut.fields, 1);
      o.trailing = !o.row_names;
      o.count = o.trailing ? cut.fields - 1 : cut.fields;
    } else if (sure && rows_[0].count == cut.fields + 1 && rows_[0].fields.back().text.empty()) {
      o.count = cut.fields;
      short_ = true;
    } else if (!options_.skip_rows) {
      first = FindFirst(cut);
      if (first > 0) {
        o.count = cut.fields;
        o.preamble = rows_[first].line - 1;
      }
    }
    if (!o.trailing && !short_ && cut.alike >= 3 && 10 * cut.alike >= 8 * (cut.rows - first) &&
        o.count == cut.fields && o.count > 2 && EndsEmpty(o.count, first)) {
      o.trailing = true;
      --o.count;
    }
    Take(first);
    o.first_line = rows_[first].line + skipped_lines_;
    o.preamble += skipped_lines_;
    if (options_.header == Header::kAuto) {
      JudgeFirst(first);
    } else {
      o.header = options_.header == Header::kYes || o.row_names;
    }
    const Row& head = rows_[first];
    if (o.header) {
      o.names = NamesOf(head);
      o.header_text = text_->substr(skipped_ + head.begin, head.next - head.begin);
      o.begin = skipped_ + head.next;
      o.line = o.first_line + head.lines;
      if (!o.rows.empty() && !o.row_names) o.rows.erase(o.rows.begin());
    } else {
      o.begin = skipped_ + head.begin;
      o.line = o.first_line;
    }
    o.first_rows = o.rows.size();
  }

  // The first row of the table: titles and notes may stand in front of it, but no row of data with
  // a fault, and no header with one.
  size_t FindFirst(const Cut& cut) const {
    constexpr size_t kMostNotes = 50;
    const auto is_note = [&](const Row& row) {
      if (row.count == SIZE_MAX || AllNumbers(row)) return false;
      // As spreadsheets write a title: all other cells of its row are empty.
      const bool title = row.count == cut.fields && row.count > 2 && !row.fields[0].text.empty() &&
                         std::all_of(row.fields.begin() + 1, row.fields.end(),
                                     [](const SampleField& field) { return field.text.empty(); });
      return row.count != cut.fields || title;
    };
    size_t first = 0;
    while (first < rows_.size() && first <= kMostNotes && is_note(rows_[first])) ++first;
    if (first == 0 || first >= rows_.size() || rows_[first].count != cut.fields) return 0;
    size_t alike = 0;
    bool titles = true;  // without any separators
    for (size_t r = 0; r < first; ++r) titles &= rows_[r].count == 1;
    std::vector<std::vector<SampleField>> table;
    for (size_t r = first; r < rows_.size(); ++r) {
      if (rows_[r].count != cut.fields) continue;
      ++alike;
      table.push_back(rows_[r].fields);
    }
    if (alike < 3 || first >= 2 * alike || 10 * alike < 8 * (rows_.size() - first)) return 0;
    return titles || options_.header == Header::kYes || JudgeHeader(table).header ? first : 0;
  }

  void JudgeFirst(size_t first) {
    Opening& o = opening_;
    if (o.row_names) {
      o.header = true;
      return;
    }
    if (options_.like && HasNames(rows_[first].fields, *options_.like)) {
      o.header = true;
      return;
    }
    if (NamesAColumn(rows_[first].fields)) {
      o.header = true;
      return;
    }
    const Verdict verdict = JudgeHeader(o.rows);
    o.header = verdict.header;
    // Numbers are names only where those of the model are.
    if (options_.like && !options_.like->feature_names.empty() && AllNumbers(rows_[first])) {
      o.header = false;
    }
    if (verdict.doubtful && !options_.like) {
      const char* const took = verdict.header
                                   ? "the names of the columns (`header` no if it is an example)"
                                   : "an example (`header` yes if it names the columns)";
      o.notes.push_back(fmt::format("{}: took the first line as {}", input_.name(), took));
    }
  }

  // Whether a column that an option names is one of these.
  bool NamesAColumn(const std::vector<SampleField>& fields) const {
    const auto names = [&](const std::string& choice) {
      const std::string name = Normalized(choice);
      return name.find_first_not_of("0123456789-") != std::string::npos &&
             std::ranges::any_of(
                 fields, [&](const SampleField& field) { return Normalized(field.text) == name; });
    };
    const auto any = [&](const std::vector<std::string>& choices) {
      return std::ranges::any_of(choices, names);
    };
    const auto one = [&](const std::optional<std::string>& choice) {
      return choice && names(*choice);
    };
    return one(options_.label_column) || one(options_.weight_column) ||
           one(options_.group_column) || one(options_.time_column) ||
           any(options_.ignore_columns) || any(options_.columns) || any(options_.categorical) ||
           any(options_.keep_columns);
  }

  // Rows of the table, from `first` on, as fields.
  void Take(size_t first) {
    Opening& o = opening_;
    for (size_t r = first; r < rows_.size(); ++r) {
      Row& row = rows_[r];
      const bool head = r == first && short_ && row.count == o.count + 1;
      if (row.count != o.count + (o.trailing ? 1 : 0) && !(o.trailing && row.count == o.count) &&
          !head) {
        if (r == first) o.rows.clear();
        continue;
      }
      std::vector<SampleField> fields = row.fields;
      fields.resize(o.count);
      o.rows.push_back(std::move(fields));
    }
    if (o.rows.empty()) {
      std::vector<SampleField> fields = rows_[first].fields;
      fields.resize(o.count);
      o.rows.push_back(std::move(fields));
    }
  }

  // A row with a name less than there are columns, no numbers among them.
  bool IsRowNames(const Cut& cut) const {
    if (options_.header == Header::kNo) return false;
    for (size_t r = 1; r < rows_.size(); ++r) {
      if (rows_[r].count != cut.fields) return false;
    }
    return std::ranges::none_of(rows_[0].fields, [](const SampleField& f) {
      return !f.quoted && KindOf(f.text) == Kind::kNumber;
    });
  }

  bool EndsEmpty(size_t count, size_t from) const {
    size_t seen = 0;
    for (size_t r = from; r < rows_.size(); ++r) {
      if (rows_[r].count != count) continue;
      const SampleField& last = rows_[r].fields.back();
      if (!last.text.empty() || last.quoted) return false;
      ++seen;
    }
    return seen > 0;
  }

  static bool AllNumbers(const Row& row) {
    return row.count > 1 && std::ranges::all_of(row.fields, [](const SampleField& f) {
             return KindOf(f.text) != Kind::kText;
           });
  }

  std::vector<std::string> NamesOf(const Row& head) {
    const Opening& o = opening_;
    std::vector<std::string> names;
    if (o.row_names) names.emplace_back();
    for (size_t i = 0; i < head.fields.size() && names.size() < o.count; ++i) {
      const SampleField& field = head.fields[i];
      if (field.damaged || !IsName(field.text)) {
        ThrowBadRow(input_.name(), o.first_line,
                    {.column = i + 1,
                     .found = Quoted(field.text),
                     .expected = "a name in UTF-8 without control characters",
                     .advice = EncodingAdvice(field.text)});
      }
      names.emplace_back(field.text);
    }
    names.resize(o.count);
    return names;
  }

  [[noreturn]] void ThrowUnclosed(const Row& row) const {
    ThrowBadRow(input_.name(), row.line + skipped_lines_ + row.lines - 1,
                {.column = row.fields.size() + 1, .found = kOpenQuotes, .expected = kClosingQuote});
  }

  // Rows from the middle and the end of a file.
  void LookElsewhere(size_t each) {
    Opening& o = opening_;
    if (!input_.seekable() || o.dialect.carriage_returns || !o.dialect.delimiter.empty()) return;
    const uint64_t size = *input_.size();
    if (size < size_ + 2 * each) return;
    for (const uint64_t from : {size / 2, size - each}) {
      std::string& text = o.texts.emplace_back(each, '\0');
      text.resize(input_.ReadAt({text.data(), text.size()}, from));
      const size_t begin = text.find('\n') + 1;
      const size_t end = text.rfind('\n') + 1;
      if (begin == 0 || end <= begin) continue;
      for (Row& row : RowsOf(std::string_view(text).substr(begin, end - begin), o.dialect, false,
                             SIZE_MAX, &o.texts)) {
        if (row.count != o.count + (o.trailing ? 1 : 0)) continue;
        row.fields.resize(o.count);
        o.rows.push_back(std::move(row.fields));
      }
    }
  }

  InputFile& input_;
  LineReader& reader_;
  const CsvOptions& options_;
  Opening opening_;
  size_t size_ = kStart;
  const std::string* text_ = nullptr;
  size_t skipped_ = 0;  // bytes in front of the text that rows_ are of
  size_t skipped_lines_ = 0;
  std::vector<Row> rows_;
  bool short_ = false;  // the header ends in a separator, rows do not
};

}  // namespace

std::string Normalized(std::string_view name) {
  std::string spaced;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool no_break = name.substr(i).starts_with("\xc2\xa0");
    spaced += no_break ? ' ' : name[i];
    if (no_break) ++i;
  }
  const size_t begin = spaced.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  spaced = spaced.substr(begin, spaced.find_last_not_of(" \t") + 1 - begin);
  const bool ascii = std::ranges::all_of(spaced, [](char c) { return c >= 0; });
  if (ascii) return spaced;
  utf8proc_uint8_t* composed =
      utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(spaced.c_str()));
  if (composed == nullptr) return spaced;  // not UTF-8
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, std::free);
  return reinterpret_cast<const char*>(composed);
}

std::string Opening::NameOf(size_t column) const {
  if (column < names.size() && !names[column].empty()) return names[column];
  return fmt::format("column {}", column);
}

Opening Sniff(InputFile& input, LineReader& reader, const CsvOptions& options) {
  options.Check();
  return Sniffer(input, reader, options).Run();
}

}  // namespace colonnade
