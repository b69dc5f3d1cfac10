// What the server counts about itself. Written and read on its own thread only.
#pragma once

#include <cstdint>
#include <map>

namespace blipd::serve {

struct ServerStats {
  // By status code. Every status that we give is here from the start, so that no series appears late.
  std::map<unsigned, std::uint64_t> replies = {{200, 0}, {400, 0}, {404, 0}, {405, 0}, {408, 0},
                                               {413, 0}, {431, 0}, {503, 0}, {505, 0}};
  std::uint64_t accept_errors = 0;        // for example for want of descriptors
  std::uint64_t refused_connections = 0;  // over the limit
  std::uint64_t cut_off_connections = 0;  // too slow in asking or in taking the answer
  std::uint64_t failures = 0;             // requests given up for an error of our own, such as want of memory
  std::uint64_t open_connections = 0;     // now
};

}  // namespace blipd::serve
