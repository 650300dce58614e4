// SPDX-License-Identifier: Apache-2.0
// Tables that NumPy has saved: one array of rows and columns, or one of examples and one of labels.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
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
#include "engine/data/formats/npy.h"
#include "engine/data/formats/through_csv.h"
#include "engine/data/formats/zip_members.h"
#include "engine/data/storage.h"
#include "engine/runtime/mapped_file.h"
#include "engine/runtime/zip.h"

namespace colonnade {
namespace {

[[noreturn]] void Fail(const std::string& file, std::string found, std::string expected,
                       std::string advice = {}) {
  throw Error(ErrorCode::kBadData, {.file = file,
                                    .found = std::move(found),
                                    .expected = std::move(expected),
                                    .advice = std::move(advice)});
}

void AppendItem(const NpyArray& array, size_t item, std::string& text) {
  if (!array.is_text()) return array.AppendText(item, text);
  std::string field;
  array.AppendText(item, field);
  AppendField(field, text);
}

// ---- One array: a table without a header ----

Dataset ReadTable(const NpyArray& array, const std::string& file, const CsvOptions& options) {
  const size_t dimensions = array.shape.size();
  if (dimensions != 2) {
    Fail(file, fmt::format("an array of the shape {}", array.ShapeText()),
         "one of rows × columns, labels among them",
         dimensions < 2 ? "save numpy.column_stack((X, y)), or numpy.savez(FILE, X=X, y=y)"
                        : "save examples and labels by numpy.savez(FILE, X=X, y=y)");
  }
  if (array.items() == 0) Fail(file, "an array of no values", "rows × columns");
  const size_t columns = array.shape[1];
  size_t row = 0;
  const auto make = [&](std::string& text) {
    if (row == array.shape[0]) return false;
    const size_t begin = text.size();
    for (size_t c = 0; c < columns; ++c) {
      if (c > 0) text += ',';
      AppendItem(array, row * columns + c, text);
    }
    if (text.size() == begin) text += "\"\"";  // an empty line would be no row
    text += '\n';
    ++row;
    return true;
  };
  return ReadThroughCsv(
      {.file = file, .format = "NPY", .make = make, .options = AsCsv(options, Header::kNo)});
}

// ---- Two arrays: examples and labels ----

struct Examples {
  std::string file = {};
  NpyArray values = {};
  std::optional<NpyArray> labels = {};
  std::string labels_name = {};
  std::string note = {};  // what else there is; may be empty
};

Task TaskOf(const Examples& examples, const CsvOptions& options) {
  if (options.like) return options.like->classes.empty() ? Task::kRegress : Task::kClassify;
  if (options.task != Task::kAuto) return options.task;
  return examples.labels && examples.labels->kind == 'f' ? Task::kRegress : Task::kClassify;
}

bool IsFinite(const NpyArray& array) {
  if (array.kind != 'f') return !array.is_text();
  for (size_t i = 0; i < array.items(); ++i) {
    if (!std::isfinite(array.Number(i))) return false;
  }
  return true;
}

bool AreIntegers(const NpyArray& array) {
  for (size_t i = 0; i < array.items(); ++i) {
    if (std::trunc(array.Number(i)) != array.Number(i)) return false;
  }
  return true;
}

// Whether there is nothing to decide about the columns.
bool IsPlain(const Examples& examples, const CsvOptions& options) {
  if (options.like) {
    const Schema& like = *options.like;
    if (!like.categorical.empty() || !like.dates.empty() || !like.indicators.empty() ||
        !like.formats.empty() || like.label_format != NumberFormat()) {
      return false;
    }
  } else if (options.weight_column || options.group_column || options.time_column ||
             !options.ignore_columns.empty() || !options.columns.empty() ||
             !options.categorical.empty()) {
    return false;
  }
  if (!options.keep_columns.empty() || !IsFinite(examples.values)) return false;
  if (!examples.labels || examples.labels->is_integer()) return true;
  if (!examples.labels->is_text()) {
    // Numbers with a fraction as classes are left to the CSV reader, too.
    return IsFinite(*examples.labels) &&
           (TaskOf(examples, options) == Task::kRegress || AreIntegers(*examples.labels));
  }
  std::string label;
  for (size_t e = 0; e < examples.labels->items(); ++e, label.clear()) {
    examples.labels->AppendText(e, label);
    if (label.empty()) return false;  // missing
  }
  return TaskOf(examples, options) == Task::kClassify;
}

// As text, the label first, or where `like` has it.
Dataset ReadAsText(const Examples& examples, const CsvOptions& given) {
  const NpyArray& values = examples.values;
  const std::vector<Place> places =
      PlainColumns(examples.file, "an NPZ file", values.width(), false, given.like);
  CsvOptions options = AsCsv(given, Header::kNo);
  if (!options.like) {
    options.label_column = "0";
    options.task = TaskOf(examples, given);
  }
  size_t row = 0;
  const auto make = [&](std::string& text) {
    if (row == values.shape[0]) return false;
    size_t item = row * values.width();
    for (size_t i = 0; i < places.size(); ++i) {
      if (i > 0) text += ',';
      if (places[i] == Place::kFeature) AppendItem(values, item++, text);
      if (places[i] == Place::kLabel && examples.labels) AppendItem(*examples.labels, row, text);
    }
    text += '\n';
    ++row;
    return true;
  };
  return ReadThroughCsv(
      {.file = examples.file, .format = "NPZ", .make = make, .options = std::move(options)});
}

// Calls f() with the values as Dataset::FromMemory() takes them.
template <class F>
Dataset WithRows(const NpyArray& values, const F& f) {
  const size_t features = values.width();
  if (values.kind == 'u' && values.item_size == 1) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(values.values.data());
    return f(Rows(std::span(bytes, values.values.size()), features));
  }
  // The memory of a long string is aligned for any number.
  if (values.kind == 'f' && values.item_size == 4 && !values.swapped && values.items() >= 16) {
    const auto* const floats = reinterpret_cast<const float*>(values.values.data());
    return f(Rows(std::span(floats, values.items()), features));
  }
  if (values.kind == 'f' && values.item_size <= 4) {
    std::vector<float> floats(values.items());
    for (size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(values.Number(i));
    return f(Rows(floats, features));
  }
  std::vector<double> doubles(values.items());
  for (size_t i = 0; i < doubles.size(); ++i) doubles[i] = values.Number(i);
  return f(Rows(doubles, features));
}

template <class F>
Dataset WithLabels(const Examples& examples, Task task, const F& f) {
  if (!examples.labels) return f(Labels());
  const NpyArray& labels = *examples.labels;
  if (task == Task::kRegress) {
    std::vector<double> targets(labels.items());
    for (size_t e = 0; e < targets.size(); ++e) targets[e] = labels.Number(e);
    return f(Labels(targets));
  }
  std::vector<std::string> names(labels.items());
  for (size_t e = 0; e < names.size(); ++e) labels.AppendText(e, names[e]);
  return f(Labels(names));
}

DataSummary Summarise(const Examples& examples, const Dataset& data) {
  DataSummary summary;
  summary.source = examples.file;
  summary.format = "NPZ";
  summary.rows = data.examples();
  summary.features = summary.number_columns = data.features();
  summary.columns = data.features() + (data.labelled() ? 1 : 0);
  if (!data.labelled()) return summary;
  summary.label = examples.labels_name;
  summary.task = Name(data.regression() ? Task::kRegress : Task::kClassify);
  for (const std::string& name : data.schema().classes) summary.classes.emplace_back(name, 0);
  for (const uint32_t label : data.labels()) ++summary.classes[label].second;
  return summary;
}

Dataset ReadExamples(const Examples& examples, const CsvOptions& options) {
  if (!IsPlain(examples, options)) return ReadAsText(examples, options);
  Schema schema = options.like.value_or(Schema{.features = examples.values.width()});
  try {
    const Dataset data = WithLabels(examples, TaskOf(examples, options), [&](const Labels& labels) {
      return WithRows(examples.values, [&](const Rows& rows) {
        return Dataset::FromMemory(rows, labels, std::move(schema));
      });
    });
    // Made just now, nobody else has it yet.
    auto& storage = const_cast<Dataset::Storage&>(data.storage());
    if (!examples.note.empty()) storage.notes.push_back(examples.note);
    storage.summary = std::make_shared<const DataSummary>(Summarise(examples, data));
    return data;
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    details.file = examples.file;
    throw Error(error.code(), std::move(details));
  }
}

// ---- NPZ ----

constexpr std::array<std::string_view, 13> kValueNames = {
    "x",      "data",   "features",     "inputs",     "images",         "x_train", "train_x",
    "xtrain", "x_data", "train_images", "train_data", "train_features", "samples"};
constexpr std::array<std::string_view, 13> kLabelNames = {
    "y",      "labels",  "label", "targets",      "target",        "y_train", "train_y",
    "ytrain", "classes", "class", "train_labels", "train_targets", "y_data"};

constexpr std::string_view kSuffix = ".npy";

class NpzFile {
 public:
  explicit NpzFile(const std::filesystem::path& path) : file_(path) {
    for (std::string& member : ZipMembers(file_.bytes())) {
      if (!member.ends_with(kSuffix)) continue;
      member.resize(member.size() - kSuffix.size());
      names_.push_back(std::move(member));
    }
  }

