#include "daemon/engine/schedule.hpp"

#include <utility>

#include "probes/base/siphash.hpp"

namespace blipd::engine {

base::Duration phase_of(std::string_view name, base::Duration interval) {
  // A fixed key: the phase spreads load, it keeps no secret, and it should be the same after a restart.
  constexpr base::SipKey kPhaseKey{0x626c697064207068ULL, 0x6173652068617368ULL};
  const std::uint64_t hash = base::siphash24(kPhaseKey, name);
  return base::Duration(static_cast<base::Duration::rep>(hash % static_cast<std::uint64_t>(interval.count())));
}

std::map<base::Duration, Schedule::Slots> Schedule::by_interval(const std::vector<Entry>& entries) {
  std::map<base::Duration, Slots> sorted;
  for (const Entry& entry : entries) sorted[entry.interval].push_back({entry.phase, entry.channel});
  for (auto& [interval, slots] : sorted) {
    slots.shrink_to_fit();
    std::ranges::sort(slots);
  }
  return sorted;
}

void Schedule::add_ring(base::Duration interval, Slots slots, base::MonoTime from) {
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

void Schedule::assign(const std::vector<Entry>& entries, base::MonoTime from) {
  rings_.clear();
  for (auto& [interval, slots] : by_interval(entries)) add_ring(interval, std::move(slots), from);
  std::ranges::make_heap(rings_, LaterFirst{});
}

void Schedule::Ring::change(const std::vector<bool>& is_gone, const Slots& come) {
  const Slot next = slots[cursor];
  std::erase_if(slots, [&](const Slot& slot) { return slot.channel < is_gone.size() && is_gone[slot.channel]; });
  const auto kept = static_cast<std::ptrdiff_t>(slots.size());
  slots.insert(slots.end(), come.begin(), come.end());
  std::inplace_merge(slots.begin(), slots.begin() + kept, slots.end());
  // Whoever stood before the cursor had his turn in this lap; a newcomer there has his first in the next.
  cursor = static_cast<std::size_t>(std::ranges::lower_bound(slots, next) - slots.begin());
  if (cursor == slots.size()) {
    cursor = 0;
    lap += interval;
  }
}

void Schedule::change(std::span<const probes::ChannelIndex> gone, const std::vector<Entry>& come, base::MonoTime from) {
  std::vector<bool> is_gone(gone.empty() ? 0 : gone.back() + std::size_t{1});
  for (const probes::ChannelIndex channel : gone) is_gone[channel] = true;
  auto newcomers = by_interval(come);
  for (Ring& ring : rings_) {
    const auto found = newcomers.extract(ring.interval);
    ring.change(is_gone, found.empty() ? Slots() : found.mapped());
  }
  std::erase_if(rings_, [](const Ring& ring) { return ring.slots.empty(); });
  for (auto& [interval, slots] : newcomers) add_ring(interval, std::move(slots), from);
  std::ranges::make_heap(rings_, LaterFirst{});
}

std::optional<base::MonoTime> Schedule::next_due() const {
  if (rings_.empty()) return std::nullopt;
  return rings_.front().next();
}

}  // namespace blipd::engine
