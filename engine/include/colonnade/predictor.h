// SPDX-License-Identifier: Apache-2.0
// Prediction in memory of its own, for threads that must not allocate.
#ifndef COLONNADE_PREDICTOR_H_
#define COLONNADE_PREDICTOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "colonnade/model.h"

namespace colonnade {

// A model and the workspace to run it in. All memory is allocated when it is made and freed when it
// ends; in between, a prediction neither allocates nor locks. One call at a time: a thread, or
// whatever answers one request after the other, has one for itself. They share the parameters.
class Predictor {
 public:
  // most_examples: for how many at a time there is room, at least 1 (else throws kInvalidArgument);
  // from some number on, more room is of no use, and none is taken. A call with more examples takes
  // them so many at a time.
  explicit Predictor(Model model, size_t most_examples = 1);
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;
  ~Predictor();

  const Model& model() const noexcept;

  // Model's functions over spans: the same arguments, the same bits, the same errors, which are all
  // about the sizes of the spans and the kind of the model.
  void Logits(std::span<const float> examples, std::span<float> logits);
  void Probabilities(std::span<const float> examples, std::span<float> probabilities);
  void Classes(std::span<const float> examples, std::span<uint32_t> classes);
  void Values(std::span<const float> examples, std::span<float> values);
  void Values(std::span<const float> examples, std::span<double> values);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace colonnade

#endif  // COLONNADE_PREDICTOR_H_
