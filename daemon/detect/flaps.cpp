#include "daemon/detect/flaps.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/detect/tails.hpp"

namespace blipd::detect {

void Flaps::add(base::MonoTime at, const config::Detect& rules) {
  if (starts_.size() == kKept) starts_.erase(starts_.begin());
  starts_.push_back(at);
  settled_until_ = base::MonoTime::min();
  ++total_;
  const bool was_unstable = is_unstable_;
  advance(at, true, rules);
  // What belongs to a beat is no usual behaviour.
  if (!was_unstable && !is_unstable_) episodes_ += 1;
}

void Flaps::advance(base::MonoTime now, bool is_down, const config::Detect& rules) {
  const bool was_unstable = is_unstable_;
  while (!starts_.empty() && now - starts_.front() > kKeptFor) {
    starts_.erase(starts_.begin());
    settled_until_ = base::MonoTime::min();
  }
  if (is_unstable_) {
    if (!is_down && !is_penalty_settled(now, rules)) is_unstable_ = false;
  } else if (!starts_.empty()) {
    is_unstable_ = !is_penalty_settled(now, rules) || (is_down && is_improbable(now, rules));
  } else {
    return;
  }
  if (was_unstable != is_unstable_) settled_until_ = base::MonoTime::min();
}

// Whether the penalty still says what it said: stays above the lower threshold while unstable, below the upper one
// else.
bool Flaps::is_penalty_settled(base::MonoTime now, const config::Detect& rules) {
  if (now < settled_until_) return true;
  const double now_is = penalty(now, rules.flap_half_life, rules);
  if (is_unstable_ ? now_is <= rules.unstable_until : now_is >= rules.unstable_from) return false;
  settled_until_ = now + kLook;
  if (is_unstable_) {
    // Within a second of passing it is computed each time.
    const double half_lives = std::log2(now_is / rules.unstable_until);
    const double passes = half_lives * base::to_seconds(rules.flap_half_life) - 1.0;
    settled_until_ = std::min(settled_until_, now + base::from_seconds(std::clamp(passes, 0.0, 60.0)));
  }
  return true;
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
  settled_until_ = base::MonoTime::min();
}

}  // namespace blipd::detect
