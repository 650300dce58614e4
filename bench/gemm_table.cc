// SPDX-License-Identifier: Apache-2.0
#include "bench/gemm_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <regex>
#include <vector>

#include "bench/multipliers.h"
#include "bench/support.h"

namespace colonnade::bench {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// A multiplier at one problem, and how it fared.
struct Contestant {
  std::string name;
  Product product;
  std::vector<double> rates;  // FLOP/s, per round

  double median() const { return Median(rates); }
  double best() const { return *std::max_element(rates.begin(), rates.end()); }
};

// The median over the rounds of a[i] / b[i]: the machine's speed drifts, but hardly within a round.
double MedianRatio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios(a.size());
  for (size_t i = 0; i < a.size(); ++i) ratios[i] = a[i] / b[i];
  return Median(std::move(ratios));
}

// Calls per second, the best of some samples of at least 2 ms: whatever else runs on the machine
// only slows down. Warm before, so that it does not matter who ran last.
double TakeTurn(const std::function<void()>& run, size_t threads) {
  constexpr double kSample = 2e-3;
  constexpr double kTurn = 8e-3;
  double seconds_per_call = kSample;
  const Stopwatch warm(threads);
  do {
    const Stopwatch watch(threads);
    run();
    seconds_per_call = std::min(seconds_per_call, watch.Seconds());
  } while (warm.Seconds() < WarmUpSeconds(threads));
  const int calls = static_cast<int>(kSample / seconds_per_call);
  double best = 0;
  const Stopwatch turn(threads);
  do {
    const Stopwatch watch(threads);
    for (int i = 0; i < calls; ++i) run();
    best = std::max(best, calls / watch.Seconds());
  } while (turn.Seconds() < kTurn);
  return best;
}

// Ours over the better peer.
struct Ratios {
  double median, best;
};

constexpr int kNameWidth = 32;

// Multipliers, the one to judge first, on some number of threads.
class Table {
 public:
  Table(std::vector<Multiplier> multipliers, int threads, int rounds)
      : multipliers_(std::move(multipliers)), execution_(threads), rounds_(rounds) {}

  void AddRow(const Shape& shape) {
    if (empty_) PrintHeader();
    empty_ = false;
    execution_.Run([&] { Measure(shape); });
    std::fflush(stdout);
  }

  void PrintMeans() const {
    if (ratios_.empty()) return;
    Ratios sum{0, 0};
    for (const Ratios& r : ratios_) {
      sum.median += std::log(r.median);
      sum.best += std::log(r.best);
    }
    const auto count = static_cast<double>(ratios_.size());
    fmt::print("{:{}}{:8.3f}{:8.3f}\n", "geometric mean",
               static_cast<size_t>(kNameWidth) + 10 * multipliers_.size() + 8,
               std::exp(sum.median / count), std::exp(sum.best / count));
  }

 private:
  void PrintHeader() const {
    const size_t rates_width = 10 * multipliers_.size();
    fmt::print(
        "\n{:{}}{:>{}}",
        fmt::format("{}, threads: {}", Name(multipliers_[0].arithmetic), execution_.threads()),
        kNameWidth, "GFLOP/s", rates_width);
    fmt::print("{:>8}  {}\n{:{}}", "ours", "first / best of the others", "", kNameWidth);
    for (const Multiplier& m : multipliers_) fmt::print("{:>10}", m.name);
    fmt::print("{:>8}{:>8}{:>8}\n", "peak%", "median", "best");
  }

  void Measure(const Shape& shape) {
    GemmProblem problem(shape);
    std::vector<Contestant> contestants;
    for (const Multiplier& m : multipliers_) {
      contestants.push_back({m.name, FastestWay(m, problem, execution_), {}});
      Settle(execution_);
    }
    std::vector<double> peaks;
    for (int round = 0; round < rounds_; ++round) {
      peaks.push_back(PeakFlops(execution_, multipliers_[0].arithmetic));
      for (Contestant& c : contestants) {
        c.rates.push_back(shape.Flops() * TakeTurn(c.product.run, execution_.threads()));
        Settle(execution_);
      }
    }
    PrintRow(shape, contestants, peaks);
  }

  void PrintRow(const Shape& shape, const std::vector<Contestant>& contestants,
                const std::vector<double>& peaks) {
    const Contestant& ours = contestants[0];
    fmt::print("{:{}}", shape.Name(), kNameWidth);
    for (const Contestant& c : contestants) fmt::print("{:10.1f}", c.median() * 1e-9);
    fmt::print("{:8.1f}", 100 * MedianRatio(ours.rates, peaks));
    if (contestants.size() > 1) {
      const auto better =
          std::max_element(contestants.begin() + 1, contestants.end(),
                           [](const auto& a, const auto& b) { return a.median() < b.median(); });
      const auto best =
          std::max_element(contestants.begin() + 1, contestants.end(),
                           [](const auto& a, const auto& b) { return a.best() < b.best(); });
      ratios_.push_back({MedianRatio(ours.rates, better->rates), ours.best() / best->best()});
      fmt::print("{:8.3f}{:8.3f}  {}: {}", ratios_.back().median, ratios_.back().best, better->name,
                 better->product.way);
    }
    fmt::print("\n");
  }

  std::vector<Multiplier> multipliers_;
  Execution execution_;
  int rounds_;
  bool empty_ = true;
  std::vector<Ratios> ratios_;
};

}  // namespace

void PrintGemmTable(const std::string& filter, int rounds) {
  std::vector<Multiplier> multipliers;
  for (const Multiplier& m : {Colonnade(), OpenBlas(), OneDnn()}) {
    if (m.version.empty()) {
      fmt::print("{}: not found when this was built (tools/setup.sh --peers installs it)\n",
                 m.name);
    } else {
      fmt::print("{}: {}\n", m.name, m.version);
      multipliers.push_back(m);
    }
  }
  const std::regex wanted(filter);
  const auto print = [&](const std::vector<Multiplier>& contestants) {
    for (const int threads : ThreadCounts()) {
      Table table(contestants, threads, rounds);
      for (const Shape& shape : ReadShapes()) {
        if (std::regex_search(shape.Name() + "/threads:" + std::to_string(threads), wanted)) {
          table.AddRow(shape);
        }
      }
      table.PrintMeans();
    }
  };
  print(multipliers);
  Multiplier f32 = Colonnade();
  f32.name = "f32";
  if (!ColonnadeBf16().version.empty()) print({ColonnadeBf16(), f32});
}

}  // namespace colonnade::bench
