// SPDX-License-Identifier: Apache-2.0
// Examples and labels in the memory of the caller: views, from which Dataset::FromMemory() copies.
#ifndef COLONNADE_ROWS_H_
#define COLONNADE_ROWS_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <string>
#include <variant>

namespace colonnade {

// A vector, an array, a span of one of these types.
template <class Range, class... Elements>
concept MemoryOf = std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range> &&
                   (std::same_as<std::ranges::range_value_t<Range>, Elements> || ...);

// The values of examples, one example after the other.
struct Rows {
  // features_of_each: 0 for as many as the schema says. apart: elements from one example to the
  // next, of which those behind the features mean nothing; 0 for none of these.
  template <MemoryOf<uint8_t, float, double> Range>
  Rows(const Range& of, size_t features_of_each = 0, size_t apart = 0)  // NOLINT: meant to convert
      : values(std::span<const std::ranges::range_value_t<Range>>(of)),
        features(features_of_each),
        stride(apart) {}

  std::variant<std::span<const uint8_t>, std::span<const float>, std::span<const double>> values;
  size_t features;
  size_t stride;
};

// What there is to learn of each example, by the type of the elements:
//
//   none              the examples have no labels
//   uint32_t          indices of schema.classes, or, where those are empty, of "0" .. "K-1" for the
//                     largest index K-1
//   int32_t, int64_t  classes; as the CSV reader has them, their names are the decimal numbers
//   std::string       classes; as the CSV reader has them, integers and other texts
//   float, double     numbers to predict (regression)
//
// int32_t, int64_t and std::string are looked up in schema.classes, or, where those are empty,
// become the classes in ascending order (of numbers where all are numbers, else of bytes).
struct Labels {
  Labels() = default;
  template <MemoryOf<uint32_t, int32_t, int64_t, std::string, float, double> Range>
  Labels(const Range& of)  // NOLINT: meant to convert
      : values(std::span<const std::ranges::range_value_t<Range>>(of)) {}

  std::variant<std::monostate, std::span<const uint32_t>, std::span<const int32_t>,
               std::span<const int64_t>, std::span<const std::string>, std::span<const float>,
               std::span<const double>>
      values;
};

}  // namespace colonnade

#endif  // COLONNADE_ROWS_H_
