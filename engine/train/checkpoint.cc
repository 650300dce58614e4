#include "engine/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "colonnade/error.h"
#include "engine/runtime/file.h"
#include "engine/runtime/hash.h"
#include "engine/runtime/json.h"

namespace colonnade {
namespace {

using Json = nlohmann::ordered_json;  // writes doubles so that they read back as the same
using safetensors::Quoted;

constexpr const char* kVersionKey = "colonnade.checkpoint_version";
constexpr const char* kIdentityKey = "colonnade.identity";
constexpr const char* kStateKey = "colonnade.state";
constexpr const char* kHashKey = "colonnade.checkpoint_hash";
constexpr const char* kVersion = "1";

constexpr std::pair<StopReason, const char*> kReasons[] = {
    {StopReason::kEpochs, "epochs"},
    {StopReason::kEarlyStopping, "early stopping"},
    {StopReason::kTargetAccuracy, "target accuracy"},
    {StopReason::kMaxSeconds, "max seconds"}};

// Over all that a checkpoint says, but for the hash itself.
class ContentHash {
 public:
  explicit ContentHash(const safetensors::Metadata& metadata) {
    for (const auto& [key, value] : metadata) {
      if (key != kHashKey) Add(key).Add(value);
    }
  }

  void AddInfo(const safetensors::TensorInfo& tensor) {
    Add(tensor.name).Add(tensor.dtype);
    const uint64_t rank = tensor.shape.size();
    hash_.Add(&rank, sizeof(rank));
    hash_.Add(tensor.shape.data(), rank * sizeof(uint64_t));
  }

  void AddBytes(const void* data, size_t bytes) { hash_.Add(data, bytes); }

  std::string Hex() const { return hash_.Hex(); }

 private:
  ContentHash& Add(const std::string& text) {
    hash_.Add(text.c_str(), text.size() + 1);
    return *this;
  }

