// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/csv.h"
#include "engine/data/offsets.h"
#include "engine/runtime/file.h"

namespace colonnade {
namespace {

// Text is handed to the system in pieces of about this size.
constexpr size_t kPiece = size_t{1} << 20;

// Room for a value and its comma: the longest f32 is like -1.17549435e-38.
constexpr size_t kMaxField = 16;

// The text of every byte, with a comma after it.
struct ByteText {
  std::array<char, 4> text;
  uint8_t size;
};

std::array<ByteText, 256> MakeByteTexts() {
  std::array<ByteText, 256> texts = {};
  for (unsigned i = 0; i < texts.size(); ++i) {
    char* const begin = texts[i].text.data();
    char* const end = std::to_chars(begin, begin + 3, i).ptr;
    *end = ',';
    texts[i].size = static_cast<uint8_t>(end + 1 - begin);
  }
  return texts;
}

// Writes the text of a value and a comma; may write up to kMaxField bytes.
char* Append(char* to, uint8_t value) {
  static const std::array<ByteText, 256> kTexts = MakeByteTexts();
  const ByteText& text = kTexts[value];
  std::memcpy(to, text.text.data(), text.text.size());
  return to + text.size;
}
char* Append(char* to, float value) {
  char* const end = std::to_chars(to, to + kMaxField - 1, value).ptr;
  *end = ',';
  return end + 1;
}
char* Append(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  to[text.size()] = ',';
  return to + text.size() + 1;
}

// ---- Texts ----

// Whether a reader might take it for something else without quotes; where they are not needed, they
// do no harm.
bool NeedsQuotes(const std::string& text) {
  constexpr std::array<std::string_view, 11> kMissing = {
      "?", "na", "n/a", "nan", "-nan", "null", "none", "nat", "<na>", ".", "-"};
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  if (text.empty() || space(text.front()) || space(text.back())) return true;
  if (text.find_first_of(",\"\r\n\t;|#") != std::string::npos) return true;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return text.starts_with("sep=") || std::ranges::any_of(kMissing, [&](std::string_view word) {
           return std::ranges::equal(text, word, same);
         });
}

std::string Field(const std::string& text) {
  if (!NeedsQuotes(text)) return text;
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

std::vector<std::string> Fields(const std::vector<std::string>& texts) {
  std::vector<std::string> fields;
  fields.reserve(texts.size());
  for (const std::string& text : texts) fields.push_back(Field(text));
  return fields;
}

// ---- Tables of nothing but numbers ----

// labels: the text of each class.
template <class T>
void WriteRows(const Dataset& data, const T* (Dataset::*values)(size_t) const noexcept,
               const std::vector<std::string>& labels, AtomicFile& file) {
  size_t longest_label = 0;
  for (const std::string& label : labels) longest_label = std::max(longest_label, label.size());
  const size_t longest_row = longest_label + 1 + (data.features() + 1) * kMaxField;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece + longest_row);
  char* to = buffer.get();
  for (size_t e = 0; e < data.examples(); ++e) {
    if (data.regression()) {
      to = Append(to, data.targets()[e]);
    } else if (data.labelled()) {
      to = Append(to, labels[data.labels()[e]]);
    }
    const T* const column = (data.*values)(e);
    for (size_t i = 0; i < data.features(); ++i) to = Append(to, column[i]);
    to[-1] = '\n';
    const auto size = static_cast<size_t>(to - buffer.get());
    if (size >= kPiece || e + 1 == data.examples()) {
      file.Write({buffer.get(), size});
      to = buffer.get();
    }
  }
}

// ---- Other tables ----

// The shortest text that reads back as the same number.
template <class T>
void AppendNumber(T value, std::string* to) {
  std::array<char, 32> text;
  const char* const end = std::to_chars(text.begin(), text.end(), value).ptr;
  to->append(text.data(), static_cast<size_t>(end - text.data()));
}

// The fewest decimals of value + offset that read back as `value`, less the offset in f32.
void AppendShifted(float value, double offset, std::string* to) {
  if (offset == 0) return AppendNumber(value, to);
  const double number = static_cast<double>(value) + offset;
  std::array<char, 400> text;
  constexpr int kMostDecimals = 17;
  for (int decimals = 0; decimals <= kMostDecimals; ++decimals) {
    const char* const end =
        std::to_chars(text.begin(), text.end(), number, std::chars_format::fixed, decimals).ptr;
    double read = 0;
    std::from_chars(text.data(), end, read);
    if (static_cast<float>(read - offset) != value) continue;
    to->append(text.data(), static_cast<size_t>(end - text.data()));
    return;
  }
  AppendNumber(number, to);
}

// Times of day are written as finely as some date of their column takes it.
constexpr std::array<double, 5> kStepsOfDay = {1, 24 * 60, 24 * 60 * 60, 864e5, 864e8};

double InSteps(double days, size_t fineness) {
  return std::round(days * kStepsOfDay[fineness]) / kStepsOfDay[fineness];
}

// days: since 1970-01-01; within the years that have four digits.
void AppendDate(double days, size_t fineness, std::string* to) {
  using std::chrono::sys_days;
  constexpr double kFirst = -719162;
  constexpr double kLast = 2932896;
  const double rounded = InSteps(std::clamp(days, kFirst, kLast), fineness);
  const double day = std::floor(rounded);
  const std::chrono::year_month_day date(sys_days(std::chrono::days(static_cast<int64_t>(day))));
  *to += fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (fineness == 0) return;
  const auto steps = static_cast<int64_t>(std::round((rounded - day) * kStepsOfDay[fineness]));
  const auto per_day = static_cast<int64_t>(kStepsOfDay[fineness]);
  const int64_t minutes = steps / (per_day / 1440);
  *to += fmt::format("T{:02}:{:02}", minutes / 60, minutes % 60);
  if (fineness == 1) return;
  const int64_t rest = steps % (per_day / 1440);
  const int64_t per_second = per_day / 86400;
  *to += fmt::format(":{:02}", rest / per_second);
  if (per_second > 1) {
    *to += fmt::format(".{:0{}}", rest % per_second, per_second == 1000 ? 3 : 6);
  }
}

// One row after the other, with the columns that the features came from.
class TableWriter {
 public:
  explicit TableWriter(const Dataset& data) : data_(data), schema_(data.schema()) {
    labels_ = Fields(schema_.classes);
    auto categorical = schema_.categorical.begin();
    auto date = schema_.dates.begin();
    auto indicator = schema_.indicators.begin();
    for (size_t f = 0; f < schema_.features;) {
      Column& column = columns_.emplace_back();
      column.first = f;
      if (categorical != schema_.categorical.end() && categorical->first == f) {
        column.categorical = &*categorical;
        column.fields = Fields(categorical->categories);
        f += (categorical++)->categories.size();
      } else if (date != schema_.dates.end() && date->first == f) {
        column.date = &*date;
        column.fineness = FinenessOf(*date);
        f += (date++)->features();
      } else {
        ++f;
      }
      if (indicator == schema_.indicators.end() || indicator->of != column.first) continue;
      column.indicator = f++;
      ++indicator;
    }
  }

