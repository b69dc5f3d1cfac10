// One GET, and the answer to it, within a time.
#pragma once

#include <string>

#include "daemon/app/url.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::app {

// How to ask a daemon that is guarded.
struct HttpAccess {
  std::string authority_file;  // certificates in PEM form that vouch for it; empty: those that the system trusts
  std::string user;            // empty: no name and password are sent
  std::string password;
};

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// Asks for url.with(path); over https only a server that proves its name. Errors say only what went wrong ("connection
// refused"); whatever the status of an answer is, an answer is no error.
base::Expected<HttpAnswer> http_get(const Url& url, const std::string& path, base::Duration timeout,
                                    const HttpAccess& access = {});

}  // namespace blipd::app
