#include "daemon/engine/clock_watch.hpp"

namespace blipd::engine {

ClockWatch::ClockWatch(const base::Moment& start) : last_(start) {}

ClockWatch::Noticed ClockWatch::look(const base::Moment& now) {
  const base::Duration mono = now.mono - last_.mono;
  const base::Duration slept = (now.boot - last_.boot) - mono;
  const base::Duration stepped = (now.wall - last_.wall) - mono;
  const base::Duration spread = now.spread + last_.spread;
  last_ = now;
  Noticed noticed;
  // A suspend moves the wall clock against the monotonic one as well: that part is no step.
  if (slept > kSuspend + spread) noticed.suspend = slept;
  const base::Duration unexplained = noticed.suspend ? stepped - slept : stepped;
  // 500 ppm of a long look (a stopped process) may be slewing; see kStep.
  const base::Duration slack = kStep + mono / 2000 + spread;
  if (unexplained > slack || unexplained < -slack) noticed.step = unexplained;
  if (noticed) ++era_;
  return noticed;
}

}  // namespace blipd::engine
