// SPDX-License-Identifier: Apache-2.0
// ARFF, the attribute-relation file format of Weka: declarations of attributes, then rows.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
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

namespace colonnade {
namespace {

enum class AttributeKind { kNumber, kText, kNominal, kDate };

struct Attribute {
  std::string name = {};
  AttributeKind kind = AttributeKind::kNumber;
  std::vector<std::string> values = {};  // of a nominal one, as declared
  std::vector<std::string> sorted = {};
};

struct Token {
  std::string text = {};
  bool quoted = false;
};

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// One line, token by token.
class Scanner {
 public:
  Scanner(std::string_view line, const std::string& file, uint64_t row)
      : rest_(line), file_(file), row_(row) {}

  // The next character that is not blank; '\0' at the end of the line, or where a comment begins.
  char Peek() {
    while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
    return rest_.empty() || rest_.front() == '%' ? '\0' : rest_.front();
  }

  bool Skip(char c) {
    if (Peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Text up to one of `ends`, without blanks around it, or in quotes.
  Token Next(std::string_view ends) {
    const char quote = Peek();
    if (quote == '\'' || quote == '"') return Quoted(quote);
    size_t end = std::min(rest_.find_first_of(ends), rest_.size());
    for (size_t i = 1; i < end; ++i) {
      if (rest_[i] == '%' && IsBlank(rest_[i - 1])) end = i;
    }
    std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
    return {.text = std::string(text)};
  }

  std::string_view rest() const { return rest_; }

  [[noreturn]] void Fail(std::string found, std::string expected, std::string advice = {}) const {
    ThrowBadRow(file_, row_,
                ErrorDetails{.found = std::move(found),
                             .expected = std::move(expected),
                             .advice = std::move(advice)});
  }

 private:
  Token Quoted(char quote) {
    Token token{.quoted = true};
    size_t i = 1;
    for (; i < rest_.size() && rest_[i] != quote; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) {
        ++i;
        const char c = rest_[i];
        token.text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        token.text += rest_[i];
      }
    }
    if (i == rest_.size()) Fail(kOpenQuotes, kClosingQuote);
    rest_.remove_prefix(i + 1);
    return token;
  }

  std::string_view rest_;
  const std::string& file_;
  uint64_t row_;
};

bool IsWord(std::string_view text, std::string_view word) {
  return text.size() == word.size() && StartsWithWord(text, word);
}

Attribute ReadAttribute(Scanner& scanner) {
  Attribute attribute{.name = scanner.Next(" \t{").text};
  if (scanner.Skip('{')) {
    attribute.kind = AttributeKind::kNominal;
    while (!scanner.Skip('}')) {
      if (scanner.Peek() == '\0') scanner.Fail("values that do not end", "'}' behind the last one");
      attribute.values.push_back(scanner.Next(",}").text);
      scanner.Skip(',');
    }
    if (attribute.values.empty()) scanner.Fail("an attribute of no values", "at least one");
    attribute.sorted = attribute.values;
    std::ranges::sort(attribute.sorted);
    return attribute;
  }
  const std::string type = scanner.Next(" \t%").text;
  if (IsWord(type, "numeric") || IsWord(type, "real") || IsWord(type, "integer")) return attribute;
  if (IsWord(type, "string")) {
    attribute.kind = AttributeKind::kText;
  } else if (IsWord(type, "date")) {
    attribute.kind = AttributeKind::kDate;
  } else {
    scanner.Fail("an attribute of type " + Quoted(type),
                 "numeric, integer, real, string, date or {values}",
                 IsWord(type, "relational") ? "write one row for each example" : "");
  }
  return attribute;
}

class ArffRows {
 public:
  // Reads as far as the rows.
  explicit ArffRows(InputFile& input) : lines_(input) {
    while (const auto line = lines_.Next()) {
      Scanner scanner(*line, lines_.file(), lines_.line());
      if (scanner.Peek() == '\0') continue;
      const std::string word = scanner.Next(" \t").text;
      if (IsWord(word, "@attribute")) {
        attributes_.push_back(ReadAttribute(scanner));
      } else if (IsWord(word, "@data")) {
        if (attributes_.empty()) scanner.Fail("rows", "attributes before them");
        return;
      } else if (!IsWord(word, "@relation")) {
        scanner.Fail(Quoted(word), "@relation, @attribute or @data");
      }
    }
    throw Error(ErrorCode::kBadData, {.file = lines_.file(),
                                      .found = "an ARFF file without rows",
                                      .expected = "@data and rows behind it"});
  }

