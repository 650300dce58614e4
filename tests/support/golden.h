// SPDX-License-Identifier: Apache-2.0
// Golden numbers that a script in tools/ wrote to tests/data.
#ifndef COLONNADE_TESTS_SUPPORT_GOLDEN_H_
#define COLONNADE_TESTS_SUPPORT_GOLDEN_H_

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/runtime/safetensors.h"
#include "tests/support/paths.h"
#include "tests/support/temp_dir.h"

namespace colonnade::test {

class GoldenFile {
 public:
  // `name` within tests/data.
  explicit GoldenFile(const std::string& name)
      : file_(ReadFile(TestData() / name)),
        contents_(safetensors::Parse(file_, name)),
        meta_(nlohmann::json::parse(contents_.metadata.at("case"))) {}

  // What the script says about the numbers.
  const nlohmann::json& meta() const { return meta_; }

  // The elements in the order of the file; fails, and gives none, where there is no such tensor.
  template <class T>
  std::vector<T> Values(const std::string& tensor) const {
    for (const safetensors::Tensor& t : contents_.tensors) {
      if (t.name != tensor) continue;
      std::vector<T> values(t.bytes.size() / sizeof(T));
      std::memcpy(values.data(), t.bytes.data(), t.bytes.size());
      return values;
    }
    ADD_FAILURE() << "no tensor " << tensor;
    return {};
  }

 private:
  std::string file_;
  safetensors::Contents contents_;
  nlohmann::json meta_;
};

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_GOLDEN_H_
