// Addresses of web pages as people type them. Owns no more of URLs than a client of a daemon needs: http or https, a
// host, perhaps a port, perhaps a path before which a proxy puts the daemon. Names and passwords have no place in them:
// every user of the machine can read them in the list of processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "probes/base/error.hpp"

namespace blipd::app {

struct Url {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 80;
  std::string path;        // without a slash at its end; empty for the root
  bool is_secure = false;  // https

  // The same address with another path behind it, as text.
  std::string with(std::string_view more_path) const;
  // What the Host field of a request says.
  std::string authority() const;
};

// http://127.0.0.1:10547, https://blipd.example/behind/a/proxy/; the scheme may be left out, and is then http.
base::Expected<Url> parse_url(std::string_view text);

}  // namespace blipd::app
