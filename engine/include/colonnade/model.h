// SPDX-License-Identifier: Apache-2.0
// A trained network with all that a prediction needs.
#ifndef COLONNADE_MODEL_H_
#define COLONNADE_MODEL_H_

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/network.h"
#include "colonnade/scaling.h"

namespace colonnade {

// Parameters of one layer, as torch.nn.Linear and torch.nn.BatchNorm1d have them.
struct LayerParameters {
  std::vector<float> weight;  // outputs × inputs, row-major: weight[o * inputs + i]
  std::vector<float> bias;    // outputs; with batch normalisation, BatchNorm1d's
  // outputs, with batch normalisation; else empty. gamma is what BatchNorm1d calls weight.
  std::vector<float> gamma = {};
  std::vector<float> running_mean = {};
  std::vector<float> running_variance = {};  // ≥ 0
};

// How many networks a model may have.
inline constexpr size_t kMaxMembers = 1000;

// A value that never changes and is cheap to copy (copies share all they have). Any number of
// threads may predict with one model at once.
//
// A model may be an ensemble: several networks of one shape, its members, which take the same
// inputs and whose predictions are averaged, probabilities as such and numbers in the units of the
// table.
class Model {
 public:
  // Throws kInvalidArgument where sizes do not match the shape. parameters: one entry per layer; of
  // an ensemble those of one member after the other. target: for OutputKind::kLinear.
  Model(NetworkShape shape, std::span<const LayerParameters> parameters, Scaling scaling,
        Schema schema, TargetScaling target = {});

  // Reads what Save() wrote, this version or an older one. Throws kIo where the file cannot be
  // read, kBadModel where it is damaged, of an unknown version, or no model of this library.
  [[nodiscard]] static Model Load(const std::filesystem::path& file);

  // The same of the content of a file; `name` stands for it in messages.
  [[nodiscard]] static Model FromBytes(std::string_view bytes, const std::string& name = "model");

  // Writes a safetensors file, atomically: "0.weight" [outputs, inputs], "0.bias", "2.weight", …
  // (the names of a torch.nn.Sequential with an activation after each layer but the last; with
  // batch normalisation between the two: "0.weight", "1.weight" [outputs], "1.bias",
  // "1.running_mean", "1.running_var", "3.weight", …) and the rest as JSON text in its metadata. Of
  // an ensemble with the member in front: "0.0.weight", "0.0.bias", "0.2.weight", …, "1.0.weight".
  // Throws kIo.
  void Save(const std::filesystem::path& file) const;

  // What Save() writes, in memory.
  [[nodiscard]] std::string ToBytes() const;

  const NetworkShape& shape() const noexcept;
  const Scaling& scaling() const noexcept;
  const Schema& schema() const noexcept;
  const TargetScaling& target_scaling() const noexcept;
  bool regression() const noexcept;  // predicts numbers, not classes
  size_t members() const noexcept;   // from 1
  LayerParameters parameters(size_t layer, size_t member = 0) const;

  // One of the members as a model by itself, without provenance.
  [[nodiscard]] Model Member(size_t member) const;

  // XXH3-128 over the parameters' bytes in the order of the file, running statistics included, 32
  // hexadecimal digits.
  std::string ParametersHash() const;

  // Where the model comes from: free-form, each value JSON text; kept in the file.
  const std::map<std::string, std::string>& provenance() const noexcept;

  // This model with one more of them, or another value. Throws kInvalidArgument where the key is
  // not UTF-8 or the value not JSON.
  [[nodiscard]] Model WithProvenance(const std::string& key, const std::string& json) const;

  // Outputs for every example of `data`, one after the other: examples × shape().outputs() values,
  // or examples × classes probabilities. (scikit-learn: decision_function, predict_proba, predict.)
  // The logits of an ensemble are such as give its probabilities: the logarithms of these, or with
  // kSigmoid their log-odds; with kLinear, the mean of the members' outputs.
  // threads: 0 for DefaultThreads(). Throws kBadData where the features do not fit,
  // kInvalidArgument where the model predicts numbers but is asked for classes or probabilities.
  std::vector<float> Logits(const Dataset& data, int threads = 0) const;
  std::vector<float> Probabilities(const Dataset& data, int threads = 0) const;

  // The index of the most probable class per example; the first, where several are equal.
  std::vector<uint32_t> Classes(const Dataset& data, int threads = 0) const;

  // The predicted number per example as the table of the training data would have it: a float
  // converted, or its sum with schema().target_offset. Of a model of quantiles one per level of
  // target_scaling(), ascending, one example after the other. Throws kInvalidArgument where the
  // model predicts classes.
  std::vector<double> Values(const Dataset& data, int threads = 0) const;

  // The same straight from memory, for one example or a few: on the calling thread, without locks,
  // and without allocation once the thread has made a call as large with a model as large (it keeps
  // the workspace until it ends; a Predictor has one of its own). The bits are those of the calls
  // above.
  //
  // examples: one after the other, each schema().features raw values as the training data had them
  // (less schema().offsets, where there are any; the model's scaling is applied to them; of
  // schema().categorical columns, one value per category, 1 or 0; a missing value is the caller's
  // to replace, by schema().means for instance), not checked: one that is NaN or infinite makes the
  // outputs of its example meaningless, and no others. logits, probabilities: as many values as
  // above, written one example after the other; classes: one per example; floats are rounded, which
  // tells only where schema().target_offset is not 0. The memory of input and output must not
  // overlap. Throws kBadData where `examples` is not a whole number of examples, kInvalidArgument
  // where the output has not the size that they need.
  void Logits(std::span<const float> examples, std::span<float> logits) const;
  void Probabilities(std::span<const float> examples, std::span<float> probabilities) const;
  void Classes(std::span<const float> examples, std::span<uint32_t> classes) const;
  void Values(std::span<const float> examples, std::span<float> values) const;
  void Values(std::span<const float> examples, std::span<double> values) const;

  // For the inside of the library.
  struct Storage;
  explicit Model(std::shared_ptr<Storage> storage);
  const Storage& storage() const noexcept { return *storage_; }

 private:
  // Shared by copies, so never changed.
  std::shared_ptr<Storage> storage_;
  std::shared_ptr<const std::map<std::string, std::string>> provenance_ =
      std::make_shared<const std::map<std::string, std::string>>();
};

}  // namespace colonnade

#endif  // COLONNADE_MODEL_H_
