// SPDX-License-Identifier: Apache-2.0
// The safetensors container: named tensors and string metadata in one file, as Hugging Face's
// library of that name defines it. Knows nothing about networks.
//
//   8 bytes     length of the header, little-endian
//   header      a JSON object: "__metadata__": {string: string} and, per tensor,
//               "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}
//   data        the tensors' elements, row-major, little-endian, without gaps
#ifndef COLONNADE_ENGINE_RUNTIME_SAFETENSORS_H_
#define COLONNADE_ENGINE_RUNTIME_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/error.h"

namespace colonnade::safetensors {

struct TensorInfo {
  std::string name;
  std::string dtype;  // as the format spells it: "F32", "U8", …
  std::vector<uint64_t> shape;
};

struct Tensor : TensorInfo {
  std::string_view bytes;  // not necessarily aligned to anything: copy before use
};

using Metadata = std::map<std::string, std::string>;

struct Contents {
  std::vector<Tensor> tensors;  // in the order of their data
  Metadata metadata;
};

// Reads a whole file from memory; the tensors' bytes point into `file`. Accepts only what the
// format allows: whatever is wrong is thrown as `code`, "NAME: what: found, expected". Uses memory
// in proportion to the file, whatever sizes it claims.
Contents Parse(std::string_view file, const std::string& name,
               ErrorCode code = ErrorCode::kBadModel);

// What comes before the data: length and header, padded so that the data starts on a cache line.
// After it belong the elements of the tensors, in the same order. Equal arguments give equal bytes.
// Names and metadata are UTF-8, names are unique, and every tensor starts at a multiple of its
// element size. Throws kIo, with the name of the file, where the header outgrows the format's
// limit.
std::string Header(std::span<const TensorInfo> tensors, const Metadata& metadata,
                   const std::string& name);

// The bits of one element, 0 for a dtype that the format does not have.
unsigned ElementBits(std::string_view dtype);

// Text from a file for use in a message: quoted, escaped to ASCII on one line, cut if long.
std::string Quoted(std::string_view text);

}  // namespace colonnade::safetensors

#endif  // COLONNADE_ENGINE_RUNTIME_SAFETENSORS_H_
