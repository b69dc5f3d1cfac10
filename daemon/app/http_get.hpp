// One GET, and the answer to it, within a time.
#pragma once

#include <string>

#include "daemon/app/url.hpp"
#include "probes/base/error.hpp"
#include "probes/base/time.hpp"

namespace blipd::app {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// Asks for url.with(path). Errors say only what went wrong ("connection refused"); whatever the status of an answer
// is, an answer is no error.
base::Expected<HttpAnswer> http_get(const Url& url, const std::string& path, base::Duration timeout);

}  // namespace blipd::app
