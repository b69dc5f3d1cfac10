// `blipd probe`: asks each way once, prints the answers and what they say together.
#pragma once

#include <string>
#include <vector>

namespace blipd::app {

// Without a configuration (`config_path` empty) each host is asked by ICMP echo, TCP port 80 and 443, and DNS.
// Returns the exit code.
int run_probe(const std::string& config_path, const std::vector<std::string>& hosts);

}  // namespace blipd::app
