// SPDX-License-Identifier: Apache-2.0
// Numbers that f32 cannot tell apart, such as times in seconds since 1970: they are kept less an
// offset, which the schema has in double.
#ifndef COLONNADE_ENGINE_DATA_OFFSETS_H_
#define COLONNADE_ENGINE_DATA_OFFSETS_H_

#include <cstddef>
#include <limits>
#include <optional>
#include <span>

#include "engine/data/storage.h"

namespace colonnade {

// Whether values or numbers to predict are not those of the table. Offset of a feature.
bool HasOffsets(const Schema& schema);
inline double OffsetOf(const Schema& schema, size_t feature) {
  return schema.offsets.empty() ? 0 : schema.offsets[feature];
}

// What a pass over numbers tells of an offset for them. Those that are not finite do not count.
struct OffsetFilter {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool inexact = false;  // f32 does not hold one of them exactly

  void Add(double value);
  void Add(const OffsetFilter& other);

  // Never false where OffsetFor() returns one: some number is inexact, all are in the range of f32,
  // and that of the largest magnitude is at least twice the distance between lowest and highest.
  bool MayNeedOffset() const;
};

// If rounding to f32 makes numbers equal that differ, and fewer of them less an offset, that
// offset: the middle between lowest and highest, rounded to a multiple of the largest power of two
// that is not above a sixteenth of their distance. So it is short, does not depend on the order of
// the numbers, and on the numbers only a little; and a number less the offset is exact in double.
// Else nothing. Numbers that are not finite do not count.
std::optional<double> OffsetFor(std::span<const double> values);

// Makes the numbers to predict of a dataset: less the offset in f32, and exactly where that does
// not hold them. Nothing is checked.
void StoreTargets(std::span<const double> numbers, double offset, Dataset::Storage& to);

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_OFFSETS_H_
