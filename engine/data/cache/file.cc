// SPDX-License-Identifier: Apache-2.0
#include "engine/data/cache/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/cache/content.h"
#include "engine/data/class_index.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/schema_json.h"
#include "engine/data/summary_json.h"
#include "engine/runtime/file.h"

namespace colonnade {
namespace {

using safetensors::Tensor;
using safetensors::TensorInfo;

constexpr const char* kSchemaKey = "colonnade.schema";
constexpr const char* kDatasetHashKey = "colonnade.dataset_hash";
constexpr const char* kDataHashKey = "colonnade.data_hash";
constexpr const char* kSourceKey = "colonnade.source";
constexpr const char* kSummaryKey = "colonnade.summary";

const char* DtypeOf(ElementType type) { return type == ElementType::kU8 ? "U8" : "F32"; }

Json32 SourceToJson(const CacheSource& source) {
  return {{"size", source.size},
          {"time", source.time},
          {"hash", source.hash},
          {"options", source.options},
          {"notes", colonnade::ToJson(source.notes)}};
}

CacheSource ReadSource(const JsonNode& node) {
  return {.size = node.Field("size").Unsigned(UINT64_MAX),
          .time = static_cast<int64_t>(node.Field("time").Unsigned(INT64_MAX)),
          .hash = node.Field("hash").String(),
          .options = node.Has("options") ? node.Field("options").value() : Json32::object(),
          .notes = ReadNames(node.Field("notes"))};
}

// The type of the tensors that have a number for each example.
const char* DtypeOf(std::string_view tensor) {
  if (tensor == "labels" || tensor == "groups") return "U32";
  return tensor == "exact_targets" || tensor == "times" ? "F64" : "F32";
}

}  // namespace

CacheFile::CacheFile(const std::filesystem::path& file)
    : file_(std::make_shared<MappedFile>(file)),
      container_(file_->bytes(), file_->name(), kDatasetFormat),
      storage_(std::make_unique<Dataset::Storage>()) {
  ReadSchema();
  ReadValues();
  container_.RequireNoTensorsBut(std::vector<std::string>{"values", "labels", "targets", "weights",
                                                          "exact_targets", "groups", "times"});
  for (const Tensor& tensor : container_.tensors()) {
    if (tensor.name != "values") RequirePerExample(tensor);
  }
  storage_->hash = container_.Entry(kDatasetHashKey);
  if (container_.Has(kSummaryKey)) {
    storage_->summary =
        std::make_shared<const DataSummary>(ReadSummary(container_.Node(kSummaryKey)));
  }
  if (container_.Has(kSourceKey)) source_ = ReadSource(container_.Node(kSourceKey));
}

void CacheFile::ReadSchema() {
  Schema& schema = storage_->schema;
  schema = colonnade::ReadSchema(container_.Node(kSchemaKey));
  if (auto mismatch = FindMismatch(schema)) container_.Fail(*mismatch);
  if (schema.features == 0) {
    container_.Fail({.subject = "schema.features", .found = "0", .expected = "at least 1"});
  }
  if (schema.classes.size() > kMaxClasses) {
    container_.Fail({.subject = "schema.classes",
                     .found = fmt::to_string(schema.classes.size()),
                     .expected = fmt::format("at most {}", kMaxClasses)});
  }
}

// What describes the values.
void CacheFile::ReadValues() {
  const Tensor* const values = container_.Find("values");
  storage_->type =
      values != nullptr && values->dtype == "U8" ? ElementType::kU8 : ElementType::kF32;
  storage_->stride = ColumnStride(storage_->schema.features, ElementSize(storage_->type));
  storage_->examples = values == nullptr || values->shape.empty() ? 0 : values->shape[0];
  const Tensor& checked = container_.Require(
      {"values", DtypeOf(storage_->type), {storage_->examples, storage_->stride}});
  if (storage_->examples == 0 || storage_->examples > kMaxExamples) {
    container_.Fail({.found = fmt::format("{} examples", storage_->examples),
                     .expected = fmt::format("1 to {}", kMaxExamples)});
  }
  if (reinterpret_cast<uintptr_t>(checked.bytes.data()) % kernels::kAlignment != 0) {
    container_.Fail({.subject = "tensor \"values\"",
                     .found = fmt::format("its start at byte {} of the file",
                                          checked.bytes.data() - file_->bytes().data()),
                     .expected = fmt::format("a multiple of {}", kernels::kAlignment)});
  }
}

// The other tensors have a number for each example.
void CacheFile::RequirePerExample(const Tensor& tensor) const {
  const size_t classes = storage_->schema.classes.size();
  const bool of_classes = tensor.name == "labels";
  const bool of_numbers = tensor.name == "targets" || tensor.name == "exact_targets";
  if (classes == 0 ? of_classes : of_numbers) {
    container_.Fail({.found = fmt::format("the tensor {} with {} classes", tensor.name, classes)});
  }
  if (tensor.name == "exact_targets" && container_.Find("targets") == nullptr) {
    container_.Fail({.found = "the tensor exact_targets without targets"});
  }
  container_.Require({tensor.name, DtypeOf(tensor.name), {storage_->examples}});
}

// The tensor's numbers, if there is such a tensor.
template <class T>
AlignedBuffer<T> CacheFile::Copy(const char* tensor) const {
  const Tensor* const from = container_.Find(tensor);
  if (from == nullptr) return {};
  AlignedBuffer<T> copy(from->bytes.size() / sizeof(T));
  std::memcpy(copy.data(), from->bytes.data(), from->bytes.size());
  return copy;
}

std::unique_ptr<Dataset::Storage> CacheFile::Load(int threads) {
  Dataset::Storage& storage = *storage_;
  storage.file = file_;
  const std::string_view values = container_.Find("values")->bytes;
  if (storage.type == ElementType::kU8) {
    storage.bytes = AlignedBuffer<uint8_t>::Borrowed(
        reinterpret_cast<const uint8_t*>(values.data()), values.size());
  } else {
    storage.floats = AlignedBuffer<float>::Borrowed(reinterpret_cast<const float*>(values.data()),
                                                    values.size() / sizeof(float));
  }
  // What is an index, or small, is copied: whatever happens to the file, it stays as it was
  // checked.
  storage.labels = Copy<uint32_t>("labels");
  storage.targets = Copy<float>("targets");
  storage.exact_targets = Copy<double>("exact_targets");
  storage.weights = Copy<float>("weights");
  storage.groups = Copy<uint32_t>("groups");
  storage.times = Copy<double>("times");
  size_t unsound = SIZE_MAX;
  container_.RequireHash(kDataHashKey, ContentHash(storage, threads, &unsound), "data");
  if (unsound != SIZE_MAX) {
    FailAt(unsound, "a value that is not finite, or padding that is not zero");
  }
  CheckNumbers();
  return std::move(storage_);
}

// What there is of each example beside its values.
void CacheFile::CheckNumbers() const {
  const Dataset::Storage& storage = *storage_;
  for (size_t e = 0; e < storage.labels.size(); ++e) {
    if (storage.labels[e] < storage.schema.classes.size()) continue;
    FailAt(e, fmt::format("label {}", storage.labels[e]),
           fmt::format("0 to {}", storage.schema.classes.size() - 1));
  }
  bool positive = storage.weights.size() == 0;
  for (size_t e = 0; e < storage.weights.size(); ++e) {
    const float weight = storage.weights[e];
    if (!std::isfinite(weight) || weight < 0) {
      FailAt(e, fmt::format("the weight {}", weight), "a finite number, at least 0");
    }
    positive = positive || weight > 0;
  }
  if (!positive) container_.Fail({.found = "weights that are all 0", .expected = "one above 0"});
  const auto require_finite = [&](const auto& numbers, const char* what) {
    for (size_t e = 0; e < numbers.size(); ++e) {
      if (std::isfinite(numbers[e])) continue;
      FailAt(e, fmt::format("the {} {}", what, numbers[e]), "a finite number");
    }
  };
  require_finite(storage.targets, "target");
  require_finite(storage.exact_targets, "target");
  require_finite(storage.times, "time");
}

void CacheFile::FailAt(size_t example, const std::string& found,
                       const std::string& expected) const {
  container_.Fail(
      {.subject = fmt::format("example {}", example), .found = found, .expected = expected});
}

void WriteCacheFile(const Dataset& data, const std::filesystem::path& file,
                    const CacheSource* source, int threads) {
  const Dataset::Storage& storage = data.storage();
  AtomicFile output(file);  // first, so that what can be foreseen fails before the work
  const size_t examples = data.examples();
  std::vector<TensorInfo> tensors = {{"values", DtypeOf(storage.type), {examples, storage.stride}}};
  std::vector<std::string_view> contents;
  // Those of f64 first, so that they start at a multiple of their size.
  const auto add = [&](const char* name, const auto& buffer) {
    if (buffer.size() == 0) return;
    tensors.push_back({name, DtypeOf(name), {examples}});
    contents.emplace_back(reinterpret_cast<const char*>(buffer.data()),
                          examples * sizeof(buffer[0]));
  };
  add("exact_targets", storage.exact_targets);
  add("times", storage.times);
  add("labels", storage.labels);
  add("targets", storage.targets);
  add("weights", storage.weights);
  add("groups", storage.groups);
  const bool plain =
      storage.exact_targets.size() + storage.groups.size() + storage.times.size() == 0;
  safetensors::Metadata entries = {{kSchemaKey, colonnade::ToJson(data.schema()).dump()},
                                   {kDatasetHashKey, data.Hash()},
                                   {kDataHashKey, ContentHash(storage, threads, nullptr)}};
  if (source != nullptr) entries.emplace(kSourceKey, SourceToJson(*source).dump());
  if (storage.summary != nullptr) {
    entries.emplace(kSummaryKey, SummaryJson(*storage.summary).dump());
  }
  output.Write(ContainerHeader(kDatasetFormat, std::move(entries), tensors, file.string(),
                               plain ? VersionFor(data.schema()) : kColumnsVersion));
  if (storage.whole == nullptr) {
    output.Write({ColumnOf(storage, 0), examples * ColumnBytes(storage)});
  } else {
    std::string piece;
    for (size_t e = 0; e < examples; ++e) {
      piece.append(ColumnOf(storage, e), ColumnBytes(storage));
      if (piece.size() < (size_t{1} << 20) && e + 1 < examples) continue;
      output.Write(piece);
      piece.clear();
    }
  }
  for (const std::string_view bytes : contents) output.Write(bytes);
  output.Commit();
}

}  // namespace colonnade
