// How well a model does on labelled data.
#ifndef COLONNADE_EVALUATE_H_
#define COLONNADE_EVALUATE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/model.h"

namespace colonnade {

// A class against all others. A ratio without cases (0 / 0) is 0, as in scikit-learn.
struct ClassMetrics {
  size_t support = 0;    // examples of the class
  double precision = 0;  // of those predicted to be of the class, the fraction that is
  double recall = 0;     // of those of the class, the fraction predicted to be
  double f1 = 0;         // harmonic mean of the two
};

inline constexpr size_t kMaxConfusionClasses = 1024;

struct Evaluation {
  size_t examples = 0;
  size_t correct = 0;
  double loss = 0;      // mean cross-entropy, natural logarithm
  double accuracy = 0;  // correct / examples
  size_t classes = 0;
  // classes × classes counts: [truth * classes + prediction]; empty above kMaxConfusionClasses.
  std::vector<uint64_t> confusion;
  std::vector<ClassMetrics> per_class;  // `classes` entries
  ClassMetrics macro;                   // unweighted mean over the classes; support: examples
};

// threads: 0 for DefaultThreads(); the result does not depend on it. Throws kBadData where the data
// have no labels or do not fit the model.
Evaluation Evaluate(const Model& model, const Dataset& data, int threads = 0);

}  // namespace colonnade

#endif  // COLONNADE_EVALUATE_H_
