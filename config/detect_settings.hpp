// The mapping `detect`: thresholds and times of the verdicts, by name, so that reading and dumping share one table.
// Internal to the loader.
#pragma once

#include <string>

#include "config/model.hpp"
#include "config/reader.hpp"

namespace blipd::config {

// `top` stands on the whole file.
Detect read_detect(const Reader& top);

// As lines of YAML, each indented by two blanks.
std::string dump_detect(const Detect& detect);

}  // namespace blipd::config
