// How long the loop sleeps. Wake-ups cost more than packets, so everything moves on one tick: 20 ms when there is
// little to send, down to 1 ms when a tick has more to send than a network card's queue likes at once. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

#include "probes/base/time.hpp"

namespace blipd::engine {

class Tick {
 public:
  static constexpr base::Duration kCalm = std::chrono::milliseconds(20);
  // The longest while an answer is under way that only the tick itself can stamp.
  static constexpr base::Duration kOwnStamps = std::chrono::milliseconds(10);
  // The longest while an exchange is under way of which each step waits for the tick.
  static constexpr base::Duration kExchange = std::chrono::milliseconds(5);
  static constexpr base::Duration kBusy = std::chrono::milliseconds(1);
  static constexpr base::Duration kIdle = std::chrono::milliseconds(100);  // with nothing under way
  static constexpr std::size_t kManySends = 256;
  static constexpr std::size_t kFewSends = 32;

  base::Duration length() const { return length_; }

  // After a tick that sent so many.
  void sent(std::size_t count) {
    if (count > kManySends) length_ = std::max(length_ / 2, kBusy);
    if (count < kFewSends) length_ = std::min(length_ * 2, kCalm);
  }

 private:
  base::Duration length_ = kCalm;
};

}  // namespace blipd::engine