  const std::string& file() const { return file_.name(); }
  const std::vector<std::string>& names() const { return names_; }

  // The first of these names that an array has, in any case; nothing if none has.
  std::optional<std::string> Find(std::span<const std::string_view> wanted) const {
    for (const std::string_view name : wanted) {
      for (const std::string& there : names_) {
        if (there.size() == name.size() && StartsWithWord(there, name)) return there;
      }
    }
    return std::nullopt;
  }

  NpyArray Read(const std::string& name) const {
    const std::string_view bytes = file_.bytes();
    const auto source = [bytes](std::span<char> to, uint64_t offset) {
      const size_t count = offset < bytes.size() ? std::min(to.size(), bytes.size() - offset) : 0;
      if (count > 0) std::memcpy(to.data(), bytes.data() + offset, count);
      return count;
    };
    const auto member = ReadZip(source, bytes.size(), file_.name(), name + std::string(kSuffix));
    return ReadNpyArray([&](std::span<char> to) { return member->Read(to); },
                        file_.name() + ":" + name);
  }

 private:
  MappedFile file_;
  std::vector<std::string> names_;
};

[[noreturn]] void FailChoice(const NpzFile& npz) {
  Fail(npz.file(), "the arrays " + Abbreviated(npz.names()), "two: X of examples, y of labels",
       "write them by numpy.savez(FILE, X=…, y=…)");
}

// What else an archive has: often the examples for a test.
std::string NoteOfRest(const NpzFile& npz, const std::string& values, const std::string& labels) {
  std::vector<std::string> rest;
  for (const std::string& name : npz.names()) {
    if (name != values && name != labels) rest.push_back(name);
  }
  if (rest.empty()) return "";
  return fmt::format("read the arrays {}{}{}, left out {}", values, labels.empty() ? "" : " and ",
                     labels, Abbreviated(rest));
}

Examples ChooseExamples(const NpzFile& npz, bool labels_optional) {
  Examples examples{.file = npz.file()};
  std::optional<std::string> values = npz.Find(kValueNames);
  std::optional<std::string> labels = npz.Find(kLabelNames);
  if (values && (labels || labels_optional)) {
    examples.values = npz.Read(*values);
    if (labels && !labels_optional) examples.labels = npz.Read(*labels);
  } else if (npz.names().size() == 2) {
    values = npz.names()[0];
    labels = npz.names()[1];
    examples.values = npz.Read(*values);
    examples.labels = npz.Read(*labels);
    const auto is_labels = [](const NpyArray& a) { return a.width() == 1 && a.shape.size() <= 2; };
    if (is_labels(examples.values) && !is_labels(*examples.labels)) {
      std::swap(examples.values, *examples.labels);
      std::swap(values, labels);
    }
    if (is_labels(examples.values) || !is_labels(*examples.labels)) FailChoice(npz);
    if (labels_optional) examples.labels.reset();
  } else {
    FailChoice(npz);
  }
  examples.labels_name = labels.value_or("");
  examples.note = NoteOfRest(npz, *values, examples.labels_name);

  const NpyArray& x = examples.values;
  if (x.shape.size() < 2) {
    Fail(examples.file + ":" + *values, fmt::format("an array of the shape {}", x.ShapeText()),
         "one of examples × features", "for a single feature use reshape(-1, 1)");
  }
  if (x.items() == 0) Fail(examples.file + ":" + *values, "an array of no values", "examples");
  if (!examples.labels) return examples;
  const NpyArray& y = *examples.labels;
  if (y.shape.empty() || y.shape[0] != x.shape[0] || y.width() != 1) {
    Fail(examples.file + ":" + *labels, fmt::format("an array of the shape {}", y.ShapeText()),
         fmt::format("({},), one label for each example of {} {}", x.shape[0], *values,
                     x.ShapeText()),
         y.width() > 1 && y.shape[0] == x.shape[0]
             ? "labels that are encoded as one of several columns become classes by argmax(1)"
             : "");
  }
  return examples;
}

}  // namespace

bool IsNpy(const FileStart& start) { return start.bytes.starts_with("\x93NUMPY"); }

Dataset ReadNpy(const FoundFile& file, const CsvOptions& options) {
  const std::string& name = file.name;
  NpyArray array = ReadNpyArray([&](std::span<char> to) { return file.input->Read(to); }, name);
  // Examples alone, of any shape, are all that is needed to predict.
  if (options.like && options.labels_optional && array.shape.size() > 2 && array.items() > 0) {
    return ReadExamples({.file = name, .values = std::move(array)}, options);
  }
  return ReadTable(array, name, options);
}

bool IsNpz(const FileStart& start) {
  return !start.members.empty() && std::ranges::all_of(start.members, [](const auto& name) {
    return name.ends_with(kSuffix);
  });
}

Dataset ReadNpz(const FoundFile& file, const CsvOptions& options) {
  const NpzFile npz(file.path);
  if (npz.names().size() == 1 && !(options.labels_optional && npz.Find(kValueNames))) {
    return ReadTable(npz.Read(npz.names()[0]), npz.file() + ":" + npz.names()[0], options);
  }
  return ReadExamples(ChooseExamples(npz, options.labels_optional), options);
}

}  // namespace colonnade
