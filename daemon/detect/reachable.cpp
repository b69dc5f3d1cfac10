#include "daemon/detect/reachable.hpp"

namespace blipd::detect {

CountryStanding stand(std::span<const NetworkStanding> networks) {
  CountryStanding standing;
  double weight = 0;
  double up = 0;
  double down = 0;
  bool is_any_up = false;
  for (const NetworkStanding& network : networks) {
    if (!network.reachable_ratio) continue;
    weight += network.weight;
    up += network.weight * *network.reachable_ratio;
    if (network.state == NetworkState::kOutage) down += network.weight;
    if (network.state != NetworkState::kOutage) is_any_up = true;
    if (network.state != NetworkState::kUnknown) standing.is_known = true;
  }
  if (weight <= 0) return standing;
  standing.reachable_ratio = up / weight;
  standing.down_share = down / weight;
  standing.is_all_down = !is_any_up;
  return standing;
}

CountryLevel CountryTest::decide(const CountryStanding& standing, std::optional<double> usual, base::MonoTime now) {
  if (!standing.is_known || !standing.reachable_ratio) return CountryLevel::kUnknown;
  if (standing.is_all_down) return CountryLevel::kTotal;
  const double expected = usual.value_or(1.0);
  const bool was_partial = level_ == CountryLevel::kPartial || level_ == CountryLevel::kTotal;
  const bool is_low = *standing.reachable_ratio < expected * (was_partial ? kPartialEnds : kPartialShare);
  if (!is_low) low_since_ = kNever;
  if (is_low && low_since_ == kNever) low_since_ = now;
  const bool is_low_for_long = is_low && (was_partial || now - low_since_ >= kPartialHold);
  const bool is_down_in_part = 1.0 - standing.down_share < kPartialShare;
  return is_low_for_long || is_down_in_part ? CountryLevel::kPartial : CountryLevel::kNormal;
}

bool CountryTest::update(const CountryStanding& standing, std::optional<double> usual, base::MonoTime now) {
  const CountryLevel level = decide(standing, usual, now);
  if (level == level_) return false;
  level_ = level;
  since_ = now;
  return true;
}

}  // namespace blipd::detect
