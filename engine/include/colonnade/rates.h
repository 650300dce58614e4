// SPDX-License-Identifier: Apache-2.0
// A range test: which learning rate suits.
#ifndef COLONNADE_RATES_H_
#define COLONNADE_RATES_H_

#include <vector>

#include "colonnade/dataset.h"
#include "colonnade/train.h"

namespace colonnade {

struct RateTest {
  struct Point {
    double rate;
    double loss;  // mean of the batches up to it, the latest counting most
  };

  std::vector<Point> points;  // rates ascending; at least one
  double lowest_loss_rate = 0;
  double suggested = 0;  // for TrainOptions::learning_rate, the highest of a schedule
};

// Trains for an epoch with a rate that grows by the same factor at each step, from 1e-6 to
// 10, and stops where the loss has grown to 4 times the lowest (Smith, "Cyclical learning rates for
// training neural networks", WACV 2017, section 3.3; the exponential growth as in fastai). It takes
// as many steps as an epoch has, but at least 100 and at most 1000. The model is thrown away.
//
// Of the options it takes all that a single step depends on; rate, schedule and epochs are not
// used. on_progress is called after each step; false ends the test with the points so far. Threads
// and errors as of Train(), but a loss that is not finite any more only ends the test.
RateTest TestRates(const Dataset& data, const TrainOptions& options);

}  // namespace colonnade

#endif  // COLONNADE_RATES_H_
