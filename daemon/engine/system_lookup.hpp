// Looking a name up as this machine is set up to: the hosts file, then the name servers of resolv.conf, A and AAAA,
// by UDP and by TCP where an answer is truncated. Reads both files anew each time. Names without a dot are tried
// with the search domains first (resolv.conf(5)).
#pragma once

#include <cstdint>
#include <string>

#include "daemon/engine/resolver.hpp"

namespace blipd::engine {

struct SystemLookupOptions {
  std::string hosts_file = "/etc/hosts";
  std::string resolv_conf = "/etc/resolv.conf";
  std::uint16_t port = 53;                                          // of the name servers, which resolv.conf cannot say
  base::Duration first_patience = std::chrono::milliseconds(1500);  // for each server; twice that in the second round
};

// The function blocks for some seconds when no server answers, and ends within 100 ms of a stop.
LookupFunction system_lookup(SystemLookupOptions options);

}  // namespace blipd::engine
