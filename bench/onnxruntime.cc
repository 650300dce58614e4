// SPDX-License-Identifier: Apache-2.0
#include "bench/onnxruntime.h"

#include <stdexcept>

#ifdef COLONNADE_ONNXRUNTIME
#define ORT_API_MANUAL_INIT  // the library is loaded below
#include <dlfcn.h>
#include <onnxruntime_cxx_api.h>

#include <array>
#endif

namespace colonnade::bench {

#ifdef COLONNADE_ONNXRUNTIME
namespace {

const OrtApiBase* LoadLibrary(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = handle == nullptr ? nullptr : dlsym(handle, "OrtGetApiBase");
  if (symbol == nullptr) throw std::runtime_error(dlerror());
  const OrtApiBase* base = reinterpret_cast<const OrtApiBase* (*)()>(symbol)();
  const OrtApi* api = base->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    throw std::runtime_error("ONNX Runtime " + std::string(base->GetVersionString()) +
                             " is older than the header");
  }
  Ort::InitApi(api);
  return base;
}

Ort::SessionOptions Options() {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
  return options;
}

Ort::Value Tensor(float* values, size_t size) {
  const std::array<int64_t, 2> shape = {1, static_cast<int64_t>(size)};
  return Ort::Value::CreateTensor<float>(
      Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault), values, size, shape.data(),
      shape.size());
}

}  // namespace

// All that a call needs is made before it: tensors over the examples and over the output.
struct OnnxRuntime::Session {
  Session(const std::string& model, std::span<float> examples, size_t features,
          std::span<float> outputs)
      : session(environment, model.c_str(), Options()),
        output(Tensor(outputs.data(), outputs.size())) {
    for (size_t i = 0; i < examples.size(); i += features) {
      inputs.push_back(Tensor(examples.data() + i, features));
    }
  }

  Ort::Env environment{ORT_LOGGING_LEVEL_ERROR, "colonnade"};
  Ort::Session session;
  Ort::RunOptions options;
  std::vector<Ort::Value> inputs;
  Ort::Value output;
};

OnnxRuntime::OnnxRuntime(const std::string& library, const std::string& model,
                         std::span<float> examples, size_t features, size_t outputs)
    : version_(LoadLibrary(library)->GetVersionString()),
      outputs_(outputs),
      session_(std::make_unique<Session>(model, examples, features, outputs_)) {}

std::span<const float> OnnxRuntime::Predict(size_t e) {
  const char* input = "x";
  const char* output = "y";
  session_->session.Run(session_->options, &input, &session_->inputs[e], 1, &output,
                        &session_->output, 1);
  return outputs_;
}
#else
struct OnnxRuntime::Session {};

OnnxRuntime::OnnxRuntime(const std::string&, const std::string&, std::span<float>, size_t, size_t) {
  throw std::runtime_error("built without onnxruntime_cxx_api.h");
}

std::span<const float> OnnxRuntime::Predict(size_t) { return outputs_; }
#endif

OnnxRuntime::~OnnxRuntime() = default;

}  // namespace colonnade::bench
