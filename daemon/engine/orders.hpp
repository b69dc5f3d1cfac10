// What a loop is told to do, and what tells it from others in its process.
#pragma once

#include <cstdint>
#include <memory>

#include "config/plan.hpp"
#include "daemon/engine/budget.hpp"
#include "daemon/engine/share.hpp"
#include "probes/tcp.hpp"

namespace blipd::engine {

// Whom to ask, and how much. The budget is shared by all loops of the process: politeness is the vantage point's.
struct Orders {
  std::shared_ptr<const config::Plan> plan;
  std::shared_ptr<Budget> budget;
  Share share;
};

// By what a loop's packets are told from those of other loops, which see the same wire.
struct Marks {
  std::uint16_t echo_identifier = 0;
  probes::PortRange ports;
  std::uint16_t trace_identifier = 0;  // of echo requests that trace a path
};

}  // namespace blipd::engine
