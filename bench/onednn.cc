// SPDX-License-Identifier: Apache-2.0
// oneDNN as a multiplier: sgemm on the matrices as they are, and its inner product, which is the
// very operation, with dense examples and each layout of the weights: the one that oneDNN asks for
// and the two plain ones. Reordering into these layouts is not timed.
#include "bench/multipliers.h"

#ifdef COLONNADE_ONEDNN
#include <dlfcn.h>
#include <fmt/format.h>

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#endif

namespace colonnade::bench {

#ifdef COLONNADE_ONEDNN
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

constexpr auto kF32 = memory::data_type::f32;
constexpr auto kTraining = dnnl::prop_kind::forward_training;

memory::dim Dim(size_t size) { return static_cast<memory::dim>(size); }

// oneDNN has no call for it: it takes what its OpenMP says, whichever that is. A build of it upon
// oneTBB takes as many threads as the arena has in which it is called.
void SetThreads(size_t threads) {
  void* set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set != nullptr) reinterpret_cast<void (*)(int)>(set)(static_cast<int>(threads));
}

// A primitive, the memory that it works on, and the problem's own matrices in oneDNN's terms.
struct Primitive {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;
  memory result;        // of the primitive
  memory given_result;  // of the problem

  // An input: copied once from the problem's matrix into the layout of the primitive.
  void AddInput(int argument, const memory::desc& given, float* data, const memory::desc& wanted) {
    memory from(given, engine, data);
    memory to(wanted, engine);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    arguments.emplace(argument, to);
  }

  void AddResult(int argument, const memory::desc& given, float* data, const memory::desc& wanted) {
    given_result = memory(given, engine, data);
    result = memory(wanted, engine);
    arguments.emplace(argument, result);
  }
};

// The examples and weights of a layer, as oneDNN sees this project's matrices: its matrices are
// row-major, so that a column is a row, and examples are rows.
struct Descriptions {
  explicit Descriptions(GemmProblem& p) {
    const auto [form, outputs, batch, inputs] = p.shape;
    const memory::dims src{Dim(batch), Dim(inputs)};
    weights = {Dim(outputs), Dim(inputs)};
    const memory::dims dst{Dim(batch), Dim(outputs)};
    const bool forward = form == Form::kForward;
    const bool weight_gradient = form == Form::kWeightGradient;
    OwnedMatrix& s = form == Form::kInputGradient ? p.result : p.right;
    OwnedMatrix& d = forward ? p.result : weight_gradient ? p.left : p.right;
    OwnedMatrix& w = weight_gradient ? p.result : p.left;
    const memory::dim w_stride = Dim(w.view().stride);
    given_src = {src, kF32, memory::dims{Dim(s.view().stride), 1}};
    given_dst = {dst, kF32, memory::dims{Dim(d.view().stride), 1}};
    // The gradient of the inputs has the weights transposed.
    given_weights = {
        weights, kF32,
        form == Form::kInputGradient ? memory::dims{w_stride, 1} : memory::dims{1, w_stride}};
    dense_src = {src, kF32, Tag::ab};
    dense_dst = {dst, kF32, Tag::ab};
    src_data = s.view().data;
    dst_data = d.view().data;
    weights_data = w.view().data;
  }

  memory::dims weights;
  memory::desc given_src, given_dst, given_weights, dense_src, dense_dst;
  float* src_data;
  float* dst_data;
  float* weights_data;
};

