#include "engine/data/cache_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/cache_content.h"
#include "engine/data/class_index.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/schema_json.h"
#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"

namespace colonnade {
namespace {

using safetensors::Metadata;
using safetensors::Tensor;
using safetensors::TensorInfo;

constexpr const char* kVersionKey = "colonnade.dataset_version";
constexpr const char* kSchemaKey = "colonnade.schema";
constexpr const char* kDatasetHashKey = "colonnade.dataset_hash";
constexpr const char* kDataHashKey = "colonnade.data_hash";
constexpr const char* kSourceKey = "colonnade.source";
constexpr const char* kMetadataHashKey = "colonnade.metadata_hash";
constexpr const char* kVersion = "1";

const char* DtypeOf(ElementType type) { return type == ElementType::kU8 ? "U8" : "F32"; }

template <class Tensors>
std::string MetadataHash(const Metadata& metadata, const Tensors& tensors) {
  Hash128 hash;
  const auto add = [&](const std::string& text) { hash.Add(text.c_str(), text.size() + 1); };
  for (const auto& [key, value] : metadata) {
    if (key == kMetadataHashKey) continue;
    add(key);
    add(value);
  }
  for (const TensorInfo& tensor : tensors) {
    add(fmt::format("{} {} {}", tensor.name, tensor.dtype, fmt::join(tensor.shape, "x")));
  }
  return hash.Hex();
}

Json32 ToJson(const CacheSource& source) {
  return {{"size", source.size},
          {"time", source.time},
          {"hash", source.hash},
          {"options", source.options},
          {"notes", colonnade::ToJson(source.notes)}};
}

CacheSource ReadSource(const JsonNode& node, const Json32& json) {
  return {.size = node.Field("size").Unsigned(UINT64_MAX),
          .time = static_cast<int64_t>(node.Field("time").Unsigned(INT64_MAX)),
          .hash = node.Field("hash").String(),
          .options = json.value("options", Json32::object()),
          .notes = ReadNames(node.Field("notes"))};
}

template <class T>
AlignedBuffer<T> Copy(const Tensor& tensor) {
  AlignedBuffer<T> copy(tensor.bytes.size() / sizeof(T));
  std::memcpy(copy.data(), tensor.bytes.data(), tensor.bytes.size());
  return copy;
}

}  // namespace

CacheFile::CacheFile(const std::filesystem::path& file)
    : file_(std::make_shared<MappedFile>(file)), storage_(std::make_unique<Dataset::Storage>()) {
  try {
    contents_ = safetensors::Parse(file_->bytes(), file_->name());
    Read();
  } catch (const Error& error) {  // the container and its JSON know of models only
    throw Error(ErrorCode::kBadData, error.what());
  }
}

void CacheFile::Fail(const std::string& problem) const {
  throw Error(ErrorCode::kBadData, fmt::format("{}: {}", file_->name(), problem));
}

const std::string& CacheFile::Entry(const char* key) const {
  const auto found = contents_.metadata.find(key);
  if (found == contents_.metadata.end()) Fail(fmt::format("metadata: found no {}", key));
  return found->second;
}

JsonNode CacheFile::Node(const char* key) {
  json_ = ParseJson<Json32>(Entry(key));
  if (!json_) Fail(fmt::format("{}: found no valid JSON", key));
  return {*json_, fmt::format("{}: {}", file_->name(), key)};
}

const Tensor* CacheFile::Find(const char* name) const {
  const auto found = std::ranges::find(contents_.tensors, name, &Tensor::name);
  return found == contents_.tensors.end() ? nullptr : &*found;
}

void CacheFile::RequireShape(const Tensor& tensor, const char* dtype,
                             const std::vector<uint64_t>& shape) const {
  if (tensor.dtype == dtype && tensor.shape == shape) return;
  Fail(fmt::format("tensor {}: found {} [{}], expected {} [{}]", tensor.name, tensor.dtype,
                   fmt::join(tensor.shape, ", "), dtype, fmt::join(shape, ", ")));
}

// All but the tensors' bytes.
void CacheFile::Read() {
  if (contents_.metadata.contains("colonnade.network")) {
    Fail("found a model, expected a dataset");
  }
  if (!contents_.metadata.contains(kVersionKey)) {
    Fail("found a safetensors file that is no dataset of colonnade");
  }
  // First of all, because another version may define everything else differently.
  if (const std::string& version = Entry(kVersionKey); version != kVersion) {
    Fail(
        fmt::format("found dataset format {}, this version reads {}; make it again from its source",
                    safetensors::Quoted(version), kVersion));
  }
  if (Entry(kMetadataHashKey) != MetadataHash(contents_.metadata, contents_.tensors)) {
    Fail("the metadata do not match their checksum: the file was altered or damaged");
  }
  storage_->schema = ReadSchema(Node(kSchemaKey));
  const Schema& schema = storage_->schema;
  if (const std::string mismatch = FindMismatch(schema); !mismatch.empty()) Fail(mismatch);
  if (schema.features == 0) Fail("schema.features: found 0, expected at least 1");
  if (schema.classes.size() > kMaxClasses) {
    Fail(fmt::format("schema.classes: found {}, expected at most {}", schema.classes.size(),
                     kMaxClasses));
  }
  const Tensor* const values = Find("values");
  if (values == nullptr) Fail("found no tensor values");
  storage_->type = values->dtype == "U8" ? ElementType::kU8 : ElementType::kF32;
  storage_->examples = values->shape.empty() ? 0 : values->shape[0];
  if (storage_->examples == 0 || storage_->examples > kMaxExamples) {
    Fail(fmt::format("found {} examples, expected 1 to {}", storage_->examples, kMaxExamples));
  }
  storage_->stride = ColumnStride(schema.features, ElementSize(storage_->type));
  RequireShape(*values, DtypeOf(storage_->type), {storage_->examples, storage_->stride});
  if (reinterpret_cast<uintptr_t>(values->bytes.data()) % kernels::kAlignment != 0) {
    Fail(
        fmt::format("tensor values: found its start at byte {} of the file, expected a multiple "
                    "of {}",
                    values->bytes.data() - file_->bytes().data(), kernels::kAlignment));
  }
  for (const Tensor& tensor : contents_.tensors) {
    if (tensor.name == "values") continue;
    const bool labels = tensor.name == "labels";
    if (!labels && tensor.name != "targets" && tensor.name != "weights") {
      Fail("found the unexpected tensor " + safetensors::Quoted(tensor.name));
    }
    if (tensor.name != "weights" && labels == schema.classes.empty()) {
      Fail(fmt::format("found the tensor {} with {} classes", tensor.name, schema.classes.size()));
    }
    RequireShape(tensor, labels ? "U32" : "F32", {storage_->examples});
  }
  storage_->hash = Entry(kDatasetHashKey);
  if (contents_.metadata.contains(kSourceKey)) {
    const JsonNode node = Node(kSourceKey);
    source_ = ReadSource(node, *json_);
  }
}

std::unique_ptr<Dataset::Storage> CacheFile::Load(int threads) {
  Dataset::Storage& storage = *storage_;
  storage.file = file_;
  const std::string_view values = Find("values")->bytes;
  if (storage.type == ElementType::kU8) {
    storage.bytes = AlignedBuffer<uint8_t>::Borrowed(
        reinterpret_cast<const uint8_t*>(values.data()), values.size());
  } else {
    storage.floats = AlignedBuffer<float>::Borrowed(reinterpret_cast<const float*>(values.data()),
                                                    values.size() / sizeof(float));
  }
  // What is an index, or small, is copied: whatever happens to the file, it stays as it was
  // checked.
  if (const Tensor* labels = Find("labels")) storage.labels = Copy<uint32_t>(*labels);
  if (const Tensor* targets = Find("targets")) storage.targets = Copy<float>(*targets);
  if (const Tensor* weights = Find("weights")) storage.weights = Copy<float>(*weights);
  size_t unsound = SIZE_MAX;
  if (ContentHash(storage, threads, &unsound) != Entry(kDataHashKey)) {
    Fail("the data do not match their checksum: the file was altered or damaged");
  }
  if (unsound != SIZE_MAX) {
    Fail(fmt::format("example {}: found a value that is not finite, or padding that is not zero",
                     unsound));
  }
  for (size_t e = 0; e < storage.labels.size(); ++e) {
    if (storage.labels[e] < storage.schema.classes.size()) continue;
    Fail(fmt::format("example {}: found label {}, expected 0 to {}", e, storage.labels[e],
                     storage.schema.classes.size() - 1));
  }
  bool positive = storage.weights.size() == 0;
  for (size_t e = 0; e < storage.weights.size(); ++e) {
    const float weight = storage.weights[e];
    if (!std::isfinite(weight) || weight < 0) {
      Fail(fmt::format("example {}: found the weight {}, expected a finite number, at least 0", e,
                       weight));
    }
    positive = positive || weight > 0;
  }
  if (!positive) Fail("found weights that are all 0, expected one above 0");
  for (size_t e = 0; e < storage.targets.size(); ++e) {
    if (std::isfinite(storage.targets[e])) continue;
    Fail(fmt::format("example {}: found the target {}, expected a finite number", e,
                     storage.targets[e]));
  }
  return std::move(storage_);
}

void WriteCacheFile(const Dataset& data, const std::filesystem::path& file,
                    const CacheSource* source, int threads) {
  const Dataset::Storage& storage = data.storage();
  AtomicFile output(file);  // first, so that what can be foreseen fails before the work
  const size_t examples = data.examples();
  std::vector<TensorInfo> tensors = {{"values", DtypeOf(storage.type), {examples, storage.stride}}};
  if (!data.labels().empty()) tensors.push_back({"labels", "U32", {examples}});
  if (data.regression()) tensors.push_back({"targets", "F32", {examples}});
  if (!data.weights().empty()) tensors.push_back({"weights", "F32", {examples}});
  Metadata metadata = {{kVersionKey, kVersion},
                       {kSchemaKey, colonnade::ToJson(data.schema()).dump()},
                       {kDatasetHashKey, data.Hash()},
                       {kDataHashKey, ContentHash(storage, threads, nullptr)}};
  if (source != nullptr) metadata.emplace(kSourceKey, ToJson(*source).dump());
  metadata[kMetadataHashKey] = MetadataHash(metadata, tensors);
  output.Write(safetensors::Header(tensors, metadata, file.string()));
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
  const auto write = [&](const auto values) {
    output.Write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  };
  write(data.labels());
  write(data.targets());
  write(data.weights());
  output.Commit();
}

}  // namespace colonnade