  const std::vector<Attribute>& attributes() const { return attributes_; }
  // Lines in front of the rows, "@data" the last of them.
  uint64_t line() const { return lines_.line(); }

  // The text of the next line, which stays a line of its own so that lines keep their numbers.
  bool Next(std::string& text) {
    const auto line = lines_.Next();
    if (!line) return false;
    Scanner scanner(*line, lines_.file(), lines_.line());
    if (scanner.Peek() != '\0') {
      const size_t begin = text.size();
      if (scanner.Skip('{')) {
        AddSparse(scanner, text);
      } else {
        AddDense(scanner, text);
      }
      // An empty line would be no row.
      if (text.size() == begin) text += "\"\"";
    }
    text += '\n';
    return true;
  }

 private:
  void AddValue(const Attribute& attribute, const Token& token, Scanner& scanner,
                std::string& text) const {
    if (!token.quoted && token.text == "?") return;
    if (attribute.kind == AttributeKind::kNominal &&
        !std::ranges::binary_search(attribute.sorted, token.text)) {
      scanner.Fail(Quoted(token.text) + " for " + Quoted(attribute.name),
                   "one of its values " + Abbreviated(attribute.values));
    }
    AppendField(token.text, text);
  }

  void AddDense(Scanner& scanner, std::string& text) const {
    for (size_t i = 0; i < attributes_.size(); ++i) {
      if (i > 0) {
        if (!scanner.Skip(',')) FailCount(scanner, i);
        text += ',';
      }
      AddValue(attributes_[i], scanner.Next(","), scanner, text);
    }
    End(scanner);
  }

  void AddSparse(Scanner& scanner, std::string& text) const {
    size_t next = 0;
    while (!scanner.Skip('}')) {
      const std::string number = scanner.Next(" \t,}").text;
      size_t index = 0;
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), index);
      if (error != std::errc() || end != number.data() + number.size() ||
          index >= attributes_.size() || index < next) {
        scanner.Fail(Quoted(number), fmt::format("the index of an attribute, {} to {}", next,
                                                 attributes_.size() - 1));
      }
      AddAbsent(next, index, text);
      if (index > 0) text += ',';
      AddValue(attributes_[index], scanner.Next(",}"), scanner, text);
      next = index + 1;
      if (!scanner.Skip(',') && scanner.Peek() != '}') {
        scanner.Fail("values that do not end", "'}' behind the last one");
      }
    }
    AddAbsent(next, attributes_.size(), text);
    End(scanner);
  }

  // What sparse rows leave out, of the attributes from `begin` on.
  void AddAbsent(size_t begin, size_t end, std::string& text) const {
    for (size_t i = begin; i < end; ++i) {
      if (i > 0) text += ',';
      if (attributes_[i].kind == AttributeKind::kNumber) text += '0';
      if (attributes_[i].kind == AttributeKind::kNominal) {
        AppendField(attributes_[i].values.front(), text);
      }
    }
  }

  void End(Scanner& scanner) const {
    const bool more = scanner.Skip(',');
    if (scanner.Peek() == '{') {
      scanner.Fail("a weight of the row in braces", "no weights",
                   "make it an attribute, and name that by `weight-column`");
    }
    if (more || scanner.Peek() != '\0') {
      FailCount(scanner, attributes_.size() + 1 +
                             static_cast<size_t>(std::ranges::count(scanner.rest(), ',')));
    }
  }

