// SPDX-License-Identifier: Apache-2.0
// What the fuzzers of zip archives and encodings have found interesting.
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/support/paths.h"
#include "tests/support/source_outcome.h"
#include "tests/support/temp_dir.h"

namespace colonnade::test {
namespace {

template <class Fault>
void Replay(const std::filesystem::path& folder, const Fault& fault) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(fault(ReadFile(entry.path())), "") << entry.path();
    ++files;
  }
  EXPECT_GT(files, 5u);
}

TEST(SourceCorpus, OfZipArchives) { Replay(FuzzCorpus() / "zip", ZipFault); }

TEST(SourceCorpus, OfEncodings) { Replay(FuzzCorpus() / "transcoder", TranscodingFault); }

}  // namespace
}  // namespace colonnade::test
