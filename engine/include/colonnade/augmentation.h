// SPDX-License-Identifier: Apache-2.0
#ifndef COLONNADE_AUGMENTATION_H_
#define COLONNADE_AUGMENTATION_H_

#include <cstddef>

namespace colonnade {

// How training changes pictures, each anew in every epoch, so that a network does not learn where
// exactly their pixels are. What is evaluated or predicted stays as it is.
struct Augmentation {
  size_t shift = 0;   // moved by so many whole pixels at most, across and down, each uniformly
  double rotate = 0;  // [0, 180]: turned before about the centre, by so many degrees at most

  bool none() const { return *this == Augmentation(); }
  bool operator==(const Augmentation&) const = default;
};

}  // namespace colonnade

#endif  // COLONNADE_AUGMENTATION_H_
