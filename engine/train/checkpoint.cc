// SPDX-License-Identifier: Apache-2.0
#include "engine/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/json.h"
#include "engine/runtime/option_text.h"

namespace colonnade {
namespace {

using Json = nlohmann::ordered_json;  // writes doubles so that they read back as the same
using safetensors::Quoted;

constexpr const char* kIdentityKey = "colonnade.identity";
constexpr const char* kStateKey = "colonnade.state";
constexpr const char* kDataHashKey = "colonnade.data_hash";

safetensors::TensorInfo InfoOf(const OptimizerState::Tensor& tensor) {
  return {tensor.name, "F32", {tensor.values.cols, tensor.values.rows}};
}

// Calls f(bytes) for the values of a matrix, in order and without padding.
template <class F>
void ForEachPiece(kernels::ConstMatrix matrix, const F& f) {
  constexpr size_t kPiece = size_t{1} << 18;  // floats: calls to the system should be few
  std::vector<float> piece;
  piece.reserve(std::min(kPiece + matrix.rows, matrix.rows * matrix.cols));
  for (size_t c = 0; c < matrix.cols; ++c) {
    piece.insert(piece.end(), matrix.Column(c), matrix.Column(c) + matrix.rows);
    if (piece.size() < kPiece && c + 1 < matrix.cols) continue;
    f(std::string_view(reinterpret_cast<const char*>(piece.data()), piece.size() * sizeof(float)));
    piece.clear();
  }
}

std::string ToJson(const RunState& state) {
  Json json = {{"epoch", state.epoch},
               {"in_epoch", state.in_epoch},
               {"step", state.step},
               {"loss", state.sum.loss},
               {"correct", state.sum.correct},
               {"loss_weight", state.sum.loss_weight},
               {"weight", state.sum.weight},
               {"seconds", state.seconds},
               {"best_epoch", state.best_epoch},
               {"best_loss", nullptr},
               {"end", nullptr}};
  if (state.best_epoch > 0) json["best_loss"] = state.best_loss;
  if (state.end) json["end"] = Name(*state.end);
  if (!state.optimizer.empty()) json["optimizer"] = state.optimizer;
  return json.dump();
}

StopReason ReadReason(const BasicJsonNode<Json>& node) {
  std::string name = node.String();
  std::ranges::replace(name, ' ', '-');  // version 1 has spaces
  const std::optional<StopReason> reason = Parse<StopReason>(name);
  if (!reason || reason == StopReason::kCallback) node.Fail("the reason of an end");
  return *reason;
}

RunState ReadState(const BasicJsonNode<Json>& node) {
  const auto count = [&](const char* key) { return node.Field(key).Unsigned(SIZE_MAX); };
  RunState state;
  state.epoch = count("epoch");
  state.in_epoch = count("in_epoch");
  state.step = count("step");
  state.sum.loss = node.Field("loss").Number();
  state.sum.loss_weight = node.Field("loss_weight").Number();
  state.sum.correct = node.Field("correct").Number();
  state.sum.weight = node.Field("weight").Number();
  state.seconds = node.Field("seconds").Number();
  state.best_epoch = count("best_epoch");
  if (state.best_epoch > 0) state.best_loss = node.Field("best_loss").Number();
  if (const auto end = node.Field("end"); !end.is_null()) state.end = ReadReason(end);
  if (!node.Has("optimizer")) return state;
  const auto numbers = node.Field("optimizer");
  for (size_t i = 0; i < numbers.size(); ++i) {
    state.optimizer.push_back(numbers.Item(i).Number());
  }
  return state;
}

std::vector<safetensors::TensorInfo> InfosOf(std::span<const OptimizerState::Tensor> tensors) {
  std::vector<safetensors::TensorInfo> infos;
  for (const OptimizerState::Tensor& tensor : tensors) infos.push_back(InfoOf(tensor));
  return infos;
}

template <class F>
void ForEachPiece(std::span<const OptimizerState::Tensor> tensors, const F& f) {
  for (const OptimizerState::Tensor& tensor : tensors) ForEachPiece(tensor.values, f);
}

std::string MemberName(size_t member) { return fmt::format("member.{}", member); }

std::vector<safetensors::TensorInfo> InfosOf(std::span<const std::string> members) {
  std::vector<safetensors::TensorInfo> infos;
  for (size_t m = 0; m < members.size(); ++m) {
    if (!members[m].empty()) infos.push_back({MemberName(m), "U8", {members[m].size()}});
  }
  return infos;
}

template <class F>
void ForEachPiece(std::span<const std::string> members, const F& f) {
  for (const std::string& bytes : members) f(std::string_view(bytes));
}

// Hands the bytes of a checkpoint to write(), one piece after the other.
template <class Tensor, class Write>
void WriteCheckpoint(const Identity& identity, const RunState& state,
                     std::span<const Tensor> tensors, const std::string& name, const Write& write) {
  auto options = Json::object();
  for (const auto& [option, value] : identity) options[option] = value;
  const std::vector<safetensors::TensorInfo> infos = InfosOf(tensors);
  Hash128 hash;
  ForEachPiece(tensors, [&](std::string_view bytes) { hash.Add(bytes.data(), bytes.size()); });
  safetensors::Metadata entries = {
      {kIdentityKey, options.dump()}, {kStateKey, ToJson(state)}, {kDataHashKey, hash.Hex()}};
  write(std::string_view(ContainerHeader(kCheckpointFormat, std::move(entries), infos, name)));
  ForEachPiece(tensors, write);
}

template <class Tensor>
void Save(const std::filesystem::path& file, const Identity& identity, const RunState& state,
          std::span<const Tensor> tensors) {
  AtomicFile output(file);
  WriteCheckpoint(identity, state, tensors, file.string(),
                  [&](std::string_view bytes) { output.Write(bytes); });
  output.Commit();
}

template <class Tensor>
std::string BytesOf(const Identity& identity, const RunState& state,
                    std::span<const Tensor> tensors) {
  std::string content;
  WriteCheckpoint(identity, state, tensors, "checkpoint",
                  [&](std::string_view bytes) { content += bytes; });
  return content;
}

std::string DataHash(const Container& container) {
  Hash128 hash;
  for (const safetensors::Tensor& tensor : container.tensors()) {
    hash.Add(tensor.bytes.data(), tensor.bytes.size());
  }
  return hash.Hex();
}

}  // namespace

void SaveCheckpoint(const std::filesystem::path& file, const Identity& identity,
                    const RunState& state, std::span<const OptimizerState::Tensor> tensors) {
  Save(file, identity, state, tensors);
}

void SaveEnsembleCheckpoint(const std::filesystem::path& file, const Identity& identity,
                            const RunState& state, std::span<const std::string> members) {
  Save(file, identity, state, members);
}

std::string CheckpointBytes(const Identity& identity, const RunState& state,
                            std::span<const OptimizerState::Tensor> tensors) {
  return BytesOf(identity, state, tensors);
}

std::string EnsembleCheckpointBytes(const Identity& identity, const RunState& state,
                                    std::span<const std::string> members) {
  return BytesOf(identity, state, members);
}

Checkpoint Checkpoint::Load(const std::filesystem::path& file) {
  return {ReadWholeFile(file), file.string()};
}

Checkpoint::Checkpoint(std::string content, std::string name)
    : content_(std::make_shared<const std::string>(std::move(content))),
      container_(*content_, std::move(name), kCheckpointFormat) {
  // The checksum of version 1 covered the data, too.
  if (version() > 1) container_.RequireHash(kDataHashKey, DataHash(container_), "data");
  state_ = ReadState(container_.Node<Json>(kStateKey));
}

void Checkpoint::RequireIdentity(const Identity& identity, const Identity& defaults) const {
  const auto node = container_.Node<Json>(kIdentityKey);
  for (const auto& [option, expected] : identity) {
    std::string value = "none";
    if (node.Has(option.c_str())) {
      value = node.Field(option.c_str()).String();
    } else {
      for (const auto& [name, text] : defaults) {
        if (name == option) value = text;
      }
    }
    if (value == expected) continue;
    container_.Fail({.problem = "belongs to another training",
                     .found = fmt::format("{} {}", option, Quoted(value)),
                     .expected = Quoted(expected)});
  }
}

std::optional<std::string> Checkpoint::Value(const char* option) const {
  const auto node = container_.Node<Json>(kIdentityKey);
  if (!node.Has(option)) return {};
  return node.Field(option).String();
}

void Checkpoint::Read(std::span<const OptimizerState::Tensor> tensors) const {
  if (tensors.size() != container_.tensors().size()) {
    container_.Fail({.found = fmt::format("{} tensors", container_.tensors().size()),
                     .expected = fmt::to_string(tensors.size())});
  }
  for (const OptimizerState::Tensor& tensor : tensors) {
    const std::string_view values = container_.Require(InfoOf(tensor)).bytes;
    for (size_t c = 0; c < tensor.values.cols; ++c) {
      const size_t bytes = tensor.values.rows * sizeof(float);
      std::memcpy(tensor.values.Column(c), values.data() + c * bytes, bytes);
    }
  }
}

std::vector<std::string> Checkpoint::Members(size_t members) const {
  std::vector<std::string> all(members);
  std::vector<std::string> names;
  for (size_t m = 0; m < members; ++m) {
    names.push_back(MemberName(m));
    const safetensors::Tensor* const tensor = container_.Find(names.back());
    if (tensor != nullptr) all[m] = tensor->bytes;
  }
  container_.RequireNoTensorsBut(names);
  return all;
}

}  // namespace colonnade
