// What a network was like in the last day, in steps of ten minutes: what an onset is seen against. Owns the counts;
// judges nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "daemon/detect/flaps.hpp"
#include "daemon/event/event.hpp"
#include "probes/base/time.hpp"

namespace blipd::detect {

class Precursors {
 public:
  static constexpr base::Duration kStep = std::chrono::minutes(10);
  static constexpr std::size_t kSteps = 144;

  void on_answer(base::MonoTime now) { ++step(now).answered; }
  void on_failure(base::MonoTime now) { ++step(now).failed; }
  void on_late(base::MonoTime now) { ++step(now).late; }
  // By how much the logarithm of a round trip exceeds the usual one.
  void on_excess(base::MonoTime now, double excess) {
    Step& s = step(now);
    s.excess += static_cast<float>(excess);
    ++s.excesses;
  }

  // Of `length` before `start`. Flaps are counted strictly before it.
  event::Before before(base::MonoTime start, base::Duration length, const Flaps& flaps) const;

 private:
  struct Step {
    std::int32_t number = -1;  // of the ten minutes since the start of MonoTime
    std::uint32_t answered = 0;
    std::uint32_t failed = 0;
    std::uint32_t late = 0;
    std::uint32_t excesses = 0;
    float excess = 0;
  };
  static std::int32_t number_of(base::MonoTime t) { return static_cast<std::int32_t>(t.time_since_epoch() / kStep); }
  Step& step(base::MonoTime now);

  std::unique_ptr<std::array<Step, kSteps>> steps_;
};

}  // namespace blipd::detect
