// What the timeline does to a network or a target at a given moment. Pure; keeps the effects of the current
// stretch between two edges, so that asking for a moment in the same stretch costs a comparison.
#pragma once

#include <optional>
#include <vector>

#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

// All effects that are active on one network or target, taken together.
struct Influence {
  bool is_cut = false;
  double loss = 0;  // independent losses combined: 1 − Π(1 − ratio)
  base::Duration delay{};
  const Unreachable* unreachable = nullptr;  // the last one listed

  void add(const Effect& effect);
  void add(const Influence& other);
};

class Timeline {
 public:
  // `scenario` outlives this.
  explicit Timeline(const Scenario& scenario);

  // `now` counts from the scenario's start. Any order of times is right, an ascending one is fast.
  // `target` is empty for an address that is no listed target.
  Influence at(base::Duration now, std::size_t network, std::optional<std::size_t> target);

 private:
  struct TargetInfluence {
    TargetPlace place;
    Influence influence;
  };

  void recompute(base::Duration now);

  const Scenario& scenario_;
  std::vector<base::Duration> edges_;  // ascending
  base::Duration from_ = base::Duration::max();
  base::Duration until_{};
  std::vector<Influence> networks_;
  std::vector<TargetInfluence> targets_;
};

}  // namespace blipd::simulate
