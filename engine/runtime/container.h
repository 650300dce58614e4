// SPDX-License-Identifier: Apache-2.0
// What the files of this library have in common: the container over safetensors. A file says of
// which format and version it is, what it holds beside tensors is JSON text, and one checksum
// covers all that and what describes the tensors. FORMATS.md has the whole of it. Knows the names
// of the formats, nothing of what is in them.
#ifndef COLONNADE_ENGINE_RUNTIME_CONTAINER_H_
#define COLONNADE_ENGINE_RUNTIME_CONTAINER_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/error.h"
#include "engine/runtime/json.h"
#include "engine/runtime/safetensors.h"

namespace colonnade {

// What is particular to a format.
struct ContainerFormat {
  // What the checksum of version 1 covered beside the metadata.
  enum class Covers1 { kNothing, kDescriptions, kTensors };

  const char* name;           // as the files have it
  const char* version_key;    // of the metadata
  ErrorCode code;             // of whatever is wrong with a file
  const char* found;          // such a file in messages about the lack of another,
  const char* expected;       // and about the lack of this one
  const char* advice;         // what to do about a file of a version that is not known
  const char* checksum_key1;  // in version 1
  Covers1 covers1;
};

inline constexpr ContainerFormat kModelFormat = {.name = "model",
                                                 .version_key = "colonnade.format_version",
                                                 .code = ErrorCode::kBadModel,
                                                 .found = "a model",
                                                 .expected = "a model",
                                                 .advice = "",
                                                 .checksum_key1 = "colonnade.metadata_hash",
                                                 .covers1 = ContainerFormat::Covers1::kNothing};

inline constexpr ContainerFormat kDatasetFormat = {
    .name = "dataset",
    .version_key = "colonnade.dataset_version",
    .code = ErrorCode::kBadData,
    .found = "a cached dataset",
    .expected = "a dataset",
    .advice = "make it again from its source",
    .checksum_key1 = "colonnade.metadata_hash",
    .covers1 = ContainerFormat::Covers1::kDescriptions};

inline constexpr ContainerFormat kCheckpointFormat = {
    .name = "checkpoint",
    .version_key = "colonnade.checkpoint_version",
    .code = ErrorCode::kBadModel,
    .found = "a checkpoint",
    .expected = "a checkpoint",
    .advice = "",
    .checksum_key1 = "colonnade.checkpoint_hash",
    .covers1 = ContainerFormat::Covers1::kTensors};

// The newest version, of all formats; all from 1 on are read. Files are written as the oldest that
// has all they hold, for older programs to read.
inline constexpr unsigned kContainerVersion = 5;  // also quantiles of scalings
inline constexpr unsigned kCurvesVersion = 4;     // curves of scalings, and ensembles
inline constexpr unsigned kColumnsVersion = 3;    // what is particular to columns of tables
inline constexpr unsigned kPlainVersion = 2;

// What comes before the tensors' bytes in a file of this format: `entries`, whose keys start with
// "colonnade." but for such as mean nothing to this library, and beside them format, version and
// checksum. See safetensors::Header().
std::string ContainerHeader(const ContainerFormat& format, safetensors::Metadata entries,
                            std::span<const safetensors::TensorInfo> tensors,
                            const std::string& name, unsigned version = kPlainVersion);

// A file in memory, all of it checked but the tensors' bytes and what the entries say.
class Container {
 public:
  // `file` must stay where it is, `name` is for messages. Throws the format's code, as all below.
  Container(std::string_view file, std::string name, const ContainerFormat& format);

  const std::string& name() const { return name_; }
  unsigned version() const { return version_; }  // of the format, from 1
  const safetensors::Metadata& metadata() const { return contents_.metadata; }
  const std::vector<safetensors::Tensor>& tensors() const { return contents_.tensors; }

  bool Has(const char* key) const { return contents_.metadata.contains(key); }

  // What must be there.
  const std::string& Entry(const char* key) const;

  // The same as JSON.
  template <class Json = Json32>
  BasicJsonNode<Json> Node(const char* key) const {
    std::optional<Json> json = ParseJson<Json>(Entry(key));
    if (!json) Fail({.subject = key, .found = "no valid JSON"});
    return {{.value = std::move(*json), .code = format_->code, .file = name_}, key};
  }

  // Null where there is none.
  const safetensors::Tensor* Find(std::string_view tensor) const;

  // The tensor that must be there, of this type and shape.
  const safetensors::Tensor& Require(const safetensors::TensorInfo& expected) const;

  // Throws if there is any other tensor.
  void RequireNoTensorsBut(std::span<const std::string> names) const;

  // Throws unless the entry is `hash`; "the DATA do not match their checksum".
  void RequireHash(const char* key, const std::string& hash, const char* data) const;

  // `details` with the file's name.
  [[noreturn]] void Fail(ErrorDetails details) const;

 private:
  void RequireFormat() const;
  unsigned ReadVersion() const;
  std::string Checksum1() const;

  std::string name_;
  const ContainerFormat* format_;
  safetensors::Contents contents_;  // points into the file
  unsigned version_ = 0;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_RUNTIME_CONTAINER_H_
