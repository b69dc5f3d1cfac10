// Which probes are out for longer than answers of their channel ever take: no evidence yet, but a reason to ask others
// now rather than a timeout later. Owns the probes sent within the last moment, and how slow each channel's answers
// are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

#include "daemon/detect/contact.hpp"
#include "probes/base/prefetch.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

struct Asked {
  base::MonoTime sent{};
  probes::ChannelIndex channel = 0;
};

class Overdue {
 public:
  // A probe without an answer for so long is overdue, if its channel usually answers well within that.
  static constexpr base::Duration kAfter = std::chrono::seconds(1);

  void resize(std::size_t channels) { slowest_.resize(channels, kUnknown); }
  void forget(probes::ChannelIndex channel) { slowest_[channel] = kUnknown; }

  void on_sent(probes::ChannelIndex channel, base::MonoTime at) {
    if (slowest_[channel] < kPrompt) asked_.push_back({at, channel});
  }
  void on_answer(probes::ChannelIndex channel, base::Duration rtt) {
    const auto seconds = static_cast<float>(base::to_seconds(rtt));
    float& slowest = slowest_[channel];
    slowest = slowest == kUnknown ? seconds : std::max(seconds, slowest * kFading);
  }

  void prefetch(probes::ChannelIndex channel) const { base::prefetch(slowest_[channel]); }

  // Calls `found(asked)` for each probe that became overdue by now, answered or not; `soon(channel)` for one that will
  // be shortly.
  template <class Found, class Soon>
  void advance(base::MonoTime now, Found found, Soon soon) {
    while (!asked_.empty() && asked_.front().sent + kAfter <= now) {
      if (asked_.size() > kAhead) soon(asked_[kAhead].channel);
      const Asked asked = asked_.front();
      asked_.pop_front();
      found(asked);
    }
  }

 private:
  static constexpr std::size_t kAhead = 12;
  static constexpr float kUnknown = 1e9F;
  static constexpr float kPrompt = 0.8F;    // seconds; leaves room for a bad moment
  static constexpr float kFading = 0.995F;  // an answer; the slowest is forgotten in some hundred

  std::deque<Asked> asked_;
  std::vector<float> slowest_;  // by channel: the slowest answer lately, seconds
};

}  // namespace blipd::detect
