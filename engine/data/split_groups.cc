// SPDX-License-Identifier: Apache-2.0
#include "engine/data/split_groups.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "engine/runtime/random.h"

namespace colonnade {
namespace {

// Examples that stay together.
struct Group {
  double size = 0;
  std::vector<std::pair<size_t, double>> classes = {};  // with how many examples of each
  double spread = 0;                                    // standard deviation of these numbers
};

struct Groups {
  std::vector<Group> all = {};
  std::vector<size_t> of = {};      // of each example
  std::vector<double> totals = {};  // examples of each class; all are one class without classes
};

Groups GroupsOf(const Dataset& data) {
  Groups groups;
  groups.totals.resize(std::max<size_t>(1, data.classes()));
  std::unordered_map<uint32_t, size_t> places;
  for (size_t e = 0; e < data.examples(); ++e) {
    const size_t place = places.try_emplace(data.groups()[e], groups.all.size()).first->second;
    if (place == groups.all.size()) groups.all.emplace_back();
    groups.of.push_back(place);
    const size_t k = data.classes() == 0 ? 0 : data.labels()[e];
    ++groups.totals[k];
    Group& group = groups.all[place];
    ++group.size;
    const auto known = std::ranges::find(group.classes, k, &std::pair<size_t, double>::first);
    if (known == group.classes.end()) {
      group.classes.emplace_back(k, 1);
    } else {
      ++known->second;
    }
  }
  const auto classes = static_cast<double>(groups.totals.size());
  for (Group& group : groups.all) {
    double squares = 0;
    for (const auto& [k, count] : group.classes) squares += count * count;
    const double mean = group.size / classes;
    group.spread = std::sqrt(std::max(0.0, squares / classes - mean * mean));
  }
  return groups;
}

std::vector<uint32_t> Shuffled(size_t count, uint64_t seed, RandomStream stream) {
  std::vector<uint32_t> order(count);
  Random(seed, stream, 0).Permutation(order);
  return order;
}

// Takes groups on one of two sides so that each class comes near its share.
class Sides {
 public:
  Sides(const Groups& groups, double fraction)
      : groups_(groups), fraction_(fraction), excess_(groups.totals.size()) {}

  // How much farther from the shares the classes are if the excess of `group` changes by so many
  // times its examples.
  double Cost(const Group& group, double times) const {
    double cost = 0;
    for (const auto& [k, count] : group.classes) {
      const double before = excess_[k] / groups_.totals[k];
      const double after = (excess_[k] + times * count) / groups_.totals[k];
      cost += after * after - before * before;
    }
    return cost;
  }

  void Add(const Group& group, double times) {
    for (const auto& [k, count] : group.classes) excess_[k] += times * count;
  }

  // Decides on a group that was not seen yet: whether it is set aside.
  bool Take(const Group& group) {
    const bool aside = Cost(group, 1 - fraction_) < Cost(group, -fraction_);
    Add(group, aside ? 1 - fraction_ : -fraction_);
    return aside;
  }

 private:
  const Groups& groups_;
  double fraction_;
  std::vector<double> excess_;  // of each class: examples set aside beyond its share so far
};

// The group that is the cheapest to move to the other side, if all are on this one.
size_t Cheapest(const Groups& groups, const Sides& sides, double times) {
  size_t cheapest = 0;
  double least = std::numeric_limits<double>::infinity();
  for (size_t g = 0; g < groups.all.size(); ++g) {
    const double cost = sides.Cost(groups.all[g], times);
    if (cost < least) {
      least = cost;
      cheapest = g;
    }
  }
  return cheapest;
}

}  // namespace

size_t CountGroups(const Dataset& data) {
  std::vector<uint32_t> groups(data.groups().begin(), data.groups().end());
  std::ranges::sort(groups);
  return groups.size() - std::ranges::unique(groups).size();
}

std::vector<char> SetGroupsAside(const Dataset& data, double fraction, uint64_t seed) {
  std::vector<char> aside(data.examples(), 0);
  const Groups groups = GroupsOf(data);
  if (groups.all.size() == 1 || fraction * static_cast<double>(data.examples()) < 0.5) return aside;
  Sides sides(groups, fraction);
  std::vector<char> taken(groups.all.size(), 0);
  const std::vector<uint32_t> order = Shuffled(groups.all.size(), seed, RandomStream::kSplit);
  for (const uint32_t g : order) taken[g] = sides.Take(groups.all[g]) ? 1 : 0;
  // The first decisions did not know the last groups.
  constexpr int kPasses = 4;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (const uint32_t g : order) {
      const double times = taken[g] != 0 ? -1 : 1;
      if (sides.Cost(groups.all[g], times) >= -1e-12) continue;
      sides.Add(groups.all[g], times);
      taken[g] ^= 1;
    }
  }
  const auto count = static_cast<size_t>(std::ranges::count(taken, 1));
  if (count == 0) taken[Cheapest(groups, sides, 1)] = 1;
  if (count == taken.size()) taken[Cheapest(groups, sides, -1)] = 0;
  for (size_t e = 0; e < aside.size(); ++e) aside[e] = taken[groups.of[e]];
  return aside;
}

std::vector<size_t> DealGroups(const Dataset& data, size_t folds, uint64_t seed) {
  const Groups groups = GroupsOf(data);
  std::vector<uint32_t> order = Shuffled(groups.all.size(), seed, RandomStream::kFolds);
  std::vector<uint32_t> place(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  // What is hardest to place comes first; of what is equally so, the order stays.
  std::ranges::sort(order, [&](uint32_t a, uint32_t b) {
    const Group& first = groups.all[a];
    const Group& second = groups.all[b];
    const auto of_first = std::pair(first.spread, first.size);
    const auto of_second = std::pair(second.spread, second.size);
    return of_first != of_second ? of_first > of_second : place[a] < place[b];
  });
  const size_t classes = groups.totals.size();
  std::vector<double> counts(folds * classes);  // of each fold and class
  std::vector<double> squares(classes);         // of each class, over the folds
  std::vector<double> seen(classes);            // examples of each class
  std::vector<double> sizes(folds);
  std::vector<size_t> fold_of_group(groups.all.size());
  const auto n = static_cast<double>(folds);
  for (const uint32_t g : order) {
    const Group& group = groups.all[g];
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t fold = 0; fold < folds; ++fold) {
      // The standard deviations over the folds, of the classes that the group has: those of the
      // others are the same wherever it goes.
      double uneven = 0;
      for (const auto& [k, count] : group.classes) {
        const double sum = squares[k] + (2 * counts[fold * classes + k] + count) * count;
        const double mean = (seen[k] + count) / n;
        uneven += std::sqrt(std::max(0.0, sum / n - mean * mean)) / groups.totals[k];
      }
      const double margin = 1e-9 * least;
      if (fold == 0 || uneven < least - margin ||
          (uneven <= least + margin && sizes[fold] < sizes[best])) {
        best = fold;
        least = uneven;
      }
    }
    for (const auto& [k, count] : group.classes) {
      squares[k] += (2 * counts[best * classes + k] + count) * count;
      counts[best * classes + k] += count;
      seen[k] += count;
    }
    sizes[best] += group.size;
    fold_of_group[g] = best;
  }
  std::vector<size_t> fold_of(data.examples());
  for (size_t e = 0; e < fold_of.size(); ++e) fold_of[e] = fold_of_group[groups.of[e]];
  return fold_of;
}

}  // namespace colonnade
