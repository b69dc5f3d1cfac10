#include "daemon/simulate/timeline.hpp"

#include <algorithm>

namespace blipd::simulate {

void Influence::add(const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::kCut:
      is_cut = true;
      break;
    case EffectKind::kUnreachable:
      unreachable = &effect.unreachable;
      break;
    case EffectKind::kLoss:
      loss = 1.0 - (1.0 - loss) * (1.0 - effect.ratio);
      break;
    case EffectKind::kDelay:
      delay += effect.delay;
      break;
  }
}

void Influence::add(const Influence& other) {
  is_cut = is_cut || other.is_cut;
  loss = 1.0 - (1.0 - loss) * (1.0 - other.loss);
  delay += other.delay;
  if (other.unreachable != nullptr) unreachable = other.unreachable;
}

Timeline::Timeline(const Scenario& scenario) : scenario_(scenario), networks_(scenario.networks.size()) {
  for (const TimelineEntry& entry : scenario.timeline) {
    edges_.push_back(entry.at);
    if (entry.until != base::Duration::max()) edges_.push_back(entry.until);
  }
  if (scenario.repeat > base::Duration::zero()) edges_.push_back(scenario.repeat);
  std::ranges::sort(edges_);
}

void Timeline::recompute(base::Duration now) {
  const base::Duration phase = scenario_.repeat > base::Duration::zero() ? now % scenario_.repeat : now;
  const auto next = std::ranges::upper_bound(edges_, phase);
  from_ = next == edges_.begin() ? now - phase : now - phase + *std::prev(next);
  until_ = next == edges_.end() ? base::Duration::max() : now - phase + *next;

  std::ranges::fill(networks_, Influence{});
  targets_.clear();
  for (const TimelineEntry& entry : scenario_.timeline) {
    if (phase < entry.at || phase >= entry.until) continue;
    switch (entry.scope) {
      case Scope::kNetworks:
        for (const std::size_t network : entry.networks) networks_[network].add(entry.effect);
        break;
      case Scope::kTargets:
        for (const TargetPlace& place : entry.targets) {
          TargetInfluence added{place, {}};
          added.influence.add(entry.effect);
          targets_.push_back(added);
        }
        break;
      case Scope::kAll:
      case Scope::kVantage:
        for (std::size_t i = 0; i < networks_.size(); ++i) {
          if (entry.scope == Scope::kVantage || !scenario_.networks[i].is_control) networks_[i].add(entry.effect);
        }
        break;
    }
  }
}

Influence Timeline::at(base::Duration now, std::size_t network, std::optional<std::size_t> target) {
  if (now < from_ || now >= until_) recompute(now);
  Influence influence = networks_[network];
  if (!target) return influence;
  for (const TargetInfluence& each : targets_) {
    if (each.place.network == network && each.place.target == *target) influence.add(each.influence);
  }
  return influence;
}

}  // namespace blipd::simulate
