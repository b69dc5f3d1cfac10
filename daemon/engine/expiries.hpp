// When a transport that keeps something for each probe may forget it: one queue for each span of time, so that
// every queue is in order by itself.
#pragma once

#include <deque>
#include <map>

#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::engine {

class Expiries {
 public:
  void add(probes::ChannelIndex channel, probes::Sequence sequence, base::MonoTime now, base::Duration span) {
    queues_[span].push_back({now + span, channel, sequence});
  }

  // Calls `expired(channel, sequence)` for each whose time has come.
  template <class Expired>
  void advance(base::MonoTime now, Expired&& expired) {
    for (auto& [span, queue] : queues_) {
      while (!queue.empty() && queue.front().at <= now) {
        expired(queue.front().channel, queue.front().sequence);
        queue.pop_front();
      }
    }
  }

 private:
  struct Entry {
    base::MonoTime at;
    probes::ChannelIndex channel;
    probes::Sequence sequence;
  };
  std::map<base::Duration, std::deque<Entry>> queues_;
};

}  // namespace blipd::engine
