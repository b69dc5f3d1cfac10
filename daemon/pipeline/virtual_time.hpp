// Time for a source of results that is not live: what a wall time is on the pipeline's own clock, and the whole seconds
// in which a pipeline's time passes. A run begins with the second in which the first probe is sent and ends one second
// after the one in which the last thing is learned, so that a simulation and the replay of its results are one run.
#pragma once

#include <chrono>

#include "daemon/pipeline/pipeline.hpp"
#include "probes/base/time.hpp"

namespace blipd::pipeline {

// As in the engine, a verdict waits so much longer than the timeout.
inline constexpr base::Duration kVerdictGrace = std::chrono::milliseconds(50);

class VirtualTime {
 public:
  explicit VirtualTime(base::WallTime first) : passed_(std::chrono::floor<std::chrono::seconds>(first)) {}

  // A month after Unix time, so that nothing reaches back beyond the monotonic clock's zero.
  static base::MonoTime mono(base::WallTime t) { return base::MonoTime(kMonth + t.time_since_epoch()); }
  static base::WallTime wall(base::MonoTime t) { return base::WallTime(t.time_since_epoch() - kMonth); }
  static base::Moment moment(base::WallTime t) { return {mono(t), t, base::BootTime(t.time_since_epoch()), {}}; }

  // Of the last second that has passed; before any has, the start.
  base::Moment now() const { return moment(passed_); }

  // Lets the whole seconds up to `until`, included, pass.
  void pass(Pipeline& pipeline, base::WallTime until) {
    while (passed_ + kStep <= until) step(pipeline);
  }
  void finish(Pipeline& pipeline) { step(pipeline); }

 private:
  static constexpr base::Duration kMonth = std::chrono::hours(24 * 30);
  static constexpr base::Duration kStep = std::chrono::seconds(1);

  void step(Pipeline& pipeline) {
    passed_ += kStep;
    pipeline.advance(now());
  }

  base::WallTime passed_;
};

}  // namespace blipd::pipeline
