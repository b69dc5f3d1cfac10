// `blipd run`: the daemon.
#pragma once

#include <string>

namespace blipd::app {

// Loads the configuration and runs until told to stop. Returns the exit code.
int run_daemon(const std::string& config_path);

}  // namespace blipd::app
