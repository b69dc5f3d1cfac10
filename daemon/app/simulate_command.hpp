// blipd simulate: a scripted country through the pipeline, in virtual time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/app/event_list.hpp"

namespace blipd::app {

struct SimulateOptions {
  std::string scenario;
  std::string config;  // empty: as the scenario suggests
  std::optional<std::uint64_t> seed;
  ListFormat format = ListFormat::kText;
  std::string record;   // empty: nowhere
  std::string journal;  // a file that events and minutes are written into; empty: none
  bool dump = false;    // print the configuration by which it would ask, and play nothing
};

// Exit code: 1 also when an expectation of the scenario is not met.
int run_simulate(const SimulateOptions& options);

}  // namespace blipd::app
