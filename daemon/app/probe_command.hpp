// `blipd probe`: asks each way once, prints the answers and what they say together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace blipd::app {

enum class ProbeTraces : std::uint8_t { kNone, kAll };

// Without a configuration (`config_path` empty) each host is asked by ICMP echo, TCP port 80 and 443, and DNS.
// With kAll the path to each is then traced by ICMP, UDP and TCP, as the configuration does it where it does. Returns
// the exit code.
int run_probe(const std::string& config_path, const std::vector<std::string>& hosts, ProbeTraces traces);

}  // namespace blipd::app
