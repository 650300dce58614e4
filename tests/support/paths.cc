// SPDX-License-Identifier: Apache-2.0
#include "tests/support/paths.h"

namespace colonnade::test {

std::filesystem::path Repository() { return COLONNADE_REPOSITORY; }
std::filesystem::path TestData() { return Repository() / "tests" / "data"; }
std::filesystem::path FuzzCorpus() { return Repository() / "tests" / "fuzz" / "corpus"; }

}  // namespace colonnade::test
