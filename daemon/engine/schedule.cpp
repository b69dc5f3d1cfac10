#include "daemon/engine/schedule.hpp"

#include <map>
#include <tuple>

#include "probes/base/siphash.hpp"

namespace blipd::engine {

base::Duration phase_of(std::string_view name, base::Duration interval) {
  // A fixed key: the phase spreads load, it keeps no secret, and it should be the same after a restart.
  constexpr base::SipKey kPhaseKey{0x626c697064207068ULL, 0x6173652068617368ULL};
  const std::uint64_t hash = base::siphash24(kPhaseKey, name);
  return base::Duration(static_cast<base::Duration::rep>(hash % static_cast<std::uint64_t>(interval.count())));
}

void Schedule::assign(const std::vector<Entry>& entries, base::MonoTime from) {
  std::map<base::Duration, std::vector<Slot>> by_interval;
  for (const Entry& entry : entries) by_interval[entry.interval].push_back({entry.phase, entry.channel});
  rings_.clear();
  rings_.reserve(by_interval.size());
  for (auto& [interval, slots] : by_interval) {
    std::ranges::sort(slots, [](const Slot& a, const Slot& b) {
      return std::tie(a.phase, a.channel) < std::tie(b.phase, b.channel);
    });
    Ring ring{interval, {}, 0, std::move(slots)};
    const base::Duration into_lap = from.time_since_epoch() % interval;
    ring.lap = from - into_lap;
    const auto first = std::ranges::find_if(ring.slots, [&](const Slot& slot) { return slot.phase > into_lap; });
    if (first == ring.slots.end()) {
      ring.lap += interval;
    } else {
      ring.cursor = static_cast<std::size_t>(first - ring.slots.begin());
    }
    rings_.push_back(std::move(ring));
  }
  std::make_heap(rings_.begin(), rings_.end(), LaterFirst{});
}

std::optional<base::MonoTime> Schedule::next_due() const {
  if (rings_.empty()) return std::nullopt;
  return rings_.front().next();
}

}  // namespace blipd::engine
