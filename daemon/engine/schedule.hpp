// When to ask: every channel at k · interval + phase on the monotonic clock, for all whole k. The phase is a
// hash of the channel's name, so adding a channel moves no other and a reload keeps every beat.
//
// Channels of one interval form a ring: sorted by phase, walked round by a cursor (a few nanoseconds a
// probe, 16 bytes a channel). Rings of different intervals wait in a heap by their next due time, so that any
// number of odd intervals costs O(log rings) when one of them moves. Pure: reads no clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

// In 0 ≤ phase < interval, spread evenly over names.
base::Duration phase_of(std::string_view name, base::Duration interval);

class Schedule {
 public:
  struct Entry {
    probes::ChannelIndex channel = 0;
    base::Duration interval{};
    base::Duration phase{};
  };

  // Starts anew with these entries; the first occurrences are those after `from`.
  void assign(const std::vector<Entry>& entries, base::MonoTime from);

  // Takes `gone` (ascending) out and `come` in. Everybody else goes on as if nothing had happened: no occurrence of
  // theirs is skipped or given twice. The first occurrences of newcomers are those after `from`, or after the last call
  // of advance() where others are asked at the same interval. Costs a pass over the rings, no sorting of who stays.
  void change(std::span<const probes::ChannelIndex> gone, const std::vector<Entry>& come, base::MonoTime from);

  // Calls `due(channel, scheduled)` for each occurrence in (last call or assign(), now], ring by ring, in
  // order of time within a ring. An occurrence is given once. `soon(far, near)` names channels that come somewhat
  // later, for who would have their memory at hand by then: `far` two dozen steps ahead, `near` half as many.
  struct Unprepared {
    void operator()(probes::ChannelIndex, probes::ChannelIndex) const {}
  };
  template <class Due, class Soon = Unprepared>
  void advance(base::MonoTime now, Due&& due, Soon&& soon = {}) {
    while (!rings_.empty() && rings_.front().next() <= now) {
      std::pop_heap(rings_.begin(), rings_.end(), LaterFirst{});
      Ring& ring = rings_.back();
      while (ring.next() <= now) {
        if (ring.slots.size() > kAhead) soon(ring.ahead(kAhead), ring.ahead(kAhead / 2));
        due(ring.slots[ring.cursor].channel, ring.next());
        ring.step();
      }
      std::push_heap(rings_.begin(), rings_.end(), LaterFirst{});
    }
  }

  // Time of the earliest occurrence that was not given yet; none when nothing is scheduled.
  std::optional<base::MonoTime> next_due() const;

 private:
  static constexpr std::size_t kAhead = 24;

  struct Slot {
    base::Duration phase;
    probes::ChannelIndex channel;
    auto operator<=>(const Slot&) const = default;
  };
  using Slots = std::vector<Slot>;  // by phase
  struct Ring {
    base::Duration interval{};
    base::MonoTime lap{};  // start of the round that the cursor is in
    std::size_t cursor = 0;
    Slots slots;  // never empty

    probes::ChannelIndex ahead(std::size_t steps) const {
      const std::size_t place = cursor + steps;
      return slots[place < slots.size() ? place : place - slots.size()].channel;
    }
    void change(const std::vector<bool>& is_gone, const Slots& come);
    base::MonoTime next() const { return lap + slots[cursor].phase; }
    void step() {
      if (++cursor == slots.size()) {
        cursor = 0;
        lap += interval;
      }
    }
  };
  static std::map<base::Duration, Slots> by_interval(const std::vector<Entry>& entries);
  void add_ring(base::Duration interval, Slots slots, base::MonoTime from);

  struct LaterFirst {
    bool operator()(const Ring& a, const Ring& b) const { return a.next() > b.next(); }
  };

  std::vector<Ring> rings_;
};

}  // namespace blipd::engine
