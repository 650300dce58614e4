// SPDX-License-Identifier: Apache-2.0
// Small datasets for tests.
#ifndef COLONNADE_TESTS_SUPPORT_DATASETS_H_
#define COLONNADE_TESTS_SUPPORT_DATASETS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "colonnade/dataset.h"
#include "tests/support/random.h"
#include "tools/synthetic_digits.h"

namespace colonnade::test {

// Examples for trainings that take more than one chunk of a batch (1024): as few as will do where
// sanitizers make every training some ten times as long.
#ifdef COLONNADE_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
inline constexpr uint32_t kMoreThanAChunk = kSanitized ? 1100 : 2100;

// Uniform, every class present if there are enough examples.
inline std::vector<uint32_t> RandomLabels(size_t examples, size_t classes, Random& random) {
  std::vector<uint32_t> labels(examples);
  for (size_t e = 0; e < examples; ++e) {
    labels[e] = static_cast<uint32_t>(e < classes ? e : random.Below(classes));
  }
  return labels;
}

inline Schema SchemaOf(size_t features, size_t classes) {
  Schema schema;
  schema.features = features;
  for (size_t k = 0; k < classes; ++k) schema.classes.push_back(std::to_string(k));
  return schema;
}

// The values of one example, whatever their type.
inline std::vector<float> ValuesOf(const Dataset& data, size_t example) {
  std::vector<float> values(data.features());
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = data.bytes() != nullptr ? data.BytesOf(example)[i] : data.FloatsOf(example)[i];
  }
  return values;
}

inline std::vector<uint32_t> LabelsOf(const Dataset& data) {
  return {data.labels().begin(), data.labels().end()};
}

// Values uniform in [-1, 1), labels uniform, every class present if there are enough examples.
inline Dataset RandomDataset(size_t examples, size_t features, size_t classes, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(examples * features);
  for (float& value : values) value = random.Uniform(-1, 1);
  const std::vector<uint32_t> labels = RandomLabels(examples, classes, random);
  Schema schema = SchemaOf(features, classes);
  return Dataset::FromMemory(std::span<const float>(values), labels, std::move(schema));
}

// Bytes of which about the fraction `density` is not zero, and none in example 1 and in feature 1;
// labels uniform, every class present if there are enough examples.
inline Dataset SparseDataset(size_t examples, size_t features, size_t classes, float density,
                             uint64_t seed) {
  Random random(seed);
  std::vector<uint8_t> values(examples * features);
  for (size_t i = 0; i < values.size(); ++i) {
    const bool empty = i / features == 1 || i % features == 1;
    if (random.Uniform(0, 1) < density && !empty) {
      values[i] = static_cast<uint8_t>(1 + random.Below(255));
    }
  }
  const std::vector<uint32_t> labels = RandomLabels(examples, classes, random);
  Schema schema = SchemaOf(features, classes);
  return Dataset::FromMemory(std::span<const uint8_t>(values), labels, std::move(schema));
}

// The same values, with targets uniform in [10, 30).
inline Dataset RandomTargets(size_t examples, size_t features, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(examples * features);
  for (float& value : values) value = random.Uniform(-1, 1);
  std::vector<float> targets(examples);
  for (float& target : targets) target = random.Uniform(10, 30);
  Schema schema;
  schema.features = features;
  return Dataset::FromMemory(std::span<const float>(values), targets, schema);
}

// Synthetic digits, 28 × 28 bytes each.
inline Dataset DigitsDataset(size_t examples, uint64_t seed) {
  const tools::Digits digits = tools::MakeDigits(examples, seed);
  const std::vector<uint32_t> labels(digits.labels.begin(), digits.labels.end());
  Schema schema;
  schema.features = 784;
  for (int k = 0; k < 10; ++k) schema.classes.push_back(std::to_string(k));
  return Dataset::FromMemory(std::span<const uint8_t>(digits.pixels), labels, schema);
}

}  // namespace colonnade::test

#endif  // COLONNADE_TESTS_SUPPORT_DATASETS_H_
