// SPDX-License-Identifier: Apache-2.0
// Pictures that are moved and turned at random before they are learned from.
#ifndef COLONNADE_ENGINE_DATA_AUGMENT_H_
#define COLONNADE_ENGINE_DATA_AUGMENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/augmentation.h"
#include "colonnade/dataset.h"
#include "engine/data/storage.h"

namespace colonnade {

// Throws kInvalidArgument unless examples are square pictures of one value per pixel, row by row,
// at least 8 · 8, and larger than `shift`. Nothing tells how a picture in colour would be laid out:
// it is refused.
void RequirePictures(const Dataset& data, const Augmentation& augment);

// How a picture is changed: pixel (x, y), counted from the top left corner, becomes what was at
//
//   centre + R (x − right − centre, y − down − centre),  R = (cos a, sin a; −sin a, cos a),
//
// by bilinear interpolation, outside of which is 0.
struct Motion {
  int64_t right = 0;
  int64_t down = 0;
  double angle = 0;  // a, in radians
};

// That of an example in an epoch: a function of its arguments.
Motion MotionOf(const Augmentation& augment, uint64_t seed, uint32_t epoch, uint32_t example);

// Writes side · side values. Bytes are rounded to the nearest.
void Move(const uint8_t* from, const Motion& motion, size_t side, uint8_t* to);
void Move(const float* from, const Motion& motion, size_t side, float* to);

// The pictures of a batch as an epoch has them, in a dataset of their own: whatever reads examples
// reads them. They have no labels.
class AugmentedBatch {
 public:
  // For batches of up to so many examples, of which there are as many. Keeps a copy of `data`. At
  // first it has examples 0, 1, … as they are.
  AugmentedBatch(const Dataset& data, const Augmentation& augment, uint64_t seed, size_t columns);

  const Dataset& data() const { return moved_; }

  void BeginEpoch(size_t epoch) { epoch_ = static_cast<uint32_t>(epoch); }

  // Makes examples [first, first + count) of data() of indices[0 .. count), and returns which they
  // are: first, first + 1, …. Calls for disjoint examples may run at the same time.
  const uint32_t* Fill(const uint32_t* indices, size_t first, size_t count);

 private:
  Dataset original_;
  Augmentation augment_;
  uint64_t seed_;
  uint32_t epoch_ = 0;
  size_t side_;
  std::shared_ptr<Dataset::Storage> storage_;  // of moved_
  Dataset moved_;
  std::vector<uint32_t> columns_;  // 0, 1, …
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_DATA_AUGMENT_H_