std::shared_ptr<Primitive> InnerProduct(GemmProblem& p, Tag weights_tag) {
  const Descriptions d(p);
  const memory::desc weights(d.weights, kF32, weights_tag);
  auto result = std::make_shared<Primitive>();
  const dnnl::engine& engine = result->engine;
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::inner_product_forward::primitive_desc forward(engine, kTraining, d.dense_src, weights,
                                                            d.dense_dst);
#else
  const dnnl::inner_product_forward::primitive_desc forward(
      {kTraining, d.dense_src, weights, d.dense_dst}, engine);
#endif
  switch (p.shape.form) {
    case Form::kForward:
      result->primitive = dnnl::inner_product_forward(forward);
      result->AddInput(DNNL_ARG_SRC, d.given_src, d.src_data, forward.src_desc());
      result->AddInput(DNNL_ARG_WEIGHTS, d.given_weights, d.weights_data, forward.weights_desc());
      result->AddResult(DNNL_ARG_DST, d.given_dst, d.dst_data, forward.dst_desc());
      break;
    case Form::kInputGradient: {
#if DNNL_VERSION_MAJOR >= 3
      const dnnl::inner_product_backward_data::primitive_desc desc(engine, d.dense_src, weights,
                                                                   d.dense_dst, forward);
#else
      const dnnl::inner_product_backward_data::primitive_desc desc(
          {d.dense_src, weights, d.dense_dst}, engine, forward);
#endif
      result->primitive = dnnl::inner_product_backward_data(desc);
      result->AddInput(DNNL_ARG_DIFF_DST, d.given_dst, d.dst_data, desc.diff_dst_desc());
      result->AddInput(DNNL_ARG_WEIGHTS, d.given_weights, d.weights_data, desc.weights_desc());
      result->AddResult(DNNL_ARG_DIFF_SRC, d.given_src, d.src_data, desc.diff_src_desc());
      break;
    }
    case Form::kWeightGradient: {
#if DNNL_VERSION_MAJOR >= 3
      const dnnl::inner_product_backward_weights::primitive_desc desc(engine, d.dense_src, weights,
                                                                      d.dense_dst, forward);
#else
      const dnnl::inner_product_backward_weights::primitive_desc desc(
          {d.dense_src, weights, d.dense_dst}, engine, forward);
#endif
      result->primitive = dnnl::inner_product_backward_weights(desc);
      result->AddInput(DNNL_ARG_SRC, d.given_src, d.src_data, desc.src_desc());
      result->AddInput(DNNL_ARG_DIFF_DST, d.given_dst, d.dst_data, desc.diff_dst_desc());
      result->AddResult(DNNL_ARG_DIFF_WEIGHTS, d.given_weights, d.weights_data,
                        desc.diff_weights_desc());
      break;
    }
  }
  return result;
}

// The product of the transposes, row by row.
Product Sgemm(GemmProblem& p) {
  const auto rows = Dim(p.result.cols());
  const auto cols = Dim(p.result.rows());
  const auto depth = Dim(p.depth());
  const auto lda = Dim(p.right.view().stride);
  const auto ldb = Dim(p.left.view().stride);
  const auto ldc = Dim(p.result.view().stride);
  const float* a = p.right.view().data;
  const float* b = p.left.view().data;
  float* c = p.result.view().data;
  const char trans = p.right_is_transposed ? 'T' : 'N';
  return {"sgemm",
          [=] { dnnl_sgemm(trans, 'N', rows, cols, depth, 1, a, lda, b, ldb, 0, c, ldc); },
          {}};
}

std::vector<Product> Ways(GemmProblem& p, Execution& execution) {
  SetThreads(execution.threads());
  std::vector<Product> ways = {Sgemm(p)};
  constexpr struct {
    Tag tag;
    const char* name;
  } kWays[] = {{Tag::any, "inner product"},
               {Tag::ab, "inner product, weights oi"},
               {Tag::ba, "inner product, weights io"}};
  for (const auto& way : kWays) {
    const std::shared_ptr<Primitive> primitive = InnerProduct(p, way.tag);
    ways.push_back({way.name,
                    [primitive] {
                      primitive->primitive.execute(primitive->stream, primitive->arguments);
                      primitive->stream.wait();
                    },
                    [primitive] {
                      dnnl::reorder(primitive->result, primitive->given_result)
                          .execute(primitive->stream, primitive->result, primitive->given_result);
                      primitive->stream.wait();
                    }});
  }
  return ways;
}

}  // namespace

Multiplier OneDnn() {
  const dnnl_version_t* v = dnnl_version();
  return {"onednn", fmt::format("{}.{}.{}", v->major, v->minor, v->patch), Arithmetic::kF32, Ways};
}
#else
Multiplier OneDnn() { return {"onednn", "", Arithmetic::kF32, {}}; }
#endif

}  // namespace colonnade::bench
