// When something reaches a pipeline, for sources that are not live. What happens at one moment happens in a fixed
// order, whatever order the source found it in: results first, then late answers, then probes that leave, each by
// channel. So a simulation and the replay of its results make the same calls.
#pragma once

#include <compare>
#include <cstdint>

#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::pipeline {

enum class What : std::uint8_t { kResult, kLate, kAsk };

struct Turn {
  base::WallTime at{};
  What what = What::kAsk;
  probes::ChannelIndex channel = 0;
  base::WallTime sent{};  // of kAsk the same as `at`

  friend auto operator<=>(const Turn&, const Turn&) = default;
};

}  // namespace blipd::pipeline
