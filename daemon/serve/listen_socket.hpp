// Opens the listening socket, or takes over one that was handed to us; errors say what to do.
#pragma once

#include "daemon/serve/server.hpp"
#include "probes/base/error.hpp"

namespace blipd::serve {

struct ListenSocket {
  int descriptor = -1;  // the caller's to close
  bool is_v6 = false;
};

base::Expected<ListenSocket> open_listen_socket(const ServerOptions& options);

}  // namespace blipd::serve
