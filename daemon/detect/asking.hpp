// Whom to ask at once: the list of channels that judging wants to hear from now, without repeats, and the pace
// that keeps a flapping host from multiplying traffic. Owns the list and the pace; sends nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "daemon/detect/contact.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::detect {

// When one group of channels may be asked out of turn: never twice within `pause`, and over long times no more
// often than once per kRefill, with a few saved up for a bad minute.
class Pace {
 public:
  Pace(base::Duration pause, int saved) : pause_(pause), saved_(saved) {}

  static constexpr base::Duration kRefill = std::chrono::seconds(20);

  bool take(base::MonoTime now) {
    if (last_ != kNever && now - last_ < pause_) return false;
    // A token bucket as the time at which it would be full.
    const base::MonoTime full = full_ == kNever ? now : std::max(full_, now);
    if (full - now > kRefill * (saved_ - 1)) return false;
    full_ = full + kRefill;
    last_ = now;
    return true;
  }

 private:
  base::Duration pause_;
  int saved_;
  base::MonoTime last_ = kNever;
  base::MonoTime full_ = kNever;
};

class AskList {
 public:
  void resize(std::size_t channels) { is_listed_.resize(channels, false); }
  void add(probes::ChannelIndex channel) {
    if (is_listed_[channel]) return;
    is_listed_[channel] = true;
    list_.push_back(channel);
  }
  std::vector<probes::ChannelIndex> take() {
    for (const auto channel : list_) is_listed_[channel] = false;
    std::vector<probes::ChannelIndex> taken;
    taken.swap(list_);
    return taken;
  }

 private:
  std::vector<probes::ChannelIndex> list_;
  std::vector<bool> is_listed_;
};

}  // namespace blipd::detect
