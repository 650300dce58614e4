// SPDX-License-Identifier: Apache-2.0
#include "cli/profile_report.h"

#include <fmt/format.h>

#include "cli/output.h"

namespace colonnade::cli {
namespace {

std::string Row(const Profile& profile, const std::string& name, double seconds, double flops) {
  std::string row =
      fmt::format("{:<20}{:10.4f}{:7.1f} %", name, seconds, 100 * seconds / profile.seconds);
  if (flops > 0) {
    const double rate = flops / (seconds * profile.threads);
    row += fmt::format("{:10.3f}{:9.1f}{:7.0f} %", 1e-9 * flops, 1e-9 * rate,
                       100 * rate / profile.peak_flops);
  }
  return row + '\n';
}

}  // namespace

std::string ProfileTable(const Profile& profile, const NetworkShape& shape) {
  std::string text = fmt::format("{:<20}{:>10}{:>9}{:>10}{:>9}{:>9}\n", "profile", "seconds",
                                 "share", "GFLOP", "GFLOP/s", "of peak");
  int layer = -1;
  double flops = 0;
  for (const Profile::Total& total : profile.totals) {
    if (total.layer > layer) {
      layer = total.layer;
      const Layer& l = shape.layers[static_cast<size_t>(layer)];
      text += fmt::format("layer {}: {}-{}\n", layer, l.inputs, l.outputs);
    }
    const bool skipped = profile.zeros_skipped && total.layer == 0 && total.flops > 0;
    text += Row(
        profile,
        fmt::format("{}{}{}", total.layer < 0 ? "" : "  ", Name(total.phase), skipped ? " *" : ""),
        total.seconds, total.flops);
    flops += total.flops;
  }
  text += Row(profile, "total", profile.seconds, flops);
  if (profile.zeros_skipped) text += "* zeros skipped, but counted as if multiplied\n";
  text += fmt::format(
      "{} steps, {} {}. Seconds are means over the threads, GFLOP/s are per thread.\n"
      "Peak: {:.1f} GFLOP/s per thread, the same arithmetic in registers, measured before.\n"
      "Profiling itself took about {:.4f} s ({:.1f} %), contained in the above.\n",
      WithCommas(profile.steps), profile.threads, profile.threads == 1 ? "thread" : "threads",
      1e-9 * profile.peak_flops, profile.own_seconds, 100 * profile.own_seconds / profile.seconds);
  return text;
}

}  // namespace colonnade::cli
