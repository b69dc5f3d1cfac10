#include "daemon/engine/budget.hpp"

#include <algorithm>

namespace blipd::engine {

RateLimit::RateLimit(double rate) {
  if (rate <= 0) return;
  spacing_ = base::from_seconds(1.0 / rate);
  const double burst = std::max(kMinBurst, rate / 10);
  tolerance_ = base::from_seconds((burst - 1) / rate);
}

void RateLimit::spend(base::MonoTime now) {
  if (is_limited()) next_ = std::max(next_, now) + spacing_;
}

Budget::Budget(const config::Budget& limits, Taken taken) : limits_(limits), taken_(taken), total_(limits.total_rate) {}

base::Prefix Budget::prefix_of(const base::Address& address) { return {address, address.is_v4() ? 24U : 48U}; }

bool Budget::take(const base::Address& address, base::MonoTime now) { return take(address, now, Need::kFirst); }
bool Budget::take_spare(const base::Address& address, base::MonoTime now) { return take(address, now, Need::kSpare); }

bool Budget::take(const base::Address& address, base::MonoTime now, Need need) {
  if (limits_.total_rate <= 0 && limits_.prefix_rate <= 0) return true;
  if (taken_ == Taken::kByOneThread) return take_unlocked(address, now, need);
  const std::lock_guard lock(mutex_);
  return take_unlocked(address, now, need);
}

bool Budget::take_unlocked(const base::Address& address, base::MonoTime now, Need need) {
  const auto allows = [&](const RateLimit& limit) {
    return need == Need::kFirst ? limit.allows(now) : limit.has_spare(now);
  };
  if (!allows(total_)) return false;
  if (limits_.prefix_rate > 0) {
    RateLimit& limit = prefixes_.try_emplace(prefix_of(address), limits_.prefix_rate).first->second;
    if (!allows(limit)) return false;
    limit.spend(now);
  }
  total_.spend(now);
  return true;
}

bool Budget::is_refused(const base::Address& address) const {
  return std::ranges::any_of(limits_.do_not_probe,
                             [&](const base::Prefix& prefix) { return prefix.contains(address); });
}

}  // namespace blipd::engine
