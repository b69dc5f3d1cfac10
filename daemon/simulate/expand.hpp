// Makes a scenario's chance entries plain ones: the same seed, the same times.
#pragma once

#include <cstdint>

#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

Scenario expand(Scenario scenario, std::uint64_t seed);

}  // namespace blipd::simulate
