// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_VERSION_H_
#define COLONNADE_VERSION_H_

// The version of these headers. Before 1.0, source that compiles with one minor version may need
// changes for the next; patches need none.
#define COLONNADE_VERSION_MAJOR 0
#define COLONNADE_VERSION_MINOR 1
#define COLONNADE_VERSION_PATCH 0

namespace colonnade {

// The version of the library, "major.minor.patch".
const char* Version() noexcept;

}  // namespace colonnade

#endif  // COLONNADE_VERSION_H_
