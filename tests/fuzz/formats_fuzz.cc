// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: whatever the bytes, a table of another format is read or refused.
#include <cstdint>
#include <string_view>

#include "tests/support/format_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  colonnade::test::FormatOutcome({reinterpret_cast<const char*>(data), size});
  return 0;
}