  // Nothing where features have no names.
  std::string Header() const {
    if (schema_.feature_names.empty()) return {};
    std::vector<std::string> names;
    if (data_.labelled())
      names.push_back(schema_.label_name.empty() ? "label" : schema_.label_name);
    for (const Column& column : columns_) {
      names.push_back(column.categorical != nullptr ? column.categorical->name
                      : column.date != nullptr      ? column.date->name
                                                    : schema_.feature_names[column.first]);
    }
    const auto add = [&](bool there, std::string name) {
      while (there && std::ranges::find(names, name) != names.end()) name += '_';
      if (there) names.push_back(std::move(name));
    };
    const auto weight = std::ranges::find(schema_.ignored, true, &IgnoredColumn::weight);
    add(!data_.weights().empty(),
        weight != schema_.ignored.end() && !weight->name.empty() ? weight->name : "weight");
    add(!data_.groups().empty(), NameOf(ColumnRole::kGroup, "group"));
    add(!data_.times().empty(), NameOf(ColumnRole::kTime, "time"));
    return fmt::format("{}\n", fmt::join(Fields(names), ","));
  }

  void AppendRow(size_t example, std::string* to) const {
    const size_t start = to->size();
    if (data_.regression()) {
      AppendTarget(example, to);
    } else if (data_.labelled()) {
      *to += labels_[data_.labels()[example]] + ',';
    }
    for (const Column& column : columns_) {
      AppendColumn(column, example, to);
      *to += ',';
    }
    const auto append = [&](const auto& numbers) {
      if (numbers.empty()) return;
      AppendNumber(numbers[example], to);
      *to += ',';
    };
    append(data_.weights());
    append(data_.groups());
    append(data_.times());
    if (to->size() == start + 1) to->insert(start, "\"\"");  // an empty line is no row
    to->back() = '\n';
  }

