// From a scenario file to a Scenario, or to every fault in it at once, each with its place.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "config/load.hpp"
#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

struct LoadedScenario {
  Scenario scenario;  // meaningful only without faults
  std::vector<config::Fault> faults;
};

// A file that cannot be read is a fault with line 0.
LoadedScenario load_scenario_file(const std::filesystem::path& file);

// `name` stands in messages.
LoadedScenario load_scenario(std::string_view yaml, std::string_view name);

}  // namespace blipd::simulate
