// SPDX-License-Identifier: Apache-2.0
// The shape of a network.
#ifndef COLONNADE_NETWORK_H_
#define COLONNADE_NETWORK_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "colonnade/names.h"

namespace colonnade {

// What a layer applies to each of its outputs; PyTorch's functions of these names, with PyTorch's
// defaults.
enum class Activation {
  kIdentity,   // z
  kRelu,       // max(z, 0)
  kLeakyRelu,  // z, or 0.01 · z where z < 0
  kElu,        // z, or exp(z) − 1 where z < 0
  kGelu,       // z · Φ(z), Φ being the normal distribution's: the exact form, by erf
  kSilu,       // z · sigmoid(z)
  kTanh,
  kSigmoid,  // 1 / (1 + exp(−z))
  kSelu,     // 1.0507 · z, or 1.0507 · 1.6733 · (exp(z) − 1) where z < 0
  kMish,     // z · tanh(log(1 + exp(z)))
};

inline constexpr NameRow<Activation> kActivations[] = {{Activation::kIdentity, "identity"},
                                                       {Activation::kRelu, "relu"},
                                                       {Activation::kLeakyRelu, "leaky-relu"},
                                                       {Activation::kElu, "elu"},
                                                       {Activation::kGelu, "gelu"},
                                                       {Activation::kSilu, "silu"},
                                                       {Activation::kTanh, "tanh"},
                                                       {Activation::kSigmoid, "sigmoid"},
                                                       {Activation::kSelu, "selu"},
                                                       {Activation::kMish, "mish"}};
constexpr std::span<const NameRow<Activation>> NamesOf(Activation) { return kActivations; }

// What the outputs of the last layer stand for.
enum class OutputKind {
  kSoftmax,  // a logit per class
  kSigmoid,  // one logit: of the second of two classes against the first
  kLinear,   // a number, the prediction; of the training targets' scale, see TargetScaling
};

inline constexpr NameRow<OutputKind> kOutputKinds[] = {{OutputKind::kSoftmax, "softmax"},
                                                       {OutputKind::kSigmoid, "sigmoid"},
                                                       {OutputKind::kLinear, "linear"}};
constexpr std::span<const NameRow<OutputKind>> NamesOf(OutputKind) { return kOutputKinds; }

// One dense layer: activation(W · x + b), W being outputs × inputs. With batch normalisation:
// activation(gamma · (W · x − mean) / √(variance + 1e-5) + b), all but W · x per output. A training
// step takes mean and variance from its batch and averages them; a prediction takes the averages.
struct Layer {
  size_t inputs = 0;
  size_t outputs = 0;
  Activation activation = Activation::kIdentity;
  bool batch_norm = false;  // of hidden layers only

  bool operator==(const Layer&) const = default;
};

// A stack of dense layers.
struct NetworkShape {
  std::vector<Layer> layers;
  OutputKind output = OutputKind::kSoftmax;

  // inputs → hidden[0] → … → outputs with `activation` after every layer but the last. Throws
  // kInvalidArgument for a width of 0 or over 2^20.
  static NetworkShape Mlp(size_t inputs, std::span<const size_t> hidden, size_t outputs,
                          Activation activation = Activation::kRelu);

  // The same with activations[i] after hidden[i]; as many of the one as of the other.
  static NetworkShape Mlp(size_t inputs, std::span<const size_t> hidden, size_t outputs,
                          std::span<const Activation> activations);

  size_t inputs() const { return layers.front().inputs; }
  size_t outputs() const { return layers.back().outputs; }
  size_t parameters() const;   // that training changes: weights, biases and gammas
  bool batch_norm() const;     // of any layer
  std::string Widths() const;  // "784-128-10"

  bool operator==(const NetworkShape&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_NETWORK_H_
