// `blipd status`: what the running daemon believes, in a terminal.
#pragma once

#include <string>

namespace blipd::app {

inline constexpr const char* kDefaultStatusUrl = "http://127.0.0.1:10547";

// With `watch`, once a second until SIGINT or SIGTERM, through times when the daemon does not answer. Returns the
// exit code.
int run_status(const std::string& url, bool watch);

}  // namespace blipd::app
