#include "probes/base/time.hpp"

#include <time.h>

#include <cmath>

namespace blipd::base {

namespace {

Duration read_clock(clockid_t id) {
  timespec ts{};
  ::clock_gettime(id, &ts);
  return std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec);
}

}  // namespace

Moment SystemClock::read() const {
  return Moment{MonoTime(read_clock(CLOCK_MONOTONIC)), WallTime(read_clock(CLOCK_REALTIME)),
                BootTime(read_clock(CLOCK_BOOTTIME))};
}

Duration from_seconds(double seconds) {
  return Duration(static_cast<Duration::rep>(std::llround(seconds * 1e9)));
}

}  // namespace blipd::base
