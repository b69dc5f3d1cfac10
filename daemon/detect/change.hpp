// What a hearing found to have changed: networks, targets and the vantage point going down and coming back, each with
// the interval in which it must have happened. Plain values.
#pragma once

#include <cstdint>

#include "probes/base/time.hpp"

namespace blipd::detect {

// Something happened not before `earliest` and not after `latest`; both are possible.
struct MonoSpan {
  base::MonoTime earliest{};
  base::MonoTime latest{};
};

struct Change {
  enum class Of : std::uint8_t { kNetwork, kTarget, kVantage };
  Of of = Of::kNetwork;
  std::uint32_t index = 0;  // in the plan; 0 for the vantage point
  bool is_down = false;     // at fault, for the vantage point
  MonoSpan when;
};

}  // namespace blipd::detect
