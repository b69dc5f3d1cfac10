#include "daemon/detect/reachable.hpp"

namespace blipd::detect {

CountryStanding stand(std::span<const NetworkStanding> networks) {
  CountryStanding standing;
  double weight = 0;
  double up = 0;
  double believed = 0;
  double usual = 0;
  double down = 0;
  bool is_any_up = false;
  for (const NetworkStanding& network : networks) {
    if (!network.reachable_ratio) continue;
    weight += network.weight;
    up += network.weight * *network.reachable_ratio;
    believed += network.weight * network.believed_ratio.value_or(*network.reachable_ratio);
    usual += network.weight * (1 - network.usual_down);
    if (network.state == NetworkState::kOutage) down += network.weight;
    if (network.state != NetworkState::kOutage) is_any_up = true;
    if (network.state != NetworkState::kUnknown) standing.is_known = true;
    if (network.state == NetworkState::kNormal) standing.is_any_up = true;
  }
  if (weight <= 0) return standing;
  standing.reachable_ratio = up / weight;
  standing.believed_ratio = believed / weight;
  standing.usual_ratio = usual / weight;
  standing.down_share = down / weight;
  standing.is_all_down = !is_any_up;
  return standing;
}

CountryLevel CountryTest::decide(const CountryStanding& standing, base::MonoTime now, const config::Detect& rules) {
  if (!standing.is_known || !standing.believed_ratio) return CountryLevel::kUnknown;
  if (standing.is_all_down) return CountryLevel::kTotal;
  const bool was_partial = level_ == CountryLevel::kPartial || level_ == CountryLevel::kTotal;
  const bool is_low =
      *standing.believed_ratio < standing.usual_ratio * (was_partial ? rules.partial_ends : rules.partial_share);
  if (!is_low) low_since_ = kNever;
  if (is_low && low_since_ == kNever) low_since_ = now;
  const bool is_low_for_long = is_low && (was_partial || now - low_since_ >= rules.partial_hold);
  const bool is_down_in_part = 1.0 - standing.down_share < rules.partial_share;
  return is_low_for_long || is_down_in_part ? CountryLevel::kPartial : CountryLevel::kNormal;
}

bool CountryTest::update(const CountryStanding& standing, base::MonoTime now, const config::Detect& rules) {
  const CountryLevel level = decide(standing, now, rules);
  if (level == level_) return false;
  level_ = level;
  return true;
}

}  // namespace blipd::detect
