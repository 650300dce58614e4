// SPDX-License-Identifier: Apache-2.0
#include "tools/synthetic_digits.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

// How a digit comes about: a skeleton of strokes (control points in a box of -50..50 by -70..70, y
// downwards), each point pushed a little, the whole turned, sheared, scaled and shifted, smooth
// curves laid through the points, and every pixel near a curve inked by its distance from it.
// Lengths on the image are in 1/256 pixel.

namespace colonnade::tools {
namespace {

// Pseudo-random numbers of one example: the finalizer of splitmix64 over a counter.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t example) : key_(Mix(Mix(seed) + example)) {}

  // Uniform in low..high, both included. The bias of the multiplication is below 2^-20 here.
  std::int32_t In(std::int32_t low, std::int32_t high) {
    const auto range = static_cast<std::uint64_t>(high - low + 1);
    return low + static_cast<std::int32_t>(((Next() >> 32) * range) >> 32);
  }

  // Around zero, within -limit..limit, small values more often than large ones.
  std::int32_t Around(std::int32_t limit) { return (In(-limit, limit) + In(-limit, limit)) / 2; }

  bool OneIn(std::int32_t n) { return In(1, n) == 1; }

 private:
  static std::uint64_t Mix(std::uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }

  std::uint64_t Next() { return Mix(key_ + counter_++); }

  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

struct Point {
  std::int32_t x;
  std::int32_t y;
};

// A smooth curve through the points; a straight line if there are only two. In a closed one the
// first point follows the last.
struct Stroke {
  std::vector<Point> points;
  bool closed = false;
};

using Glyph = std::vector<Stroke>;

// The ways in which people write each digit.
const std::array<std::vector<Glyph>, 10>& Glyphs() {
  static const std::array<std::vector<Glyph>, 10> glyphs = {{
      {{{{{0, -70}, {-34, -50}, {-46, 0}, {-34, 50}, {0, 70}, {34, 50}, {46, 0}, {34, -50}},
         true}}},
      {{{{{0, -70}, {0, 70}}}},
       {{{{-26, -42}, {0, -70}}}, {{{0, -70}, {0, 70}}}},
       {{{{-26, -42}, {0, -70}}}, {{{0, -70}, {0, 70}}}, {{{-28, 70}, {28, 70}}}}},
      {{{{{-42, -40}, {-22, -66}, {18, -66}, {38, -36}, {20, 6}, {-14, 40}, {-46, 68}}},
        {{{-46, 68}, {48, 64}}}},
       {{{{-40, -44}, {-4, -70}, {36, -42}, {16, 10}, {-26, 56}, {-44, 40}, {-12, 46}, {46, 66}}}}},
      {{{{{-40, -54}, {-6, -70}, {34, -48}, {26, -18}, {-10, -4}}},
        {{{-10, -4}, {32, 8}, {42, 38}, {8, 70}, {-42, 52}}}},
       {{{{-38, -66}, {36, -66}}},
        {{{36, -66}, {-6, -12}}},
        {{{-6, -12}, {36, 4}, {40, 42}, {4, 70}, {-42, 56}}}}},
      {{{{{20, -70}, {-46, 20}}}, {{{-46, 20}, {48, 20}}}, {{{20, -70}, {20, 70}}}},
       {{{{-34, -66}, {-42, 6}}}, {{{-42, 6}, {44, 2}}}, {{{32, -62}, {24, 70}}}}},
      {{{{{42, -68}, {-32, -66}}},
        {{{-32, -66}, {-38, -8}}},
        {{{-38, -8}, {4, -22}, {44, 10}, {36, 54}, {-4, 70}, {-42, 50}}}}},
      {{{{{32, -68},
          {-8, -44},
          {-36, 0},
          {-36, 46},
          {0, 70},
          {36, 48},
          {30, 12},
          {-2, 0},
          {-34, 26}}}},
       {{{{-2, -70}, {-30, -20}, {-40, 30}, {-10, 70}, {30, 54}, {26, 20}, {-8, 14}, {-36, 34}}}}},
      {{{{{-44, -66}, {44, -66}}}, {{{44, -66}, {14, -10}, {-8, 70}}}},
       {{{{-44, -66}, {44, -66}}}, {{{44, -66}, {14, -10}, {-8, 70}}}, {{{-20, 2}, {36, 0}}}}},
      {{{{{0, -6}, {-34, -36}, {0, -70}, {34, -36}, {0, -6}, {-42, 34}, {0, 70}, {42, 34}}, true}}},
      {{{{{34, -32},
          {6, -6},
          {-32, -20},
          {-34, -52},
          {0, -70},
          {34, -48},
          {34, -16},
          {26, 30},
          {8, 70}}}},
       {{{{32, -40}, {0, -8}, {-34, -32}, {-8, -68}, {32, -44}}}, {{{32, -44}, {30, 70}}}}},
  }};
  return glyphs;
}

// The affine map from the skeleton's box to the image, in 1/65536 of (1/256 pixel per unit).
struct Map {
  std::int64_t xx, xy, yx, yy;
  std::int64_t dx, dy;

