// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: whatever the bytes, text becomes UTF-8, or is refused by Error, in pieces as
// at once.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/source_outcome.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string wrong =
      colonnade::test::TranscodingFault({reinterpret_cast<const char*>(data), size});
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", wrong.c_str());
  std::abort();
}
