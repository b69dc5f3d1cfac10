#include "daemon/simulate/expand.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "daemon/simulate/random.hpp"
#include "probes/base/siphash.hpp"

namespace blipd::simulate {

Scenario expand(Scenario scenario, std::uint64_t seed) {
  for (std::size_t i = 0; i < scenario.random.size(); ++i) {
    const RandomEntry& random = scenario.random[i];
    // A stream for each entry, so that a new one moves no other's times.
    const std::array<std::byte, 1> none{};
    Random chance(base::siphash24(base::SipKey{seed, 0x72616e646f6d + i}, none));
    const base::Duration end =
        std::min(random.entry.until, scenario.repeat > base::Duration::zero() ? scenario.repeat : scenario.length);
    for (base::Duration at = random.entry.at;;) {
      at += base::from_seconds(chance.exponential() * 86400.0 / random.per_day);
      if (at >= end) break;
      const double shortest = base::to_seconds(random.shortest);
      const double ratio = base::to_seconds(random.longest) / shortest;
      TimelineEntry entry = random.entry;
      entry.at = at;
      entry.until = std::min(end, at + base::from_seconds(shortest * std::pow(ratio, chance.uniform())));
      // The next one begins after this one's end.
      at = entry.until;
      scenario.timeline.push_back(std::move(entry));
    }
  }
  scenario.random.clear();
  return scenario;
}

}  // namespace blipd::simulate
