// SPDX-License-Identifier: Apache-2.0
#include "tests/support/file_parts.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "engine/runtime/hash.h"

namespace colonnade::test {

FileParts::FileParts(const std::string& file) {
  safetensors::Contents contents = safetensors::Parse(file, "");
  metadata = std::move(contents.metadata);
  for (const safetensors::Tensor& tensor : contents.tensors) {
    tensors.push_back(tensor);
    data.emplace_back(tensor.bytes);
  }
}

void FileParts::Sign() {
  Hash128 hash;
  const auto add = [&](const std::string& text) { hash.Add(text.c_str(), text.size() + 1); };
  for (const auto& [key, value] : metadata) {
    if (!key.starts_with("colonnade.") || key == "colonnade.checksum") continue;
    add(key);
    add(value);
  }
  std::set<std::string> descriptions;
  for (const safetensors::TensorInfo& tensor : tensors) {
    descriptions.insert(
        fmt::format("{} {} {}", tensor.name, tensor.dtype, fmt::join(tensor.shape, "x")));
  }
  for (const std::string& description : descriptions) add(description);
  metadata["colonnade.checksum"] = hash.Hex();
}

std::string FileParts::File() const {
  std::string file = safetensors::Header(tensors, metadata, "");
  for (const std::string& bytes : data) file += bytes;
  return file;
}

}  // namespace colonnade::test
