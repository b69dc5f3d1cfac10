// HTTP as a probe: a spec made ready to be asked and judged. The door to http_expectation. No socket, no clock, no
// per-probe state; immutable, so one serves every channel that asks the same.
#pragma once

#include <string_view>

#include "probes/base/error.hpp"
#include "probes/http_expectation.hpp"
#include "probes/spec.hpp"

namespace blipd::probes {

// A host name (RFC 1123, 2.1), its labels perhaps with underscores, or an IP address without brackets.
base::Expected<void> validate_http_host(std::string_view host);

// A path with its query (RFC 9110, 4.2.1): begins with a slash; printable ASCII without blanks and without a fragment.
base::Expected<void> validate_http_path(std::string_view path);

// What names us: printable ASCII.
base::Expected<void> validate_user_agent(std::string_view user_agent);

// Spec and expectations, compiled.
struct HttpProbe {
  HttpSpec spec;
  HttpExpectation expectation;

  static base::Expected<HttpProbe> make(const HttpSpec& spec);
};

}  // namespace blipd::probes
