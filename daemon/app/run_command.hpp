// `blipd run`: the daemon.
#pragma once

#include <string>

#include "config/shard.hpp"

namespace blipd::app {

// Loads the configuration and runs `shard` of it until told to stop. Returns the exit code.
int run_daemon(const std::string& config_path, const config::Shard& shard);

}  // namespace blipd::app
