// Where a path ends that was whole before: compares the two. States which hop is the last that answers and which is the
// first that does not any more; never why. Pure.
#pragma once

#include <optional>

#include "daemon/event/evidence.hpp"

namespace blipd::evidence {

// None when `now` reaches its target, or could not be traced. `before`, where there is one, reached it.
std::optional<event::PathLoss> find_loss(const event::PathSeen& now, const std::optional<event::PathSeen>& before);

}  // namespace blipd::evidence
