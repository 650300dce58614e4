#include "colonnade/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/class_index.h"
#include "engine/data/dataset_builder.h"
#include "engine/data/storage.h"
#include "engine/runtime/hash.h"

namespace colonnade {
namespace {

[[noreturn]] void Fail(const std::string& what) { throw Error(ErrorCode::kBadData, what); }

void CheckSizes(size_t values, size_t examples, const Schema& schema) {
  if (schema.features == 0) Fail("found 0 features, expected at least 1");
  if (examples == 0 || examples > kMaxExamples) {
    Fail(fmt::format("found {} examples, expected 1 to {}", examples, kMaxExamples));
  }
  // By division, because the product may overflow.
  if (values % schema.features != 0 || values / schema.features != examples) {
    Fail(fmt::format("found {} values, expected {} features for each of {} examples", values,
                     schema.features, examples));
  }
  const size_t names = schema.feature_names.size();
  if (names != 0 && names != schema.features) {
    Fail(fmt::format("found {} feature names, expected {} or none", names, schema.features));
  }
  if (schema.label_index > schema.features + schema.ignored.size()) {
    Fail(fmt::format("found the label at column {}, expected 0 to {}", schema.label_index,
                     schema.features + schema.ignored.size()));
  }
}

// Checks the labels, and names the classes if they have no names yet.
void ResolveClasses(std::span<const uint32_t> labels, Schema& schema) {
  const bool named = !schema.classes.empty();
  const size_t limit = named ? schema.classes.size() : kMaxClasses;
  const auto largest = std::max_element(labels.begin(), labels.end());
  if (limit > kMaxClasses) {
    Fail(fmt::format("found {} classes, expected at most {}", limit, kMaxClasses));
  }
  if (*largest >= limit) {
    Fail(fmt::format("example {}: found label {}, expected a class index 0 to {}",
                     largest - labels.begin(), *largest, limit - 1));
  }
  for (uint32_t i = 0; !named && i <= *largest; ++i) schema.classes.push_back(fmt::to_string(i));
}

void AppendExample(std::span<const uint8_t> values, uint32_t label, DatasetBuilder& builder) {
  std::copy(values.begin(), values.end(), builder.NextBytes());
  builder.Append(label);
}

void AppendExample(std::span<const float> values, uint32_t label, DatasetBuilder& builder) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      Fail(fmt::format("example {}, feature {}: found {}, expected a finite number",
                       builder.examples(), i, values[i]));
    }
  }
  if (builder.type() == ElementType::kU8) {
    uint8_t* const bytes = builder.NextBytes();
    size_t i = 0;
    for (; i < values.size(); ++i) {
      const std::optional<uint8_t> byte = ToByte(values[i]);
      if (!byte) break;
      bytes[i] = *byte;
    }
    if (i < values.size()) builder.Widen();
  }
  if (builder.type() == ElementType::kF32) {
    std::copy(values.begin(), values.end(), builder.NextFloats());
  }
  builder.Append(label);
}

// labels: class indices, or the bits of targets.
template <class T>
Dataset Build(std::span<const T> values, std::span<const uint32_t> labels, Schema schema) {
  DatasetBuilder builder(schema.features, true, labels.size());
  for (size_t e = 0; e < labels.size(); ++e) {
    AppendExample(values.subspan(e * schema.features, schema.features), labels[e], builder);
  }
  return builder.Finish(std::move(schema));
}

template <class T>
Dataset Make(std::span<const T> values, std::span<const uint32_t> labels, Schema schema) {
  CheckSizes(values.size(), labels.size(), schema);
  ResolveClasses(labels, schema);
  return Build(values, labels, std::move(schema));
}

template <class T>
Dataset MakeRegression(std::span<const T> values, std::span<const float> targets, Schema schema) {
  CheckSizes(values.size(), targets.size(), schema);
  if (!schema.classes.empty()) {
    Fail(fmt::format("found {} classes, expected none with targets", schema.classes.size()));
  }
  std::vector<uint32_t> bits(targets.size());
  for (size_t e = 0; e < targets.size(); ++e) {
    if (!std::isfinite(targets[e])) {
      Fail(fmt::format("example {}: found the target {}, expected a finite number", e, targets[e]));
    }
    bits[e] = std::bit_cast<uint32_t>(targets[e]);
  }
  return Build(values, bits, std::move(schema));
}

}  // namespace

Dataset Dataset::FromMemory(std::span<const float> values, std::span<const uint32_t> labels,
                            Schema schema) {
  return Make(values, labels, std::move(schema));
}

Dataset Dataset::FromMemory(std::span<const uint8_t> values, std::span<const uint32_t> labels,
                            Schema schema) {
  return Make(values, labels, std::move(schema));
}

Dataset Dataset::FromMemory(std::span<const float> values, std::span<const float> targets,
                            Schema schema) {
  return MakeRegression(values, targets, std::move(schema));
}

Dataset Dataset::FromMemory(std::span<const uint8_t> values, std::span<const float> targets,
                            Schema schema) {
  return MakeRegression(values, targets, std::move(schema));
}

namespace {

// See Dataset::Storage::labels.
std::unique_ptr<Dataset::Storage> WithTargets(std::unique_ptr<Dataset::Storage> storage) {
  if (!storage->schema.classes.empty() || storage->labels.size() == 0) return storage;
  storage->targets = AlignedBuffer<float>(storage->examples);
  std::memcpy(storage->targets.data(), storage->labels.data(), storage->examples * sizeof(float));
  storage->labels = {};
  return storage;
}

}  // namespace

