// SPDX-License-Identifier: Apache-2.0
// Expectations on what the library throws.
#ifndef COLONNADE_TESTS_SUPPORT_ERRORS_H_
#define COLONNADE_TESTS_SUPPORT_ERRORS_H_

#include <gtest/gtest.h>

#include <string>

#include "colonnade/error.h"

namespace colonnade::test {

// f() must throw Error with this code and exactly this message.
template <class F>
void ExpectError(ErrorCode code, const std::string& message, const F& f) {
  try {
    f();
    ADD_FAILURE() << "nothing thrown, expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), message);
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
  }
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_ERRORS_H_
