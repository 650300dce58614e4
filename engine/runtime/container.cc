// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/container.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/runtime/hash.h"

namespace colonnade {
namespace {

using safetensors::Metadata;
using safetensors::Quoted;
using safetensors::Tensor;
using safetensors::TensorInfo;

constexpr std::string_view kPrefix = "colonnade.";
constexpr const char* kFormatKey = "colonnade.format";
constexpr const char* kChecksumKey = "colonnade.checksum";

constexpr const ContainerFormat* kFormats[] = {&kModelFormat, &kDatasetFormat, &kCheckpointFormat};

void Add(Hash128& hash, const std::string& text) { hash.Add(text.c_str(), text.size() + 1); }

// Over the entries of this library but `but`, in the order of their keys: key, a zero byte, value,
// a zero byte.
void AddEntries(Hash128& hash, const Metadata& metadata, std::string_view but) {
  for (const auto& [key, value] : metadata) {
    if (!key.starts_with(kPrefix) || key == but) continue;
    Add(hash, key);
    Add(hash, value);
  }
}

std::string Description(const TensorInfo& tensor) {
  return fmt::format("{} {} {}", tensor.name, tensor.dtype, fmt::join(tensor.shape, "x"));
}

// The order of the tensors does not matter.
template <class Tensors>
std::string Checksum(const Metadata& metadata, const Tensors& tensors) {
  Hash128 hash;
  AddEntries(hash, metadata, kChecksumKey);
  std::vector<std::string> descriptions;
  descriptions.reserve(std::size(tensors));
  for (const TensorInfo& tensor : tensors) descriptions.push_back(Description(tensor));
  std::ranges::sort(descriptions);
  for (const std::string& description : descriptions) Add(hash, description);
  return hash.Hex();
}

}  // namespace

std::string ContainerHeader(const ContainerFormat& format, Metadata entries,
                            std::span<const TensorInfo> tensors, const std::string& name,
                            unsigned version) {
  entries[kFormatKey] = format.name;
  entries[format.version_key] = fmt::to_string(version);
  entries[kChecksumKey] = Checksum(entries, tensors);
  return safetensors::Header(tensors, entries, name);
}

Container::Container(std::string_view file, std::string name, const ContainerFormat& format)
    : name_(std::move(name)),
      format_(&format),
      contents_(safetensors::Parse(file, name_, format.code)) {
  RequireFormat();
  version_ = ReadVersion();
  if (version_ > 1) {
    RequireHash(kChecksumKey, Checksum(metadata(), tensors()), "metadata");
  } else {
    RequireHash(format.checksum_key1, Checksum1(),
                format.covers1 == ContainerFormat::Covers1::kTensors ? "contents" : "metadata");
  }
}

void Container::RequireFormat() const {
  const auto first = metadata().lower_bound(std::string(kPrefix));
  if (first == metadata().end() || !first->first.starts_with(kPrefix)) {
    Fail({.problem = fmt::format("not a colonnade {} (no colonnade metadata)", format_->name)});
  }
  // In version 1 the key of the version was the name of the format.
  const auto name = metadata().find(kFormatKey);
  for (const ContainerFormat* other : kFormats) {
    if (other == format_) continue;
    if (name == metadata().end() ? Has(other->version_key) : name->second == other->name) {
      Fail({.found = other->found, .expected = format_->expected});
    }
  }
  if (name != metadata().end() && name->second != format_->name) {
    Fail({.found = "the format " + Quoted(name->second), .expected = format_->expected});
  }
}

// First of all, because another version may define everything else differently.
unsigned Container::ReadVersion() const {
  const std::string& text = Entry(format_->version_key);
  for (unsigned version = 1; version <= kContainerVersion; ++version) {
    if (text == fmt::to_string(version)) return version;
  }
  const bool plain = text.size() < 10 && text.find_first_not_of("0123456789.") == std::string::npos;
  Fail({.problem = fmt::format("{} format {}, this version reads 1 to {}", format_->name,
                               plain ? text : Quoted(text), kContainerVersion),
        .advice = format_->advice});
}

// As version 1 had it, another one for each format.
std::string Container::Checksum1() const {
  using enum ContainerFormat::Covers1;
  Hash128 hash;
  AddEntries(hash, metadata(), format_->checksum_key1);
  for (const Tensor& tensor : tensors()) {
    if (format_->covers1 == kDescriptions) Add(hash, Description(tensor));
    if (format_->covers1 != kTensors) continue;
    Add(hash, tensor.name);
    Add(hash, tensor.dtype);
    const uint64_t rank = tensor.shape.size();
    hash.Add(&rank, sizeof(rank));
    hash.Add(tensor.shape.data(), rank * sizeof(uint64_t));
    hash.Add(tensor.bytes.data(), tensor.bytes.size());
  }
  return hash.Hex();
}

const std::string& Container::Entry(const char* key) const {
  const auto found = metadata().find(key);
  if (found == metadata().end()) {
    Fail({.subject = "metadata", .found = std::string("no ") + key});
  }
  return found->second;
}

const Tensor* Container::Find(std::string_view tensor) const {
  const auto found = std::ranges::find(tensors(), tensor, &Tensor::name);
  return found == tensors().end() ? nullptr : &*found;
}

const Tensor& Container::Require(const TensorInfo& expected) const {
  const Tensor* const tensor = Find(expected.name);
  if (tensor == nullptr) Fail({.found = "no tensor " + Quoted(expected.name)});
  const std::string subject = "tensor " + Quoted(expected.name);
  if (tensor->dtype != expected.dtype) {
    Fail({.subject = subject, .found = "dtype " + tensor->dtype, .expected = expected.dtype});
  }
  if (tensor->shape != expected.shape) {
    Fail({.subject = subject,
          .found = fmt::format("shape [{}]", fmt::join(tensor->shape, ", ")),
          .expected = fmt::format("[{}]", fmt::join(expected.shape, ", "))});
  }
  return *tensor;
}

void Container::RequireNoTensorsBut(std::span<const std::string> names) const {
  for (const Tensor& tensor : tensors()) {
    if (std::ranges::find(names, tensor.name) != names.end()) continue;
    Fail({.found = "the unexpected tensor " + Quoted(tensor.name)});
  }
}

void Container::RequireHash(const char* key, const std::string& hash, const char* data) const {
  if (Entry(key) == hash) return;
  Fail({.problem = fmt::format(
            "the {} do not match their checksum: the file was altered or damaged", data)});
}

void Container::Fail(ErrorDetails details) const {
  details.file = name_;
  throw Error(format_->code, std::move(details));
}

}  // namespace colonnade
