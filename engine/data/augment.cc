// SPDX-License-Identifier: Apache-2.0
#include "engine/data/augment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <numeric>
#include <type_traits>

#include "colonnade/error.h"
#include "engine/runtime/aligned.h"
#include "engine/runtime/random.h"

namespace colonnade {
namespace {

constexpr const char* kName = "augment";

// Below, examples are tables that happen to have a square number of columns.
constexpr size_t kSmallestSide = 8;

// The largest whose square is not above.
size_t RootOf(size_t features) {
  auto root = static_cast<size_t>(std::sqrt(static_cast<double>(features)));
  while (root * root > features) --root;
  while ((root + 1) * (root + 1) <= features) ++root;
  return root;
}

// Of -most .. most, by 32 random bits.
int64_t ShiftOf(uint32_t bits, size_t most) {
  const uint64_t places = 2 * uint64_t{most} + 1;
  return static_cast<int64_t>((bits * places) >> 32) - static_cast<int64_t>(most);
}

template <class T>
void Shift(const T* from, const Motion& motion, size_t side, T* to) {
  const auto n = static_cast<int64_t>(side);
  const int64_t left = std::clamp<int64_t>(motion.right, 0, n);
  const int64_t right = std::clamp<int64_t>(n + motion.right, 0, n);
  for (int64_t y = 0; y < n; ++y, to += n) {
    const int64_t row = y - motion.down;
    if (row < 0 || row >= n || left >= right) {
      std::fill_n(to, n, T{0});
      continue;
    }
    std::fill(to, to + left, T{0});
    std::copy_n(from + row * n + (left - motion.right), right - left, to + left);
    std::fill(to + right, to + n, T{0});
  }
}

// Places between pixels, in 2^-32 of one: a row of them is a sum that no rounding changes.
int64_t Fixed(double x) { return std::llround(x * 0x1p32); }

int64_t Whole(int64_t x) { return x >> 32; }

float Fraction(int64_t x) {
  return static_cast<float>(static_cast<uint32_t>(x) >> 8) * 0x1p-24F;  // below 1
}

template <class T>
float Sample(const T* from, int64_t n, int64_t x, int64_t y) {
  const int64_t i = Whole(x);
  const int64_t j = Whole(y);
  if (i < -1 || i >= n || j < -1 || j >= n) return 0;
  const bool inside = i >= 0 && i + 1 < n && j >= 0 && j + 1 < n;
  const auto at = [&](int64_t column, int64_t row) {
    const bool has = inside || (column >= 0 && column < n && row >= 0 && row < n);
    return has ? static_cast<float>(from[row * n + column]) : 0.0F;
  };
  const auto between = [](float a, float b, float part) { return a + (b - a) * part; };
  const float above = between(at(i, j), at(i + 1, j), Fraction(x));
  const float below = between(at(i, j + 1), at(i + 1, j + 1), Fraction(x));
  return between(above, below, Fraction(y));
}

template <class T>
void Turn(const T* from, const Motion& motion, size_t side, T* to) {
  const auto n = static_cast<int64_t>(side);
  const double centre = static_cast<double>(n - 1) / 2;
  const double cosine = std::cos(motion.angle);
  const double sine = std::sin(motion.angle);
  const int64_t step_x = Fixed(cosine);
  const int64_t step_y = Fixed(sine);
  const double u = static_cast<double>(-motion.right) - centre;
  for (int64_t row = 0; row < n; ++row) {
    const double v = static_cast<double>(row - motion.down) - centre;
    int64_t x = Fixed(cosine * u + sine * v + centre);
    int64_t y = Fixed(cosine * v - sine * u + centre);
    for (int64_t column = 0; column < n; ++column, x += step_x, y -= step_y) {
      const float value = Sample(from, n, x, y);
      if constexpr (std::is_same_v<T, uint8_t>) {
        const float next = value + 0.5F;  // above 0: to cut it off is to round
        *to++ = static_cast<uint8_t>(next);
      } else {
        *to++ = value;
      }
    }
  }
}

template <class T>
void MoveAny(const T* from, const Motion& motion, size_t side, T* to) {
  if (motion.angle == 0) {
    Shift(from, motion, side, to);
  } else {
    Turn(from, motion, side, to);
  }
}

// Room for so many examples of that kind, all 0.
std::shared_ptr<Dataset::Storage> RoomFor(const Dataset& data, size_t examples) {
  auto storage = std::make_shared<Dataset::Storage>();
  storage->schema = data.schema();
  storage->examples = examples;
  storage->type = data.element_type();
  storage->stride = data.stride();
  const size_t size = examples * data.stride();
  if (storage->type == ElementType::kU8) {
    storage->bytes = AlignedBuffer<uint8_t>::Zeroed(size);
  } else {
    storage->floats = AlignedBuffer<float>::Zeroed(size);
  }
  return storage;
}

}  // namespace

void RequirePictures(const Dataset& data, const Augmentation& augment) {
  const auto reject = [](const std::string& found) {
    Reject(kName, found,
           "square pictures of one value per pixel, at least 8 · 8, such as 784 columns for 28 · "
           "28");
  };
  const Schema& schema = data.schema();
  const size_t side = RootOf(data.features());
  const bool offsets = std::ranges::any_of(schema.offsets, [](double x) { return x != 0; });
  if (!schema.categorical.empty() || !schema.dates.empty() || !schema.indicators.empty() ||
      offsets) {
    reject("columns that are no pixels");
  }
  if (side * side != data.features()) {
    const size_t third = RootOf(data.features() / 3);
    const bool colour = 3 * third * third == data.features() && third >= kSmallestSide;
    reject(fmt::format("{} features{}", data.features(), colour ? ", as pictures in colour" : ""));
  }
  if (side < kSmallestSide) reject(fmt::format("{} features", data.features()));
  if (augment.shift >= side) {
    Reject(kName, fmt::format("shift:{} for pictures of {} · {}", augment.shift, side, side),
           fmt::format("at most shift:{}", side - 1));
  }
}

Motion MotionOf(const Augmentation& augment, uint64_t seed, uint32_t epoch, uint32_t example) {
  const std::array<uint32_t, 4> bits = Random(seed, RandomStream::kAugment, epoch).Block(example);
  const double turn = (bits[2] + 0.5) * 0x1p-31 - 1;  // in (-1, 1)
  return {.right = ShiftOf(bits[0], augment.shift),
          .down = ShiftOf(bits[1], augment.shift),
          .angle = turn * augment.rotate * std::numbers::pi / 180};
}

void Move(const uint8_t* from, const Motion& motion, size_t side, uint8_t* to) {
  MoveAny(from, motion, side, to);
}

void Move(const float* from, const Motion& motion, size_t side, float* to) {
  MoveAny(from, motion, side, to);
}

AugmentedBatch::AugmentedBatch(const Dataset& data, const Augmentation& augment, uint64_t seed,
                               size_t columns)
    : original_(data),
      augment_(augment),
      seed_(seed),
      side_(RootOf(data.features())),
      storage_(RoomFor(data, columns)),
      moved_(storage_),
      columns_(columns) {
  RequirePictures(data, augment);
  std::iota(columns_.begin(), columns_.end(), 0U);
  // Whoever judges the data by the first of them has something to judge.
  const auto copy = [&](const auto* values, auto* to) { std::copy_n(values, data.features(), to); };
  for (size_t e = 0; e < std::min(columns, data.examples()); ++e) {
    if (data.element_type() == ElementType::kU8) {
      copy(data.BytesOf(e), storage_->bytes.data() + e * storage_->stride);
    } else {
      copy(data.FloatsOf(e), storage_->floats.data() + e * storage_->stride);
    }
  }
}

const uint32_t* AugmentedBatch::Fill(const uint32_t* indices, size_t first, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const Motion motion = MotionOf(augment_, seed_, epoch_, indices[i]);
    const size_t at = (first + i) * storage_->stride;
    if (original_.element_type() == ElementType::kU8) {
      Move(original_.BytesOf(indices[i]), motion, side_, storage_->bytes.data() + at);
    } else {
      Move(original_.FloatsOf(indices[i]), motion, side_, storage_->floats.data() + at);
    }
  }
  return columns_.data() + first;
}

}  // namespace colonnade
