// When each probe's verdict is due: one queue for each timeout, so that every queue is in order by itself and nothing
// is ever sorted or cancelled. What was settled before is skipped when its turn comes. Pure: reads no clock.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

struct Deadline {
  base::MonoTime verdict;
  probes::ChannelIndex channel;
  probes::Sequence sequence;
};

class Deadlines {
 public:
  using Class = std::uint32_t;  // of channels with one timeout

  Class class_of(base::Duration timeout) {
    for (std::size_t i = 0; i < queues_.size(); ++i) {
      if (queues_[i].timeout == timeout) return static_cast<Class>(i);
    }
    queues_.push_back({timeout, {}});
    return static_cast<Class>(queues_.size() - 1);
  }
  base::Duration timeout(Class c) const { return queues_[c].timeout; }

  void add(Class c, const Deadline& deadline) { queues_[c].entries.push_back(deadline); }

  // Calls `due(deadline)` for what is due at `now`, queue by queue, and drops it, until `due` returns false: that one
  // stays. `soon(far, near)` names what comes a little later, for who would have its memory at hand by then.
  template <class Due, class Soon>
  void advance(base::MonoTime now, Due&& due, Soon&& soon) {
    for (Queue& queue : queues_) {
      while (!queue.entries.empty() && queue.entries.front().verdict <= now) {
        if (queue.entries.size() > kAhead) soon(queue.entries[kAhead], queue.entries[kAhead / 2]);
        if (!due(queue.entries.front())) return;
        queue.entries.pop_front();
      }
    }
  }

 private:
  static constexpr std::size_t kAhead = 48;  // most are skipped at once

  struct Queue {
    base::Duration timeout;
    std::deque<Deadline> entries;
  };
  std::vector<Queue> queues_;
};

}  // namespace blipd::engine
