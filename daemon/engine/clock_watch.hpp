// Notices that the wall clock stepped or that the machine was suspended, from one look at the clocks to the
// next. Samples that span such a moment are void: packet stamps are wall-clock times. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "probes/base/time.hpp"

namespace blipd::engine {

class ClockWatch {
 public:
  // A wall clock that moved against the monotonic one by more than this between two looks was stepped. Slewing
  // (adjtime, at most 500 ppm, or 10 % under chrony's extremes) stays below it at our tick.
  static constexpr base::Duration kStep = std::chrono::milliseconds(1);
  // BOOTTIME goes on during a suspend and MONOTONIC does not (clock_gettime(2)).
  static constexpr base::Duration kSuspend = std::chrono::milliseconds(100);

  struct Noticed {
    std::optional<base::Duration> step;     // by how much the wall clock moved, either sign
    std::optional<base::Duration> suspend;  // how long the machine slept
    explicit operator bool() const { return step || suspend; }
  };

  explicit ClockWatch(const base::Moment& start);

  Noticed look(const base::Moment& now);

  // Grows with each step and suspend: two stamps are comparable only within one era.
  std::uint32_t era() const { return era_; }

 private:
  base::Moment last_;
  std::uint32_t era_ = 0;
};

}  // namespace blipd::engine
