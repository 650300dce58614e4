// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime as a predictor of one example at a time, on the calling thread. Its library is
// loaded when it is wanted, so that only its header is needed to build, and the library that comes
// with the Python package serves.
#ifndef COLONNADE_BENCH_ONNXRUNTIME_H_
#define COLONNADE_BENCH_ONNXRUNTIME_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace colonnade::bench {

class OnnxRuntime {
 public:
  // library: the path of the shared library. model: an ONNX file whose input "x" is 1 × features
  // and whose output "y" is 1 × outputs. examples: one after the other, kept by reference. Throws
  // std::runtime_error where any of it cannot be used, or the header was not there to build with.
  OnnxRuntime(const std::string& library, const std::string& model, std::span<float> examples,
              size_t features, size_t outputs);
  ~OnnxRuntime();

  const std::string& version() const { return version_; }

  // The outputs for example `e`, until the next call.
  std::span<const float> Predict(size_t e);

 private:
  struct Session;

  std::string version_;
  std::vector<float> outputs_;
  std::unique_ptr<Session> session_;
};

}  // namespace colonnade::bench

#endif  // COLONNADE_BENCH_ONNXRUNTIME_H_