Dataset::Dataset(std::unique_ptr<Storage> storage) : storage_(WithTargets(std::move(storage))) {}
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;
Dataset::~Dataset() = default;

size_t Dataset::examples() const noexcept { return storage_->examples; }
size_t Dataset::features() const noexcept { return storage_->schema.features; }
size_t Dataset::classes() const noexcept {
  return labelled() ? storage_->schema.classes.size() : 0;
}
const Schema& Dataset::schema() const noexcept { return storage_->schema; }
ElementType Dataset::element_type() const noexcept { return storage_->type; }
size_t Dataset::stride() const noexcept { return storage_->stride; }

const Dataset::Storage& Dataset::Values() const noexcept {
  return storage_->whole != nullptr ? *storage_->whole : *storage_;
}

const uint8_t* Dataset::bytes() const noexcept { return Values().bytes.data(); }
const float* Dataset::floats() const noexcept { return Values().floats.data(); }

std::span<const uint32_t> Dataset::columns() const noexcept {
  return {storage_->columns.data(), storage_->columns.size()};
}

const uint8_t* Dataset::BytesOf(size_t example) const noexcept {
  return bytes() + (columns().empty() ? example : columns()[example]) * stride();
}

const float* Dataset::FloatsOf(size_t example) const noexcept {
  return floats() + (columns().empty() ? example : columns()[example]) * stride();
}

bool Dataset::labelled() const noexcept { return storage_->labels.size() > 0 || regression(); }
bool Dataset::regression() const noexcept { return storage_->targets.size() > 0; }

std::span<const uint32_t> Dataset::labels() const noexcept {
  return {storage_->labels.data(), storage_->labels.size() > 0 ? examples() : 0};
}

std::span<const float> Dataset::targets() const noexcept {
  return {storage_->targets.data(), storage_->targets.size()};
}

std::span<const float> Dataset::weights() const noexcept {
  return {storage_->weights.data(), storage_->weights.size()};
}

void Dataset::SetWeights(std::span<const float> weights) {
  if (weights.size() != examples()) {
    Fail(fmt::format("found {} weights, expected {}, one per example", weights.size(), examples()));
  }
  bool positive = false;
  for (size_t e = 0; e < weights.size(); ++e) {
    if (!std::isfinite(weights[e]) || weights[e] < 0) {
      Fail(fmt::format("example {}: found the weight {}, expected a finite number, at least 0", e,
                       weights[e]));
    }
    positive = positive || weights[e] > 0;
  }
  if (!positive) Fail("found weights that are all 0, expected one above 0");
  storage_->weights = AlignedBuffer<float>(weights.size());
  std::copy(weights.begin(), weights.end(), storage_->weights.data());
  storage_->hash.clear();
}

namespace {

void CheckIndices(std::span<const uint32_t> indices, size_t examples) {
  const auto fail = [](const std::string& found, const std::string& expected) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("indices: found {}, expected {}", found, expected));
  };
  if (indices.empty()) fail("none", "at least one");
  for (const uint32_t index : indices) {
    if (index >= examples) fail(fmt::to_string(index), fmt::format("0 to {}", examples - 1));
  }
}

template <class T>
AlignedBuffer<T> Gathered(std::span<const T> from, std::span<const uint32_t> indices) {
  AlignedBuffer<T> to(from.empty() ? 0 : indices.size());
  for (size_t i = 0; i < to.size(); ++i) to[i] = from[indices[i]];
  return to;
}

}  // namespace

Dataset Dataset::Select(std::span<const uint32_t> indices) const {
  Dataset selected = Part(indices);
  Storage& to = *selected.storage_;
  const auto copy = [&](const auto* from, auto& values) {
    values = std::remove_reference_t<decltype(values)>(indices.size() * stride());
    for (size_t i = 0; i < indices.size(); ++i) {
      std::copy_n(from + to.columns[i] * stride(), stride(), values.data() + i * stride());
    }
  };
  if (element_type() == ElementType::kU8) {
    copy(bytes(), to.bytes);
  } else {
    copy(floats(), to.floats);
  }
  to.whole = nullptr;
  to.columns = {};
  return selected;
}

Dataset Dataset::Part(std::span<const uint32_t> indices) const {
  CheckIndices(indices, examples());
  auto part = std::make_unique<Storage>();
  part->schema = schema();
  part->examples = indices.size();
  part->type = element_type();
  part->stride = stride();
  part->whole = storage_->whole != nullptr ? storage_->whole : storage_;
  part->columns = AlignedBuffer<uint32_t>(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    part->columns[i] = columns().empty() ? indices[i] : columns()[indices[i]];
  }
  part->labels = Gathered(labels(), indices);
  part->weights = Gathered(weights(), indices);
  Dataset result(std::move(part));
  result.storage_->targets = Gathered(targets(), indices);
  return result;
}

std::string Dataset::Hash() const {
  if (!storage_->hash.empty()) return storage_->hash;
  storage_->WillRead(Access::kInOrder);
  Hash128 hash;
  const std::array<uint64_t, 2> sizes = {examples(), features()};
  hash.Add(sizes.data(), sizeof(sizes));
  for (size_t e = 0; e < examples(); ++e) {
    if (element_type() == ElementType::kU8) {
      hash.Add(BytesOf(e), features());
    } else {
      hash.Add(FloatsOf(e), features() * sizeof(float));
    }
  }
  hash.Add(labels().data(), labels().size_bytes());
  hash.Add(targets().data(), targets().size_bytes());
  hash.Add(weights().data(), weights().size_bytes());
  return hash.Hex();
}

}  // namespace colonnade
