// SPDX-License-Identifier: Apache-2.0
// A libFuzzer target: whatever the text, the parallel CSV reader and the exact one agree on it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/support/csv_outcome.h"
#include "tests/support/temp_dir.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const colonnade::test::TempDir folder;
  const std::string wrong = colonnade::test::CsvFuzzDisagreement(
      {reinterpret_cast<const char*>(data), size}, folder / "t.csv");
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s\n", wrong.c_str());
  std::abort();
}
