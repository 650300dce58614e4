// SPDX-License-Identifier: Apache-2.0
#include "colonnade/version.h"

#include <string_view>

#define COLONNADE_AS_TEXT(number) #number
#define COLONNADE_JOINED(major, minor, patch) \
  COLONNADE_AS_TEXT(major) "." COLONNADE_AS_TEXT(minor) "." COLONNADE_AS_TEXT(patch)

namespace colonnade {

// COLONNADE_VERSION is that of the build system.
static_assert(std::string_view(COLONNADE_VERSION) == COLONNADE_JOINED(COLONNADE_VERSION_MAJOR,
                                                                      COLONNADE_VERSION_MINOR,
                                                                      COLONNADE_VERSION_PATCH));

const char* Version() noexcept { return COLONNADE_VERSION; }

}  // namespace colonnade
