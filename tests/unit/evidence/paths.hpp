// Paths for tests, written as their hops: "198.18.1.1 * 198.18.3.1", the first at distance 1.
#pragma once

#include <sstream>
#include <string>

#include "config/as_table.hpp"
#include "probes/path.hpp"

namespace blipd::test {

inline base::Address address(const std::string& text) { return base::Address::parse(text).value(); }

// To `target`; reached when the last hop is it.
inline probes::TracedPath path(const std::string& hops, const std::string& target, int at_seconds = 0) {
  probes::TracedPath made;
  made.name = "XX/net/host/path";
  made.source = address("198.18.0.1");
  made.target = address(target);
  made.began = base::WallTime(std::chrono::seconds(at_seconds));
  made.end = probes::PathEnd::kSilent;
  std::istringstream in(hops);
  std::uint8_t distance = 1;
  for (std::string hop; in >> hop; ++distance) {
    if (hop == "*") continue;
    made.hops.push_back({distance, address(hop), std::chrono::milliseconds(1), {}, {}});
    if (made.hops.back().address == made.target) made.end = probes::PathEnd::kReached;
  }
  return made;
}

inline config::AsTable as_table(const std::string& text) {
  std::istringstream in(text);
  config::Faults faults("as.txt");
  return config::parse_as_table(in, faults);
}

}  // namespace blipd::test
