// `blipd check`: says every fault of a configuration at once, or in one line what it asks for.
#pragma once

#include <string>

#include "config/load.hpp"

namespace blipd::app {

// Faults and warnings go to standard error; the summary, or with `dump_effective` the configuration with
// all defaults and inheritance written out, to standard output; of `shard`. Returns the exit code: input at fault
// when there is any fault, environment at fault when the file cannot be read.
int run_check(const std::string& config_path, const config::Shard& shard, bool dump_effective);

// What run_check prints and returns.
struct Checked {
  std::string output;
  std::string errors;
  int exit_code = 0;
};
Checked check(const std::string& config_path, const config::Shard& shard, bool dump_effective);

// "kp.yaml: 1 country, 2 networks, 19 targets, 31 channels, 7 controls; 3.4 probes a second": targets and
// networks of countries, channels and probes of all.
std::string summarize(const std::string& config_path, const config::Configuration& configuration);

}  // namespace blipd::app
