// SPDX-License-Identifier: Apache-2.0
#include "colonnade/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>
#include <utility>

#include "colonnade/error.h"
#include "engine/data/offsets.h"
#include "engine/data/storage.h"
#include "engine/runtime/hash.h"

namespace colonnade {

Dataset::Dataset(std::shared_ptr<const Storage> storage) : storage_(std::move(storage)) {}

size_t Dataset::examples() const noexcept { return storage_->examples; }
size_t Dataset::features() const noexcept { return storage_->schema.features; }
size_t Dataset::classes() const noexcept {
  return labelled() ? storage_->schema.classes.size() : 0;
}
const Schema& Dataset::schema() const noexcept { return storage_->schema; }
ElementType Dataset::element_type() const noexcept { return storage_->type; }
const std::vector<std::string>& Dataset::notes() const noexcept { return storage_->notes; }
size_t Dataset::stride() const noexcept { return storage_->stride; }

const uint8_t* Dataset::bytes() const noexcept { return storage_->values().bytes.data(); }
const float* Dataset::floats() const noexcept { return storage_->values().floats.data(); }

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
  return {storage_->targets.data(), regression() ? examples() : 0};
}

double Dataset::TargetOf(size_t example) const noexcept {
  if (storage_->exact_targets.size() > 0) return storage_->exact_targets[example];
  return static_cast<double>(storage_->targets[example]) + schema().target_offset;
}

std::span<const uint32_t> Dataset::groups() const noexcept {
  return {storage_->groups.data(), storage_->groups.size() > 0 ? examples() : 0};
}

std::span<const double> Dataset::times() const noexcept {
  return {storage_->times.data(), storage_->times.size() > 0 ? examples() : 0};
}

const std::vector<TextColumn>& Dataset::texts() const noexcept { return storage_->texts; }

std::span<const uint32_t> Dataset::incomplete() const noexcept { return storage_->incomplete; }

const DataSummary& Dataset::summary() const noexcept {
  static const DataSummary none;
  return storage_->summary ? *storage_->summary : none;
}

std::span<const float> Dataset::weights() const noexcept {
  return {storage_->weights.data(), storage_->weights.size()};
}

namespace {

template <class T>
AlignedBuffer<T> Copied(std::span<const T> from) {
  AlignedBuffer<T> to(from.size());
  std::ranges::copy(from, to.data());
  return to;
}

template <class T>
AlignedBuffer<T> Gathered(std::span<const T> from, std::span<const uint32_t> indices) {
  AlignedBuffer<T> to(from.empty() ? 0 : indices.size());
  for (size_t i = 0; i < to.size(); ++i) to[i] = from[indices[i]];
  return to;
}

std::span<const double> ExactTargets(const Dataset::Storage& data) {
  return {data.exact_targets.data(), data.exact_targets.size() > 0 ? data.examples : 0};
}

void CheckWeights(std::span<const float> weights, size_t examples) {
  const auto fail = [](std::string subject, std::string found, std::string expected) {
    throw Error(ErrorCode::kBadData, {.subject = std::move(subject),
                                      .found = std::move(found),
                                      .expected = std::move(expected)});
  };
  if (weights.size() != examples) {
    fail("", fmt::format("{} weights", weights.size()),
         fmt::format("{}, one per example", examples));
  }
  bool positive = false;
  for (size_t e = 0; e < weights.size(); ++e) {
    if (!std::isfinite(weights[e]) || weights[e] < 0) {
      fail(fmt::format("example {}", e), fmt::format("the weight {}", weights[e]),
           "a finite number, at least 0");
    }
    positive = positive || weights[e] > 0;
  }
  if (!positive) fail("", "weights that are all 0", "one above 0");
}

void CheckIndices(std::span<const uint32_t> indices, size_t examples) {
  const auto fail = [](std::string found, std::string expected) {
    throw Error(ErrorCode::kInvalidArgument,
                {.subject = "indices", .found = std::move(found), .expected = std::move(expected)});
  };
  if (indices.empty()) fail("none", "at least one");
  for (const uint32_t index : indices) {
    if (index >= examples) fail(fmt::to_string(index), fmt::format("0 to {}", examples - 1));
  }
}

// What the examples of those indices have beside their values.
void GatherRest(const Dataset& data, std::span<const uint32_t> indices, Dataset::Storage& to) {
  to.examples = indices.size();
  to.labels = Gathered(data.labels(), indices);
  to.targets = Gathered(data.targets(), indices);
  to.exact_targets = Gathered(ExactTargets(data.storage()), indices);
  to.weights = Gathered(data.weights(), indices);
  to.groups = Gathered(data.groups(), indices);
  to.times = Gathered(data.times(), indices);
  if (data.incomplete().empty()) return;
  for (uint32_t i = 0; i < indices.size(); ++i) {
    if (std::ranges::binary_search(data.incomplete(), indices[i])) to.incomplete.push_back(i);
  }
}

// A storage without values of its own for examples of `data`, as yet without these.
std::unique_ptr<Dataset::Storage> Sharing(const std::shared_ptr<const Dataset::Storage>& data) {
  auto storage = std::make_unique<Dataset::Storage>();
  storage->schema = data->schema;
  storage->summary = data->summary;
  storage->type = data->type;
  storage->stride = data->stride;
  storage->whole = data->whole != nullptr ? data->whole : data;
  return storage;
}

}  // namespace

Dataset Dataset::WithWeights(std::span<const float> weights) const {
  CheckWeights(weights, examples());
  auto weighted = Sharing(storage_);
  weighted->examples = examples();
  weighted->columns = Copied(columns());
  weighted->labels = Copied(labels());
  weighted->targets = Copied(targets());
  weighted->exact_targets = Copied(ExactTargets(*storage_));
  weighted->weights = Copied(weights);
  weighted->groups = Copied(groups());
  weighted->times = Copied(times());
  weighted->texts = texts();
  weighted->incomplete = storage_->incomplete;
  weighted->notes = notes();
  return Dataset(std::move(weighted));
}

Dataset Dataset::Select(std::span<const uint32_t> indices) const {
  CheckIndices(indices, examples());
  auto selected = std::make_unique<Storage>();
  selected->schema = schema();
  selected->summary = storage_->summary;
  selected->type = element_type();
  selected->stride = stride();
  const auto copy = [&](const auto& value_of, auto& values) {
    values = std::remove_reference_t<decltype(values)>(indices.size() * stride());
    for (size_t i = 0; i < indices.size(); ++i) {
      std::copy_n(value_of(indices[i]), stride(), values.data() + i * stride());
    }
  };
  if (element_type() == ElementType::kU8) {
    copy([&](size_t e) { return BytesOf(e); }, selected->bytes);
  } else {
    copy([&](size_t e) { return FloatsOf(e); }, selected->floats);
  }
  GatherRest(*this, indices, *selected);
  return Dataset(std::move(selected));
}

Dataset Dataset::Part(std::span<const uint32_t> indices) const {
  CheckIndices(indices, examples());
  auto part = Sharing(storage_);
  part->columns = columns().empty() ? Copied(indices) : Gathered(columns(), indices);
  GatherRest(*this, indices, *part);
  return Dataset(std::move(part));
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
  // Without these, tables whose numbers differ by a constant would have the same hash.
  if (HasOffsets(schema())) {
    hash.Add(schema().offsets.data(), schema().offsets.size() * sizeof(double));
    hash.Add(&schema().target_offset, sizeof(double));
  }
  return hash.Hex();
}

}  // namespace colonnade