  [[noreturn]] void FailCount(Scanner& scanner, size_t found) const {
    scanner.Fail(fmt::format("{} values", found),
                 fmt::format("{}, one for each attribute", attributes_.size()));
  }

  TextLines lines_;
  std::vector<Attribute> attributes_;
};

// The attribute that is the label; nothing if the option names none of them.
std::optional<size_t> FindLabel(const std::vector<Attribute>& attributes,
                                const std::optional<std::string>& option) {
  const auto find = [&](const auto& is) -> std::optional<size_t> {
    const auto found = std::ranges::find_if(attributes, is);
    if (found == attributes.end()) return std::nullopt;
    return static_cast<size_t>(found - attributes.begin());
  };
  if (!option) {
    const auto named = find([](const Attribute& a) { return IsWord(a.name, "class"); });
    return named ? named : attributes.size() - 1;
  }
  if (const auto named = find([&](const Attribute& a) { return a.name == *option; })) return named;
  int64_t index = 0;
  const char* const end = option->data() + option->size();
  if (std::from_chars(option->data(), end, index).ptr != end) return std::nullopt;
  if (index < 0) index += static_cast<int64_t>(attributes.size());
  if (index < 0 || index >= static_cast<int64_t>(attributes.size())) return std::nullopt;
  return static_cast<size_t>(index);
}

CsvOptions OptionsFor(const std::vector<Attribute>& attributes, uint64_t lines,
                      const CsvOptions& given) {
  CsvOptions options = AsCsv(given, Header::kYes);
  // The header takes the place of "@data", so that lines keep their numbers.
  options.skip_rows = lines - 1;
  if (options.like) return options;
  const std::optional<size_t> label = FindLabel(attributes, options.label_column);
  if (label && !options.label_column) options.label_column = attributes[*label].name;
  if (label && options.task == Task::kAuto &&
      (attributes[*label].kind == AttributeKind::kNominal ||
       attributes[*label].kind == AttributeKind::kText)) {
    options.task = Task::kClassify;
  }
  const auto named = [&](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (size_t i = 0; i < attributes.size(); ++i) {
    const std::string& name = attributes[i].name;
    const bool feature = i != label && !named(options.ignore_columns, name) &&
                         !named(options.categorical, name) && options.weight_column != name &&
                         options.group_column != name && options.time_column != name &&
                         (options.columns.empty() || named(options.columns, name));
    if (feature && attributes[i].kind == AttributeKind::kNominal) {
      options.categorical.push_back(name);
    }
  }
  return options;
}

}  // namespace

bool IsArff(const FileStart& start) {
  std::string_view text = WithoutBlanks(start.bytes);
  while (text.starts_with('%')) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text = WithoutBlanks(text.substr(end));
  }
  return StartsWithWord(text, "@relation") || StartsWithWord(text, "@attribute");
}

TableText ArffText(InputFile& input, const CsvOptions& options) {
  input.TakeAsText(options.encoding);
  const auto rows = std::make_shared<ArffRows>(input);
  const auto make = [rows, at_header = true](std::string& text) mutable {
    if (!std::exchange(at_header, false)) return rows->Next(text);
    text.append(rows->line() - 1, '\n');
    for (size_t i = 0; i < rows->attributes().size(); ++i) {
      if (i > 0) text += ',';
      AppendName(rows->attributes()[i].name, text);
    }
    text += '\n';
    return true;
  };
  return {.file = input.name(),
          .format = "ARFF",
          .make = make,
          .options = OptionsFor(rows->attributes(), rows->line(), options),
          .has_lines = true};
}

Dataset ReadArff(const FoundFile& file, const CsvOptions& options) {
  return ReadThroughCsv(ArffText(*file.input, options));
}

}  // namespace colonnade
