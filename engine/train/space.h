// SPDX-License-Identifier: Apache-2.0
// Where a search looks for options.
#ifndef COLONNADE_ENGINE_TRAIN_SPACE_H_
#define COLONNADE_ENGINE_TRAIN_SPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/options.h"
#include "colonnade/tune.h"
#include "engine/runtime/random.h"

namespace colonnade {

// Random numbers one after the other: those of a trial.
class Draws {
 public:
  Draws(uint64_t seed, size_t trial)
      : random_(seed, RandomStream::kTune, static_cast<uint32_t>(trial)) {}

  double Uniform();  // in (0, 1)
  double Normal();
  size_t Below(size_t n);

 private:
  uint32_t Bits();

  Random random_;
  uint64_t block_ = 0;
  std::array<uint32_t, 4> bits_ = {};
  size_t used_ = 4;
};

class Space {
 public:
  // A value for each axis, as the axis has it ("x0.5"); empty: none, what holds otherwise.
  using Point = std::vector<std::string>;

  // Throws kInvalidArgument for what is no space: the subject is "space", or an option whose values
  // these are not.
  explicit Space(const std::vector<SpaceAxis>& axes);

  bool empty() const { return axes_.empty(); }
  Point Origin() const { return Point(axes_.size()); }

  // Anywhere.
  Point Draw(Draws& draws) const;

  // Some values changed a little; `here`: the options of the point, in force.
  Point Near(const Point& point, const TrainOptions& here, Draws& draws) const;

  // `base` with these values, but for those that then mean nothing; the text of a value in its
  // settings is that of the option, '+' in lists for ','. Throws what Resolve() throws.
  Configuration At(const Point& point, const TrainOptions& base, const Dataset& data) const;

 private:
  struct Axis {
    const Option* option = nullptr;
    std::vector<std::string> values = {};  // where it is a list; else:
    double lowest = 0;
    double highest = 0;
    bool logarithmic = false;
    bool relative = false;  // they are factors

    std::string AtPosition(double position) const;
    double PositionOf(double number) const;
  };

  static Axis Parse(const SpaceAxis& text);
  static std::string DrawOn(const Axis& axis, Draws& draws);
  static std::string NearOn(const Axis& axis, const std::string& value, const TrainOptions& here,
                            Draws& draws);

  std::vector<Axis> axes_;
};

}  // namespace colonnade

#endif  // COLONNADE_ENGINE_TRAIN_SPACE_H_
