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
// often than once per `refill`, with a few saved up for a bad minute.
class Pace {
 public:
  Pace(base::Duration refill, int saved) : refill_(refill), saved_(saved) {}

  // `pause`: the least between two; `patience`, from 1: by how much the refill takes longer.
  bool take(base::MonoTime now, base::Duration pause, int patience = 1) {
    if (last_ != kNever && now - last_ < pause) return false;
    // A token bucket as the time at which it would be full.
    const base::MonoTime full = full_ == kNever ? now : std::max(full_, now);
    const base::Duration refill = refill_ * patience;
    if (full - now > refill * (saved_ - 1)) return false;
    full_ = full + refill;
    last_ = now;
    return true;
  }

 private:
  base::Duration refill_;
  int saved_;
  base::MonoTime last_ = kNever;
  base::MonoTime full_ = kNever;
};

// Hosts that limit what they answer fall silent by being asked more, and would then be asked more still. So when most
// of what was asked out of turn failed although the network was up, asking out of turn becomes rarer for a while.
class Patience {
 public:
  void on_asked(base::MonoTime now) { asked_ = now; }
  void on_result(base::MonoTime sent, bool is_answer) {
    if (asked_ == kNever || sent < asked_ || sent - asked_ > kAtOnce) return;
    ++(is_answer ? answered_ : failed_);
  }
  // Whatever failed, the network was down.
  void on_outage() { answered_ = failed_ = 0; }
  // It was not.
  void on_up(base::MonoTime now) {
    const int all = answered_ + failed_;
    if (all < kFewest) return;
    if (failed_ > kMostFailed * all) {
      factor_ = std::min(factor(now) * kGrowth, kMost);
      until_ = now + kLasting;
    }
    answered_ = failed_ = 0;
  }
  // From 1: by how much rarer.
  int factor(base::MonoTime now) const { return now < until_ ? factor_ : 1; }

 private:
  static constexpr base::Duration kAtOnce = std::chrono::milliseconds(500);
  static constexpr int kFewest = 12;
  static constexpr double kMostFailed = 0.6;  // beyond what congestion loses
  static constexpr int kGrowth = 4;
  static constexpr int kMost = 64;
  static constexpr base::Duration kLasting = std::chrono::hours(6);

  base::MonoTime asked_ = kNever;
  int answered_ = 0;
  int failed_ = 0;
  int factor_ = 1;
  base::MonoTime until_ = kNever;
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
