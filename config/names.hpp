// What the words of a configuration must look like: names, hosts, country codes, interfaces, where to
// listen. Each check returns what is wrong and what to do, or nothing. Looks nothing up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/base/address.hpp"

namespace blipd::config {

using Problem = std::optional<std::string>;

// Of networks, targets, probes, the vantage point. They become labels and parts of channel names, which
// are joined with '/': 1 to 255 bytes, no '/', no control character, no space at either end.
Problem name_problem(std::string_view name);

// An address that a host can have, or a domain name (RFC 1123, 2.1; RFC 1035, 2.3.4).
Problem host_problem(std::string_view host);

// ISO 3166-1 alpha-2, in upper case.
Problem country_code_problem(std::string_view code);

// A Linux network interface: 1 to 15 bytes, no '/' and no white space (dev_valid_name).
Problem interface_problem(std::string_view name);

// address:port, [address]:port, localhost:port or :port; port 0 stands for any free one.
Problem listen_problem(std::string_view text);

// Reachable through the Internet at large, as opposed to private, shared, link-local, loopback and
// benchmarking addresses (RFC 6890).
bool is_public(const base::Address& address);

}  // namespace blipd::config
