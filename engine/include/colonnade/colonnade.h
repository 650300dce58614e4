// SPDX-License-Identifier: Apache-2.0
// Colonnade: dense neural networks on multicore CPUs. Everything that an embedding program needs.
#ifndef COLONNADE_COLONNADE_H_
#define COLONNADE_COLONNADE_H_

#include "colonnade/cache.h"      // IWYU pragma: export
#include "colonnade/check.h"      // IWYU pragma: export
#include "colonnade/csv.h"        // IWYU pragma: export
#include "colonnade/dataset.h"    // IWYU pragma: export
#include "colonnade/error.h"      // IWYU pragma: export
#include "colonnade/evaluate.h"   // IWYU pragma: export
#include "colonnade/files.h"      // IWYU pragma: export
#include "colonnade/loss.h"       // IWYU pragma: export
#include "colonnade/machine.h"    // IWYU pragma: export
#include "colonnade/model.h"      // IWYU pragma: export
#include "colonnade/names.h"      // IWYU pragma: export
#include "colonnade/network.h"    // IWYU pragma: export
#include "colonnade/optimizer.h"  // IWYU pragma: export
#include "colonnade/options.h"    // IWYU pragma: export
#include "colonnade/predictor.h"  // IWYU pragma: export
#include "colonnade/profile.h"    // IWYU pragma: export
#include "colonnade/rates.h"      // IWYU pragma: export
#include "colonnade/rows.h"       // IWYU pragma: export
#include "colonnade/scaling.h"    // IWYU pragma: export
#include "colonnade/schedule.h"   // IWYU pragma: export
#include "colonnade/select.h"     // IWYU pragma: export
#include "colonnade/split.h"      // IWYU pragma: export
#include "colonnade/sweep.h"      // IWYU pragma: export
#include "colonnade/train.h"      // IWYU pragma: export
#include "colonnade/trainer.h"    // IWYU pragma: export
#include "colonnade/tune.h"       // IWYU pragma: export
#include "colonnade/version.h"    // IWYU pragma: export

#endif  // COLONNADE_COLONNADE_H_
