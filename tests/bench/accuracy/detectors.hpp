// Who is compared: each plays a world to its end in virtual time and says what it found. None sees the truth.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/event/event.hpp"
#include "probes/base/time.hpp"
#include "tests/bench/accuracy/days.hpp"

namespace blipd::accuracy {

// One event of the watched network, of a host in it, or of the vantage point; times count from the world's start.
struct Found {
  event::Kind kind = event::Kind::kOutage;
  event::Scope scope = event::Scope::kNetwork;
  bool is_blip = false;
  base::Duration earliest{};  // it began not before
  base::Duration start{};     // its best guess
  base::Duration end{};       // its best guess; the world's end while open
  base::Duration latest{};    // it ended not after
  base::Duration declared{};
};

struct Run {
  std::vector<Found> found;
  std::uint64_t probes = 0;          // to the network
  std::uint64_t control_probes = 0;  // outside
};

// The pipeline that the daemon runs, with its defaults.
Run run_blipd(const World& world, std::uint64_t seed);

// Trinocular (Quan, Heidemann, Pradkin, SIGCOMM 2013), from its description: rounds of `round`, one positive answer or
// up to fifteen probes three seconds apart, a belief in 0.01..0.99, up above 0.9, down below 0.1. It asks from one
// place and knows no controls.
Run run_trinocular(const World& world, base::Duration round, std::uint64_t seed);

// The alert that people write by hand over a prober's metrics, once for the network, each target probed every
// `interval`: avg(avg_over_time(probe_success[5m])) < 0.5 for 5m. Evaluated every 15 s.
Run run_rule(const World& world, base::Duration interval, std::uint64_t seed);

}  // namespace blipd::accuracy
