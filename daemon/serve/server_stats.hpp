// What the server counts about itself. Written and read on its own thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "probes/base/time.hpp"

namespace blipd::serve {

struct ServerStats {
  // By status code. Every status that we give is here from the start, so that no series appears late.
  std::map<unsigned, std::uint64_t> replies = {{200, 0}, {304, 0}, {400, 0}, {401, 0}, {403, 0}, {404, 0}, {405, 0},
                                               {408, 0}, {413, 0}, {431, 0}, {500, 0}, {503, 0}, {505, 0}};
  std::uint64_t accept_errors = 0;         // for example for want of descriptors
  std::uint64_t refused_connections = 0;   // over the limit
  std::uint64_t cut_off_connections = 0;   // too slow in asking or in taking the answer
  std::uint64_t failures = 0;              // requests given up for an error of our own, such as want of memory
  std::uint64_t open_connections = 0;      // now
  std::uint64_t auth_failures = 0;         // requests whose name and password were wrong or malformed
  std::uint64_t auth_overruns = 0;         // requests whose password was not checked: too many waited
  std::uint64_t reading_overruns = 0;      // requests not looked up in the journal: too many waited
  std::uint64_t open_streams = 0;          // of events, now
  std::uint64_t refused_streams = 0;       // over the limit
  std::uint64_t cut_off_streams = 0;       // too slow in taking what there was to tell
  std::uint64_t refused_certificates = 0;  // handshakes that ended with the client's certificate, or the want of one
  std::uint64_t failed_handshakes = 0;     // those that ended otherwise, such as for want of a common version
  std::optional<base::WallTime> certificate_ends;  // of the certificate that is shown; absent: no TLS
  bool is_web_config_good = true;                  // the last load of the web configuration file
};

}  // namespace blipd::serve