  Point operator()(Point p) const {
    const auto apply = [&p](std::int64_t a, std::int64_t b, std::int64_t d) {
      return static_cast<std::int32_t>((a * p.x + b * p.y + d) / 65536);
    };
    return {apply(xx, xy, dx), apply(yx, yy, dy)};
  }
};

Map RandomMap(Random& random) {
  // Angles in 1/65536 radian, up to some 20 degrees: the first terms of the series are enough.
  const std::int64_t angle = random.Around(23000);
  const std::int64_t sine = angle - angle * angle / 65536 * angle / 65536 / 6;
  const std::int64_t cosine = 65536 - angle * angle / 65536 / 2;
  const std::int64_t slant = random.Around(26000) - 4000;   // to the right rather than to the left
  const std::int64_t width = 34 * random.In(48000, 74000);  // 34/256 pixel a unit: 19 pixels high
  const std::int64_t height = 34 * random.In(54000, 72000);
  // Turn * shear * scale. A slant to the right moves the upper part, with its negative y, right.
  Map map{};
  map.xx = cosine * width / 65536;
  map.xy = (-cosine * slant / 65536 - sine) * height / 65536;
  map.yx = sine * width / 65536;
  map.yy = (-sine * slant / 65536 + cosine) * height / 65536;
  map.dx = (14 * 256 + random.Around(700)) * std::int64_t{65536};
  map.dy = (14 * 256 + random.Around(600)) * std::int64_t{65536};
  return map;
}

// The Catmull-Rom curve's point at step/8 between b and c.
Point Between(Point a, Point b, Point c, Point d, std::int32_t step) {
  const auto blend = [step](std::int64_t p, std::int64_t q, std::int64_t r, std::int64_t s) {
    const std::int64_t t = step;
    const std::int64_t sum = 2 * q * 512 + (r - p) * t * 64 +
                             (2 * p - 5 * q + 4 * r - s) * t * t * 8 +
                             (3 * q - p - 3 * r + s) * t * t * t;
    return static_cast<std::int32_t>(sum / 1024);
  };
  return {blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)};
}

std::vector<Point> Curve(std::span<const Point> points, bool closed) {
  if (points.size() == 2) return {points.begin(), points.end()};
  const std::size_t n = points.size();
  // Beyond the ends of an open curve the end point stands in for its missing neighbour.
  const auto at = [&](std::size_t i, std::size_t back) {
    if (closed) return points[(i + n - back) % n];
    return points[std::min(i < back ? 0 : i - back, n - 1)];
  };
  std::vector<Point> curve{points[0]};
  for (std::size_t i = 0; i + (closed ? 0 : 1) < n; ++i) {
    for (std::int32_t step = 1; step <= 8; ++step) {
      curve.push_back(Between(at(i, 1), at(i, 0), at(i + 1, 0), at(i + 2, 0), step));
    }
  }
  return curve;
}

std::int64_t SquareRoot(std::int64_t x) {
  std::int64_t root = 0;
  for (std::int64_t bit = std::int64_t{1} << 15; bit > 0; bit /= 2) {
    if ((root + bit) * (root + bit) <= x) root += bit;
  }
  return root;
}

// The squared distance of p from the segment a..b.
std::int64_t SquaredDistance(Point p, Point a, Point b) {
  const std::int64_t ux = b.x - a.x, uy = b.y - a.y;
  const std::int64_t vx = p.x - a.x, vy = p.y - a.y;
  const std::int64_t along = ux * vx + uy * vy;
  const std::int64_t length = ux * ux + uy * uy;
  if (along <= 0) return vx * vx + vy * vy;
  if (along >= length) {
    const std::int64_t wx = p.x - b.x, wy = p.y - b.y;
    return wx * wx + wy * wy;
  }
  const std::int64_t across = ux * vy - uy * vx;
  return across * across / length;
}

// Draws the segment a..b with a round pen, a pixel wide from full ink to none.
void Ink(std::span<std::uint8_t, kDigitPixels> image, Point a, Point b, std::int32_t radius,
         std::int32_t ink) {
  constexpr std::int32_t kUnit = 256;
  constexpr std::int32_t kLast = static_cast<std::int32_t>(kDigitSide) - 1;
  const std::int32_t reach = radius + kUnit / 2;
  // The pixels whose centres can be within reach.
  const auto first = [&](std::int32_t low) {
    return std::clamp((low - reach) / kUnit - 1, 0, kLast);
  };
  const auto last = [&](std::int32_t high) { return std::clamp((high + reach) / kUnit, 0, kLast); };
  for (std::int32_t row = first(std::min(a.y, b.y)); row <= last(std::max(a.y, b.y)); ++row) {
    for (std::int32_t col = first(std::min(a.x, b.x)); col <= last(std::max(a.x, b.x)); ++col) {
      const Point centre{col * kUnit + kUnit / 2, row * kUnit + kUnit / 2};
      const std::int64_t squared = SquaredDistance(centre, a, b);
      if (squared >= std::int64_t{reach} * reach) continue;
      const std::int64_t cover = std::min<std::int64_t>(reach - SquareRoot(squared), kUnit);
      const auto value = static_cast<std::uint8_t>(cover * ink / kUnit);
      std::uint8_t& pixel =
          image[static_cast<std::size_t>(row) * kDigitSide + static_cast<std::size_t>(col)];
      pixel = std::max(pixel, value);
    }
  }
}

void Draw(std::span<std::uint8_t, kDigitPixels> image, std::uint8_t label, Random& random) {
  const std::vector<Glyph>& ways = Glyphs()[label];
  const Glyph& glyph =
      ways[static_cast<std::size_t>(random.In(0, static_cast<std::int32_t>(ways.size()) - 1))];
  const Map map = RandomMap(random);
  const std::int32_t radius = random.In(170, 390);
  const std::int32_t ink = random.In(215, 255);
  std::vector<Point> points;
  for (const Stroke& stroke : glyph) {
    points.clear();
    for (const Point& p : stroke.points) {
      points.push_back(map({p.x + random.Around(11), p.y + random.Around(11)}));
    }
    const std::vector<Point> curve = Curve(points, stroke.closed);
    for (std::size_t i = 1; i < curve.size(); ++i) Ink(image, curve[i - 1], curve[i], radius, ink);
  }
  if (random.OneIn(8)) {  // a slip of the pen
    const Point from{random.In(0, 28 * 256), random.In(0, 28 * 256)};
    Ink(image, from, {from.x + random.Around(1500), from.y + random.Around(1500)}, radius / 2, ink);
  }
  for (std::uint8_t& pixel : image) {  // uneven ink; the paper stays white
    if (pixel != 0) pixel = static_cast<std::uint8_t>(pixel * random.In(210, 255) / 255);
  }
}

}  // namespace

