// Addresses of web pages as people type them. Owns no more of URLs than a client of a daemon needs: plain http, a
// host, perhaps a port, perhaps a path before which a proxy puts the daemon.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/base/error.hpp"

namespace blipd::app {

struct Url {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 80;
  std::string path;  // without a slash at its end; empty for the root

  // The same address with another path behind it, as text.
  std::string with(std::string_view more_path) const;
  // What the Host field of a request says.
  std::string authority() const;
};

// http://127.0.0.1:10547, http://[::1]:10547/behind/a/proxy/; the scheme may be left out.
base::Expected<Url> parse_url(std::string_view text);

}  // namespace blipd::app
