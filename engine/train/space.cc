// SPDX-License-Identifier: Apache-2.0
#include "engine/train/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>

#include "colonnade/error.h"
#include "engine/runtime/option_text.h"
#include "engine/train/grid.h"
#include "engine/train/option_table.h"

namespace colonnade {
namespace {

// What is searched. An option that does not belong to the optimizer, loss or schedule of a trial is
// left out of it. Widths: from less to more, for neighbours are likelier than others.
constexpr std::pair<const char*, const char*> kSpace[] = {
    {"hidden", "64,128,192,256,512,64+64,128+64,128+128,256+128,256+256,512+256,256+256+256"},
    {"activation", "relu,leaky-relu,elu,silu,gelu,tanh,mish"},
    {"embed", "auto,none"},
    {"embed-pieces", "4,8,16,32"},
    {"batch-norm", "off,on"},
    {"dropout", "0..0.5"},
    {"label-smoothing", "0..0.1"},
    {"epochs", "x0.1..x2:log"},
    {"batch-size", "32,64,96,128,256"},
    {"optimizer", "momentum,adamw"},
    {"lr", "x0.1..x10:log"},
    {"weight-decay", "1e-6..1:log"},
};

// How likely an option changes from a point to one near it, and by how much of its range.
constexpr double kChanges = 0.3;
constexpr double kStep = 0.2;

constexpr std::string_view kRange = "..";
constexpr std::string_view kLogarithmic = ":log";

bool IsNumeric(const Option& option) {
  return !option.list &&
         (option.type == OptionType::kNumber || option.type == OptionType::kInteger);
}

// A number as text, as exact as it is worth; of an integer option an integer.
std::string TextOf(const Option& option, double number) {
  if (option.type == OptionType::kInteger) return fmt::format("{:.0f}", number);
  return NumberText(*NumberOf<double>(fmt::format("{:.3g}", number)));
}

// Of the option as it is in force; 0 where it has none.
double NumberOfOption(const TrainOptions& options, const Option& option) {
  return NumberOf<double>(OptionText(options, option.info.name)).value_or(0);
}

[[noreturn]] void RejectSpace(const SpaceAxis& axis, const std::string& expected) {
  Reject("space", fmt::format("'{}={}'", axis.name, axis.values), expected);
}

}  // namespace

std::vector<SpaceAxis> DefaultSpace() {
  std::vector<SpaceAxis> axes;
  for (const auto& [name, values] : kSpace) axes.push_back({name, values});
  return axes;
}

uint32_t Draws::Bits() {
  if (used_ == bits_.size()) {
    bits_ = random_.Block(block_++);
    used_ = 0;
  }
  return bits_[used_++];
}

double Draws::Uniform() { return (static_cast<double>(Bits()) + 0.5) / 4294967296.0; }

double Draws::Normal() {
  const double radius = std::sqrt(-2 * std::log(Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

size_t Draws::Below(size_t n) { return static_cast<size_t>(Uniform() * static_cast<double>(n)); }

std::string Space::Axis::AtPosition(double position) const {
  // Of an even range its thousandths are as exact as it is worth.
  const double number = logarithmic
                            ? lowest * std::pow(highest / lowest, position)
                            : lowest + std::round(1000 * position) / 1000 * (highest - lowest);
  if (relative) return fmt::format("x{:.3g}", number);
  return TextOf(*option, std::clamp(number, lowest, highest));
}

double Space::Axis::PositionOf(double number) const {
  const double within = std::clamp(number, lowest, highest);
  return logarithmic ? std::log(within / lowest) / std::log(highest / lowest)
                     : (within - lowest) / (highest - lowest);
}

Space::Axis Space::Parse(const SpaceAxis& text) {
  Axis axis{.option = &RequireAxisOption("space", text.name)};
  const size_t dots = text.values.find(kRange);
  if (dots == std::string::npos) {
    TrainOptions options;
    for (const std::string_view value : ItemsOf(text.values)) {
      if (value.empty()) RejectSpace(text, "a value on each side of every comma");
      if (std::ranges::find(axis.values, value) != axis.values.end()) {
        RejectSpace(text, "each value once");
      }
      SetAxisValue(options, *axis.option, std::string(value));
      CheckRanges(options);
      axis.values.emplace_back(value);
    }
    return axis;
  }
  if (!IsNumeric(*axis.option)) RejectSpace(text, "a list of values, such as 64,128: no number");
  std::string_view low = std::string_view(text.values).substr(0, dots);
  std::string_view high = std::string_view(text.values).substr(dots + kRange.size());
  axis.logarithmic = high.ends_with(kLogarithmic);
  if (axis.logarithmic) high.remove_suffix(kLogarithmic.size());
  axis.relative = low.starts_with('x') && high.starts_with('x');
  if (axis.relative) {
    low.remove_prefix(1);
    high.remove_prefix(1);
  }
  const auto lowest = NumberOf<double>(low);
  const auto highest = NumberOf<double>(high);
  if (!lowest || !highest || !std::isfinite(*lowest) || !std::isfinite(*highest)) {
    RejectSpace(text, "A..B, such as 0..0.5, 1e-4..0.1:log or x0.1..x10:log");
  }
  if (*lowest >= *highest) RejectSpace(text, "the lower number first");
  if ((axis.logarithmic || axis.relative) && *lowest <= 0) RejectSpace(text, "numbers above 0");
  const Option& option = *axis.option;
  for (const double end : {*lowest, *highest}) {
    if (!axis.relative && !option.info.range.Has(end)) {
      Reject(option.info.name, NumberText(end), RangeText(option.info.range, option.type));
    }
  }
  axis.lowest = *lowest;
  axis.highest = *highest;
  return axis;
}

Space::Space(const std::vector<SpaceAxis>& axes) {
  for (const SpaceAxis& text : axes) {
    Axis axis = Parse(text);
    if (std::ranges::find(axes_, axis.option, &Axis::option) != axes_.end()) {
      Reject("space", fmt::format("'{}' twice", text.name), "each name once");
    }
    axes_.push_back(std::move(axis));
  }
}

std::string Space::DrawOn(const Axis& axis, Draws& draws) {
  if (axis.values.empty()) return axis.AtPosition(draws.Uniform());
  return axis.values[draws.Below(axis.values.size())];
}

std::string Space::NearOn(const Axis& axis, const std::string& value, const TrainOptions& here,
                          Draws& draws) {
  const std::vector<std::string>& values = axis.values;
  if (values.empty()) {
    double number = axis.relative ? 1 : NumberOfOption(here, *axis.option);
    if (axis.relative && !value.empty()) number = *NumberOf<double>(value.substr(1));
    double position = axis.PositionOf(number) + kStep * draws.Normal();
    while (position < 0 || position > 1) position = position < 0 ? -position : 2 - position;
    return axis.AtPosition(position);
  }
  std::string now = value;
  if (now.empty()) {
    now = OptionText(here, axis.option->info.name);
    std::ranges::replace(now, ',', '+');
  }
  const auto found = std::ranges::find(values, now);
  if (found == values.end() || draws.Uniform() < 0.5) return DrawOn(axis, draws);
  const auto place = static_cast<size_t>(found - values.begin());
  const bool up = place == 0 || (place + 1 < values.size() && draws.Uniform() < 0.5);
  return values[up ? std::min(place + 1, values.size() - 1) : place - 1];
}

Space::Point Space::Draw(Draws& draws) const {
  Point point;
  for (const Axis& axis : axes_) point.push_back(DrawOn(axis, draws));
  return point;
}

Space::Point Space::Near(const Point& point, const TrainOptions& here, Draws& draws) const {
  Point near = point;
  const size_t certain = draws.Below(axes_.size());
  for (size_t i = 0; i < axes_.size(); ++i) {
    if (i == certain || draws.Uniform() < kChanges) {
      near[i] = NearOn(axes_[i], point[i], here, draws);
    }
  }
  return near;
}

Configuration Space::At(const Point& point, const TrainOptions& base, const Dataset& data) const {
  // Without those that do not belong to the others, and the factors.
  TrainOptions all = base;
  for (size_t i = 0; i < axes_.size(); ++i) {
    if (!point[i].empty() && !axes_[i].relative) SetAxisValue(all, *axes_[i].option, point[i]);
  }
  const auto has = [&](size_t i) {
    return !point[i].empty() && Belongs(all, axes_[i].option->info.name);
  };
  TrainOptions options = base;
  for (size_t i = 0; i < axes_.size(); ++i) {
    if (has(i) && !axes_[i].relative) SetAxisValue(options, *axes_[i].option, point[i]);
  }
  // What is multiplied follows from the others, not from other factors.
  const TrainOptions in_force = options.Resolve(data);
  for (size_t i = 0; i < axes_.size(); ++i) {
    if (!has(i) || !axes_[i].relative) continue;
    const Option& option = *axes_[i].option;
    const double number =
        NumberOfOption(in_force, option) * *NumberOf<double>(std::string_view(point[i]).substr(1));
    SetOption(options, option.info.name,
              TextOf(option, option.type == OptionType::kInteger ? std::max(number, 1.0) : number));
  }
  static_cast<void>(options.Resolve(data));
  Configuration configuration;
  for (size_t i = 0; i < axes_.size(); ++i) {
    if (!has(i)) continue;
    const Option& option = *axes_[i].option;
    std::string text = OptionText(options, option.info.name);
    if (option.list) std::ranges::replace(text, ',', '+');
    configuration.settings.emplace_back(option.info.name, std::move(text));
  }
  configuration.options = std::move(options);
  return configuration;
}

}  // namespace colonnade