Digits MakeDigits(std::size_t examples, std::uint64_t seed) {
  Digits digits;
  digits.pixels.resize(examples * kDigitPixels);
  digits.labels.resize(examples);
  for (std::size_t i = 0; i < examples; ++i) {
    Random random(seed, i);
    digits.labels[i] = static_cast<std::uint8_t>(random.In(0, 9));
    Draw(std::span<std::uint8_t, kDigitPixels>(&digits.pixels[i * kDigitPixels], kDigitPixels),
         digits.labels[i], random);
  }
  return digits;
}

void WriteDigitsCsv(std::ostream& out, const Digits& digits) {
  std::string line = "label";
  for (std::size_t row = 1; row <= kDigitSide; ++row) {
    for (std::size_t col = 1; col <= kDigitSide; ++col) {
      line += ',' + std::to_string(row) + 'x' + std::to_string(col);
    }
  }
  out << line << '\n';
  for (std::size_t i = 0; i < digits.labels.size() && out; ++i) {
    line = std::to_string(digits.labels[i]);
    for (std::size_t p = i * kDigitPixels; p < (i + 1) * kDigitPixels; ++p) {
      line += ',';
      line += std::to_string(digits.pixels[p]);
    }
    out << line << '\n';
  }
}

}  // namespace colonnade::tools