  Hash128 hash_;
};

safetensors::TensorInfo InfoOf(const OptimizerState::Tensor& tensor) {
  return {tensor.name, "F32", {tensor.values.cols, tensor.values.rows}};
}

// Calls f(bytes, size) for the values of a matrix, in order and without padding.
template <class F>
void ForEachPiece(kernels::ConstMatrix matrix, const F& f) {
  constexpr size_t kPiece = size_t{1} << 18;  // floats: calls to the system should be few
  std::vector<float> piece;
  piece.reserve(std::min(kPiece + matrix.rows, matrix.rows * matrix.cols));
  for (size_t c = 0; c < matrix.cols; ++c) {
    piece.insert(piece.end(), matrix.Column(c), matrix.Column(c) + matrix.rows);
    if (piece.size() < kPiece && c + 1 < matrix.cols) continue;
    f(reinterpret_cast<const char*>(piece.data()), piece.size() * sizeof(float));
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
  for (const auto& [reason, name] : kReasons) {
    if (state.end == reason) json["end"] = name;
  }
  return json.dump();
}

// Throws an exception of nlohmann::json where something is missing or of another type.
RunState ParseState(const Json& json) {
  RunState state;
  json.at("epoch").get_to(state.epoch);
  json.at("in_epoch").get_to(state.in_epoch);
  json.at("step").get_to(state.step);
  json.at("loss").get_to(state.sum.loss);
  json.at("loss_weight").get_to(state.sum.loss_weight);
  json.at("correct").get_to(state.sum.correct);
  json.at("weight").get_to(state.sum.weight);
  json.at("seconds").get_to(state.seconds);
  json.at("best_epoch").get_to(state.best_epoch);
  if (state.best_epoch > 0) json.at("best_loss").get_to(state.best_loss);
  for (const auto& [reason, name] : kReasons) {
    if (json.at("end") == name) state.end = reason;
  }
  return state;
}

}  // namespace

void SaveCheckpoint(const std::filesystem::path& file, const Identity& identity,
                    const RunState& state, std::span<const OptimizerState::Tensor> tensors) {
  auto options = Json::object();
  for (const auto& [name, value] : identity) options[name] = value;
  safetensors::Metadata metadata = {
      {kVersionKey, kVersion}, {kIdentityKey, options.dump()}, {kStateKey, ToJson(state)}};
  std::vector<safetensors::TensorInfo> infos;
  ContentHash hash(metadata);
  for (const OptimizerState::Tensor& tensor : tensors) {
    infos.push_back(InfoOf(tensor));
    hash.AddInfo(infos.back());
    ForEachPiece(tensor.values, [&](const char* data, size_t size) { hash.AddBytes(data, size); });
  }
  metadata[kHashKey] = hash.Hex();

  AtomicFile output(file);
  output.Write(safetensors::Header(infos, metadata, file.string()));
  for (const OptimizerState::Tensor& tensor : tensors) {
    ForEachPiece(tensor.values, [&](const char* data, size_t size) { output.Write({data, size}); });
  }
  output.Commit();
}

Checkpoint Checkpoint::Load(const std::filesystem::path& file) {
  return {ReadWholeFile(file), file.string()};
}

Checkpoint::Checkpoint(std::string content, std::string name)
    : content_(std::move(content)),
      name_(std::move(name)),
      contents_(safetensors::Parse(content_, name_)) {
  if (!contents_.metadata.contains(kVersionKey)) Fail("not a checkpoint of colonnade");
  if (const std::string& version = Entry(kVersionKey); version != kVersion) {
    Fail(fmt::format("found checkpoint format {}, expected {}", Quoted(version), kVersion));
  }
  ContentHash hash(contents_.metadata);
  for (const safetensors::Tensor& tensor : contents_.tensors) {
    hash.AddInfo(tensor);
    hash.AddBytes(tensor.bytes.data(), tensor.bytes.size());
  }
  if (hash.Hex() != Entry(kHashKey)) {
    Fail("the content does not match its checksum: the file was altered or damaged");
  }
  try {
    state_ = ParseState(ParseJson<Json>(Entry(kStateKey)).value_or(Json()));
  } catch (const Json::exception&) {
    Fail("found no valid state");
  }
}

void Checkpoint::RequireIdentity(const Identity& identity) const {
  const Json json = ParseJson<Json>(Entry(kIdentityKey)).value_or(Json());
  if (!json.is_object()) Fail("found no valid identity");
  for (const auto& [option, expected] : identity) {
    const auto found = json.find(option);
    const std::string value =
        found == json.end() || !found->is_string() ? "none" : found->get<std::string>();
    if (value == expected) continue;
    Fail(fmt::format("belongs to another training: found {} {}, expected {}", option, Quoted(value),
                     Quoted(expected)));
  }
}

void Checkpoint::Read(std::span<const OptimizerState::Tensor> tensors) const {
  if (tensors.size() != contents_.tensors.size()) {
    Fail(fmt::format("found {} tensors, expected {}", contents_.tensors.size(), tensors.size()));
  }
  for (const OptimizerState::Tensor& tensor : tensors) {
    const safetensors::TensorInfo expected = InfoOf(tensor);
    const auto found =
        std::ranges::find(contents_.tensors, expected.name, &safetensors::Tensor::name);
    if (found == contents_.tensors.end() || found->dtype != expected.dtype ||
        found->shape != expected.shape) {
      Fail(fmt::format("found no tensor {} of the right shape", Quoted(expected.name)));
    }
    for (size_t c = 0; c < tensor.values.cols; ++c) {
      const size_t bytes = tensor.values.rows * sizeof(float);
      std::memcpy(tensor.values.Column(c), found->bytes.data() + c * bytes, bytes);
    }
  }
}

void Checkpoint::Fail(const std::string& problem) const {
  throw Error(ErrorCode::kBadModel, name_ + ": " + problem);
}

const std::string& Checkpoint::Entry(const char* key) const {
  const auto found = contents_.metadata.find(key);
  if (found == contents_.metadata.end()) Fail(fmt::format("metadata: found no {}", key));
  return found->second;
}

}  // namespace colonnade
