// SPDX-License-Identifier: Apache-2.0
// A file of this library taken apart, to be put together otherwise.
#ifndef COLONNADE_TESTS_SUPPORT_FILE_PARTS_H_
#define COLONNADE_TESTS_SUPPORT_FILE_PARTS_H_

#include <string>
#include <vector>

#include "engine/runtime/safetensors.h"

namespace colonnade::test {

struct FileParts {
  safetensors::Metadata metadata;
  std::vector<safetensors::TensorInfo> tensors;
  std::vector<std::string> data;

  explicit FileParts(const std::string& file);

  // Makes the checksum fit, as somebody would who knows how.
  void Sign();

  std::string File() const;
};

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_FILE_PARTS_H_
