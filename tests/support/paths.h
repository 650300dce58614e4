// SPDX-License-Identifier: Apache-2.0
// Where the project's files lie. One source file alone is compiled with their paths, so that a
// compiler cache serves clones in other folders with all the others.
#ifndef COLONNADE_TESTS_SUPPORT_PATHS_H_
#define COLONNADE_TESTS_SUPPORT_PATHS_H_

#include <filesystem>

namespace colonnade::test {

std::filesystem::path Repository();
std::filesystem::path TestData();    // tests/data
std::filesystem::path FuzzCorpus();  // tests/fuzz/corpus

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_PATHS_H_
