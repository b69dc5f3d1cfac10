// What the pipeline must not forget over a restart: what is usual, how often things fell lately, and which events are
// open. By name, so that it fits whatever the next configuration keeps. Plain values, written and read as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/event.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::pipeline {

struct Memory {
  base::WallTime saved{};
  std::string judge;               // detect's own memory, JSON
  std::vector<event::Event> open;  // as last revised
};

}  // namespace blipd::pipeline
