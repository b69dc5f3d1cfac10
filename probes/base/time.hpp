// Time types. Owns the difference between a time that measures and a time that is shown, so that
// neither becomes the other by accident: MonoTime comes from CLOCK_MONOTONIC and is what deadlines and
// windows use; WallTime comes from CLOCK_REALTIME, is what people read, and may step; BootTime comes
// from CLOCK_BOOTTIME and goes on while the machine is suspended.
//
// Pure code takes its times as arguments. Only a Clock reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace blipd::base {

using Duration = std::chrono::nanoseconds;

namespace detail {
// A chrono clock without now(): a type to tell time points apart, nothing to read.
template <class Tag>
struct TimeAxis {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TimeAxis, Duration>;
};
}  // namespace detail

using MonoTime = detail::TimeAxis<struct MonoTag>::time_point;
using WallTime = detail::TimeAxis<struct WallTag>::time_point;
using BootTime = detail::TimeAxis<struct BootTag>::time_point;

// The three clocks at one moment. Reading them takes time, more when the thread is preempted in between: no
// two of them were read further apart than `spread`.
struct Moment {
  MonoTime mono{};
  WallTime wall{};
  BootTime boot{};
  Duration spread{};
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Moment read() const = 0;
};

// The kernel's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  Moment read() const override;
};

constexpr double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

// Unix time in seconds (UTC, no leap seconds) of a wall time.
constexpr double to_unix_seconds(WallTime t) { return to_seconds(t.time_since_epoch()); }

// Rounds to the nearest nanosecond.
Duration from_seconds(double seconds);

}  // namespace blipd::base
