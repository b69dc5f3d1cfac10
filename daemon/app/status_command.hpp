// `blipd status`: what the running daemon believes, in a terminal.
#pragma once

#include <string>

namespace blipd::app {

inline constexpr const char* kDefaultStatusUrl = "http://127.0.0.1:10547";

struct StatusOptions {
  std::string url = kDefaultStatusUrl;
  bool watch = false;
  std::string authority_file;  // for https; empty: whom the system trusts
  std::string user;
  std::string password_file;  // its first line; never the password itself, which others could see
};

// With `watch`, once a second until SIGINT or SIGTERM, through times when the daemon does not answer. Returns the
// exit code.
int run_status(const StatusOptions& options);

}  // namespace blipd::app
