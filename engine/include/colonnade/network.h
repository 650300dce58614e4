// The shape of a network.
#ifndef COLONNADE_NETWORK_H_
#define COLONNADE_NETWORK_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace colonnade {

enum class Activation { kIdentity, kRelu };

// One dense layer: activation(W · x + b), W being outputs × inputs.
struct Layer {
  size_t inputs = 0;
  size_t outputs = 0;
  Activation activation = Activation::kIdentity;

  bool operator==(const Layer&) const = default;
};

// A stack of dense layers; the last one yields the logits of a softmax.
struct NetworkShape {
  std::vector<Layer> layers;

  // inputs → hidden[0] → … → outputs with `activation` after every layer but the last. Throws
  // kInvalidArgument for a width of 0 or over 2^20.
  static NetworkShape Mlp(size_t inputs, std::span<const size_t> hidden, size_t outputs,
                          Activation activation = Activation::kRelu);

  size_t inputs() const { return layers.front().inputs; }
  size_t outputs() const { return layers.back().outputs; }
  size_t parameters() const;   // weights and biases
  std::string Widths() const;  // "784-128-10"

  bool operator==(const NetworkShape&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_NETWORK_H_
