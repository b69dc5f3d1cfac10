// One item of a scenario file's `expect`. Internal to the loader.
#pragma once

#include "config/reader.hpp"
#include "daemon/simulate/scenario.hpp"

namespace blipd::simulate {

Expectation read_expectation(const config::Node& node, const config::Path& path, config::Faults& faults);

}  // namespace blipd::simulate
