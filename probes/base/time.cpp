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
  // A reading that was not interrupted takes well under a microsecond; the best of a few will do.
  constexpr Duration kUninterrupted = std::chrono::microseconds(10);
  constexpr int kAttempts = 4;
  Moment best;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Moment moment;
    moment.mono = MonoTime(read_clock(CLOCK_MONOTONIC));
    moment.wall = WallTime(read_clock(CLOCK_REALTIME));
    moment.boot = BootTime(read_clock(CLOCK_BOOTTIME));
    moment.spread = MonoTime(read_clock(CLOCK_MONOTONIC)) - moment.mono;
    if (attempt == 0 || moment.spread < best.spread) best = moment;
    if (best.spread <= kUninterrupted) break;
  }
  return best;
}

Duration from_seconds(double seconds) { return Duration(static_cast<Duration::rep>(std::llround(seconds * 1e9))); }

}  // namespace blipd::base
