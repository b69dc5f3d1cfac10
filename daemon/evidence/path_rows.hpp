// What is shown of traced paths: one row for each trace of the plan. Immutable once handed out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/evidence.hpp"
#include "probes/base/time.hpp"

namespace blipd::evidence {

struct PathRow {
  std::string country, network, target, probe;  // country empty: of a control
  std::optional<std::uint32_t> hops;            // to the target, when it last answered
  std::optional<bool> is_reached;               // by the last trace
  std::uint64_t changes = 0;
  std::vector<std::uint32_t> upstreams;  // that it was ever seen to use
  std::uint32_t upstream = 0;            // in use; 0: not known
  std::optional<base::WallTime> traced;
  std::string method;                    // "icmp", "udp", "tcp"
  std::optional<event::PathSeen> now;    // by the last trace
  std::optional<event::PathSeen> whole;  // the last that reached the target, where `now` did not
  std::optional<event::PathLoss> loss;   // of `now` against that
};

using PathRows = std::vector<std::shared_ptr<const PathRow>>;

}  // namespace blipd::evidence
