// A path as a trace found it: which router answered at each distance, and how it ended. Plain values, from whoever
// traces to whoever makes sense of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/address.hpp"
#include "probes/base/time.hpp"
#include "probes/result.hpp"

namespace blipd::probes {

enum class PathEnd : std::uint8_t {
  kReached,      // the target answered
  kUnreachable,  // a router said that there is no way on
  kSilent,       // so many hops on end that nothing was heard of
  kTooLong,      // max_hops answered, none of them the target
  kAborted,      // it could not be sent: no address, no route, no privilege; or it was stopped
};

struct TracedHop {
  std::uint8_t distance = 0;  // TTL or hop limit, from 1
  base::Address address;
  std::optional<base::Duration> rtt;  // between stamps of one kind; absent where they were not to be had
  std::vector<std::uint32_t> labels;  // MPLS, outermost first
  std::string interface;              // that the packet came in by, as the router names it
};

struct TracedPath {
  std::string name;  // of the trace: country/network/target/probe
  base::Address source, target;
  base::WallTime began{};
  base::MonoTime began_mono{};
  base::MonoTime ended{};
  PathEnd end = PathEnd::kAborted;
  std::optional<IcmpNotice> notice;  // of kUnreachable: what was said, by whom
  std::vector<TracedHop> hops;       // those that answered, by distance; the target is the last of kReached
  std::uint32_t packets = 0;         // that were sent
  bool was_asked_for = false;        // at once, rather than on schedule
};

}  // namespace blipd::probes
