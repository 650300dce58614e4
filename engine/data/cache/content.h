// SPDX-License-Identifier: Apache-2.0
// What a cached dataset holds, as bytes.
#ifndef COLONNADE_ENGINE_DATA_CACHE_CONTENT_H_
#define COLONNADE_ENGINE_DATA_CACHE_CONTENT_H_

#include <cstddef>
#include <string>

#include "engine/data/storage.h"

namespace colonnade {

size_t ElementSize(ElementType type);

// The values of an example, padding and all, and how many bytes that is.
const char* ColumnOf(const Dataset::Storage& storage, size_t example);
size_t ColumnBytes(const Dataset::Storage& storage);

// XXH3-128 over the XXH3-128 of the values of each so many examples that they take about 1 MiB (low
// half, high half), then over labels, targets, weights, exact targets, groups and times: so that
// threads can share the work. unsound: if not null, becomes the first example that no dataset may
// have (a value that is not finite, padding that is not zero), or SIZE_MAX.
std::string ContentHash(const Dataset::Storage& storage, int threads, size_t* unsound);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_CACHE_CONTENT_H_
