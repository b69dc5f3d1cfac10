// Whether a request that changes something was really meant: a page on another site can make its reader's browser send
// one to wherever that browser reaches, loopback included. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace blipd::serve {

// Of a request, as it came; empty: not there.
struct Provenance {
  std::string_view host;        // Host
  std::string_view origin;      // Origin: browsers send it with every POST (Fetch standard, 3.1)
  std::string_view fetch_site;  // Sec-Fetch-Site (Fetch Metadata Request Headers, 2.4)
  // The request came over TLS or with credentials: both are tied to the name that the browser believes to talk to.
  bool is_bound_to_name = false;
};

// What is wrong, or nothing. Programs that are no browsers send neither Origin nor Sec-Fetch-Site.
std::optional<std::string> cross_site_problem(const Provenance& request);

}  // namespace blipd::serve