 private:
  struct Column {
    size_t first = 0;
    const CategoricalColumn* categorical = nullptr;
    std::vector<std::string> fields = {};  // of its categories
    const DateColumn* date = nullptr;
    size_t fineness = 0;
    size_t indicator = 0;  // 0: none; the first feature is never one
  };

  float ValueOf(size_t example, size_t feature) const {
    return data_.element_type() == ElementType::kU8 ? data_.BytesOf(example)[feature]
                                                    : data_.FloatsOf(example)[feature];
  }

  // Days since 1970-01-01 of the value 0.
  double OriginOf(const DateColumn& date) const {
    return static_cast<double>(date.origin) + OffsetOf(schema_, date.first);
  }

  // The steps of a day in which all dates of a column read back as they are, or the finest.
  size_t FinenessOf(const DateColumn& date) const {
    const double origin = OriginOf(date);
    size_t fineness = 0;
    for (size_t e = 0; e < data_.examples(); ++e) {
      const float value = ValueOf(e, date.first);
      const double days = static_cast<double>(value) + origin;
      const auto reads_back = [&] {
        constexpr double kRounding = 1e-11;  // of days since 1970, and under a microsecond
        const double read = InSteps(days, fineness);
        return static_cast<float>(read - origin) == value || std::fabs(read - days) < kRounding;
      };
      while (fineness + 1 < kStepsOfDay.size() && !reads_back()) ++fineness;
    }
    return fineness;
  }

  std::string NameOf(ColumnRole role, const char* otherwise) const {
    const std::vector<ColumnSummary>& special = data_.summary().special;
    const auto found = std::ranges::find(special, role, &ColumnSummary::role);
    return found != special.end() ? found->name : otherwise;
  }

  void AppendTarget(size_t example, std::string* to) const {
    // What f32 holds is written in as few digits as f32 takes.
    const double target = data_.TargetOf(example);
    if (static_cast<double>(data_.targets()[example]) == target) {
      AppendNumber(data_.targets()[example], to);
    } else {
      AppendNumber(target, to);
    }
    *to += ',';
  }

  void AppendColumn(const Column& column, size_t example, std::string* to) const {
    const float value = ValueOf(example, column.first);
    if (column.indicator != 0 && ValueOf(example, column.indicator) != 0) return;  // missing
    if (column.categorical != nullptr) return AppendCategory(column, example, to);
    if (column.date != nullptr) {
      const double days = static_cast<double>(value) + OriginOf(*column.date);
      return AppendDate(days, column.fineness, to);
    }
    AppendShifted(value, OffsetOf(schema_, column.first), to);
  }

  // Nothing where it was missing, or is none of the known ones.
  void AppendCategory(const Column& column, size_t example, std::string* to) const {
    const size_t count = column.fields.size();
    const size_t missing =
        column.categorical->missing ? count - (column.categorical->other ? 2 : 1) : count;
    for (size_t i = 0; i < count; ++i) {
      if (ValueOf(example, column.first + i) != 1) continue;
      if (i != missing) *to += column.fields[i];
      return;
    }
  }

  const Dataset& data_;
  const Schema& schema_;
  std::vector<std::string> labels_;
  std::vector<Column> columns_;
};

bool IsPlain(const Dataset& data) {
  const Schema& schema = data.schema();
  return schema.categorical.empty() && schema.dates.empty() && schema.indicators.empty() &&
         !HasOffsets(schema) && data.weights().empty() && data.groups().empty() &&
         data.times().empty() && data.storage().exact_targets.size() == 0;
}

}  // namespace

void WriteCsv(const Dataset& data, const std::filesystem::path& file) {
  const TableWriter table(data);
  AtomicFile output(file);
  output.Write(table.Header());
  if (!IsPlain(data)) {
    std::string piece;
    for (size_t e = 0; e < data.examples(); ++e) {
      table.AppendRow(e, &piece);
      if (piece.size() < kPiece && e + 1 < data.examples()) continue;
      output.Write(piece);
      piece.clear();
    }
  } else if (data.element_type() == ElementType::kU8) {
    WriteRows(data, &Dataset::BytesOf, Fields(data.schema().classes), output);
  } else {
    WriteRows(data, &Dataset::FloatsOf, Fields(data.schema().classes), output);
  }
  output.Commit();
}

}  // namespace colonnade
