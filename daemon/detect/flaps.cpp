#include "daemon/detect/flaps.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/detect/tails.hpp"

namespace blipd::detect {

void Flaps::add(base::MonoTime at, const config::Detect& rules) {
  if (starts_.size() == kKept) starts_.erase(starts_.begin());
  starts_.push_back(at);
  ++total_;
  const bool was_unstable = is_unstable_;
  advance(at, true, rules);
  // What belongs to a beat is no usual behaviour.
  if (!was_unstable && !is_unstable_) episodes_ += 1;
}

void Flaps::advance(base::MonoTime now, bool is_down, const config::Detect& rules) {
  while (!starts_.empty() && now - starts_.front() > kKeptFor) starts_.erase(starts_.begin());
  if (is_unstable_ && (is_down || penalty(now, rules.flap_half_life, rules) > rules.unstable_until)) return;
  if (is_unstable_) {
    is_unstable_ = false;
  } else if (!starts_.empty()) {
    is_unstable_ =
        penalty(now, rules.flap_half_life, rules) >= rules.unstable_from || (is_down && is_improbable(now, rules));
  }
}

bool Flaps::is_improbable(base::MonoTime now, const config::Detect& rules) const {
  const std::uint32_t starts = count(now, rules.flap_window);
  if (starts < kFewest) return false;
  const double expected = usual_per_day() * base::to_seconds(rules.flap_window) / 86400.0;
  return poisson_tail(expected, starts) < rules.chance;
}

void Flaps::watched(base::Duration calm) {
  days_ += base::to_seconds(calm) / 86400.0;
  if (days_ <= kDays) return;
  episodes_ *= kDays / days_;
  days_ = kDays;
}

double Flaps::penalty(base::MonoTime now, base::Duration half_life, const config::Detect& rules) const {
  double sum = 0;
  for (const base::MonoTime start : starts_) {
    if (start > now) continue;
    sum += rules.flap_penalty * std::exp2(-base::to_seconds(now - start) / base::to_seconds(half_life));
  }
  return std::min(sum, rules.flap_ceiling);
}

std::uint32_t Flaps::count(base::MonoTime now, base::Duration length) const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(starts_, [&](base::MonoTime t) { return t <= now && now - t <= length; }));
}

base::MonoTime Flaps::first_since(base::MonoTime now, base::Duration length, base::MonoTime after) const {
  for (const base::MonoTime start : starts_) {
    if (start > after && now - start <= length) return start;
  }
  return now;
}

double Flaps::usual_per_day() const { return (kPriorEpisodes + episodes_) / (kPriorDays + days_); }

void Flaps::restore(Memory memory) {
  starts_ = std::move(memory.starts);
  episodes_ = memory.episodes;
  days_ = memory.days;
  is_unstable_ = memory.is_unstable;
}

}  // namespace blipd::detect
